"""Numbers, units, codes and products of clinical facts as columns; what cannot be read is null and told elsewhere."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.shared_record.units import is_ucum

NUMBER = r"^[+-]?\d{1,12}(?:\.\d{1,12})?(?:[eE][+-]?\d)?$"
WHOLE = r"^\d{1,9}$"
SHOWN = "^(?:[-+0-9.,:/<>=TZeE\\s\u00a0\u202f\u2009]{1,30}|[+-]?(?:NaN|INF))$"
IDENTITY = r"(?<!\d)(?:\d{13}|\d{15})(?!\d)"
DECIMAL = "decimal(18,6)"
EDQM_CODE = r"^\d{8}$"  # a standard term of the European pharmacopoeia written where a unit belongs
CIP13, CIS = r"^34009\d{8}$", r"^\d{8}$"
ATC = r"^[A-Z](?:\d{2}(?:[A-Z](?:[A-Z](?:\d{2})?)?)?)?$"
ICD10 = r"^[A-Z]\d{2}[0-9A-Z+]{0,3}$"
CCAM = r"^[A-Z]{4}\d{3}(?:-?[0-9A-Z]{1,5})?$"


def shown(text: Column) -> Column:
    """A number or time as sent; null when it may be anything else: words, or digits as many as an identity has."""
    return F.when(text.rlike(SHOWN) & ~text.rlike(IDENTITY), text)


def plain(text: Column) -> Column:
    """A number's text without blanks between thousands, its decimal comma as a point."""
    return F.translate(F.regexp_replace(text, "[\\s\u00a0\u202f\u2009]", ""), ",", ".")


def decimal(text: Column) -> Column:
    """A number as sent; anything else is null."""
    number = plain(text)
    return F.when(number.rlike(NUMBER), number.try_cast(DECIMAL))


def decimals(text: Column) -> Column:
    """How many decimals were written: ``1.950`` has three. Null when the text is no number."""
    number = plain(text)
    return F.when(number.rlike(NUMBER), F.length(F.regexp_extract(number, r"\.(\d+)", 1)).cast("bigint"))


def whole(text: Column) -> Column:
    """A small count; anything else is null."""
    return F.when(text.rlike(WHOLE), text.try_cast("bigint"))


def unit_kind(unit: Column) -> Column:
    """ucum, edqm (a code of pharmaceutical forms where a unit belongs) or other; null without a unit."""
    kind = F.when(is_ucum(unit), "ucum").when(unit.rlike(EDQM_CODE), "edqm").otherwise("other")
    return F.when(unit.isNotNull(), kind)


def icd10(code: Column) -> Column:
    """A CIM-10 code as France writes it: capitals, no point, no blank."""
    return F.upper(F.regexp_replace(code, r"[\s.]", ""))


def capitals(code: Column) -> Column:
    """A code in capitals without blanks."""
    return F.upper(F.regexp_replace(code, r"\s", ""))


def product_kind(one: Column) -> Column:
    """By which code the product is best known: cip13, cis, atc, other or missing."""
    return (
        F.when(one["cip13"].isNotNull(), "cip13")
        .when(one["cis"].isNotNull(), "cis")
        .when(one["atc"].isNotNull(), "atc")
        .when(one["product_code"].isNotNull(), "other")
        .otherwise("missing")
    )


def misshaped(code: Column, shape: str) -> Column:
    """Whether a code is there and not written as its system writes codes."""
    return code.isNotNull() & ~code.rlike(shape)
