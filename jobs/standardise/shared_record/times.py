"""HL7 times as columns: what was written, to which precision, and the instant when it can be known."""

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

ZONE = r"(?:Z|[+-]\d{1,4}|[+-]\d{2}:\d{2})"
SHAPE = rf"^(\d{{4,14}})(?:\.\d{{1,9}})?({ZONE})?$"
VALID_ZONE = r"^(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)$"
PRECISIONS = {4: "year", 6: "month", 8: "day", 10: "hour", 12: "minute", 14: "second"}
EARLIEST, LATEST = 1900, 2199
LAST_SUNDAY = 25  # the earliest day of March and October on which it falls

# The same rules as one pattern each, for lists of times: a moment of every one of them would cost ten times as much.
_LEAP = "(?:(?:19|2[01])(?:0[48]|[2468][048]|[13579][26])|2000)0229"
_DAY = "(?:0[13578]|1[02])(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)(?:0[1-9]|[12]\\d|30)|02(?:0[1-9]|1\\d|2[0-8])"
_CLOCK = "(?:[01]\\d|2[0-3])(?:[0-5]\\d(?:[0-5]\\d)?)?"
_YEAR = "(?:19|2[01])\\d{2}"
READABLE = rf"^(?:{_YEAR}(?:0[1-9]|1[0-2])?|(?:{_YEAR}(?:{_DAY})|{_LEAP})(?:{_CLOCK})?)(?:\.\d{{1,9}})?(?:{ZONE})?$"
BAD_ZONE = rf"^\d{{4,14}}(?:\.\d{{1,9}})?(?!{VALID_ZONE[1:]})[Z+-]"
MAY_BE_CLOCK_CHANGE = r"^\d{4}(?:03|10)(?:2[5-9]|3[01])02(?:\d\d){0,2}(?:\.\d{1,9})?$"


@dataclass(frozen=True)
class Moment:
    """Columns of one time. The first five are null when the text is no time."""

    precision: Column
    partial: Column
    month: Column
    day: Column
    instant: Column
    bad_zone: Column
    unreadable: Column
    clock_change: Column


def moment(text: Column) -> Moment:
    """A time as sent.

    ``partial`` is YYYY, YYYY-MM or YYYY-MM-DD, as exact as it was sent; ``month`` is YYYY-MM (January when only a year
    was sent), ``day`` the calendar day as written, never shifted by a zone and null when none was written; ``instant``
    is UTC and null without hour or usable zone. ``unreadable``: there is a text and it is no time of 1900 to 2199.
    ``clock_change``: a local time without zone in the hour that French clocks skip or repeat.
    """
    digits = F.regexp_extract(text, SHAPE, 1)
    zone = F.regexp_extract(text, SHAPE, 2)
    length = F.length(digits)
    filled = F.concat(digits, F.substring(F.lit("00000101000000"), length + 1, F.lit(14)))
    known = F.create_map(*[F.lit(item) for pair in PRECISIONS.items() for item in pair])
    local = F.try_to_timestamp(filled, F.lit("yyyyMMddHHmmss"))
    plausible = F.year(local).between(EARLIEST, LATEST)
    real = F.when(plausible & F.try_element_at(known, length).isNotNull(), local)
    usable = zone.rlike(VALID_ZONE)
    sunday = (F.dayofweek(real) == 1) & (F.dayofmonth(real) >= LAST_SUNDAY)
    changing = F.month(real).isin(3, 10) & sunday & (F.hour(real) == 2)
    return Moment(
        precision=F.when(real.isNotNull(), F.try_element_at(known, length)),
        partial=F.when(length == 4, F.date_format(real, "yyyy"))
        .when(length == 6, F.date_format(real, "yyyy-MM"))
        .otherwise(F.date_format(real, "yyyy-MM-dd")),
        month=F.date_format(real, "yyyy-MM"),
        day=F.when(length >= 8, F.to_date(real)),
        instant=F.when((length >= 10) & usable, real - offset(zone)),
        bad_zone=F.coalesce(real.isNotNull() & (zone != "") & ~usable, F.lit(False)),
        unreadable=text.isNotNull() & real.isNull(),
        clock_change=F.coalesce((length >= 10) & (zone == "") & changing, F.lit(False)),
    )


def offset(zone: Column) -> Column:
    """A valid zone as an interval ahead of UTC."""
    bare = F.translate(zone, ":", "")
    minutes = F.substring(bare, 2, 2).try_cast("int") * 60 + F.substring(bare, 4, 2).try_cast("int")
    signed = F.when(F.startswith(zone, F.lit("-")), -minutes).otherwise(minutes)
    return F.make_dt_interval(F.lit(0), F.lit(0), F.coalesce(signed, F.lit(0)), F.lit(0))
