"""Several tables written by one Spark job: their rows as blocks, moved once, a task writing files of any of them.

A job costs its plan and its tasks whatever it writes; a night of a source with many small tables pays for one.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.attempt import new_name
from jobs.core.blocks import BLOCKS, Batches, adopted, block_maker, rows_of
from jobs.core.parquet import ADOPTED, WRITTEN
from jobs.core.schema import TableSchema
from jobs.core.snapshot import Partitions, Pool
from jobs.core.tables import by_partition

OF_TABLE = f"kind string, {WRITTEN}"
FILES = ADOPTED.insert(0, pa.field("kind", pa.string()))


def writer(folder: str, schemas: dict[str, TableSchema], pool: Pool) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: blocks sorted by table, part and span in, one row of FILES per file out."""

    def write(batches: Batches) -> Iterator[pa.RecordBatch]:
        written = []
        for name, blocks in groupby(rows_of(batches), key=lambda one: one[0]):
            written += [{"kind": name, **file} for file in adopted(folder, schemas[name], pool, blocks)]
        yield pa.RecordBatch.from_pylist(written, schema=FILES)

    return write


def write_together(
    frames: dict[str, DataFrame],
    schemas: dict[str, TableSchema],
    pool: Pool,
    attempt: Path,
    *,
    tasks: int,
    letters: int,
) -> dict[str, Partitions]:
    """What ``jobs.core.tables.write_table`` does for each of some frames, by table. One Spark job.

    ``letters``: see ``span_of``; a task holds the rows of one span, so large tables ask for some. No result depends on
    it or on ``tasks``. Raises SchemaMismatch when a partition came in two files.
    """
    folder = attempt / new_name("together")
    folder.mkdir()
    blocks = [
        schemas[name].select(frame).coalesce(tasks).mapInArrow(block_maker(schemas[name], letters), BLOCKS)
        for name, frame in sorted(frames.items())
    ]
    rows = (
        reduce(DataFrame.union, blocks)
        .repartition(tasks, "kind", "part")
        .sortWithinPartitions("kind", "part", "span")
        .mapInArrow(writer(str(folder), schemas, pool), OF_TABLE)
        .select("kind", F.struct("partition", "sha256", "rows", "bytes").alias("file"))
        .collect()
    )
    return {name: by_partition(schemas[name], [row.file for row in rows if row.kind == name]) for name in frames}
