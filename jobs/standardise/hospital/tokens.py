"""Keyed tokens of a hospital's lines, stays and patients: what remains of their numbers."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import hmac_column, message, with_key
from jobs.standardise.context import Context


def with_line_tokens(context: Context, told: DataFrame) -> DataFrame:
    """Adds ``line_id`` (of the exact bytes) and ``stay_id`` (of what the line is about, if it is about anything).

    The same line told for two years is two lines: each year's snapshot stands alone.
    """
    keyed = with_key(told, context.key("collector"))
    said = F.concat(F.encode("first_year", "UTF-8"), line_bytes(F.col("line")))
    line_id = F.call_function("hmac", F.col("key"), said, F.lit("SHA256"))
    stay, unit_file = token("stay", "producer", "about"), token("unit file", "producer", "first_year")
    about = F.when(F.col("kind") == "unit", unit_file).otherwise(stay)
    return keyed.withColumns({"line_id": short(line_id), "stay_id": about}).drop("key")


def line_bytes(line: Column) -> Column:
    """The bytes of a line as they were sent: its text has one character per byte."""
    return F.encode(line, "ISO-8859-1")


def with_tokens(context: Context, lines: DataFrame) -> DataFrame:
    """Adds ``key_id`` (of what the line tells), the mother's stay, the patient, and the stay in the place of a patient.

    All of them are made here, so that the key is gone before anything is cached or written, and
    what they were made of with it.
    """
    keyed = with_key(lines, context.key("collector"))
    return keyed.withColumns(
        {
            "key_id": token("line", "producer", "line_key"),
            "mother_stay_id": token("stay", "producer", "mother_stay"),
            "patient_id": token("patient", "producer", "patient_number"),
            "stay_subject_id": token("patient of stay", "producer", "stay"),
        }
    ).drop("key", "line_key", "mother_stay", "patient_number")


def token(domain: str, *names: str) -> Column:
    """32 hexadecimal characters of a keyed hash; the frame has the column ``key``. Null when a part is null."""
    return short(hmac_column(F.col("key"), message("hospital", domain, *[F.col(name) for name in names])))


def short(digest: Column) -> Column:
    """The first 16 bytes as hexadecimal text."""
    return F.lower(F.hex(F.substring(digest, 1, 16)))
