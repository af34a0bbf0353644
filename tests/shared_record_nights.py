"""Nights of the shared record in a test: files in; tables, intake and events out, by the real parser and writer.

Deliveries are of documents (``shared-record``) unless their key names another format.
"""

import hmac
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool
from jobs.standardise import shared_record
from jobs.standardise.context import PACKS
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pools import claim_pool, intake_pool, quarantine_pool, standard_pool
from jobs.standardise.write import write_proposal
from tests.given import Given

Files = dict[str, bytes]
Sent = Mapping[tuple[str, ...], Files]  # producer, delivery, and the format where it is not documents
DOCUMENTS = "shared-record"
Row = dict[str, Any]
NAMES: dict[str, str] = {}  # neutral name -> deposited name; keyed tokens, so that roots do not mix


@dataclass
class Result:
    """What a night left."""

    intake: list[Row]
    quarantine: list[Row]
    tables: dict[str, list[Row]]
    claims: list[Row]
    events: list[Row]
    base: Row
    shown: dict[str, str]

    def unshown(self, name: str) -> str:
        """The name under which a file was deposited, tonight or before."""
        return NAMES.get(name, name)

    def told(self, producer: str = "DMP1") -> dict[str, str]:
        """File -> warnings, of those that have any."""
        return {row["file"]: row["warnings"] for row in self.intake if row["producer"] == producer and row["warnings"]}

    def current(self, producer: str = "DMP1") -> set[str]:
        """Files of the documents that stand."""
        return {row["file"] for row in self.tables["document"] if row["producer"] == producer}

    def befell(self) -> list[tuple[str, str, str, str, int]]:
        """Delivery, table, event, cause and count of every event."""
        return sorted((e["delivery_id"], e["table"], e["event"], e["cause"], e["count"]) for e in self.events)

    def lines(self, delivery: str) -> dict[tuple[str, int], str | None]:
        """(file, line) -> rule when refused or ignored, else outcome, of one delivery."""
        rows = [row for row in self.intake if row["delivery_id"] == delivery]
        return {(row["file"], row["record"]): row["rule"] or row["outcome"] for row in rows}

    def rows(self, table: str, producer: str) -> list[Row]:
        """Rows of a table that a producer's documents fill."""
        return [row for row in self.tables.get(table, []) if row["producer"] == producer]

    def outcomes(self, producer: str = "DMP1") -> dict[str, str | None]:
        """File -> rule when refused, else outcome."""
        return {row["file"]: row["rule"] or row["outcome"] for row in self.intake if row["producer"] == producer}


def rows_of(pool: Pool, files: list[Row]) -> list[Row]:
    return [row for one in files for row in pq.read_table(pool.path(DataFile.from_json(one))).to_pylist()]


def run(spark: SparkSession, settings: Settings, night: str, base: Row | None, sent: Sent) -> Result:
    """One night through the parser and the driver's writer, and what it left."""
    keys = [(*key, DOCUMENTS)[:3] for key in sorted(sent)]
    deliveries = [
        Delivery(delivery, producer, "append", kind, night, night, f"{night}T0{rank}:00:00+01:00", night)
        for rank, (producer, delivery, kind) in enumerate(keys)
    ]
    packs = [
        (producer, delivery, kind, name, 0, 0, 0, data, False, None, None)
        for (producer, delivery, kind), key in zip(keys, sorted(sent), strict=True)
        for name, data in sorted(sent[key].items())
    ]
    with attempt_folder(settings) as attempt:
        context = Given(spark, settings, night, "shared_record", deliveries, {}, base, attempt)
        context.given = spark.createDataFrame(packs, PACKS)
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
    shown = {name: shown_name(settings, *place[:2], name) for place, files in sent.items() for name in files}
    NAMES.update({token: name for name, token in shown.items()})
    return Result(
        intake=rows_of(intake_pool(settings), proposal["tables"]["intake"]),
        quarantine=rows_of(quarantine_pool(settings), proposal["tables"]["quarantined_record"]),
        tables={
            name: rows_of(pool, [f for _, fs in sorted(parts.items()) for f in fs]) for name, parts in tables.items()
        },
        claims=rows_of(claim_pool(settings), proposal["tables"]["claim"]),
        events=[line for line in proposal["ledger"] if "event" in line],
        base={"night": night, "tables": tables, "claims": []},
        shown=shown,
    )


def balance(nights: list[Result]) -> int:
    """Documents that the ledger says are in force after some nights, all producers together."""
    accepted = sum(row["outcome"] == "accepted" for night in nights for row in night.intake)
    moved: Counter[str] = Counter()
    for one in (event for night in nights for event in night.events if event["table"] == "document"):
        moved[one["event"]] += one["count"]
    return accepted + moved.pop("restored", 0) - sum(moved.values())


def shown_name(settings: Settings, *place: str) -> str:
    """The neutral name of a deposited file, by Python's own HMAC."""
    digest = hmac.new(key_bytes(settings, "collector"), "\x1f".join(("file", *place)).encode(), "sha256")
    return f"file-{digest.hexdigest()[:16]}"
