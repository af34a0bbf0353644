"""Parts of DCIR files to typed lines: each part alone, with the header of its file."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.standardise.pharmacy.dcir.columns import LABEL, TYPES
from jobs.standardise.pharmacy.dcir.layout import Table, table_of, tables
from jobs.standardise.pharmacy.dcir.lines import Lines, columns_of, header_of, lines_of, uncounted_lines
from jobs.standardise.pharmacy.dcir.read import encoded_columns, values_of
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
    data, below = part["bytes"], 1 if part["part"] == 0 else 0  # the header's line is none
    table = tables().get(name)
    lacking = table.missing(header) if table else None
    if table is None or lacking:
        lines = lines_of(data, len(header), below)
        rule, field = (pa.repeat(one, len(lines.start)) for one in (HEADER if table else NOT_READ, lacking or ""))
        return shaped(part, name, lines, {}, rule, field if lacking else None, None)
    return typed(part, table, header, uncounted_lines(data, len(header), below), months, lists)


def typed(
    part: dict[str, Any], table: Table, header: list[str], lines: Lines, months: frozenset[str] | None, lists: Lists
) -> pa.Table:
    """Lines of a table that is read."""
    wanted = list(dict.fromkeys(one.column for one in table.items if one.column in header))
    cells, lines = columns_of(lines, header, wanted, encoded_columns(table.items))
    values = values_of(cells, table.items)
    columns = settle(table.name, values, months, lists)
    rules, fields, told = values.rules(), values.faults(), values.warnings()
    if (lines.fault != "").any():
        columns, rules, fields, told = spread(lines, columns, rules, fields, told)
    if part["part"] == 0 and len(told) and set(header) - table.known - {""}:
        first = ",".join(filter(None, (NEW_COLUMN, told[0].as_py())))
        told = pa.concat_arrays([pa.array([first], pa.string()), told[1:]])
    return shaped(part, table.name, lines, columns, rules, fields, told)


def spread(
    lines: Lines, columns: dict[str, pa.Array], rules: pa.Array, fields: pa.Array, told: pa.Array
) -> tuple[dict[str, pa.Array], pa.Array, pa.Array, pa.Array]:
    """What was read of the lines without fault, with a place for every line."""
    good = lines.fault == ""
    take = pa.array(np.where(good, np.cumsum(good) - 1, 0), mask=~good)
    faults = pa.array([FAULTS.get(fault) for fault in lines.fault.tolist()], pa.string())
    found = {name: column.take(take) for name, column in columns.items()}
    return found, pc.coalesce(faults, rules.take(take)), fields.take(take), told.take(take)


def refused_file(part: dict[str, Any]) -> pa.Table:
    """One refused line for a file whose name is no table's, with its first bytes."""
    count = 1 if part["part"] == 0 else 0
    data = part["bytes"][:HEAD_BYTES]
    zero = np.zeros(count, dtype=np.int64)
    lines = Lines(data, zero, zero, zero + len(data), np.full(count, "", dtype="<U8"))
    return shaped(part, "", lines, {}, pa.repeat(NO_TABLE, count), None, None)


def shaped(
    part: dict[str, Any], table: str, lines: Lines, columns: dict[str, pa.Array], rules: Any, fields: Any, told: Any
) -> pa.Table:
    """Lines with their places, their bytes, what became of them so far, and the columns of their table."""
    count = len(lines.start)
    own = {
        **{name: label(part[name], count) for name in ("producer", "delivery_id", "file")},
        "record": pa.array(lines.number + part["first_record"] + (0 if table else 1)),
        "offset": pa.array(lines.start + part["offset"]),
        "bytes": lines.texts(),
        "table": label(table, count),
        "rule": rules,
        "field": fields if fields is not None else pa.nulls(count, pa.string()),
        "warnings": told if told is not None else pa.nulls(count, pa.string()),
    }
    found = {name: fitted(one, TYPES.get(name, pa.string())) for name, one in (own | columns).items()}
    return pa.table(found)


def label(text: str, count: int) -> pa.Array:
    """A text that all lines have."""
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), pa.array([text]))


def fitted(column: Any, type_: pa.DataType) -> pa.Array:
    """A column in its declared type; one that no line fills may come as text."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if whole.type == type_:
        return whole
    return whole.dictionary_encode() if type_ == LABEL else whole.cast(type_)
