"""What a source's parser is given and what it must give back. The driver does everything else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from jobs.core.keys import key_table
from jobs.core.register import Producer
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, files_of, tables_from_json
from jobs.core.tables import read_files, small_frame
from jobs.standardise.deliveries import Delivery, sequence
from jobs.standardise.pools import claim_pool, standard_pool

RECORDS = T.StructType(
    [
        T.StructField("producer", T.StringType()),
        T.StructField("delivery_id", T.StringType()),
        T.StructField("file", T.StringType()),
        T.StructField("record", T.LongType()),
        T.StructField("offset", T.LongType()),
        T.StructField("kind", T.StringType()),
        T.StructField("bytes", T.BinaryType()),
        T.StructField("outcome", T.StringType()),
        T.StructField("rule", T.StringType()),
        T.StructField("field", T.StringType()),
        T.StructField("warnings", T.StringType()),
    ]
)
PACKS = T.StructType(
    [
        T.StructField("producer", T.StringType()),
        T.StructField("delivery_id", T.StringType()),
        T.StructField("format", T.StringType()),
        T.StructField("file", T.StringType()),
        T.StructField("part", T.LongType()),
        T.StructField("offset", T.LongType()),
        T.StructField("first_record", T.LongType()),
        T.StructField("bytes", T.BinaryType()),
        T.StructField("replayed", T.BooleanType()),
        T.StructField("record", T.LongType()),
        T.StructField("head", T.BinaryType()),
    ]
)
DELIVERIES = T.StructType(
    [
        T.StructField("producer", T.StringType()),
        T.StructField("delivery_id", T.StringType()),
        T.StructField("mode", T.StringType()),
        T.StructField("covers_from", T.StringType()),
        T.StructField("covers_to", T.StringType()),
        T.StructField("replayed", T.BooleanType()),
        T.StructField("sequence", T.LongType()),
    ]
)


@dataclass
class Standardised:
    """What ``standardise(context)`` of a source returns; the driver counts, checks and writes it.

    ``records``: one row per record read, columns of RECORDS; ``bytes`` may be null unless quarantined; ``warnings`` is
    a comma-separated list of warning codes or null; exactly the quarantined and ignored ones have a ``rule``.
    ``tables``: standard table -> the complete new content of every partition in scope, as ``schemas/standard`` says.
    ``claims``: as ``schemas/identity/claim``; known ones may be among them, the driver leaves them out.
    ``scope``: for each table the (producer, period) pairs that this proposal replaces; a pair without rows is emptied.
    ``events``: ledger lines beyond the intake (superseded, withdrawn, deleted), each with producer and delivery.
    ``measures``: counts of records by what only the parser knows of them, for the report: dictionaries with ``count``.
    ``shown_files``: for sources whose file names may identify somebody, replaces ``file`` in records before they leave
    the closed zones (intake); the quarantine keeps the true name.
    ``by_producer``: tables whose rows already lie together by producer. ``in_blocks``: tables that come as blocks
    (jobs.core.blocks), a part being a partition. ``record_blocks``: the same records as blocks, whose spans are
    stretches of files, when all of them come so. ``states_claims``: false when ``claims`` is empty whatever arrives.
    ``spans``: given when all tables are to be written by one Spark job, rows in spans of so many letters (see
    jobs.core.together).
    ``remembered``: by producer, what the parser is to find in the base's entry of that producer on its next night; it
    becomes part of the state when the producer is taken in. ``warned``: warnings by producer that no record bears.
    """

    records: DataFrame
    tables: dict[str, DataFrame]
    claims: DataFrame
    scope: dict[str, list[tuple[str, str]]]
    events: list[dict[str, Any]] = field(default_factory=list)
    measures: list[dict[str, Any]] = field(default_factory=list)
    shown_files: Callable[[DataFrame], DataFrame] | None = None
    by_producer: tuple[str, ...] = ()
    in_blocks: tuple[str, ...] = ()
    record_blocks: DataFrame | None = None
    states_claims: bool = True
    spans: int | None = None
    remembered: dict[str, dict[str, Any]] = field(default_factory=dict)
    warned: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass
class Context:
    """One night of one source: its deliveries, the closed state it starts from, and means to read both.

    ``replayed`` are packs of PACKS taken again on request; ``attempt`` is scratch that disappears.
    """

    spark: SparkSession
    settings: Settings
    night: str
    source: str
    deliveries: list[Delivery]
    register: dict[str, Producer]
    base: dict[str, Any] | None
    attempt: Path
    replayed: DataFrame | None = None
    cached: list[DataFrame] = field(default_factory=list)

    def packs(self) -> DataFrame:
        """Raw bytes: columns of PACKS, one row per part of a file.

        ``first_record`` is the number of line ends before the part, ``offset`` that of its first byte in the file.
        A record that is taken again comes as a part of its own: ``replayed`` is true, ``record`` its number,
        ``first_record`` is ``record - 1``, ``bytes`` are the record as quarantined, and ``head`` holds the first bytes
        of its file (for a header line) while the raw zone still has them. Otherwise ``record`` and ``head`` are null.
        """
        frames = [self.fresh_packs()] if any(not one.replayed for one in self.deliveries) else []
        frames += [self.replayed.select(*PACKS.names)] if self.replayed is not None else []
        if not frames:
            return small_frame(self.spark, [], PACKS)
        return frames[0] if len(frames) == 1 else frames[0].unionByName(frames[1])

    def fresh_packs(self) -> DataFrame:
        """Packs of what arrived this night."""
        from jobs.pull import read_packs  # pull imports boto3, which a night without deliveries need not load

        fresh = [one for one in self.deliveries if not one.replayed]
        packs = shaped(read_packs(self.spark, self.settings, self.source, self.night))
        own = F.col("format").isin(sorted({one.format for one in fresh}))  # row groups of other formats are not read
        return (
            packs.where(own)
            .join(F.broadcast(self.pairs(fresh)), ["producer", "delivery_id"], how="left_semi")
            .select(*PACKS.names)
        )

    def pack_paths(self) -> list[Path]:
        """The files that hold tonight's packs, for a source that reads them itself."""
        from jobs.pull.packs import packs_of

        fresh = any(not one.replayed for one in self.deliveries)
        return packs_of(self.settings, self.source, self.night) if fresh else []

    def pairs(self, deliveries: list[Delivery]) -> DataFrame:
        """Producer and delivery_id of some deliveries, as a frame to join on."""
        rows = [(one.producer, one.delivery_id) for one in deliveries]
        return small_frame(self.spark, rows, "producer string, delivery_id string")

    @cached_property
    def order(self) -> dict[tuple[str, str], int]:
        """A growing number per (producer, delivery); a delivery that is not in it is older than all."""
        return sequence(self.settings, self.source, self.deliveries)

    def delivery_table(self) -> DataFrame:
        """The deliveries of this night: columns of DELIVERIES; later ones have the greater ``sequence``."""
        rows = [
            (
                one.producer,
                one.delivery_id,
                one.mode,
                one.covers_from,
                one.covers_to,
                one.replayed,
                self.order[one.producer, one.delivery_id],
            )
            for one in self.deliveries
        ]
        return small_frame(self.spark, rows, DELIVERIES)

    def base_periods(self, table: str, producer: str) -> list[str]:
        """Periods that a producer has in the state this night starts from."""
        return self._base_periods.get((table, producer), [])

    @cached_property
    def _base_periods(self) -> dict[tuple[str, str], list[str]]:
        """Periods of the base state by table and producer, in order; walked through once, whoever asks how often."""
        found: dict[tuple[str, str], list[str]] = {}
        for table, partitions in (self.base or {}).get("tables", {}).items():
            for name in sorted(partitions):
                producer, period = name.split("__", 1)
                found.setdefault((table, producer), []).append(period)
        return found

    def base_table(self, table: str, partitions: list[tuple[str, str]] | None = None) -> DataFrame:
        """Rows of a standard table as the state this night starts from has them; all partitions when None is given."""
        held = tables_from_json((self.base or {}).get("tables", {})).get(table, {})
        wanted = held if partitions is None else {"__".join(pair): held.get("__".join(pair), []) for pair in partitions}
        pool = standard_pool(self.settings, self.source)
        return read_files(self.spark, pool, files_of(wanted), load_schema(f"standard/{table}"))

    def base_bytes(self, tables: Iterable[str], partitions: list[tuple[str, str]]) -> int:
        """Bytes of the files of some partitions in the state this night starts from."""
        held = tables_from_json((self.base or {}).get("tables", {}))
        names = ["__".join(pair) for pair in partitions]
        return sum(file.bytes for table in tables for name in names for file in held.get(table, {}).get(name, []))

    def base_claims(self) -> DataFrame:
        """``subject_id`` and ``claim_id`` of every claim that the base state holds."""
        schema = load_schema("identity/claim")
        frames = []
        for entry in (self.base or {}).get("claims", []):
            files = [DataFile.from_json(item) for item in entry["files"]]
            claims = read_files(self.spark, claim_pool(self.settings), files, schema)
            if entry.get("except"):
                claims = claims.where(~F.col("producer").isin(entry["except"]))
            frames.append(claims.select("subject_id", "claim_id"))
        empty = small_frame(self.spark, [], "subject_id string, claim_id string")
        for frame in frames:
            empty = empty.unionByName(frame)
        return empty

    def key(self, name: str) -> DataFrame:
        """A key as a one-row table with the column ``key`` (see jobs.core.tokens.with_key)."""
        return key_table(self.spark, self.settings, name)

    def cache(self, frame: DataFrame) -> DataFrame:
        """Keep a frame that several outputs are made from; it is computed by the first of them.

        A local checkpoint rather than ``persist``: what follows is then planned on the rows alone, while a persisted
        frame drags its whole plan through the analysis of everything that is made from it.

        Its rows lie on the disk: a national night's would fill the heap, and the collector would walk through them
        again and again. They keep their partitioning there, which a file would forget.
        """
        return frame.localCheckpoint(eager=False, storageLevel=StorageLevel.DISK_ONLY)

    def release(self) -> None:
        """Let go of every cached frame."""
        for frame in self.cached:
            frame.unpersist()
        self.cached.clear()


def shaped(packs: DataFrame) -> DataFrame:
    """Packs as pull wrote them, with the columns that only replayed ones fill."""
    return packs.select(
        *[F.col(name).cast(PACKS[name].dataType).alias(name) for name in PACKS.names[:8]],
        F.lit(False).alias("replayed"),
        F.lit(None).cast("bigint").alias("record"),
        F.lit(None).cast("binary").alias("head"),
    )
