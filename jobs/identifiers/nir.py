"""The national number (NIR): cleaned, its shape and key judged, as Spark columns and in Python.

Shape: sex, year, month, department, commune, order — 13 characters — and a key of two: 97 minus the number modulo 97,
where 2A counts as 19 and 2B as 18. Months beyond 12 stand for incomplete civil records (20, 30 to 42, 51 to 62).
Departments are 01 to 95, 2A, 2B, 96 to 98 (overseas, former territories) and 99 for births abroad.
"""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

STATUSES = ("valid", "key_wrong", "provisional", "passing", "sentinel", "malformed", "missing")

NOISE = "[\\s\u00a0-]"  # blanks and hyphens as printed on a card
SHAPE = r"^[12]\d{2}(0[1-9]|1[0-2]|20|3\d|4[0-2]|5[1-9]|6[0-2])(0[1-9]|[13-9]\d|2[0-9AB])\d{6}(\d{2})?$"
WAITING = r"^[78]\d{2}(0[1-9]|1[0-2])(\d\d|2[AB])\d{6}(\d{2})?$"  # scheme closed at the end of 2022; never had a key
PASSING = r"^[56]\d{2}(0[1-9]|1[0-2])(\d\d|2[AB])\d{6}(\d{2})?$"  # persons insured while they pass through
# 13 X is the declared missing value; one digit repeated fills a mandatory field; 1 555555 CCC 333 is an anonymous bill.
SENTINEL = r"^(([X0-9])\2{12,14}|[12]555555\d{3}333(\d{2})?)$"


def clean(number: Column, key: Column | None = None) -> Column:
    """Number and key joined, upper case, without blanks and hyphens; an empty text when nothing was sent."""
    parts = [number] if key is None else [number, key]
    joined = F.concat(*[F.coalesce(part.cast("string"), F.lit("")) for part in parts])
    return F.regexp_replace(F.upper(joined), NOISE, "")


def expected_key(thirteen: Column) -> Column:
    """The key that belongs to 13 characters of the right shape, 1 to 97; null for anything else."""
    digits = F.regexp_replace(F.regexp_replace(thirteen, "2A", "19"), "2B", "18")
    return F.lit(97) - digits.try_cast("bigint") % 97


def nir_status(number: Column, key: Column | None = None) -> Column:
    """One of STATUSES. A number sent without its key is ``valid`` when its shape is: nothing else can be checked."""
    text = clean(number, key)
    sent_key = F.substring(text, 14, 2).try_cast("int")
    right = (F.length(text) == 13) | (sent_key == expected_key(F.substring(text, 1, 13)))
    return (
        F.when(text == "", "missing")
        .when(text.rlike(SENTINEL), "sentinel")
        .when(text.rlike(WAITING), "provisional")
        .when(text.rlike(PASSING), "passing")
        .when(~text.rlike(SHAPE), "malformed")
        .when(F.coalesce(right, F.lit(False)), "valid")
        .otherwise("key_wrong")
    )


def nir13(number: Column, key: Column | None = None) -> Column:
    """The 13 characters of a valid number; null for any other, which must never become an identifier."""
    return F.when(nir_status(number, key) == "valid", F.substring(clean(number, key), 1, 13))


NOISE_IN_TEXT = re.compile(NOISE)
ODD_SHAPES = [
    (status, re.compile(pattern, re.ASCII))
    for status, pattern in (("sentinel", SENTINEL), ("provisional", WAITING), ("passing", PASSING))
]
USUAL_SHAPE = re.compile(SHAPE, re.ASCII)


def python_clean(number: str | None, key: str | None = None) -> str:
    """Python equal of clean."""
    return NOISE_IN_TEXT.sub("", ((number or "") + (key or "")).upper())


def python_expected_key(thirteen: str) -> int:
    """Python equal of expected_key, for 13 characters of the right shape."""
    return 97 - int(thirteen.replace("2A", "19").replace("2B", "18")) % 97


def python_nir_status(number: str | None, key: str | None = None) -> str:
    """Python equal of nir_status, for code that runs outside Spark's columns (Arrow batches)."""
    text = python_clean(number, key)
    if not text:
        return "missing"
    for status, pattern in ODD_SHAPES:
        if pattern.search(text):
            return status
    if not USUAL_SHAPE.search(text):
        return "malformed"
    return "valid" if len(text) == 13 or int(text[13:]) == python_expected_key(text[:13]) else "key_wrong"


def python_nir13(number: str | None, key: str | None = None) -> str | None:
    """Python equal of nir13."""
    return python_clean(number, key)[:13] if python_nir_status(number, key) == "valid" else None
