"""Cells to values, natively in Spark. A value that is there and cannot be read is told apart from one that is missing.

Every function takes cleaned text columns and returns typed ones that are null when the text is missing or
unreadable; ``unreadable(text, value)`` tells which. ``tests/data/pharmacy`` holds the test vectors of their shapes.
"""

from collections.abc import Callable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.dialects import Values, epoch_zone, spark_pattern

MISSING = r"(?i)^(-|n/?a)?$"
NO_DATE = r"^[0/\-.: T]*$"  # empty, or zeros where a date should stand
CURRENCY = r"(?i) ?(€|eur|euros?)$"
EVENTS = {
    "sale": ("sale", "vente", "v"),
    "return": ("return", "retour", "r"),
    "cancel": ("cancel", "annulation", "a"),
}
UNITS = {"box": ("", "box", "boite", "boîte", "b"), "unit": ("unit", "unite", "unité", "u")}
SEXES = {"1": ("1", "m", "h"), "2": ("2", "f")}
NO_SEX = ("", "0", "3", "9", "i")


def filled(text: Column) -> Column:
    """The cleaned text, null when nothing is left."""
    return F.nullif(text, F.lit(""))


def unreadable(text: Column, value: Column, missing: str = MISSING) -> Column:
    """True when a text is there and no value was made of it."""
    return value.isNull() & ~text.rlike(missing)


def chosen(text: Column, meanings: Mapping[str, tuple[str, ...]]) -> Column:
    """The canonical value whose spellings include the text, else null."""
    result = F.lit(None).cast("string")
    for value, spellings in meanings.items():
        result = F.when(F.lower(text).isin(*spellings), F.lit(value)).otherwise(result)
    return result


def by_dialect(
    dialects: Mapping[str, Values], choice: Callable[[Values], str], make: Callable[[str], Column]
) -> Column:
    """``make(choice(dialect))`` of each row's dialect; one branch per distinct choice keeps patterns literal."""
    choices = sorted({choice(dialect) for dialect in dialects.values()})
    column = F.lit(None)
    for value in choices:
        names = [dialect.name for dialect in dialects.values() if choice(dialect) == value]
        column = F.when(F.col("dialect").isin(*names), make(value)).otherwise(column)
    return column


def magnitude(text: Column) -> tuple[Column, Column]:
    """Sign (1 or -1) and unsigned body of an amount: leading or trailing minus, or parentheses."""
    body = F.regexp_replace(text, CURRENCY, "")
    signed = F.regexp_replace(F.regexp_replace(body, r"^\((.*)\)$", "-$1"), r"^(.*)-$", "-$1")
    return F.when(signed.startswith("-"), F.lit(-1)).otherwise(F.lit(1)), F.regexp_replace(signed, "^[+-] ?", "")


def euros(text: Column) -> Column:
    """An amount in euros, exact to the cent: 7,35 · 7.35 · 1 466,29 · 1.466,29 · 1,466,29 · 7,35 € · 7,35- · (7,35).

    ``1,466`` is refused: it may be thousands or three decimals.
    """
    usual = text.rlike(r"^-?\d{1,9}([.,]\d{1,2})?$")  # nearly every value: spares it the work below
    sign, bare = magnitude(text)
    plain = bare.rlike(r"^(\d*[.,]\d{1,2}|\d+)$")
    spaced = bare.rlike(r"^\d{1,3}( \d{3})+([.,]\d{1,2})?$")
    grouped = bare.rlike(r"^\d{1,3}([.,])\d{3}(\1\d{3})*[.,]\d{1,2}$")
    number = F.regexp_replace(F.regexp_replace(bare, r"[ ]|[.,](?=.*[.,])", ""), ",", ".")
    unusual = F.when(plain | spaced | grouped, (money(number) * sign).try_cast("decimal(12,2)"))
    return F.when(usual, money(F.translate(text, ",", "."))).otherwise(unusual)


def cents(text: Column) -> Column:
    """An amount in whole cents, as euros."""
    sign, bare = magnitude(text)
    value = bare.try_cast("decimal(12,0)") * sign / F.lit(100).cast("decimal(3,0)")
    return F.when(bare.rlike(r"^\d{1,12}$"), value.try_cast("decimal(12,2)"))


def money(number: Column) -> Column:
    """Digits with a decimal point as an exact decimal; null beyond ten digits."""
    return number.try_cast("decimal(12,2)")


def amount(text: Column, dialects: Mapping[str, Values]) -> Column:
    """An amount in euros, from the unit that the row's dialect declares."""
    return by_dialect(dialects, lambda one: one.money, lambda unit: euros(text) if unit == "euro" else cents(text))


def rate(text: Column) -> Column:
    """A rate of reimbursement in percent: 65 · 065 · 65% · 65 % · 65.00 · 0.65, a fraction. 999 means unknown: null."""
    bare = F.regexp_replace(F.regexp_replace(text, r" ?%$", ""), ",", ".")
    value = F.when(bare.rlike(r"^\d{1,3}(\.\d{1,2})?$"), bare.try_cast("decimal(5,2)"))
    fraction = bare.rlike(r"^0\.\d{1,2}$") & (value > 0)
    value = F.when(fraction, (value * 100).cast("decimal(5,2)")).otherwise(value)
    return F.when(value <= 145, value)


def unreadable_rate(text: Column, value: Column) -> Column:
    """Like ``unreadable``; 999 is the declared code of an unknown rate."""
    return unreadable(text, value, r"(?i)^(-|n/?a|999([.,]0+)?)?$")


def service(text: Column) -> Column:
    """A service code of claims (PH7, PHN, HD7); null for anything longer, which would be free text."""
    bare = F.upper(text)
    return F.when(bare.rlike(r"^[A-Z]{1,3}[0-9A-Z]{0,2}$"), bare)


def is_fee(service: Column) -> Column:
    """Whether a service code is a pharmacist's fee for dispensing: HD1 to HD7, HDR, HDA, HDE, HDS, HG1 to HG7, HC."""
    return service.rlike(r"^(HD|HG)[0-9A-Z]+$|^HC$")


def quantity(text: Column) -> Column:
    """A signed whole number of boxes or units."""
    return F.when(text.rlike(r"^[+-]?\d{1,6}$"), text.try_cast("bigint"))


def moment(text: Column, dialects: Mapping[str, Values], choice: Callable[[Values], str]) -> Column:
    """A date or local time of day in the dialect's format, as the timestamp that a clock on the wall showed.

    The session's time zone is UTC, so nothing is shifted, not even in the night when clocks change. Milliseconds since
    1970 alone name a moment in UTC: they become what a clock of the dialect's zone showed.
    """

    def parse(pattern: str) -> Column:
        zone = epoch_zone(pattern)
        if zone:
            millis = F.when(text.rlike(r"^-?\d{1,13}$"), text.try_cast("bigint"))
            return F.from_utc_timestamp(F.timestamp_millis(millis), zone)
        return F.try_to_timestamp(F.nullif(text, F.lit("")), F.lit(spark_pattern(pattern)))

    return by_dialect(dialects, choice, parse).cast("timestamp")


def day(moment: Column) -> Column:
    """The day of a moment; null outside 1900 to 2100, which no declared format means."""
    value = moment.cast("date")
    return F.when(F.year(value).between(1900, 2100) & (value != F.lit("1899-12-30").cast("date")), value)


def no_date(text: Column, moment: Column) -> Column:
    """True when a text says that there is no date: zeros, 1600, or the day zero of a spreadsheet."""
    known = (F.year(moment) == 1600) | (moment.cast("date") == F.lit("1899-12-30").cast("date"))
    return text.rlike(NO_DATE) | F.coalesce(known, F.lit(False))


def birth_day(moment: Column, two_digits: Column, on: Column) -> Column:
    """A birth date; with a two-digit year the latest century in which the patient was born by ``on``."""
    value = day(moment)
    return F.when(two_digits & (value > on), F.add_months(value, -1200)).otherwise(value)
