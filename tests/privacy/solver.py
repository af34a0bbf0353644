"""An attacker with a solver: what a linear programme over all that a report shows says of its hidden cells."""

import math
from collections.abc import Mapping

import numpy as np
from scipy.optimize import linprog

from tests.privacy.attacks import Bounds, Cell, Sums


def solved_cells(bounds: Bounds, sums: Sums, rates: Mapping[tuple[Cell, Cell], int]) -> dict[Cell, int]:
    """Hidden cells whose least count under all sums and rates at once, rounded up, is their greatest, rounded down."""
    place = {cell: n for n, cell in enumerate(bounds)}

    def line(*terms: tuple[Cell, int]) -> list[float]:
        row = np.zeros(len(place))
        for cell, factor in terms:
            row[place[cell]] += factor
        return list(row)

    equal = [line((whole, -1), *[(part, 1) for part in parts]) for whole, parts in sums]
    below, most = [], []
    for (linked, subjects), rate in rates.items():  # rate <= 100 linked / subjects < rate + 1
        below += [line((linked, -100), (subjects, rate)), line((linked, 100), (subjects, -rate - 1))]
        most += [0, -1]

    def least(cell: Cell, sign: int) -> float:
        found = linprog(
            line((cell, sign)), A_ub=below or None, b_ub=most or None, A_eq=equal or None,
            b_eq=[0] * len(equal) or None, bounds=list(bounds.values()),
        )  # fmt: skip
        assert found.status == 0, "a report that contradicts itself"
        return sign * float(found.fun)

    found = {}
    for cell in (cell for cell, (low, _) in bounds.items() if low == 1):
        low, high = math.ceil(least(cell, 1) - 1e-6), math.floor(least(cell, -1) + 1e-6)
        if low == high:
            found[cell] = low
    return found
