"""Whole nights of one pharmacy: redelivery, correction into another month, refusal and replay after a dialect's fix."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.core.attempt import attempt_folder
from jobs.core.register import Producer
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile
from jobs.standardise.context import PACKS
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pharmacy import standardise
from jobs.standardise.pools import standard_pool
from jobs.standardise.write import write_proposal
from tests.given import Given

HEADER = (
    "ticket_id;line_id;event_type;event_ts_local;patient_nir;patient_nir_key;birth_date;sex;code_raw;quantity_signed;"
    "amount_total"
)
FIRST = [
    "T1;1;sale;21/11/2026 10:00:00;1850575990042;85;12/05/1985;1;3400935955838;2;4,36",
    "T1;2;sale;21/11/2026 10:00:00;1850575990042;85;12/05/1985;1;3400935955838;1;deux",
    "T2;1;sale;31/10/2026 09:00:00;1850575990042;85;12/05/1985;1;3541848;1;3,00",
    "T2;1;sale;31/10/2026 09:00:00;1850575990042;85;12/05/1985;1;3541848;1;3,00",
    ";;TOTAL;;;;;;;4;",
]
SECOND = [
    FIRST[0],  # said again
    "T2;1;sale;01/11/2026 09:00:00;1850575990042;85;12/05/1985;1;3541848;1;3,00",  # the day was wrong
]


def night(spark: SparkSession, settings: Settings, date: str, lines: list[str], base: Any) -> dict[str, Any]:
    """Standardise one delivery and return the proposal."""
    data = "\r\n".join([HEADER, *lines]).encode("cp1252")
    file = {
        "name": "extract.csv",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "records": len(lines),
    }
    delivery = Delivery(f"D{date}", "PH1", "append", "pharmacy-csv", date, date, date, date, (file,))
    producer = Producer("PH1", "pharmacy", "", "pharmacy-csv", "standard", None, None, "", "active")
    pack = ("PH1", delivery.delivery_id, "pharmacy-csv", "extract.csv", 0, 0, 0, bytearray(data), False, None, None)
    with attempt_folder(settings) as attempt:
        context = Given(spark, settings, date, "pharmacy", [delivery], {"PH1": producer}, base, Path(attempt))
        context.given = spark.createDataFrame([pack], PACKS)
        try:
            return write_proposal(context, standardise(context), [])
        finally:
            context.release()


def content(settings: Settings, tables: dict[str, Any]) -> list[tuple[str, str, int, str]]:
    """(partition, day, quantity, delivery) of every dispensation of some partitions."""
    pool = standard_pool(settings, "pharmacy")
    found = []
    for part, files in tables.items():
        for file in files:
            for row in pq.read_table(pool.path(DataFile.from_json(file))).to_pylist():
                found.append((part, row["dispensed_on"].isoformat(), row["quantity"], row["delivery_id"]))
    return sorted(found)


def test_two_nights(spark: SparkSession, settings: Settings):
    first = night(spark, settings, "2026-11-22", FIRST, None)
    one = first["producers"]["PH1"]
    assert {name: one[name] for name in ("read", "accepted", "duplicate", "quarantined", "ignored", "declared")} == {
        "read": 5, "accepted": 2, "duplicate": 1, "quarantined": 1, "ignored": 1, "declared": 5,
    }  # fmt: skip
    assert one["rules"] == {"PHA-002": 1, "PHA-020": 1}
    assert content(settings, one["tables"]["dispensation"]) == [
        ("PH1__2026-10", "2026-10-31", 1, "D2026-11-22"),
        ("PH1__2026-11", "2026-11-21", 2, "D2026-11-22"),
    ]
    claims = [{"night": "2026-11-22", "files": first["tables"]["claim"], "except": []}]
    assert sum(file["rows"] for file in first["tables"]["claim"]) == 1

    base = {"night": "2026-11-22", "tables": {"dispensation": one["tables"]["dispensation"]}, "claims": claims}
    second = night(spark, settings, "2026-11-23", SECOND, base)
    two = second["producers"]["PH1"]
    months = ["2026-10", "2026-11"]
    assert (two["accepted"], two["duplicate"]) == (1, 1)
    assert two["scope"] == {"dispensation": months}
    assert content(settings, two["tables"]["dispensation"]) == [
        ("PH1__2026-11", "2026-11-01", 1, "D2026-11-23"),
        ("PH1__2026-11", "2026-11-21", 2, "D2026-11-22"),
    ]
    assert [(one["event"], one["count"]) for one in second["ledger"] if "event" in one] == [("superseded", 1)]
    assert sum(file["rows"] for file in second["tables"]["claim"]) == 0


def test_the_same_night_twice_makes_the_same_proposal(spark: SparkSession, settings: Settings):
    assert night(spark, settings, "2026-11-22", FIRST, None) == night(spark, settings, "2026-11-22", FIRST, None)


def test_an_unknown_dialect_is_told_by_name(spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    from jobs.core.errors import ConfigError
    from jobs.standardise.pharmacy import extract as module

    monkeypatch.setattr(module, "load_dialects", lambda folder, columns: {})
    with pytest.raises(ConfigError, match="standard"):
        night(spark, settings, "2026-11-22", FIRST, None)
