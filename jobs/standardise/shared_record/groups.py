"""Packs read by the workers that parse them: the bytes of documents do not pass through the JVM.

What stands for a night's documents in Spark is one small row per row group of its packs. A worker holds one row group
at a time: 32 MB of files, or one file when that is larger.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from jobs.core.tables import small_frame
from jobs.pull.packs import LABELS
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.columns import ARROW, PLACE
from jobs.standardise.shared_record.parse import Record, file_records

GROUPS = "path string, place int"
TOGETHER = 64  # files whose records make one batch
Wanted = frozenset[tuple[str, str]]


def row_groups(spark: SparkSession, packs: list[Path], tasks: int) -> DataFrame:
    """One row per row group of some packs, in ``tasks`` parts at most."""
    rows = [(str(path), place) for path in packs for place in range(pq.read_metadata(path).num_row_groups)]
    return small_frame(spark, rows, GROUPS).repartition(max(1, min(tasks, len(rows))))


def group_parser(
    limits: Limits, wanted: Wanted, ignored: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: columns of GROUPS in, columns of PARSED out.

    ``wanted``: the (producer, delivery) whose files are read; those of the format ``ignored`` are not.
    """

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path, place in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield from parsed_group(pq.ParquetFile(path), place, limits, wanted, ignored)

    return parse


def parsed_group(
    pack: pq.ParquetFile, place: int, limits: Limits, wanted: Wanted, ignored: str
) -> Iterator[pa.RecordBatch]:
    """The records of one row group, some files' together."""
    labels = pack.read_row_group(place, columns=LABELS).to_pylist()
    kept = [
        rank
        for rank, one in enumerate(labels)
        if (one["producer"], one["delivery_id"]) in wanted and one["format"] != ignored
    ]
    if not kept:
        return
    contents = pack.read_row_group(place, columns=["bytes"])["bytes"]
    for start in range(0, len(kept), TOGETHER):
        found: list[Record] = []
        for rank in kept[start : start + TOGETHER]:
            named = {name: labels[rank][name] for name in PLACE}
            content = contents[rank].as_py()
            found += file_records({**named, "wanted": None, "oversize": False, "bytes": content}, limits)
        yield pa.RecordBatch.from_pylist(found, schema=ARROW)
