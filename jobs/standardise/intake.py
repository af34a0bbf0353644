"""The intake of a night: one outcome per record, written once and counted on the way."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from jobs.core.attempt import new_name
from jobs.core.blocks import Block, divided, emitted, gathered, packed, rows_of, spans_of
from jobs.core.compact import in_texts
from jobs.core.ledger import Unbalanced
from jobs.core.order import in_order
from jobs.core.parquet import write_runs
from jobs.core.schema import load_schema
from jobs.core.snapshot import DataFile, write_json
from jobs.core.tokens import UNIT_SEPARATOR
from jobs.standardise.context import RECORDS, Context
from jobs.standardise.counts import Counts
from jobs.standardise.pools import intake_path, intake_pool

PLACE = ("producer", "delivery_id", "file", "record")
READ_FROM, KEPT = "_read_from", "_kept"  # the file's true name; whether a rejected record has its bytes
GROUP = ("producer", "delivery_id", READ_FROM, "outcome", "rule", "warnings")
COUNTED = ", ".join(["name string", *[f"{name} string" for name in GROUP], "count bigint"])
SPAN_RECORDS = 18  # bits: a span of records is a quarter of a million places of one file
Batches = Iterable[pa.RecordBatch]


class Tally:
    """Counts of sorted records, batch by batch. Raises Unbalanced when a place comes twice or a record was not kept."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str | None, ...]] = Counter()
        self.last: pa.RecordBatch | None = None

    def watch(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """The batches as they are, counted."""
        for batch in batches:
            if batch.num_rows:
                self.see(batch)
                yield batch

    def see(self, batch: pa.RecordBatch) -> None:
        """Count a batch."""
        places = batch.select(PLACE)
        seam = [] if self.last is None else [self.last]
        table = pa.Table.from_batches([*seam, places]).combine_chunks()
        same = [pc.equal(table.column(name)[1:], table.column(name)[:-1]) for name in PLACE]
        told_twice = pc.and_(pc.and_(same[0], same[1]), pc.and_(same[2], same[3]))
        self.refuse(table[1:], told_twice, "was counted twice")
        rejected = pc.equal(batch.column("outcome"), "quarantined")
        self.refuse(batch, pc.and_(rejected, pc.invert(batch.column(KEPT))), "was rejected and not kept")
        grouped = pa.Table.from_batches([batch.select(GROUP)]).group_by(GROUP).aggregate([([], "count_all")])
        columns = [grouped.column(name).to_pylist() for name in (*GROUP, "count_all")]
        for *group, count in zip(*columns, strict=True):
            self.counts[tuple(group)] += count
        self.last = places.slice(places.num_rows - 1)

    @staticmethod
    def refuse(records: pa.RecordBatch | pa.Table, wrong: pa.Array, what: str) -> None:
        """Raise for the first record of a condition, if there is one."""
        found = pc.index(wrong, pa.scalar(True)).as_py()
        if found >= 0:
            producer, delivery = (records.column(name)[found].as_py() for name in PLACE[:2])
            raise Unbalanced(f"delivery {delivery} of {producer}: a record {what}.")

    def batch(self, name: str) -> pa.RecordBatch:
        """The counts beside the name of the file that was written."""
        columns: dict[str, list[str | None]] = {"name": [name] * len(self.counts)}
        columns |= {column: [group[place] for group in self.counts] for place, column in enumerate(GROUP)}
        texts = pa.schema([(column, pa.string()) for column in columns])
        counts = pa.array(list(self.counts.values()), pa.int64())
        return pa.RecordBatch.from_pydict(columns, schema=texts).append_column("count", counts)


def intake_writer(folder: str, schema: pa.Schema) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: sorted records in, one file, its counts out."""

    def write(batches: Batches) -> Iterator[pa.RecordBatch]:
        tally = Tally()
        watched = tally.watch(batches)
        first = next(watched, None)
        if first is not None:
            yield tally.batch(write_runs(Path(folder), schema, chained(first, watched)))

    return write


def chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One batch and those that follow it."""
    yield first
    yield from rest


def write_intake(
    context: Context, fresh: DataFrame, shown_files: Callable[[DataFrame], DataFrame] | None
) -> tuple[list[DataFile], Counts]:
    """One outcome per record, for ever, and the counts of what was written, in one Spark job.

    ``fresh`` has the columns of RECORDS. Raises Unbalanced when a place occurs twice, a reason is missing or a rejected
    record has no bytes: nothing names the file then.
    """
    schema = load_schema("ledger/intake")
    named = fresh.withColumns({READ_FROM: F.col("file"), KEPT: F.col("bytes").isNotNull()}).drop("bytes")
    rows = (shown_files(named) if shown_files else named).withColumns(
        {"kind": F.coalesce("kind", F.lit("unknown")), "night": F.lit(context.night), "source": F.lit(context.source)}
    )
    columns = [F.col(one.name).cast(one.spark).alias(one.name) for one in schema.fields]
    folder = context.attempt / new_name("intake")
    folder.mkdir()
    written = (
        rows.select(*columns, READ_FROM, KEPT)
        .repartition(1)
        .sortWithinPartitions(*schema.order)
        .mapInArrow(intake_writer(str(folder), schema.arrow), COUNTED)
        .collect()
    )
    return adopted(context, folder, written)


def write_record_blocks(context: Context, blocks: DataFrame) -> tuple[list[DataFile], Counts]:
    """What write_intake does, for records that come as blocks whose spans are stretches of files."""
    folder = context.attempt / new_name("intake")
    folder.mkdir()
    writer = record_block_writer(str(folder), context.night, context.source)
    written = blocks.repartition(1).sortWithinPartitions("span").mapInArrow(writer, COUNTED).collect()
    return adopted(context, folder, written)


def record_blocks(
    kind: str, records: pa.Table, pack: Callable[[pa.Table], bytes | pa.Table] = packed
) -> Iterator[Block]:
    """Records as blocks whose span is a stretch of one file. ``records`` has the columns of RECORDS, in any order.

    ``pack``: what is made of a block's rows.
    """
    table = records.select(RECORDS.names).combine_chunks()
    table = table.cast(pa.schema([(one.name, one.type) for one in table.schema]))  # Spark says of some: never null
    stretch = pc.shift_right(table.column("record").combine_chunks(), SPAN_RECORDS).to_numpy(zero_copy_only=False)
    labels = np.zeros(len(stretch), dtype=np.int64)
    for name in PLACE[:3]:
        encoded = table.column(name).combine_chunks().dictionary_encode()
        labels = labels * len(encoded.dictionary) + encoded.indices.to_numpy()
    for _, rows in divided(table, labels * (stretch.max(initial=0) + 1) + stretch):
        *file, record = (rows.column(name)[0].as_py() for name in PLACE)
        span = UNIT_SEPARATOR.join([*file, f"{record >> SPAN_RECORDS:012d}"])
        yield kind, "", span, pack(rows)


def pack_records(batches: Batches) -> Iterator[pa.RecordBatch]:
    """A function for ``mapInArrow``: records in, blocks of them out."""
    for table in gathered(batches):
        yield from emitted(record_blocks("records", table))


def record_block_writer(folder: str, night: str, source: str) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: sorted blocks of records in, one file, its counts out."""
    schema = load_schema("ledger/intake")

    def declared(rows: pa.Table) -> pa.Table:
        rows = in_texts(in_order(rows, ["record"], ["record"]))  # a span is of one file
        more = {"night": pa.repeat(night, len(rows)), "source": pa.repeat(source, len(rows))}
        more |= {
            "kind": pc.coalesce(rows.column("kind"), "unknown"),
            READ_FROM: rows.column("file"),
            KEPT: pc.is_valid(rows.column("bytes")),
        }
        own = pa.table({name: rows.column(name) for name in schema.names if name not in more} | more)
        return own.select([*schema.names, READ_FROM, KEPT])

    def write(batches: Batches) -> Iterator[pa.RecordBatch]:
        spans = spans_of(rows_of(batches), schema, declared)
        yield from intake_writer(folder, schema.arrow)(batch for _, rows in spans for batch in rows.to_batches())

    return write


def adopted(context: Context, folder: Path, written: list[Row]) -> tuple[list[DataFile], Counts]:
    """Name the files that were written as the night's intake; their counts."""
    counts = Counts()
    for row in written:
        counts.add(*row[1:])
    pool = intake_pool(context.settings)
    files = [pool.adopt(folder / name) for name in sorted({row.name for row in written})]
    pointer = {"night": context.night, "source": context.source, "files": [file.to_json() for file in files]}
    write_json(intake_path(context.settings, context.source, context.night), pointer)
    return files, counts
