"""The columns of a delivery's lines once they are read: each table has the place, the fate and its own ones."""

import pyarrow as pa

from jobs.core.compact import LABEL, TOKEN
from jobs.standardise.pharmacy.dcir.aside import SPOT

MONEY, PRICE, RATE, FRACTION = pa.decimal128(12, 2), pa.decimal128(14, 5), pa.decimal128(5, 2), pa.decimal128(14, 5)
TOKENS = ("claim", "print", "beneficiary_id", "beneficiary_group_id", "pharmacy_id", "prescriber_id")
LABELS = (  # columns of few texts: they travel as places in a list of them
    "producer", "delivery_id", "file", "table", "flux_month", "care_month", "service_nature", "scheme", "exemption",
    "prescriber_kind", "sex", "department", "nir_status", "code_source", "unit",
)  # fmt: skip
PLACE = ("producer", "delivery_id", "file", "record", "offset")
FATE = ("table", *SPOT, "rule", "field", "warnings")
TYPES: dict[str, pa.DataType] = {
    **dict.fromkeys(LABELS, LABEL),
    "record": pa.int64(), "offset": pa.int64(), "bytes": pa.binary(), **dict.fromkeys(SPOT, pa.int64()),
    # of a service
    "care_on": pa.date32(), "prescribed_on": pa.date32(), "died_on": pa.date32(), "supplement": pa.int64(),
    "own_qualifier": pa.int64(), "sign": pa.int64(), "act_quantity": pa.int64(), "age_years": pa.int64(),
    "amount_total": MONEY, "amount_base": MONEY, "amount_insurance": MONEY, "amount_complement": MONEY, "rate": RATE,
    # of a line under a service
    "ordinal": pa.int64(), "quantity": pa.int64(), "unit_price": PRICE, "fraction": FRACTION,
    "activity_indicator": pa.int64(),
    # of a person
    "birth_year": pa.int64(), "started_on": pa.date32(), "ended_on": pa.date32(),
    # keyed
    **dict.fromkeys(TOKENS, TOKEN),
}  # fmt: skip
SERVICE = (
    "beneficiary_id", "care_on", "care_month", "prescribed_on", "service_nature", "supplement", "own_qualifier", "sign",
    "amount_total", "amount_base", "amount_insurance", "amount_complement", "act_quantity", "rate", "scheme",
    "exemption", "pharmacy_id", "prescriber_id", "prescriber_kind", "age_years", "sex", "department", "nir_status",
)  # fmt: skip
LINE = ("ordinal", "code", "code_source", "quantity", "unit", "unit_price", "fraction")
COMMON = (*PLACE, *FATE, "flux_month", "claim", "print")

# Values that a reader gives under these names, and their Arrow types; what is not named is text.
READ_TYPES: dict[str, pa.DataType] = {
    **dict.fromkeys(LABELS, LABEL),
    "date": pa.date32(), "integer": pa.int64(), "year": pa.int64(), "age": pa.int64(), "amount": MONEY,
    "price": PRICE, "rate": RATE,
}  # fmt: skip


def column(table: pa.Table, name: str) -> pa.Array:
    """A column in one piece; nulls of its type when the table does not have it."""
    if name not in table.column_names:
        return pa.nulls(table.num_rows, TYPES.get(name, pa.string()))
    found = table.column(name)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def labelled(table: pa.Table) -> pa.Table:
    """Lines whose columns of few texts are LABELS."""
    for place, name in enumerate(table.column_names):
        if name in LABELS and not pa.types.is_dictionary(table.schema.field(place).type):
            table = table.set_column(place, name, table.column(name).combine_chunks().dictionary_encode())
    return table


def text(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column that may be a label, as text in one piece."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return whole.dictionary.take(whole.indices) if pa.types.is_dictionary(whole.type) else whole
