"""What a delimited file says of itself: its header, the banner above it, and the row of totals at its end."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from jobs.standardise.dialects import Dialect, normalise

TOTAL = re.compile(r"\s*(sous-?)?tota(l|ux)\b|\s*(qt[eé]|quantit[eé])\s*:", re.IGNORECASE)
TOTAL_QUANTITY = re.compile(r"\s*(?:qt[eé]|quantit[eé])\s*:\s*(-?\d+)\s*", re.IGNORECASE)
WHOLE = re.compile(r"\s*(-?\d{1,9})\s*")
# "Jun (A)", "Juin 26 (V)": what was bought or sold in a month
MONTH = re.compile(r"\s*[^\W\d_]{3,9}\.?\s*(\d{2}|\d{4})?\s*\((a|v)\)\s*", re.IGNORECASE)
DAY = re.compile(r"\b(\d{2})/(\d{2})/(\d{4})\b")


@dataclass(frozen=True)
class Shape:
    """What is wanted of a file.

    Its canonical columns; those it may not lack; those that a row of totals leaves empty; the one that such a row sums.
    """

    columns: tuple[str, ...]
    mandatory: tuple[str, ...]
    key: tuple[str, ...]
    quantity: str = ""


class Header:
    """Where each canonical column stands in a file, or why the file is refused."""

    def __init__(self, cells: Sequence[str], dialect: Dialect, shape: Shape) -> None:
        names = [normalise(cell) for cell in cells]
        wanted = {name: normalise(dialect.columns[name]) for name in shape.columns if name in dialect.columns}
        found = {name: names.index(text) for name, text in wanted.items() if text in names}
        twice = [name for name, text in wanted.items() if names.count(text) > 1]
        lacking = [name for name in shape.mandatory if name not in found and name not in dialect.constants]
        self.width = len(cells)
        self.found = len(found)
        self.months = sum(bool(MONTH.fullmatch(cell)) for cell in cells) > 1
        self.wrong = next(iter([*lacking, *twice]), None)
        self.problem = "months" if self.months else "header"
        # behind the cells of a row stand a null, for columns that the file lacks, and the constants
        self.behind = [None, *dialect.constants.values()]
        constant = {name: self.width + rank for rank, name in enumerate(dialect.constants, start=1)}
        self.places = [(constant | found).get(name, self.width) for name in shape.columns]
        self.pick: Callable[[list[Any]], tuple[Any, ...]] = itemgetter(*self.places)
        self.keys = [found[name] for name in shape.key if name in found]
        self.quantity = found.get(shape.quantity)

    def is_total(self, cells: list[str]) -> bool:
        """Whether a row sums up the file: it starts with a word for it, where the key columns are empty."""
        first = cells[0] if cells and cells[0].strip() else next((cell for cell in cells if cell.strip()), "")
        if not TOTAL.match(first):
            return False
        keys = [cells[place] for place in self.keys] if len(cells) == self.width else []
        return all(not cell.strip() or TOTAL.match(cell) for cell in keys)

    def quantity_of(self, cells: list[str]) -> int:
        """The quantity of a row, for the check total; zero when it is none."""
        try:
            return int(cells[self.quantity]) if self.quantity is not None else 0
        except ValueError:
            return 0


def totals(cells: list[str], header: Header) -> set[int]:
    """Numbers that a row of totals tells of lines or quantities: ``Qte : 3621``, or the cell of the quantity."""
    told = [TOTAL_QUANTITY.fullmatch(cell) for cell in cells]
    if len(cells) == header.width and header.quantity is not None:
        told.append(WHOLE.fullmatch(cells[header.quantity]))
    return {int(match[1]) for match in told if match}


def period(banner: Iterable[str]) -> tuple[str, str] | None:
    """First and last day that a banner tells: two days on one of its lines. None without, or when they are no days."""
    for line in banner:
        days = DAY.findall(line)
        if len(days) == 2:
            try:
                first, last = (date(int(year), int(month), int(day)).isoformat() for day, month, year in days)
            except ValueError:
                return None
            return first, last
    return None
