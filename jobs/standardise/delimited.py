"""Delimited files of packs as a Spark frame: bytes in, one row per record out.

Lines are decoded one by one, so that a damaged line costs that line and no other. A record is a line, or several when a
quoted cell holds line breaks. The header is found by its column names within the first lines; what stands above it is a
banner. Memory per task is bounded by one Arrow batch (64 MB by Spark's default), one part of a file and one record.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.core.tokens import with_key
from jobs.standardise.delimited_file import Covers, FileReader, Record, Shape
from jobs.standardise.dialects import Dialect

BATCH_RECORDS = 8192
BLANKS = "\u00a0\u202f\u2009\t\r\n"
NEEDED = ("producer", "delivery_id", "file", "offset", "bytes", "record", "head")
PLACE = ("producer", "delivery_id", "file", "record", "offset", "bytes", "dialect", "problem", "field", "noted")
DIALECT = PLACE.index("dialect")
PLACE_TYPES = {"record": pa.int64(), "offset": pa.int64(), "bytes": pa.binary()}


class Reader(Protocol):
    """What reads the parts of one file in order."""

    def feed(self, data: bytes, offset: int) -> list[Record]:
        """Records that a part completes."""

    def finish(self) -> list[Record]:
        """The last records."""


ReaderOf = Callable[[dict[str, Any]], Reader]
Make = Callable[[pa.RecordBatch, bytes], pa.RecordBatch]


def delimited_reader(
    dialects: Mapping[str, Dialect], shape: Shape, covers: Mapping[tuple[str, str], Covers] | None = None
) -> ReaderOf:
    """A reader of delimited files for read_files.

    ``dialects``: by producer. ``covers``: first and last day by producer and delivery, which a banner is compared with.
    ``problem`` is null or one of ``header``, ``months``, ``encoding``, ``total``, ``columns``.
    """
    told = covers or {}

    def reader(part: dict[str, Any]) -> Reader:
        own = told.get((part["producer"], part["delivery_id"]))
        return FileReader(part, dialects[part["producer"]], shape, own)

    return reader


def read_files(
    packs: DataFrame, key: DataFrame, reader_of: ReaderOf, shape: Shape, make: Make, made: pa.Schema
) -> DataFrame:
    """What ``make`` makes of the records of the packs' files, columns of ``made``.

    ``packs``: as the context gives them; a record taken again is a part with its ``record`` number and its file's
    ``head``. ``make`` is given a batch of records of one dialect, and the key that a one-row table holds: columns
    ``PLACE`` and one text column per canonical column. ``problem`` is null or why nothing could be read, then no cell
    is filled and ``field`` is the column at fault, if one is; ``noted`` is null or a warning's code. Cells are cleaned:
    see ``clean``.
    """
    schema = pa.schema([(name, PLACE_TYPES.get(name, pa.string())) for name in (*PLACE, *shape.columns)])

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        whole = iter(batches)
        for first in whole:
            key = first.column("key")[0].as_py()
            parts = parts_of(chain([first], whole))
            for batch in batched(records(parts, reader_of), schema):
                yield make(with_clean_cells(batch, shape.columns), key)

    file = ("producer", "delivery_id", "file")
    held = packs.select(*NEEDED).repartition(*file).sortWithinPartitions(*file, "record", "offset")
    return with_key(held, key).mapInArrow(read, from_arrow_schema(made))


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
    """Rows as Arrow batches of a limited number of records, each of one dialect."""
    held: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        own = held[row[DIALECT]]
        own.append(row)
        if len(own) == BATCH_RECORDS:
            yield to_batch(own, schema)
            held[row[DIALECT]] = []
    for own in held.values():
        if own:
            yield to_batch(own, schema)


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
