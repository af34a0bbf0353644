"""The files of the public drug database (BDPM): no header, tab separated, and each release a little different."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.core.errors import DataRefused

# Columns that a row of a release may have; the file's own width is the one that most of its rows have.
WIDTHS = {
    "CIS_CIP_bdpm": (13,),
    "CIS_bdpm": (12,),
    "CIS_COMPO_bdpm": (8, 9),
    "CIS_GENER_bdpm": (5, 6),
    "CIS_CPD_bdpm": (2,),
    "CIS_MITM": (4,),
    "CIS_CIP_Dispo_Spec": (8,),
}


@dataclass
class BdpmFile:
    """One file as read: its rows, and what was not a row of its release (line number and number of columns)."""

    name: str
    encoding: str
    width: int
    rows: list[list[str]] = field(default_factory=list)
    ragged: list[tuple[int, int]] = field(default_factory=list)
    blank: int = 0
    lines: int = 0

    def report(self) -> dict[str, Any]:
        """What a person should know of the file. Rows, ragged and blank lines sum to the lines."""
        return {
            "file": self.name,
            "encoding": self.encoding,
            "columns": self.width,
            "lines": self.lines,
            "rows": len(self.rows),
            "blank": self.blank,
            "ragged": [{"line": line, "columns": columns} for line, columns in self.ragged],
        }


def release_file(folder: Path, kind: str, valid_on: str) -> Path | None:
    """The file of a kind: ``<kind>.txt``, else the newest ``<kind>.<YYYY-MM>….txt`` that is not after ``valid_on``."""
    plain = folder / f"{kind}.txt"
    if plain.is_file():
        return plain
    dated = {path.name.split(".")[1]: path for path in sorted(folder.glob(f"{kind}.*.txt"))}
    earlier = [date for date in dated if date <= valid_on]
    return dated[max(earlier)] if earlier else None


def decode(data: bytes) -> tuple[str, str]:
    """Text and encoding: strict UTF-8 if that holds, else cp1252. One release mixes both."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise DataRefused("a file of the drug database is neither UTF-8 nor cp1252.")


def read_file(path: Path, kind: str) -> BdpmFile:
    """Read a file with a strict count of columns. Raises DataRefused when its width is of no known release."""
    text, encoding = decode(path.read_bytes())
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    cells = [line.rstrip("\r").split("\t") for line in lines]
    found = Counter(len(row) for row in cells if row != [""])
    width = max(WIDTHS[kind], key=lambda columns: found[columns])
    if not found[width]:
        raise DataRefused(f"{path.name}: no row has {' or '.join(map(str, WIDTHS[kind]))} columns.")
    file = BdpmFile(path.name, encoding, width, lines=len(lines))
    for number, row in enumerate(cells, start=1):
        if row == [""]:
            file.blank += 1
        elif len(row) != width:
            file.ragged.append((number, len(row)))
        else:
            file.rows.append(row)
    return file
