"""What rounded and hidden counts would still give away: sums and rates narrow what each of them can have been.

A hidden count lies from 1 to ``below`` − 1, a shown one in the ten that begins with it. Where the cells that add up
with a hidden one leave it a single value, it is not hidden, nor where all sums together do (``programme``). The report
asks before it shows a table of cells.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.report.programme import forced

Cell = tuple[str, ...]
ROUNDS = 100  # of narrowing, at most: each is sound, and a few are enough
UNSHOWN = "decision"  # the one rule whose links are told for the whole night alone


@dataclass
class Told:
    """What a reader knows: bounds of cells, which cells are the sum of others, whole percentages of one in another."""

    below: int
    bounds: dict[Cell, tuple[int, int]] = field(default_factory=dict)
    hidden: set[Cell] = field(default_factory=set)
    sums: list[tuple[Cell, list[Cell]]] = field(default_factory=list)
    rates: list[tuple[Cell, Cell, int]] = field(default_factory=list)

    def cell(self, name: Cell, shown: int | None) -> Cell:
        """A cell as it is shown."""
        if shown is None:
            self.hidden.add(name)
            self.bounds[name] = 1, self.below - 1
        else:
            self.bounds[name] = (max(shown, self.below), shown + 9) if shown else (0, 0)
        return name

    def given_away(self) -> set[Cell]:
        """Hidden cells that can have one value only: those that narrowing finds, else those that a solver would."""
        now = dict(self.bounds)
        for _ in range(ROUNDS):
            if not narrow_all(now, self) or any(low > high for low, high in now.values()):
                break
        found = {cell for cell in self.hidden if now[cell][0] == now[cell][1]}
        if found or not self.hidden:
            return found
        return forced(self.bounds, self.sums, self.rates, self.hidden)


def narrow_all(now: dict[Cell, tuple[int, int]], told: Told) -> bool:
    """Narrow every cell by the sums and rates that it is part of, once; whether anything changed."""
    before = dict(now)
    for whole, parts in told.sums:
        least, most = sum(now[one][0] for one in parts), sum(now[one][1] for one in parts)
        narrow(now, whole, least, most)
        low, high = now[whole]
        for part in parts:
            narrow(now, part, low - (most - now[part][1]), high - (least - now[part][0]))
            least, most = sum(now[one][0] for one in parts), sum(now[one][1] for one in parts)
    for part, whole, percent in told.rates:
        narrow(now, part, -(-percent * now[whole][0] // 100), ((percent + 1) * now[whole][1] - 1) // 100)
        narrow(now, whole, 100 * now[part][0] // (percent + 1), 100 * now[part][1] // percent if percent else None)
    return now != before


def narrow(now: dict[Cell, tuple[int, int]], cell: Cell, low: int, high: int | None) -> None:
    """Take in what else is known of a cell."""
    least, most = now[cell]
    now[cell] = max(least, low), most if high is None else min(most, high)


def told_of(rows: Mapping[str, list[dict[str, int | None]]], below: int, linked: tuple[str, ...]) -> Told:
    """The cells of some dimensions, each of whose rows has ``name``, ``rate_percent`` and counts by measure.

    Every dimension tells all subjects: its rows add up to the same whole. In a row ``linked`` add up to ``linked``, and
    this with ``new_person`` to ``subjects``. The dimension ``""`` is the whole: one row, whose other counts are parts
    of ``subjects``.
    """
    told = Told(below)
    for dimension, values in rows.items():
        for row in values:
            cells = {
                name: told.cell((dimension, str(row["name"]), name), count)
                for name, count in row.items()
                if name not in ("name", "rate_percent")
            }
            if "linked" in cells:
                parts = [cells[name] for name in linked if name in cells]
                if ("", "", UNSHOWN) in told.bounds:
                    parts.append((dimension, str(row["name"]), UNSHOWN))
                    told.bounds[parts[-1]] = 0, told.bounds["", "", UNSHOWN][1]
                told.sums.append((cells["linked"], parts))
                told.sums.append((cells["subjects"], [cells["linked"], cells["new_person"]]))
            if row.get("rate_percent") is not None:
                told.rates.append((cells["linked"], cells["subjects"], int(row["rate_percent"] or 0)))
    total, *kinds = [cell for cell in told.bounds if cell[0] == ""]
    if kinds:
        told.sums.append((total, kinds))
    for whole in (total, *kinds):
        for dimension, values in rows.items():
            same: list[Cell] = [(dimension, str(row["name"]), whole[2]) for row in values]
            if dimension and same and set(same) <= set(told.bounds):
                told.sums.append((whole, same))
    return told
