"""Packs of DCIR files as a Spark frame of typed lines: each part alone, with the header of its file."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.standardise.pharmacy.dcir.columns import ARROW, DDL
from jobs.standardise.pharmacy.dcir.layout import Table, table_of, tables
from jobs.standardise.pharmacy.dcir.lines import Lines, columns_of, header_of, lines_of
from jobs.standardise.pharmacy.dcir.read import values_of
from jobs.standardise.pharmacy.dcir.tables import Lists, settle

HEAD_BYTES = 65_536
NEEDED = ("producer", "delivery_id", "file", "part", "offset", "first_record", "bytes")
NO_TABLE, NOT_READ, HEADER, NEW_COLUMN = "DCI-017", "DCI-022", "DCI-010", "DCI-101"
FAULTS = {"columns": "DCI-001", "encoding": "DCI-006"}
Months = dict[tuple[str, str], frozenset[str] | None]


def read_lines(packs: DataFrame, months: Months, lists: Lists) -> DataFrame:
    """One row per line of the packs' files, header and blank lines left out; columns as ``columns.COLUMNS``.

    ``record`` is the line's number below the header. ``months``: the flux months that each (producer, delivery) covers.
    """

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in range(batch.num_rows):
                part = {name: batch.column(name)[row].as_py() for name in (*NEEDED, "head")}
                yield from read_part(part, months[part["producer"], part["delivery_id"]], lists).to_batches()

    file = ["producer", "delivery_id", "file"]
    heads = packs.where(F.col("part") == 0).select(*file, F.substring("bytes", 1, HEAD_BYTES).alias("head"))
    parts = packs.select(*NEEDED).repartition(*file, "part").join(F.broadcast(heads), file, how="left")
    return parts.mapInArrow(read, DDL)


def read_part(part: dict[str, Any], months: frozenset[str] | None, lists: Lists) -> pa.Table:
    """The lines of one part. A file that is no table gives one line, refused; a table that is not read is told so."""
    name = table_of(part["file"])
    if name is None:
        return refused_file(part)
    header = header_of(part["head"] or b"")
    lines = lines_of(body(part), len(header))
    if name not in tables():
        return shaped(part, name, lines, {}, np.full(len(lines.start), NOT_READ, dtype=object), None, None)
    table = tables()[name]
    lacking = table.missing(header)
    if lacking:
        rules = np.full(len(lines.start), HEADER, dtype=object)
        return shaped(part, name, lines, {}, rules, np.full(len(rules), lacking, dtype=object), None)
    return typed(part, table, header, lines, months, lists)


def typed(
    part: dict[str, Any], table: Table, header: list[str], lines: Lines, months: frozenset[str] | None, lists: Lists
) -> pa.Table:
    """Lines of a table that is read."""
    wanted = list(dict.fromkeys(one.column for one in table.items if one.column in header))
    cells, lines = columns_of(lines, header, wanted)
    values = values_of(cells, table.items)
    columns = settle(table.name, values, months, lists)
    good = lines.fault == ""
    place = np.cumsum(good) - 1
    take = pa.array(np.where(good, place, 0), mask=~good)
    spread = {name: column.take(take) for name, column in columns.items()}
    rules = np.array([FAULTS.get(fault) for fault in lines.fault.tolist()], dtype=object)
    rules[good] = values.rule
    fields = np.full(len(rules), None, dtype=object)
    fields[good] = values.fault
    told = values.warnings().take(take)
    if part["part"] == 0 and len(told) and set(header) - table.known - {""}:
        first = ",".join(filter(None, (NEW_COLUMN, told[0].as_py())))
        told = pa.concat_arrays([pa.array([first], pa.string()), told[1:]])
    return shaped(part, table.name, lines, spread, rules, fields, told)


def body(part: dict[str, Any]) -> bytes:
    """The bytes of a part below the header, whose place is kept by a line end in its stead."""
    data: bytes = part["bytes"]
    if part["part"] != 0:
        return data
    end = data.find(b"\n")
    return b" " * end + data[end:] if end >= 0 else b""


def refused_file(part: dict[str, Any]) -> pa.Table:
    """One refused line for a file whose name is no table's, with its first bytes."""
    count = 1 if part["part"] == 0 else 0
    data = part["bytes"][:HEAD_BYTES]
    zero = np.zeros(count, dtype=np.int64)
    lines = Lines(data, zero, zero, zero + len(data), np.full(count, "", dtype="<U8"))
    return shaped(part, "", lines, {}, np.full(count, NO_TABLE, dtype=object), None, None)


def shaped(
    part: dict[str, Any], table: str, lines: Lines, columns: dict[str, pa.Array], rules: Any, fields: Any, told: Any
) -> pa.Table:
    """Lines in the one shape of all tables, with their places and bytes."""
    count = len(lines.start)
    own = {
        "producer": pa.repeat(part["producer"], count),
        "delivery_id": pa.repeat(part["delivery_id"], count),
        "file": pa.repeat(part["file"], count),
        "record": pa.array(lines.number + part["first_record"] + (0 if table else 1)),
        "offset": pa.array(lines.start + part["offset"]),
        "bytes": pa.array([lines.text(place) for place in range(count)], pa.binary()),
        "table": pa.repeat(table, count),
        "rule": pa.array(rules, pa.string()),
        "field": pa.array(fields, pa.string()) if fields is not None else None,
        "warnings": told,
    }
    found = columns | {name: column for name, column in own.items() if column is not None}
    arrays = [found.get(item.name, pa.nulls(count, item.type)) for item in ARROW]
    return pa.Table.from_arrays([fitted(one, item.type) for one, item in zip(arrays, ARROW, strict=True)], schema=ARROW)


def fitted(column: Any, type_: pa.DataType) -> pa.Array:
    """A column in its declared type; one that no line fills may come as text."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole if whole.type == type_ else whole.cast(type_)
