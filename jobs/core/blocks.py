"""Rows that pass through Spark as blocks: a few compressed Arrow buffers in the place of many rows of many columns.

Spark moves, keeps and orders blocks; what they hold is made and read in Arrow. ``part`` is the file that a block's rows
go to and ``span`` their place in it: every row of a span stands before every row of a later one, in the file's order.
So a file is written span by span, and a task holds the rows of one span at a time.

Blocks that are *stored* lie in files of the attempt's folder, and Spark has no more of them than where they lie. A
column of few texts may travel as a dictionary, and a token as its 16 bytes; both are written as declared.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.attempt import new_name
from jobs.core.compact import in_texts
from jobs.core.order import in_order
from jobs.core.parquet import ADOPTED, WRITTEN, write_runs
from jobs.core.schema import TableSchema
from jobs.core.snapshot import Partitions, Pool
from jobs.core.tables import by_partition
from jobs.core.tokens import UNIT_SEPARATOR

BLOCKS = "kind string, part string, span string, block binary"
SHAPE = pa.schema([("kind", pa.string()), ("part", pa.string()), ("span", pa.string()), ("block", pa.binary())])
GATHERED = 131_072  # rows that a task gathers before it packs them
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")
ALIGNED = 64  # bytes: where a stored block begins
STORED = b"file:"  # how the place of a stored block begins; rows begin with four bytes of 255
Batches = Iterable[pa.RecordBatch]
Block = tuple[str, str, str, bytes | pa.Table]  # kind, part, span, rows or where they lie; rows until they are stored


def packed(table: pa.Table) -> bytes:
    """Rows as one buffer."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=OPTIONS) as stream:
        stream.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def unpacked(block: bytes | pa.Buffer) -> pa.Table:
    """The rows of a buffer, or of the stored block whose place it names."""
    if memoryview(block)[: len(STORED)] == STORED:
        _, offset, size, path = bytes(block).split(b":", 3)
        with pa.memory_map(os.fsdecode(path)) as stream:
            stream.seek(int(offset))
            block = stream.read_buffer(int(size))
    return pa.ipc.open_stream(block).read_all()


def stored(folder: str, blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, their rows put into one file of a folder and in the place of them where they lie.

    Rows that are a table still are put as they are: the file is mapped, and nothing has to be unpacked. A task that is
    done again puts them into another file; nothing names the first, and both go with the attempt.
    """
    path = Path(folder) / f"{uuid4().hex}.blocks"
    with pa.OSFile(os.fspath(path), "wb") as stream:
        for kind, part, span, rows in blocks:
            stream.write(b"\x00" * (-stream.tell() % ALIGNED))
            start = stream.tell()
            if isinstance(rows, bytes):
                stream.write(rows)
            else:
                with pa.ipc.new_stream(stream, rows.schema) as to:
                    to.write_table(rows)
            stream.flush()
            yield kind, part, span, STORED + f"{start}:{stream.tell() - start}:{path}".encode()


def rows_of(batches: Batches) -> Iterator[tuple[str, str, str, pa.Table]]:
    """The blocks of batches in their order, one unpacked at a time: kind, part, span, rows."""
    for batch in batches:
        kinds, parts, spans = (batch.column(name).to_pylist() for name in ("kind", "part", "span"))
        for row, (kind, part, span) in enumerate(zip(kinds, parts, spans, strict=True)):
            yield kind, part, span, unpacked(batch.column("block")[row].as_buffer())


def unpacked_rows(batches: Batches) -> Iterator[pa.RecordBatch]:
    """A function for ``mapInArrow``: blocks in, their rows out."""
    for _, _, _, rows in rows_of(batches):
        yield from in_texts(rows).to_batches()


def emitted(blocks: Iterable[Block]) -> Iterator[pa.RecordBatch]:
    """Blocks as batches for Spark, one by one: a batch of many could be large."""
    for one in blocks:
        yield pa.RecordBatch.from_pydict(
            {name: [cell] for name, cell in zip(SHAPE.names, one, strict=True)}, schema=SHAPE
        )


def gathered(batches: Batches) -> Iterator[pa.Table]:
    """Small batches as tables of GATHERED rows or somewhat more."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= GATHERED:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def divided(table: pa.Table, labels: Any) -> Iterator[tuple[Any, pa.Table]]:
    """The rows of each label in turn, labels ascending, rows in their order; ``labels``: one small number per row."""
    if not len(labels):
        return
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    whole = table if len(starts) == 1 else table.take(pa.array(order))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        yield ordered[start], whole.slice(start, end - start)


def as_is(table: pa.Table) -> pa.Table:
    """The rows themselves."""
    return table


def spans_of(
    blocks: Iterable[tuple[str, str, str, pa.Table]], schema: TableSchema, make: Callable[[pa.Table], pa.Table] = as_is
) -> Iterator[tuple[str, pa.Table]]:
    """Part and rows of each span, blocks sorted by part and span in; rows in the order of the declaration.

    ``make`` gives the declared columns, when the blocks do not have them yet.
    """
    for (part, _), group in groupby(blocks, key=lambda one: (one[1], one[2])):
        rows = pa.concat_tables([one[3] for one in group]).combine_chunks()
        yield part, in_order(make(rows), schema.sort, schema.order)


def block_maker(
    schema: TableSchema, letters: int, make: Callable[[pa.Table], pa.Table] = as_is
) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: rows in, the blocks of ``write_blocks`` out. ``make`` as in ``spans_of``."""

    def blocks(batches: Batches) -> Iterator[pa.RecordBatch]:
        for table in gathered(batches):
            rows = make(table).select(schema.names).cast(schema.arrow)
            parts, spans = part_of(rows, schema), span_of(rows, schema, letters)
            places = pc.binary_join_element_wise(parts, spans, "\x1e").dictionary_encode()
            names = [text.split("\x1e") for text in places.dictionary.to_pylist()]
            for place, own in divided(rows, places.indices.to_numpy()):
                yield from emitted([(schema.name, *names[place], packed(own))])

    return blocks


def part_of(rows: pa.Table, schema: TableSchema) -> pa.Array:
    """The partition of each row, named as ``write_table`` names it."""
    if not schema.partition:
        return pa.repeat("all", rows.num_rows)
    return pc.binary_join_element_wise(*columns_of(rows, list(schema.partition)), "__")


def span_of(rows: pa.Table, schema: TableSchema, letters: int) -> pa.Array:
    """The beginning of each row's place in the order: up to the first letters of the first token it is ordered by.

    One span where ``letters`` is 0, or where no token comes so early. Required texts alone may stand before the token.
    """
    token = next((n for n, name in enumerate(schema.sort) if schema[name].privacy in ("token", "pseudonym")), None)
    before = schema.sort[:token]
    if not letters or token is None or any(schema[one].type != "string" or not schema[one].required for one in before):
        return pa.repeat("", rows.num_rows)
    *whole, last = columns_of(rows, list(schema.sort[: token + 1]))
    start = pc.coalesce(pc.utf8_slice_codeunits(last, 0, letters), "")
    return pc.binary_join_element_wise(*whole, start, UNIT_SEPARATOR)


def columns_of(rows: pa.Table, names: list[str]) -> list[pa.Array]:
    """Some columns, each in one chunk."""
    return [rows.column(name).combine_chunks() for name in names]


def block_writer(folder: str, schema: TableSchema, pool: Pool) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: blocks sorted by part and span in, one row of ADOPTED per file out."""

    def write(batches: Batches) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pylist(list(adopted(folder, schema, pool, rows_of(batches))), schema=ADOPTED)

    return write


def adopted(
    folder: str, schema: TableSchema, pool: Pool, blocks: Iterable[tuple[str, str, str, pa.Table]]
) -> Iterator[dict[str, Any]]:
    """One file per part, written and moved into the pool; blocks sorted by part and span in, rows of ADOPTED out."""
    told = ((kind, part, span, in_texts(rows, schema.arrow)) for kind, part, span, rows in blocks)
    for part, spans in groupby(spans_of(told, schema), key=lambda one: one[0]):
        pieces = (piece for _, rows in spans for piece in rows.to_batches())
        yield {"partition": part, **pool.adopt(Path(folder) / write_runs(Path(folder), schema.arrow, pieces)).to_json()}


def write_blocks(
    frame: DataFrame, schema: TableSchema, pool: Pool, attempt: Path, parts: list[str], tasks: int | None = None
) -> Partitions:
    """What ``jobs.core.tables.write_table`` does, for a table that comes as blocks of some parts. One Spark job.

    Each part is written by the task of its place among ``parts``: two large ones never wait for each other by chance.
    ``tasks``: fewer than there are parts, for small ones. Raises SchemaMismatch when a part came in two files.
    """
    tasks = tasks or len(parts)
    folder = attempt / new_name(schema.name)
    folder.mkdir()
    place = F.array_position(F.array(*[F.lit(part) for part in parts]), F.col("part")).cast("int")
    written = (
        frame.repartitionById(tasks, place % tasks)
        .sortWithinPartitions("part", "span")
        .mapInArrow(block_writer(str(folder), schema, pool), WRITTEN)
        .collect()
    )
    return by_partition(schema, written)
