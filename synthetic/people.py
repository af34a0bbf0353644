"""What a population is: one array per trait, and what follows from the traits on a given day."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from synthetic.draws import Ints, chance
from synthetic.names import Names
from synthetic.nir import Text, birth_places, keys, numbers

NEVER = 10_000_000  # a day beyond any calendar used here
NOBODY = -1


@dataclass
class Population:
    """One array per trait, one place per person; days are numbers since 1970-01-01, persons are places.

    ``mother``, ``father``, ``spouse`` and ``twin`` are places or NOBODY; ``birth_exit`` is the day on which the stay
    of birth ended for those born during the simulation, else NOBODY.
    """

    sex: Ints
    birth: Ints
    birth_name: Names
    married_name: Names
    given: Names
    mother: Ints
    father: Ints
    spouse: Ints
    twin: Ints
    birth_rank: Ints
    department: Text
    residence: Text
    residence_after: Text
    moves: Ints
    marries: Ints
    dies: Ints
    birth_exit: Ints

    def __len__(self) -> int:
        return len(self.sex)

    def take(self, order: Ints) -> "Population":
        """The persons at these places; links between them must still hold (see ``remap``)."""
        return Population(**{f.name: getattr(self, f.name)[order] for f in fields(self)})

    def join(self, other: "Population") -> "Population":
        """Both, the other behind; places in ``other`` already count from the start of the whole."""
        return Population(
            **{f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)}
        )

    def used_name(self, at: Ints | int, who: Ints) -> Names:
        """The name that each of ``who`` goes by on the day ``at``."""
        married = self.marries[who] <= at
        return np.where(married, self.married_name[who], self.birth_name[who])

    def residence_at(self, at: Ints | int, who: Ints) -> Text:
        """Postcode on the day ``at``; 99 and a country code abroad."""
        return np.where(self.moves[who] <= at, self.residence_after[who], self.residence[who])

    @cached_property
    def places(self) -> Text:
        """INSEE code of each one's place of birth."""
        return birth_places(self.department, self.birth)

    @cached_property
    def number(self) -> Text:
        """Everybody's own national number, 13 characters."""
        return numbers(self.sex, self.birth, self.places)

    @cached_property
    def key(self) -> Text:
        """The two-digit key of each number."""
        return keys(self.number)

    def guardian(self, at: Ints | int, who: Ints, age_limit: int = 16) -> Ints:
        """The person under whose number each of ``who`` is insured on that day: a parent of a child, else oneself."""
        child = (at - self.birth[who] < age_limit * 365) & (self.mother[who] != NOBODY)
        by_father = chance(who, 11, 0.25) & (self.father[who] != NOBODY)
        return np.where(child, np.where(by_father, self.father[who], self.mother[who]), who)
