"""Layouts of fixed-width files, as data.

A layout is rows of ``schemas/layouts/<area>/*.csv`` (file, version, segment, field, length, start, end, type…), and
``files.csv`` beside them says what a line of each file looks like, where it tells its version, and which counter
announces which repeated block. A new version of a format is a new file of rows, no code.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jobs.core.settings import REPOSITORY

LAYOUTS = REPOSITORY / "schemas" / "layouts"


@dataclass(frozen=True)
class Cut:
    """Where a field lies: 1-based start and length, within the header or one repeated block, and if it is a must."""

    start: int
    length: int
    type: str
    required: bool = False


@dataclass(frozen=True)
class Block:
    """A repeated block after the header and the header field that counts it."""

    name: str
    counter: str
    length: int
    fields: dict[str, Cut]


@dataclass(frozen=True)
class Layout:
    """One version of one file."""

    file: str
    version: str
    header: dict[str, Cut]
    length: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class FileKind:
    """All versions of one file, and what holds for all of them.

    ``sniff`` is where a line tells its version; a file whose lines do not tell it has one layout only.
    ``known_without_layout`` are versions that exist and are not read. ``about`` is the field that says what a line is
    about: lines about the same thing are read together. A kind with ``read`` false is recognised in order to be left
    out by its name.
    """

    kind: str
    file: str
    sniff: Cut | None
    looks_like: str
    min_length: int
    layouts: dict[str, Layout]
    known_without_layout: tuple[str, ...] = ()
    about: str = ""
    read: bool = True

    @property
    def blocks(self) -> list[str]:
        """Names of repeated blocks, in the order in which they follow the header."""
        return [block.name for block in next(iter(self.layouts.values())).blocks]


@cache
def load_layouts(area: str) -> dict[str, FileKind]:
    """The files of an area by kind, for example ``hospital`` -> ``rss`` and ``vid_hosp``, in the order of trial."""
    folder = LAYOUTS / area
    rows = [row for path in sorted(folder.glob("*.csv")) if path.name != "files.csv" for row in read_csv(path)]
    files = read_csv(folder / "files.csv")
    return {item["kind"]: file_kind(item, [row for row in rows if row["file"] == item["file"]]) for item in files}


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a small UTF-8 CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def file_kind(item: dict[str, str], rows: list[dict[str, str]]) -> FileKind:
    """A file's kind from its line in ``files.csv`` and the rows of its layouts."""
    counters = dict(pair.split("=") for pair in item["counters"].split())
    versions = sorted({row["version"] for row in rows})
    sniff = Cut(int(item["sniff_start"]), int(item["sniff_length"]), "A") if item["sniff_start"] else None
    return FileKind(
        kind=item["kind"],
        file=item["file"],
        sniff=sniff,
        looks_like=item["looks_like"],
        min_length=int(item["min_length"]),
        layouts={
            one: layout(item["file"], one, [r for r in rows if r["version"] == one], counters) for one in versions
        },
        known_without_layout=tuple(item["known_without_layout"].split()),
        about=item["about"],
        read=item["read"] == "yes",
    )


def layout(file: str, version: str, rows: list[dict[str, str]], counters: dict[str, str]) -> Layout:
    """One version from its rows."""
    cuts = {
        segment: {
            row["field"]: Cut(int(row["start"]), int(row["length"]), row["type"], row["required"] == "O")
            for row in rows
            if row["segment"] == segment
        }
        for segment in ("header", *counters)
    }
    blocks = tuple(
        Block(name, counter, max(cut.start + cut.length - 1 for cut in cuts[name].values()), cuts[name])
        for name, counter in counters.items()
    )
    length = max(cut.start + cut.length - 1 for cut in cuts["header"].values())
    return Layout(file, version, cuts["header"], length, blocks)
