"""Parts of DCIR files, each with the first bytes of its file, from wherever the night has them."""

from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.standardise.context import Context
from jobs.standardise.groups import (
    FILE,
    LABELS,
    Part,
    Wanted,
    file_of,
    labels_of,
    parts_in_groups,
    row_groups,
)
from jobs.standardise.pharmacy.dcir.parts import HEAD_BYTES


def packs_of(context: Context) -> DataFrame:
    """What parts_of reads: names of row groups, or the parts themselves."""
    groups = row_groups(context)
    if groups is not None:
        return groups
    packs = context.packs()
    heads = packs.where(F.col("part") == 0).select(*FILE, F.substring("bytes", 1, HEAD_BYTES).alias("head"))
    return packs.select(*LABELS, "bytes").join(F.broadcast(heads), list(FILE), how="left")


def parts_of(batch: pa.RecordBatch, wanted: Wanted) -> Iterator[Part]:
    """The parts that a batch of packs_of names or holds: LABELS, ``bytes`` and ``head``, those of its whole file.

    ``wanted``: the (producer, delivery) that are read.
    """
    if "path" not in batch.schema.names:
        for row in range(batch.num_rows):
            yield {name: batch.column(name)[row].as_py() for name in (*LABELS, "bytes", "head")}
        return
    heads: dict[tuple[str, ...], bytes] = {}
    for pack, place, part in parts_in_groups(batch, wanted):
        file = file_of(part)
        if file not in heads:
            heads[file] = part["bytes"][:HEAD_BYTES] if part["part"] == 0 else head_of(pack, place, file)
        yield part | {"head": heads[file]}


def head_of(pack: pq.ParquetFile, place: int, file: tuple[str, ...]) -> bytes:
    """The first bytes of a file that began in this row group or an earlier one: its parts follow each other."""
    for earlier in range(place, -1, -1):
        found = [rank for rank, one in enumerate(labels_of(pack, earlier)) if file_of(one) == file and one["part"] == 0]
        for rank in found:  # parts behind it are not unpacked
            parts = pack.iter_batches(1, row_groups=[earlier], columns=["bytes"], use_threads=False)
            head: bytes = next(islice(parts, rank, None)).column(0)[0].as_buffer()[:HEAD_BYTES].to_pybytes()
            return head
    return b""
