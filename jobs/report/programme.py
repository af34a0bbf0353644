"""What sums and rates, taken all together, leave a hidden count: an integer programme over the cells of a report.

Narrowing looks at one sum at a time; this looks at all at once, as somebody with a solver would. It is exact: a count
is found when no two ways to fill in the cells differ in it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

Cell = tuple[str, ...]
Sums = Sequence[tuple[Cell, Sequence[Cell]]]
Rates = Sequence[tuple[Cell, Cell, int]]
IDLE = 4  # fillings in a row that differ in no further cell, before each is asked for its own least and greatest


class Unsolved(Exception):
    """No filling was found: the cells contradict each other, or the solver gave up."""


def forced(bounds: Mapping[Cell, tuple[int, int]], sums: Sums, rates: Rates, asked: set[Cell]) -> set[Cell]:
    """Which of some cells have the same count in every filling; all of them when none is found.

    ``sums``: a cell and those that it is the sum of. ``rates``: a part, a whole, and the part in whole percent.
    """
    programme = Programme(bounds, sums, rates)
    try:
        return programme.forced(asked)
    except Unsolved:
        return asked


class Programme:
    """The cells as whole numbers within their bounds, under the equations of a report."""

    def __init__(self, bounds: Mapping[Cell, tuple[int, int]], sums: Sums, rates: Rates) -> None:
        self.at = {cell: place for place, cell in enumerate(sorted(bounds))}
        low, high = zip(*[bounds[cell] for cell in self.at], strict=True)
        self.bounds = Bounds(np.array(low), np.array(high))
        self.equations = self.matrix(sums, rates)

    def matrix(self, sums: Sums, rates: Rates) -> LinearConstraint:
        """Parts less their whole are nothing; 100 parts are from ``rate`` to just under ``rate + 1`` wholes."""
        count = len(sums) + 2 * len(rates)
        factors, low, high = lil_array((count, len(self.at))), np.zeros(count), np.zeros(count)
        for row, (whole, parts) in enumerate(sums):
            for part in parts:
                factors[row, self.at[part]] += 1
            factors[row, self.at[whole]] -= 1
        for turn, (part, whole, rate) in enumerate(rates):
            row = len(sums) + 2 * turn
            for place, percent in ((row, rate), (row + 1, rate + 1)):
                factors[place, self.at[part]], factors[place, self.at[whole]] = 100, -percent
            low[row], high[row] = 0, np.inf
            low[row + 1], high[row + 1] = -np.inf, -1
        return LinearConstraint(factors.tocsr(), low, high)

    def filling(self, prices: NDArray[np.float64]) -> NDArray[np.int64]:
        """The filling of the least price. Raises Unsolved."""
        found = milp(prices, constraints=self.equations, bounds=self.bounds, integrality=np.ones(len(self.at)))
        if found.status:
            raise Unsolved
        return np.rint(found.x).astype(np.int64)

    def forced(self, asked: set[Cell]) -> set[Cell]:
        """Cells in which no two fillings differ: first those of many prices together, then one by one."""
        left, idle, draw = (
            np.array(sorted(self.at[cell] for cell in asked), dtype=np.int64),
            0,
            np.random.default_rng(1),
        )
        least = most = self.filling(np.zeros(len(self.at)))
        while len(left) and idle < IDLE:
            prices = np.zeros(len(self.at))
            prices[left] = draw.choice([-1.0, 1.0], len(left))
            found = self.filling(prices)
            least, most = np.minimum(least, found), np.maximum(most, found)
            open_still = left[least[left] == most[left]]
            idle, left = (idle + 1 if len(open_still) == len(left) else 0), open_still
        names = list(self.at)
        return {names[place] for place in left.tolist() if self.only(place)}

    def only(self, place: int) -> bool:
        """Whether the least count of a cell is its greatest."""
        prices = np.zeros(len(self.at))
        prices[place] = 1.0
        return bool(self.filling(prices)[place] == self.filling(-prices)[place])
