"""Parts of DCIR files, each with the first bytes of its file, from wherever the night has them.

What arrived tonight is read by the workers from row groups of the packs: its bytes never pass through the JVM. When
deliveries are taken in again, all parts come through Spark.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.pull.packs import row_groups
from jobs.standardise.context import Context
from jobs.standardise.pharmacy.dcir.parts import HEAD_BYTES

FILE = ("producer", "delivery_id", "file")
LABELS = (*FILE, "part", "offset", "first_record")
Part = dict[str, Any]
Wanted = frozenset[tuple[str, str]]


def packs_of(context: Context) -> DataFrame:
    """What parts_of reads: names of row groups, or the parts themselves."""
    paths = context.pack_paths()
    if paths and not any(one.replayed for one in context.deliveries):
        return row_groups(context.spark, paths, context.spark.sparkContext.defaultParallelism * len(paths) * 16)
    packs = context.packs()
    heads = packs.where(F.col("part") == 0).select(*FILE, F.substring("bytes", 1, HEAD_BYTES).alias("head"))
    return packs.select(*LABELS, "bytes").join(F.broadcast(heads), list(FILE), how="left")


def parts_of(batch: pa.RecordBatch, wanted: Wanted) -> Iterator[Part]:
    """The parts that a batch of packs_of names or holds: LABELS, ``bytes`` and ``head``, those of its whole file.

    ``wanted``: the (producer, delivery) that are read.
    """
    if "path" in batch.schema.names:
        for row in batch.select(["path", "place"]).to_pylist():
            with pq.ParquetFile(row["path"]) as pack:
                yield from parts_in(pack, row["place"], wanted)
    else:
        for row in range(batch.num_rows):
            yield {name: batch.column(name)[row].as_py() for name in (*LABELS, "bytes", "head")}


def parts_in(pack: pq.ParquetFile, place: int, wanted: Wanted) -> Iterator[Part]:
    """The wanted parts of one row group."""
    labels = labels_of(pack, place)
    kept = [rank for rank, one in enumerate(labels) if (one["producer"], one["delivery_id"]) in wanted]
    heads: dict[tuple[str, ...], bytes] = {}
    for rank, data in zip(kept, contents(pack, place, kept), strict=True):
        file = file_of(labels[rank])
        if file not in heads:
            heads[file] = data[:HEAD_BYTES] if labels[rank]["part"] == 0 else head_before(pack, place, file)
        yield labels[rank] | {"bytes": data, "head": heads[file]}


def head_before(pack: pq.ParquetFile, place: int, file: tuple[str, ...]) -> bytes:
    """The first bytes of a file that began in an earlier row group: its parts follow each other in one pack."""
    for earlier in range(place - 1, -1, -1):
        found = [rank for rank, one in enumerate(labels_of(pack, earlier)) if file_of(one) == file and one["part"] == 0]
        for data in contents(pack, earlier, found):
            return data[:HEAD_BYTES]
    return b""


def labels_of(pack: pq.ParquetFile, place: int) -> list[Part]:
    """What the parts of a row group are."""
    found: list[Part] = pack.read_row_group(place, columns=list(LABELS)).to_pylist()
    return found


def contents(pack: pq.ParquetFile, place: int, ranks: Iterable[int]) -> Iterator[bytes]:
    """The bytes of some parts of a row group, one in hand at a time."""
    wanted = list(ranks)
    held = pack.read_row_group(place, columns=["bytes"]).column("bytes") if wanted else []
    for rank in wanted:
        yield held[rank].as_py()


def file_of(part: Part) -> tuple[str, ...]:
    """Which file a part is of."""
    return tuple(part[name] for name in FILE)
