"""Writing fixed-width lines from the layout tables that the reader also uses."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthetic.draws import Ints, calendar

LAYOUTS = Path(__file__).resolve().parents[1] / "schemas" / "layouts" / "hospital"
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Field:
    """Where one field stands: 1-based first and last position, and whether zeros fill it."""

    name: str
    start: int
    end: int
    zeros: bool

    @property
    def width(self) -> int:
        """Number of characters."""
        return self.end - self.start + 1


@cache
def fields_of(file: str, kind: str, version: str, segment: str) -> dict[str, Field]:
    """The fields of one segment of one version, from the layout table ``file``."""
    with (LAYOUTS / f"{file}.csv").open(encoding="utf-8", newline="") as stream:
        rows = [
            row
            for row in csv.DictReader(stream)
            if (row["file"], row["version"], row["segment"]) == (kind, version, segment)
        ]
    if not rows:
        raise KeyError(f"no layout {kind} {version} {segment}")
    return {r["field"]: Field(r["field"], int(r["start"]), int(r["end"]), r["type"] == "N") for r in rows}


class Block:
    """A matrix of bytes, one row per line or repeated zone, filled field by field; blanks where nothing is put."""

    def __init__(self, rows: int, fields: dict[str, Field]) -> None:
        self.fields = fields
        self.cells: Bytes = np.full((rows, max(f.end for f in fields.values())), ord(" "), dtype=np.uint8)

    def text(self, name: str, values: object) -> None:
        """Left-aligned text in cp1252; one value for all rows, or one per row. Raises ValueError when too wide."""
        field = self.fields[name]
        encoded = np.asarray(values)
        encoded = np.char.encode(encoded.astype(str), "cp1252") if encoded.dtype.kind != "S" else encoded
        if encoded.dtype.itemsize > field.width:
            raise ValueError(f"{name}: wider than {field.width}")
        padded = np.broadcast_to(encoded.astype(f"S{field.width}"), (len(self.cells),)).copy()
        matrix = padded.view(np.uint8).reshape(-1, field.width)
        self.cells[:, field.start - 1 : field.end] = np.where(matrix == 0, ord(" "), matrix)

    def number(self, name: str, values: object) -> None:
        """Whole numbers, right-aligned and filled with zeros."""
        field = self.fields[name]
        rest = np.broadcast_to(np.asarray(values, dtype=np.int64), (len(self.cells),)).copy()
        for place in range(field.end - 1, field.start - 2, -1):
            self.cells[:, place] = ord("0") + rest % 10
            rest //= 10

    def date(self, name: str, days: Ints) -> None:
        """Day numbers as DDMMYYYY."""
        year, month, day = calendar(np.broadcast_to(days, (len(self.cells),)))
        self.number(name, day * 1_000_000 + month * 10_000 + year)

    def rows(self) -> list[bytes]:
        """Each row as bytes."""
        flat, width = self.cells.tobytes(), self.cells.shape[1]
        return [flat[i : i + width] for i in range(0, len(flat), width)]
