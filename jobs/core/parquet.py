"""Parquet files whose bytes depend on their rows alone.

Spark's own writer lists a column's encodings in the order of a hash set keyed by object identity, so the same rows give
other bytes in another JVM. Arrow's writer does not; it runs in Spark's tasks over Arrow batches.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.core.snapshot import Pool

PARTITION = "_partition"
GATHERED = 1_048_576  # bytes that are written at once: a small file is some two hundred pieces, each a call otherwise
ROW_GROUP = 131_072  # rows buffered by a task at most; also what a reader can skip by statistics
WRITTEN = "partition string, sha256 string, rows bigint, bytes bigint"
ADOPTED = pa.schema([("partition", pa.string()), ("sha256", pa.string()), ("rows", pa.int64()), ("bytes", pa.int64())])

Batches = Iterable[pa.RecordBatch]


@contextmanager
def open_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """The one way this project writes Parquet: zstd, statistics, microseconds."""
    with (
        pa.output_stream(path, compression=None, buffer_size=GATHERED) as stream,
        pq.ParquetWriter(stream, schema, compression="zstd", write_statistics=True, store_schema=False) as writer,
    ):
        yield writer


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table that fits in memory, in row groups of the same size as a task would."""
    with open_writer(path, table.schema) as writer:
        writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP)


def partition_writer(folder: str, schema: pa.Schema, pool: Pool) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: sorted batches with a ``_partition`` column in, one row of ADOPTED per file out.

    The task that writes a file also hashes it and moves it into the pool, where nothing names it yet.
    """

    def write(batches: Batches) -> Iterator[pa.RecordBatch]:
        rows = []
        for partition, runs in partitions_of(batches):
            seen: list[int] = []
            name = write_runs(Path(folder), schema, counted(runs, seen))
            rows.append({"partition": partition, **pool.adopt(Path(folder) / name, sum(seen)).to_json()})
        yield pa.RecordBatch.from_pylist(rows, schema=ADOPTED)

    return write


def counted(batches: Batches, seen: list[int]) -> Iterator[pa.RecordBatch]:
    """The batches as they are; how many rows each had is added to ``seen``."""
    for batch in batches:
        seen.append(batch.num_rows)
        yield batch


def partitions_of(batches: Batches) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
    """Consecutive runs of one partition, each as its pieces of batches. The pieces must be read before the next run."""
    pieces = pieces_of(batches)
    current = next(pieces, None)
    while current is not None:
        partition = current[0]
        following: list[tuple[str, pa.RecordBatch]] = []

        def run(first: tuple[str, pa.RecordBatch], rest: list[tuple[str, pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
            yield first[1]
            for piece in pieces:
                if piece[0] != first[0]:
                    rest.append(piece)
                    return
                yield piece[1]

        yield partition, run(current, following)
        current = following[0] if following else None


def pieces_of(batches: Batches) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Batches cut where the partition changes."""
    for batch in batches:
        column = batch.column(batch.schema.get_field_index(PARTITION))
        values = column.to_pylist()
        start = 0
        for end in range(1, batch.num_rows + 1):
            if end == batch.num_rows or values[end] != values[start]:
                yield values[start], batch.slice(start, end - start)
                start = end


def write_runs(folder: Path, schema: pa.Schema, pieces: Iterator[pa.RecordBatch]) -> str:
    """One partition as one file; returns its name. Row groups are cut by rows, whatever the size of the batches."""
    name = f"{uuid4().hex}.parquet"
    with open_writer(folder / name, schema) as writer:
        for group in regrouped(schema, pieces):
            writer.write_table(group, row_group_size=ROW_GROUP)
    return name


def regrouped(schema: pa.Schema, pieces: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of ROW_GROUP rows, the last one shorter, each in one chunk: chunks would show in the pages."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for piece in pieces:
        named = piece.select(schema.names)
        waiting.append(named if named.schema.equals(schema) else named.cast(schema))
        rows += piece.num_rows
        while rows >= ROW_GROUP:
            table = shaped(schema, waiting)
            yield table.slice(0, ROW_GROUP).combine_chunks()
            rest = table.slice(ROW_GROUP)
            waiting, rows = rest.to_batches(), rest.num_rows
    if rows:
        yield shaped(schema, waiting)


def shaped(schema: pa.Schema, batches: list[pa.RecordBatch]) -> pa.Table:
    """Batches as one table of the declared shape, copied into one chunk."""
    return pa.Table.from_batches(batches, schema).combine_chunks()
