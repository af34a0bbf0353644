"""HL7 times as columns: what was written, to which precision, and the instant when it can be known."""

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

ZONE = r"(?:Z|[+-]\d{1,4}|[+-]\d{2}:\d{2})"
SHAPE = rf"^(\d{{4,14}})(?:\.\d{{1,9}})?({ZONE})?$"
VALID_ZONE = r"^(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)$"
PRECISIONS = {4: "year", 6: "month", 8: "day", 10: "hour", 12: "minute", 14: "second"}
EARLIEST = 1900


@dataclass(frozen=True)
class Moment:
    """Columns of one time. All are null when the text is no time."""

    precision: Column
    month: Column
    day: Column
    instant: Column
    bad_zone: Column


def moment(text: Column) -> Moment:
    """A time as sent.

    ``month`` is YYYY-MM (January when only a year was sent), ``day`` the calendar day as written, never shifted by a
    zone and null when none was written; ``instant`` is UTC and null without hour or usable zone.
    """
    digits = F.regexp_extract(text, SHAPE, 1)
    zone = F.regexp_extract(text, SHAPE, 2)
    length = F.length(digits)
    filled = F.concat(digits, F.substring(F.lit("00000101000000"), length + 1, F.lit(14)))
    known = F.create_map(*[F.lit(item) for pair in PRECISIONS.items() for item in pair])
    local = F.try_to_timestamp(filled, F.lit("yyyyMMddHHmmss"))
    real = F.when((F.year(local) >= EARLIEST) & F.try_element_at(known, length).isNotNull(), local)
    usable = zone.rlike(VALID_ZONE)
    return Moment(
        precision=F.when(real.isNotNull(), F.try_element_at(known, length)),
        month=F.date_format(real, "yyyy-MM"),
        day=F.when(length >= 8, F.to_date(real)),
        instant=F.when((length >= 10) & usable, real - offset(zone)),
        bad_zone=real.isNotNull() & (zone != "") & ~usable,
    )


def offset(zone: Column) -> Column:
    """A valid zone as an interval ahead of UTC."""
    bare = F.translate(zone, ":", "")
    minutes = F.substring(bare, 2, 2).try_cast("int") * 60 + F.substring(bare, 4, 2).try_cast("int")
    signed = F.when(F.startswith(zone, F.lit("-")), -minutes).otherwise(minutes)
    return F.make_dt_interval(F.lit(0), F.lit(0), F.coalesce(signed, F.lit(0)), F.lit(0))
