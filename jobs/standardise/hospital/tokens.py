"""Keyed tokens of a hospital's lines, stays and patients: what remains of their numbers."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import hmac_column, joined, message, text_hex, token_hex_array, token_hex_bytes, with_key
from jobs.standardise.context import Context
from jobs.standardise.fixed_width import LATIN
from jobs.standardise.fixed_width_lines import Marks
from jobs.standardise.hospital.transmissions import DELIVERY, delivery_table


def keyed_packs(context: Context, packs: DataFrame) -> DataFrame:
    """Packs with what the tokens of their lines need: the columns that ``LINE_TOKENS`` is given."""
    years = delivery_table(context).select(*DELIVERY, "first_year")
    return with_key(packs.join(F.broadcast(years), DELIVERY, how="left"), context.key("collector"))


def line_tokens(part: dict[str, Any], kind: str, lines: pa.StringArray, about: pa.StringArray) -> list[pa.Array]:
    """``line_id`` (of the exact bytes) and ``stay_id`` (of what a line is about, if it is about anything).

    The same line told for two years is two lines: each year's snapshot stands alone.
    """
    key, year = part["key"], part["first_year"]
    line_id = token_hex_bytes(key, bytes_of(lines), year.encode())
    if kind == "unit":
        unit_file = text_hex(key, "hospital", "unit file", part["producer"], year)
        return [line_id, pa.repeat(pa.scalar(unit_file, pa.string()), len(lines))]
    return [line_id, token_hex_array(key, joined("hospital", "stay", part["producer"], about))]


def bytes_of(lines: pa.StringArray) -> list[bytes]:
    """What ``line_bytes`` says, for a column of Arrow."""
    if pc.all(pc.string_is_ascii(lines)).as_py():
        told: list[bytes] = lines.cast(pa.binary()).to_pylist()
        return told
    return [line.encode(LATIN) for line in lines.to_pylist()]


LINE_TOKENS = Marks(("key", "first_year"), ("line_id", "stay_id"), line_tokens)


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
