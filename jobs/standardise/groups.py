"""Parts of deposited files, read by the workers themselves from the row groups of the packs.

What stands for them in Spark is one small row per row group, so their bytes do not pass through the JVM. Deliveries
that are taken in again come through Spark, which puts them together (jobs.standardise.context.PACKS).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from jobs.core.tables import small_frame
from jobs.standardise.context import Context

GROUPS = "path string, place int, share int, shares int"
FILE = ("producer", "delivery_id", "file")
LABELS = (*FILE, "part", "offset", "first_record")
TASKS_EACH = 3  # of a core: a last long task makes nobody wait for long
Part = dict[str, Any]
Wanted = frozenset[tuple[str, str]]


def row_groups(context: Context) -> DataFrame | None:
    """The row groups of the night's packs, columns of GROUPS, each a task or, of few, several shares of it.

    None when parts are to come through Spark.
    """
    paths = context.pack_paths()
    if not paths or any(one.replayed for one in context.deliveries):
        return None
    found = [(str(path), place) for path in paths for place in range(pq.read_metadata(path).num_row_groups)]
    shares = -(-context.spark.sparkContext.defaultParallelism * TASKS_EACH // max(len(found), 1))
    rows = [(*one, share, shares) for one in found for share in range(shares)]
    return small_frame(context.spark, rows, GROUPS).repartition(max(1, len(rows)))


def parts_in_groups(batch: pa.RecordBatch, wanted: Wanted) -> Iterator[tuple[pq.ParquetFile, int, Part]]:
    """The wanted parts of the row groups that a batch of GROUPS names, each with its pack and group.

    A part has LABELS and ``bytes``; one is in hand at a time.
    """
    for path, place, share, shares in zip(
        *(batch.column(name).to_pylist() for name in ("path", "place", "share", "shares")), strict=True
    ):
        with pq.ParquetFile(path) as pack:
            labels = labels_of(pack, place)
            kept = [rank for rank, one in enumerate(labels) if (one["producer"], one["delivery_id"]) in wanted]
            own = kept[share::shares]
            for rank, data in zip(own, contents(pack, place, own), strict=True):
                yield pack, place, labels[rank] | {"bytes": data}


def labels_of(pack: pq.ParquetFile, place: int) -> list[Part]:
    """What the parts of a row group are."""
    found: list[Part] = pack.read_row_group(place, columns=list(LABELS)).to_pylist()
    return found


def contents(pack: pq.ParquetFile, place: int, ranks: Sequence[int]) -> Iterable[bytes]:
    """The bytes of some parts of a row group."""
    held = pack.read_row_group(place, columns=["bytes"]).column("bytes") if ranks else []
    return (held[rank].as_py() for rank in ranks)


def file_of(part: Part) -> tuple[str, ...]:
    """Which file a part is of."""
    return tuple(part[name] for name in FILE)
