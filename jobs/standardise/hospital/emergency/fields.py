"""Texts to values, natively in Spark: day-first dates, wall-clock times of Paris, codes that are never free text."""

from pyspark.sql import Column
from pyspark.sql import functions as F

ZONE = "Europe/Paris"
FIRST_YEAR, LAST_YEAR = 1850, 2100  # a date outside is a typing error, whatever the calendar allows
NO_CODE = "?"  # stands for a text that has no shape of a code: free text goes no further
DIAGNOSIS = r"^[A-Z][0-9]{2}[0-9+]{0,4}$"
ACT = r"^[A-Z]{4}[0-9]{3}"
SEXES = {"M": "1", "F": "2"}  # I says that it is unknown
# Reasons are published when they are a code: CIM-10, or a word of a speciality and a number, as some hospitals send.
# A list of words, because a name and a department number would have the same shape.
SPECIALITIES = (
    "CARDIO", "DERMATO", "DIVERS", "ENDOC", "GASTRO", "GENERAL", "GYNECO", "HEMATO", "INFECTIO", "INTOX", "NEPHRO",
    "NEURO", "OBST", "OPHTALMO", "ORL", "PEDIA", "PNEUMO", "PSY", "RHUMATO", "STOMATO", "TOXICO", "TRAUMATO", "URO",
)  # fmt: skip
REASON = rf"^(?:[A-Z][0-9]{{2}}[0-9+]{{0,3}}|(?:{'|'.join(SPECIALITIES)})[0-9]{{2}})$"


def birth_day(text: Column) -> Column:
    """A ``dd/mm/yyyy`` date; null when it is none. The month is never guessed to stand first."""
    value = F.try_to_date(F.when(text.rlike(r"^\d{2}/\d{2}/\d{4}$"), text), "dd/MM/yyyy")
    return F.when(F.year(value).between(FIRST_YEAR, LAST_YEAR), value)


def wall_time(text: Column) -> Column:
    """``dd/mm/yyyy hh:mm[:ss]`` as what a clock in Paris showed; null when it is none.

    The session's time zone is UTC, so the timestamp's own fields are those that were sent.
    """
    shape = r"^\d{2}/\d{2}/\d{4} \d{2}:\d{2}(?::\d{2})?$"
    filled = F.when(text.rlike(shape), F.substring(F.concat(text, F.lit(":00")), 1, 19))
    value = F.try_to_timestamp(filled, F.lit("dd/MM/yyyy HH:mm:ss"))
    return F.when(F.year(value).between(FIRST_YEAR, LAST_YEAR), value)


def seconds_between(entry: Column, exit_: Column) -> Column:
    """Seconds that passed between two wall-clock times of Paris; negative when the exit cannot come after the entry.

    Summer and winter time are counted. The hour that a clock shows twice in October is taken as the first one, unless
    the exit would then lie before the entry.
    """
    start, end = F.unix_timestamp(F.to_utc_timestamp(entry, ZONE)), F.to_utc_timestamp(exit_, ZONE)
    hour_later = end + F.expr("INTERVAL 1 HOUR")
    shown_twice = F.from_utc_timestamp(hour_later, ZONE) == exit_
    first = F.unix_timestamp(end) - start
    return F.when((first < 0) & shown_twice, F.unix_timestamp(hour_later) - start).otherwise(first)


def coded(text: Column, length: int) -> Column:
    """A code as sent, in capitals; NO_CODE for a text longer than the format's field or with other characters."""
    plain = F.upper(F.regexp_replace(text, " ", ""))
    return F.when(plain.rlike(f"^[A-Z0-9]{{1,{length}}}$"), plain).when(text.isNotNull(), NO_CODE)


def diagnosis(text: Column) -> Column:
    """A CIM-10 code: capitals, without dot; the plus sign is part of it. NO_CODE for a text of another shape."""
    plain = F.upper(F.regexp_replace(text, "[. ]", ""))
    return F.when(plain.rlike(DIAGNOSIS), plain).when(text.isNotNull(), NO_CODE)


def act(text: Column) -> Column:
    """An act: seven characters of CCAM, or a short code of letters and digits as sent; NO_CODE for other texts."""
    plain = F.upper(F.regexp_replace(text, " ", ""))
    short = plain.rlike(r"^[A-Z]{1,4}[0-9]{1,3}$")
    return F.when(plain.rlike(ACT), F.substring(plain, 1, 7)).when(short, plain).when(text.isNotNull(), NO_CODE)


def act_extension(text: Column) -> Column:
    """The digits that follow the seven characters of an act, without separators; null when there are none."""
    plain = F.regexp_replace(F.upper(text), "[ ./-]", "")
    return F.nullif(F.regexp_extract(plain, ACT + "([0-9]{1,4})$", 1), F.lit(""))


def finess(text: Column) -> Column:
    """A hospital's number of nine characters; NO_CODE for a text of another shape."""
    plain = F.replace(text, F.lit(" "), F.lit(""))
    return F.when(plain.rlike(r"^[0-9][0-9AB][0-9]{7}$"), plain).when(text.isNotNull(), NO_CODE)


def reason(text: Column) -> Column:
    """The reason for the visit when it is a code, else null: a reason in words is never kept."""
    plain = F.upper(F.regexp_replace(text, "[. ]", ""))
    return F.when(plain.rlike(REASON), plain)


def sex(text: Column) -> Column:
    """1 male, 2 female; null for unknown (I) and for anything else."""
    found = F.lit(None).cast("string")
    for sent, value in SEXES.items():
        found = F.when(F.upper(text) == sent, value).otherwise(found)
    return found


def postcode(text: Column) -> Column:
    """A postcode of five characters, else null."""
    plain = F.upper(F.regexp_replace(text, " ", ""))
    return F.when(plain.rlike("^[0-9][0-9AB][0-9]{3}$"), plain)
