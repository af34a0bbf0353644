"""B2 files of packs as a Spark frame: one row per unit of a file, and one per row of a sound invoice.

A file is judged as a whole, so its parts are put together: memory per task holds one file.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.standardise.pharmacy.b2.lines import Row, Terms
from jobs.standardise.pharmacy.b2.lot import Unit, read_alone, read_file
from jobs.standardise.pharmacy.b2.told import Told

BATCH_ROWS = 8192
FILE = ("producer", "delivery_id", "file", "record")
NEEDED = (*FILE, "offset", "bytes")
TEXT, LONG, DAY = pa.string(), pa.int64(), pa.date32()
UNIT = (
    ("producer", TEXT), ("delivery_id", TEXT), ("file", TEXT), ("record", LONG), ("offset", LONG), ("kind", TEXT),
    ("bytes", pa.binary()), ("rule", TEXT), ("field", TEXT), ("warned", TEXT), ("lot", LONG),
)  # fmt: skip
TOLD = (
    ("invoice_no", TEXT), ("insured", TEXT), ("insured_state", TEXT), ("own_nir", TEXT), ("holder_nir", TEXT),
    ("number_status", TEXT), ("born_on", DAY), ("birth_text", TEXT), ("rank", TEXT), ("first_on", DAY),
)  # fmt: skip
ROW = (
    ("line", TEXT), ("act", TEXT), ("fee", pa.bool_()), ("dispensed_on", DAY), ("prescribed_on", DAY),
    ("prescriber", TEXT), ("prescriber_kind", TEXT), ("code_raw", TEXT), ("device", TEXT), ("quantity", LONG),
    ("unit", TEXT), ("ten_thousandths", LONG), ("total_cents", LONG), ("base_cents", LONG), ("insurance_cents", LONG),
    ("rate", LONG),
)  # fmt: skip
SCHEMA = pa.schema([*UNIT, *TOLD, *ROW])
DDL = {TEXT: "string", LONG: "bigint", DAY: "date", pa.binary(): "binary", pa.bool_(): "boolean"}
NO_TOLD, NO_ROW = (None,) * len(TOLD), (None,) * len(ROW)
FRAME = "frame"  # kind of a row that tells no unit but the number of a lot that was read
Values = tuple[Any, ...]


def read_b2(packs: DataFrame, night: str, reopen_months: int, encodings: dict[str, str]) -> DataFrame:
    """The units and rows of the packs' files, columns of UNIT, TOLD and ROW; ``line`` is null in a unit's own row.

    A row of kind FRAME is no unit: it tells the number of a ``lot``. Amounts are whole centimes. ``packs``: as the
    context gives them; ``reopen_months``: how old care may be; ``encodings``: by producer, empty for the norm's own.
    """
    terms = terms_of(date.fromisoformat(night), reopen_months)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held: list[Values] = []
        for part in files_of(batches):
            held += values_of(part, terms, encodings[part["producer"]])
            if len(held) >= BATCH_ROWS:
                yield to_batch(held)
                held = []
        if held:
            yield to_batch(held)

    ddl = ", ".join(f"`{item.name}` {DDL[item.type]}" for item in SCHEMA)
    file = FILE[:3]
    parts = packs.select(*NEEDED).repartition(*file).sortWithinPartitions(*file, "record", "offset")
    return parts.mapInArrow(read, ddl)


def terms_of(night: date, reopen_months: int) -> Terms:
    """Care is taken in from the first day of the month that lies ``reopen_months`` before the night's."""
    months = night.year * 12 + night.month - 1 - reopen_months
    return Terms(night, date(months // 12, months % 12 + 1, 1))


def files_of(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Whole files, or units that are read again, from their parts in order."""
    parts = (
        {name: batch.column(name)[row].as_py() for name in NEEDED} for batch in batches for row in range(batch.num_rows)
    )
    for _, own in groupby(parts, key=itemgetter(*FILE)):
        held = list(own)
        yield held[0] | {"bytes": b"".join(part["bytes"] for part in held)}


def values_of(part: dict[str, Any], terms: Terms, encoding: str) -> Iterator[Values]:
    """The rows of one file, or of one unit that is read again."""
    producer = part["producer"]
    lots: list[int] = []
    if part["record"] is None:
        units, lots = read_file(part["bytes"], producer, terms, encoding)
    else:
        units = [read_alone(part["bytes"], part["record"], part["offset"], producer, terms, encoding)]
    place = (producer, part["delivery_id"], part["file"])
    for unit in units:
        yield from unit_values(place, unit)
    for lot in lots:
        yield (*place, None, None, FRAME, None, None, None, None, lot, *NO_TOLD, *NO_ROW)


def unit_values(place: Values, unit: Unit) -> Iterator[Values]:
    """A unit's own row, and one per row of its invoice; only a refused unit keeps its bytes."""
    told = unit.told
    if told is None:
        refused = (unit.number, unit.offset, unit.kind, unit.raw, unit.rule, unit.where)
        yield (*place, *refused, None, None, *NO_TOLD, *NO_ROW)
        return
    warned = ",".join(told.warnings)
    own = (*place, unit.number, unit.offset, unit.kind, None, None, None, warned, None, *told_values(told))
    yield own + NO_ROW
    for row in told.rows:
        yield own + row_values(row)


def told_values(told: Told) -> Values:
    """The columns of TOLD."""
    one = told.patient
    return (
        told.number, one.insured, one.insured_state, one.own, one.holder, one.status, one.born.day, one.born.text,
        one.rank, told.rows[0].care,
    )  # fmt: skip


def row_values(row: Row) -> Values:
    """The columns of ROW."""
    return (
        row.line, row.act, row.fee, row.care, row.prescribed, row.prescriber, row.prescriber_kind, row.product,
        row.device, row.quantity, row.unit, row.fraction, row.total, row.base, row.amo, row.rate,
    )  # fmt: skip


def to_batch(rows: list[Values]) -> pa.RecordBatch:
    """Rows as one Arrow batch."""
    arrays = [pa.array(column, item.type) for column, item in zip(zip(*rows, strict=True), SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
