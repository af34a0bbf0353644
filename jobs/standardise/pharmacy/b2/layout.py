"""Layouts of B2 records, as data: ``schemas/layouts/pharmacy`` (origin and certainty in its SOURCES.md).

A record is 128 bytes. What kind it is, its *segment*, is told by its first character and a letter: in position 39 of
records that carry the beneficiary's rank, in position 36 of those that do not.
"""

import re
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from jobs.standardise.layouts import LAYOUTS, read_csv

LENGTH = 128
FILES = ("b2_2005e.csv", "b2_profile.csv")
# Zones of numbers that identify: they have rules of their own, and one that is wrong must not cost the invoice.
IDENTIFIERS = (
    "partner_no", "insured_nir_key", "individual_nir_key", "prescriber_no", "executant_no", "gp_am_number",
    "prescriber_rpps", "executant_rpps", "place_finess",
)  # fmt: skip
RANK = "beneficiary_rank"  # schemes write 000, 001 or 01
NAMES = ("gp_name", "gp_first_name")


@dataclass(frozen=True)
class Zone:
    """A field of a record: ``start`` and ``end`` as of a slice, and what may stand there."""

    name: str
    start: int
    end: int
    digits: bool
    required: bool

    @property
    def pattern(self) -> str:
        """Regular expression of the bytes that may stand in the zone."""
        width = self.end - self.start
        if self.name == RANK:
            return f"[ 0-9]{{{width}}}"
        if not self.digits:
            return f".{{{width}}}"
        return f"[0-9]{{{width}}}" if self.required else f"(?:[0-9]{{{width}}}| {{{width}}})"


@dataclass(frozen=True)
class Segment:
    """One kind of record: zones by name, the whole as one pattern, and how much of its end may have been trimmed."""

    name: str
    zones: dict[str, Zone]
    pattern: re.Pattern[bytes]
    least: int

    def slice(self, zone: str) -> slice:
        """Where a zone lies."""
        return slice(self.zones[zone].start, self.zones[zone].end)

    def wrong(self, body: bytes) -> Zone | None:
        """The first zone whose bytes may not stand there."""
        for zone in self.zones.values():
            if not re.fullmatch(zone.pattern.encode(), body[zone.start : zone.end], re.DOTALL):
                return zone
        return None


@cache
def segments() -> dict[str, Segment]:
    """Every known kind of record by name: ``2``, ``2S``, ``4P``, ``999`` and so on."""
    found: dict[str, dict[str, Zone]] = {}
    for file in FILES:
        for row in read_csv(LAYOUTS / "pharmacy" / file):
            found.setdefault(row["segment"], {})[row["field"]] = zone_of(row)
    return {name: segment(name, zones) for name, zones in found.items()}


@cache
def taker(segment: str, *zones: str) -> Any:
    """A function from a record to the bytes of some zones: a tuple, or the bytes alone of one zone."""
    return itemgetter(*(segments()[segment].slice(zone) for zone in zones))


def zone_of(row: dict[str, str]) -> Zone:
    """A zone from its row; a numeric one that is padded with blanks alone may be blank."""
    digits = row["type"] == "N" and row["field"] not in IDENTIFIERS
    required = row["required"] == "O" and "zero" in row["padding"]
    return Zone(row["field"], int(row["start"]) - 1, int(row["end"]), digits, required)


def segment(name: str, zones: dict[str, Zone]) -> Segment:
    """A segment from its zones. Trailing blanks are only missed in zones of text that may be blank."""
    pattern = re.compile("".join(zone.pattern for zone in zones.values()).encode(), re.DOTALL)
    least = LENGTH
    for zone in reversed(zones.values()):
        if zone.digits or zone.required or zone.name in IDENTIFIERS:
            break
        least = zone.start
    return Segment(name, zones, pattern, least)


@cache
def suffix_places() -> dict[int, tuple[int, ...]]:
    """By a record's first byte: where its letter may stand, as of an index."""
    found: dict[int, set[int]] = {ord(one): set() for one in "2345"}
    for name, one in segments().items():
        if "type_suffix" in one.zones:
            found[ord(name[0])].add(one.zones["type_suffix"].start)
    return {first: tuple(sorted(places)) for first, places in found.items()}


def segment_name(body: bytes) -> str:
    """The kind of a record of 128 bytes; an unknown letter is part of it (``4D``), an unknown type is empty."""
    first = body[0]
    for place in suffix_places().get(first, ()):
        if 65 <= body[place] <= 90:
            return chr(first) + chr(body[place])
    if body[:3] in (b"000", b"999"):
        return body[:3].decode()
    return chr(first) if first in b"123456" else ""
