"""Parts of DCIR files to typed lines: each part alone, with the header of its file."""

from typing import Any

import numpy as np
import pyarrow as pa

from jobs.standardise.pharmacy.dcir.columns import TYPES
from jobs.standardise.pharmacy.dcir.layout import Table, table_of, tables
from jobs.standardise.pharmacy.dcir.lines import Lines, columns_of, header_of, lines_of
from jobs.standardise.pharmacy.dcir.read import values_of
from jobs.standardise.pharmacy.dcir.tables import Lists, settle

HEAD_BYTES = 65_536
NO_TABLE, NOT_READ, HEADER, NEW_COLUMN = "DCI-017", "DCI-022", "DCI-010", "DCI-101"
FAULTS = {"columns": "DCI-001", "encoding": "DCI-006"}


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
    """Lines with their places, their bytes, what became of them so far, and the columns of their table."""
    count = len(lines.start)
    own = {
        "producer": pa.repeat(part["producer"], count),
        "delivery_id": pa.repeat(part["delivery_id"], count),
        "file": pa.repeat(part["file"], count),
        "record": pa.array(lines.number + part["first_record"] + (0 if table else 1)),
        "offset": pa.array(lines.start + part["offset"]),
        "bytes": pa.array(lines.texts(), pa.binary()),
        "table": pa.repeat(table, count),
        "rule": pa.array(rules, pa.string()),
        "field": pa.array(fields, pa.string()) if fields is not None else pa.nulls(count, pa.string()),
        "warnings": told if told is not None else pa.nulls(count, pa.string()),
    }
    found = {name: fitted(one, TYPES.get(name, pa.string())) for name, one in (own | columns).items()}
    return pa.table(found)


def fitted(column: Any, type_: pa.DataType) -> pa.Array:
    """A column in its declared type; one that no line fills may come as text."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole if whole.type == type_ else whole.cast(type_)
