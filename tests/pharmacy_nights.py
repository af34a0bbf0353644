"""Nights of one pharmacy from the bytes of one file, without pull and close: what standardise proposes."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.core.attempt import attempt_folder
from jobs.core.register import Producer
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile
from jobs.standardise.context import PACKS
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pharmacy import standardise
from jobs.standardise.pools import quarantine_pool, standard_pool
from jobs.standardise.write import write_proposal
from tests.given import Given

PHARMACY = "992000018"


def propose(
    spark: SparkSession,
    settings: Settings,
    date: str,
    data: bytes,
    base: dict[str, Any] | None = None,
    *,
    format: str = "pharmacy-csv",
    dialect: str = "standard",
) -> dict[str, Any]:
    """The proposal of a night in which the pharmacy deposits one file about the night's day."""
    file = {"name": "extract", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    delivery = Delivery(f"D{date}", PHARMACY, "append", format, date, date, date, date, (file,))
    producer = Producer(PHARMACY, "pharmacy", "", format, dialect, None, None, "", "active", "75")
    pack = (PHARMACY, delivery.delivery_id, format, "extract", 0, 0, 0, bytearray(data), False, None, None)
    with attempt_folder(settings) as attempt:
        context = Given(spark, settings, date, "pharmacy", [delivery], {PHARMACY: producer}, base, Path(attempt))
        context.given = spark.createDataFrame([pack], PACKS)
        try:
            return write_proposal(context, standardise(context), [])
        finally:
            context.release()


def base_of(date: str, *proposals: dict[str, Any]) -> dict[str, Any]:
    """The state that the next night starts from, had all that was proposed been accepted; later proposals win."""
    tables: dict[str, Any] = {}
    claims = []
    for proposal in proposals:
        for table, parts in proposal["producers"][PHARMACY]["tables"].items():
            tables[table] = tables.get(table, {}) | parts
        claims.append({"night": proposal["night"], "files": proposal["tables"]["claim"], "except": []})
    return {"night": date, "tables": tables, "claims": claims}


def rows_of(settings: Settings, proposal: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """All rows of a table that a proposal holds."""
    pool = standard_pool(settings, "pharmacy")
    files = [file for part in proposal["producers"][PHARMACY]["tables"][table].values() for file in part]
    return [row for file in files for row in pq.read_table(pool.path(DataFile.from_json(file))).to_pylist()]


def quarantined(settings: Settings, proposal: dict[str, Any]) -> list[dict[str, Any]]:
    """The records that a night refused."""
    pool = quarantine_pool(settings)
    files = proposal["tables"]["quarantined_record"]
    return [row for file in files for row in pq.read_table(pool.path(DataFile.from_json(file))).to_pylist()]
