"""Nights of the shared record in tests: deliveries of either format through the parser and the driver's writer."""

from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from jobs.core.attempt import attempt_folder
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool
from jobs.standardise import shared_record
from jobs.standardise.context import PACKS, Context
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pools import claim_pool, intake_pool, quarantine_pool, standard_pool
from jobs.standardise.write import write_proposal

Files = dict[str, bytes]
Row = dict[str, Any]
Sent = dict[tuple[str, str, str], Files]  # producer, delivery, format


@dataclass
class Night(Context):
    """A context whose packs are given instead of pulled."""

    sent: Sent | None = None

    def packs(self) -> DataFrame:
        rows = [
            (producer, delivery, kind, name, 0, 0, 0, data, False, None, None)
            for (producer, delivery, kind), files in sorted((self.sent or {}).items())
            for name, data in sorted(files.items())
        ]
        return self.spark.createDataFrame(rows, PACKS)


@dataclass
class Result:
    """What a night left."""

    intake: list[Row]
    quarantine: list[Row]
    tables: dict[str, list[Row]]
    claims: list[Row]
    events: list[Row]
    base: Row

    def outcomes(self, delivery: str) -> dict[tuple[str, int], str | None]:
        """(file, line) -> rule when refused or ignored, else outcome, of one delivery."""
        rows = [row for row in self.intake if row["delivery_id"] == delivery]
        return {(row["file"], row["record"]): row["rule"] or row["outcome"] for row in rows}

    def rows(self, table: str, producer: str) -> list[Row]:
        """Rows of a table that a producer's documents fill."""
        return [row for row in self.tables.get(table, []) if row["producer"] == producer]


def rows_of(pool: Pool, files: list[Row]) -> list[Row]:
    """Rows of some files."""
    return [row for one in files for row in pq.read_table(pool.path(DataFile.from_json(one))).to_pylist()]


def run(spark: SparkSession, settings: Settings, night: str, base: Row | None, sent: Sent) -> Result:
    """One night, and what it left."""
    deliveries = [
        Delivery(delivery, producer, "append", kind, night, night, f"{night}T0{rank % 10}:00:00+01:00", night)
        for rank, (producer, delivery, kind) in enumerate(sorted(sent))
    ]
    with attempt_folder(settings) as attempt:
        context = Night(spark, settings, night, "shared_record", deliveries, {}, base, attempt, sent=sent)
        proposal = write_proposal(context, shared_record.standardise(context), [])
        context.release()
    tables = {name: dict(parts) for name, parts in (base or {"tables": {}})["tables"].items()}
    for producer, entry in proposal["producers"].items():
        for name, parts in entry["tables"].items():
            held = tables.setdefault(name, {})
            for period in entry["scope"][name]:
                held.pop(f"{producer}__{period}", None)
            held.update(parts)
    pool = standard_pool(settings, "shared_record")
    files = {name: [file for _, found in sorted(parts.items()) for file in found] for name, parts in tables.items()}
    return Result(
        intake=rows_of(intake_pool(settings), proposal["tables"]["intake"]),
        quarantine=rows_of(quarantine_pool(settings), proposal["tables"]["quarantined_record"]),
        tables={name: rows_of(pool, found) for name, found in files.items()},
        claims=rows_of(claim_pool(settings), proposal["tables"]["claim"]),
        events=[one for one in proposal["ledger"] if "event" in one],
        base={"night": night, "tables": tables, "claims": []},
    )
