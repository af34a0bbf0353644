"""Delimited files of packs as a Spark frame: bytes in, one row per record out.

Lines are decoded one by one, so that a damaged line costs that line and no other. A record is a line, or several when a
quoted cell holds line breaks. The header is found by its column names within the first lines; what stands above it is a
banner. Memory per task is bounded by one Arrow batch (64 MB by Spark's default), one part of a file and one record.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from jobs.standardise.delimited_file import Covers, FileReader, Record, Shape
from jobs.standardise.dialects import Dialect

BATCH_RECORDS = 8192
BLANKS = "\u00a0\u202f\u2009\t\r\n"
NEEDED = ("producer", "delivery_id", "file", "offset", "bytes", "record", "head")
PLACE = ("producer", "delivery_id", "file", "record", "offset", "bytes", "dialect", "problem", "field", "noted")
PLACE_TYPES = {"record": pa.int64(), "offset": pa.int64(), "bytes": pa.binary()}
DDL = {pa.string(): "string", pa.int64(): "bigint", pa.binary(): "binary"}


class Reader(Protocol):
    """What reads the parts of one file in order."""

    def feed(self, data: bytes, offset: int) -> list[Record]:
        """Records that a part completes."""

    def finish(self) -> list[Record]:
        """The last records."""


ReaderOf = Callable[[dict[str, Any]], Reader]


def read_delimited(
    packs: DataFrame,
    dialects: Mapping[str, Dialect],
    shape: Shape,
    covers: Mapping[tuple[str, str], Covers] | None = None,
) -> DataFrame:
    """One row per record of the packs' files, as read_files gives them.

    ``dialects``: by producer. ``covers``: first and last day by producer and delivery, which a banner is compared with.
    ``problem`` is null or one of ``header``, ``months``, ``encoding``, ``total``, ``columns``.
    """
    told = covers or {}

    def reader(part: dict[str, Any]) -> Reader:
        own = told.get((part["producer"], part["delivery_id"]))
        return FileReader(part, dialects[part["producer"]], shape, own)

    return read_files(packs, reader, shape)


def read_files(packs: DataFrame, reader_of: ReaderOf, shape: Shape) -> DataFrame:
    """One row per record of the packs' files.

    ``packs``: as the context gives them; a record taken again is a part with its ``record`` number and its file's
    ``head``. Returns ``PLACE`` and one text column per canonical column. ``problem`` is null or why nothing could be
    read, then no cell is filled and ``field`` is the column at fault, if one is; ``noted`` is null or a warning's code.
    Cells are cleaned: see ``clean``.
    """
    schema = pa.schema([(name, PLACE_TYPES.get(name, pa.string())) for name in (*PLACE, *shape.columns)])

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batched(records(parts_of(batches), reader_of), schema):
            yield with_clean_cells(batch, shape.columns)

    ddl = ", ".join(f"`{item.name}` {DDL[item.type]}" for item in schema)
    file = ("producer", "delivery_id", "file")
    return (
        packs.select(*NEEDED).repartition(*file).sortWithinPartitions(*file, "record", "offset").mapInArrow(read, ddl)
    )


def parts_of(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """The parts, one by one: a batch may hold many, and only one is unpacked at a time."""
    for batch in batches:
        for row in range(batch.num_rows):
            yield {name: batch.column(name)[row].as_py() for name in NEEDED}


def records(parts: Iterable[dict[str, Any]], reader_of: ReaderOf) -> Iterator[Record]:
    """Records of all parts; the parts of one file follow each other in order."""
    reader: Reader | None = None
    current: tuple[Any, ...] = ()
    for part in parts:
        file = tuple(part[name] for name in ("producer", "delivery_id", "file", "record"))
        if file != current or reader is None:
            if reader is not None:
                yield from reader.finish()
            reader = reader_of(part)
            current = file
        yield from reader.feed(part["bytes"], part["offset"])
    if reader is not None:
        yield from reader.finish()


def batched(rows: Iterator[Record], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows as Arrow batches of a limited number of records."""
    held: list[Record] = []
    for row in rows:
        held.append(row)
        if len(held) == BATCH_RECORDS:
            yield to_batch(held, schema)
            held = []
    if held:
        yield to_batch(held, schema)


def to_batch(rows: list[Record], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as one Arrow batch."""
    arrays = [pa.array(column, item.type) for column, item in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def with_clean_cells(batch: pa.RecordBatch, columns: Iterable[str]) -> pa.RecordBatch:
    """A batch whose text columns of some names are cleaned."""
    own = set(columns)
    arrays = [
        clean(array) if name in own else array for name, array in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def clean(texts: pa.Array) -> pa.Array:
    """Text with every kind of blank made plain, trimmed; an empty text for null.

    Here and not in Spark, where to translate and to trim costs more than all that is then made of a cell.
    """
    found = pc.fill_null(texts, "")
    for blank in BLANKS:
        if pc.any(pc.match_substring(found, blank)).as_py():
            found = pc.replace_substring(found, blank, " ")
    return pc.utf8_trim(found, " ")
