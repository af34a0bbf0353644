"""One simulated world: sizes, first day, the people, and the care of each day, all functions of the seed."""

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from synthetic.births import with_births
from synthetic.cast import Pace, with_weddings
from synthetic.people import Population
from synthetic.population import found
from synthetic.stays import Sizes, stays_ending


@dataclass
class World:
    """Days are numbers since 1970-01-01; ``until`` is the last day whose care is known; ``pace`` of life events."""

    sizes: Sizes
    start: int
    until: int
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self._stays: dict[int, pd.DataFrame] = {}
        self.sales: dict[int, pd.DataFrame] = {}  # by day, filled where they are made

    @cached_property
    def base(self) -> Population:
        """The people of the first day; a few more than asked for, since some die before they are seen."""
        return found(self.sizes.seed, self.sizes.persons + self.sizes.persons // 100 + 20, self.start)

    @cached_property
    def people(self) -> Population:
        """Everybody known by the last day; nobody's place depends on that day."""
        married = with_weddings(self.base, self.pace, self.until)
        return with_births(self.sizes.seed, married, self.start, self.until)

    def stays(self, day: int) -> pd.DataFrame:
        """Stays that ended on that day; none before the simulation began."""
        if day not in self._stays:
            table = stays_ending(self.sizes, self.people, day)
            self._stays[day] = table if day >= self.start else table.iloc[:0]
        return self._stays[day]

    def all_stays(self, first: int, last: int) -> pd.DataFrame:
        """Stays that ended from ``first`` to ``last``, by day of exit."""
        days = range(max(first, self.start), min(last, self.until) + 1)
        return pd.concat([self.stays(day) for day in days], ignore_index=True)
