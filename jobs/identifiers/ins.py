"""The national health identity (INS): a number of NIR shape with its key, under an OID that says which kind it is."""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.identifiers.nir import SENTINEL, SHAPE, clean, expected_key, python_clean, python_expected_key

INS_NIR = "1.2.250.1.213.1.4.8"
INS_NIA = "1.2.250.1.213.1.4.9"  # waiting number, replaced by a NIR later
INS_TEST = "1.2.250.1.213.1.4.10"  # never in production data
INS_DEMO = "1.2.250.1.213.1.4.11"  # never in production data
REAL_OIDS = (INS_NIR, INS_NIA)
NIA_SHAPE = SHAPE.replace("[12]", "[1278]", 1)


def ins_status(number: Column, key: Column | None = None) -> Column:
    """valid, key_wrong, sentinel, malformed or missing. Unlike a NIR, an INS is never sent without its key."""
    text = clean(number, key)
    right = F.substring(text, 14, 2).try_cast("int") == expected_key(F.substring(text, 1, 13))
    return (
        F.when(text == "", "missing")
        .when(text.rlike(SENTINEL), "sentinel")
        .when(~text.rlike(NIA_SHAPE) | (F.length(text) != 15), "malformed")
        .when(F.coalesce(right, F.lit(False)), "valid")
        .otherwise("key_wrong")
    )


def ins13(number: Column, key: Column | None = None) -> Column:
    """The 13 characters of a valid INS; null for any other."""
    return F.when(ins_status(number, key) == "valid", F.substring(clean(number, key), 1, 13))


def python_ins_status(number: str | None, key: str | None = None) -> str:
    """Python equal of ins_status."""
    text = python_clean(number, key)
    if not text:
        return "missing"
    if re.search(SENTINEL, text, re.ASCII):
        return "sentinel"
    if len(text) != 15 or not re.search(NIA_SHAPE, text, re.ASCII):
        return "malformed"
    return "valid" if int(text[13:]) == python_expected_key(text[:13]) else "key_wrong"


def python_ins13(number: str | None, key: str | None = None) -> str | None:
    """Python equal of ins13."""
    return python_clean(number, key)[:13] if python_ins_status(number, key) == "valid" else None
