"""What is told of the facts of a document: warning codes as conditions over its lists, whatever carrier it came by."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.oids import OUT_OF_SCOPE
from jobs.standardise.shared_record.times import BAD_ZONE, MAY_BE_CLOCK_CHANGE, READABLE, moment
from jobs.standardise.shared_record.units import is_ucum
from jobs.standardise.shared_record.values import (
    ATC,
    CCAM,
    CIP13,
    EDQM_CODE,
    ICD10,
    WHOLE,
    capitals,
    decimal,
    icd10,
    misshaped,
)

Test = Callable[[Column], Column]
# times of what has happened: a day to come is a slip. Treatments and ends may lie ahead.
HAPPENED = [("results", "time"), ("vital_signs", "time"), ("vaccinations", "time"), ("dispensations", "time"),
            ("problems", "start"), ("allergies", "start"), ("procedures", "start")]  # fmt: skip
AHEAD = [("prescriptions", "start"), ("prescriptions", "end"), ("problems", "end"), ("procedures", "end")]
INTERVALS = ("prescriptions", "problems", "procedures")
NUMBERS = (
    "value_number",
    "reference_low",
    "reference_high",
    "dose_value",
    "dose_high",
    "quantity_value",
    "every_value",
)
COUNTS = ("dose_number", "repeats")
UNITS = ("unit", "dose_unit", "every_unit")
PACKED = ("quantity_unit",)  # boxes, vials: the French models count them in codes of EDQM, which is no fault
SHAPES = {"cip13": CIP13, "atc": ATC, "icd10": ICD10, "ccam": CCAM}
CLEANED = {"icd10": icd10, "cip13": lambda code: code}
PLAIN_NUMBER = r"^[+-]?\d{1,12}(?:[.,]\d{1,12})?$"
BETWEEN = "\x1f"  # the ends of a range
WITH_DAY = r"^\d{8}"
# what a fact is about: when none of these holds a code, it was told in words only
ABOUT = {
    "vaccinations": ("product_code",), "prescriptions": ("product_code",), "dispensations": ("product_code",),
    "problems": ("code",), "allergies": ("agent_code", "kind_code"), "procedures": ("code",),
}  # fmt: skip


def listed(name: str) -> Column:
    """A list of facts; empty when the document has none."""
    return F.coalesce(F.col(name), F.array())


def gathered(fields: tuple[str, ...]) -> Column:
    """The values of some fields over all lists, as one array of text."""
    wanted = [(name, field) for name, own in FACTS.items() for field in fields if field in own]
    return F.array_compact(F.concat(*[F.transform(listed(name), field_of(field)) for name, field in wanted]))


def field_of(field: str) -> Test:
    """A function that takes a field of a fact: bound here, since a loop's variable would be the last one's."""
    return lambda one: one[field]


def arrays() -> dict[str, Column]:
    """Helper columns that ``fact_warnings`` looks at; drop them after use.

    Each text once: most facts of a document were measured at one time, and in a few units.
    """
    units = F.concat(gathered(UNITS), F.filter(gathered(PACKED), lambda unit: ~unit.rlike(EDQM_CODE)))
    helpers = {
        "_happened": times(HAPPENED),
        "_ahead": times(AHEAD),
        "_numbers": gathered(NUMBERS),
        "_counts": gathered(COUNTS),
        "_units": units,
        "_ranges": F.concat(*[F.array_compact(F.transform(listed(name), ends)) for name in ("results", "vital_signs")]),
    }
    return {name: F.array_distinct(helper) for name, helper in helpers.items()}


def ends(one: Column) -> Column:
    """Both ends of a reference range as one text; null when one is missing."""
    return F.concat(one["reference_low"], F.lit(BETWEEN), one["reference_high"])


def times(places: list[tuple[str, str]]) -> Column:
    """The times of some fields, as sent."""
    return F.array_compact(F.concat(*[F.transform(listed(name), field_of(field)) for name, field in places]))


def any_time(flaw: Test) -> Column:
    """Whether a time of any fact has a flaw."""
    return F.exists("_happened", flaw) | F.exists("_ahead", flaw)


def clock_change(text: Column) -> Column:
    """A local time in an hour that clocks skip or repeat; few texts are looked at closely."""
    return text.rlike(MAY_BE_CLOCK_CHANGE) & moment(text).clock_change


def no_number(text: Column) -> Column:
    """A text that is no number; most are plain ones."""
    return ~text.rlike(PLAIN_NUMBER) & decimal(text).isNull()


def fact_warnings(tomorrow: Column) -> dict[str, Column]:
    """Warning code -> whether it is told of the document. Needs the columns of ``arrays``."""
    compact = F.date_format(tomorrow, "yyyyMMdd")
    return {
        "DOC-101": F.exists("_units", lambda unit: ~is_ucum(unit)),
        "DOC-102": any_time(lambda text: text.rlike(READABLE) & text.rlike(BAD_ZONE)),
        "DOC-103": F.exists(listed("results"), lambda one: one["code_kind"] != "loinc"),
        "DOC-109": F.exists("_numbers", no_number) | F.exists("_counts", lambda text: ~text.rlike(WHOLE)),
        "DOC-110": F.exists("_ranges", inverted),
        "DOC-201": any_time(lambda text: ~text.rlike(READABLE)),
        "DOC-202": any_of([F.exists(listed(name), doubtful_interval) for name in INTERVALS]),
        "DOC-203": F.exists("_happened", lambda text: text.rlike(READABLE) & (F.substring(text, 1, 8) > compact)),
        "DOC-205": any_of([F.exists(listed(name), lambda one: one["negated"] == "true") for name in FACTS]),
        "DOC-207": any_time(clock_change),
        "DOC-208": any_of([F.exists(listed(name), told_in_words(fields)) for name, fields in ABOUT.items()]),
        "DOC-209": any_of(
            [F.exists(listed(name), odd_codes(own)) for name, own in FACTS.items() if set(own) & set(SHAPES)]
        ),
        "DOC-216": silent(),
    }


def silent() -> Column:
    """A structured document without a fact: no table would show that it came. A negated fact is one, and told apart.

    What is out of scope is not read on purpose, and what is to be deleted need tell nothing.
    """
    told = any_of([F.size(listed(name)) > 0 for name in FACTS])
    aside = F.col("type_code").isin(*OUT_OF_SCOPE) | (F.col("action") == "D")
    return (F.col("level") == 3) & ~told & ~F.coalesce(aside, F.lit(False))


def any_of(conditions: list[Column]) -> Column:
    """Whether one of some conditions holds; an unknown one does not."""
    found = F.lit(False)
    for condition in conditions:
        found = found | F.coalesce(condition, F.lit(False))
    return found


def inverted(ends: Column) -> Column:
    """The low end of the reference range lies above the high end."""
    low, high = (decimal(F.substring_index(ends, BETWEEN, side)) for side in (1, -1))
    return F.coalesce(low > high, F.lit(False))


def doubtful_interval(one: Column) -> Column:
    """The end lies before the start, to the day, or there is an end alone."""
    start, end = one["start"], one["end"]
    days = start.rlike(WITH_DAY) & end.rlike(WITH_DAY) & (F.substring(end, 1, 8) < F.substring(start, 1, 8))
    return end.isNotNull() & (start.isNull() | F.coalesce(days, F.lit(False)))


def told_in_words(fields: tuple[str, ...]) -> Test:
    """A function: whether a fact that is not missing has no code for what it is about."""

    def without_code(one: Column) -> Column:
        return F.coalesce(*[one[field] for field in fields]).isNull()

    return without_code


def odd_codes(own: tuple[str, ...]) -> Test:
    """A function: whether a code of a fact is not written as its system writes codes."""

    def odd(one: Column) -> Column:
        names = [name for name in SHAPES if name in own]
        return any_of([misshaped(CLEANED.get(name, capitals)(one[name]), SHAPES[name]) for name in names])

    return odd
