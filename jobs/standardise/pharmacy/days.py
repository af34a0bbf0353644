"""Dates as pharmacy software writes them, one text at a time: the day that a calendar on the wall showed."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from jobs.standardise.dialects import epoch_zone, pieces

NO_DATE = re.compile(r"[0/\-.: T]*")  # empty, or zeros where a date should stand
DAY_ZERO = date(1899, 12, 30)  # of a spreadsheet
FIELDS = {"d": "(?P<day>[0-9]{2})", "m": "(?P<month>[0-9]{2})", "Y": "(?P<year>[0-9]{4})", "y": "(?P<short>[0-9]{2})",
          "H": "(?:[01][0-9]|2[0-3])", "M": "[0-5][0-9]", "S": "[0-5][0-9]"}  # fmt: skip
OLDEST = 120  # years of age beyond which no birth date is believed
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Read = Callable[[str], date | None]


@cache
def reader(pattern: str) -> Read:
    """A reader of the day that a text in a strptime format tells; None for what is no such date, or none at all.

    Nothing is shifted, not even in the night when clocks change. Milliseconds since 1970 (``epoch_ms``) alone name a
    moment in UTC: they become what a clock of the dialect's zone showed. A two-digit year is one of this century.
    """
    zone = epoch_zone(pattern)
    return of_epoch(ZoneInfo(zone)) if zone else of_pattern(pattern)


def of_epoch(zone: ZoneInfo) -> Read:
    """Reads milliseconds since 1970."""

    def read(text: str) -> date | None:
        if not re.fullmatch("-?[0-9]{1,13}", text):
            return None
        return (EPOCH + timedelta(milliseconds=int(text))).astimezone(zone).date()

    return read


def of_pattern(pattern: str) -> Read:
    """Reads texts of a format; every part must be there and possible, those of the time of day too."""
    shape, year = shape_of(pattern)

    def read(text: str) -> date | None:
        match = shape.fullmatch(text)
        return date_of(*match.group(year, "month", "day")) if match else None

    return read


@cache
def shape_of(pattern: str) -> tuple[re.Pattern[str], str]:
    """What a text in a strptime format looks like, and the name of the part that tells its year."""
    shape = re.compile(
        "".join(FIELDS[directive] if directive else re.escape(text) for directive, text in pieces(pattern))
    )
    return shape, "year" if "year" in shape.groupindex else "short"


def lunar(text: str, on: date | None, pattern: str) -> str | None:
    """A birth date in the declared format that no calendar has (month 00 or 13, day 00, 31 February), as YYYY-MM-DD.

    So civil registers and card numbers write an incomplete date; the year holds. A two-digit one is the latest by the
    day of care. None for any other text, for a year in the future or more than OLDEST before.
    """
    if on is None or epoch_zone(pattern):
        return None
    shape, name = shape_of(pattern)
    match = shape.fullmatch(text)
    if match is None or date_of(*match.group(name, "month", "day")):
        return None
    year = int(match[name]) if name == "year" else on.year - (on.year - int(match[name])) % 100
    return f"{year}-{match['month']}-{match['day']}" if 0 <= on.year - year <= OLDEST else None


@cache
def date_of(year: str, month: str, day: str) -> date | None:
    """The day of some digits, if there is one."""
    try:
        return date(int(year) if len(year) == 4 else 2000 + int(year), int(month), int(day))
    except ValueError:
        return None


def day(text: str, read: Read) -> tuple[date | None, bool]:
    """The day, and whether the text says that there is none: zeros, 1600, or the day zero of a spreadsheet.

    Years outside 1900 to 2100 are no days: no declared format means them.
    """
    value = read(text)
    if value is None:
        return None, NO_DATE.fullmatch(text) is not None
    if value.year == 1600 or value == DAY_ZERO:
        return None, True
    return (value if 1900 <= value.year <= 2100 else None), False


def century_before(born: date, on: date) -> date:
    """A birth date that was written with two digits: the latest such date by the day of care."""
    try:
        return born if born <= on else born.replace(year=born.year - 100)
    except ValueError:
        return born.replace(year=born.year - 100, day=28)
