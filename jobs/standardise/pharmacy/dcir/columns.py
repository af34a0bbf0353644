"""The one shape of all lines of a delivery once they are read: each table fills its own columns."""

import pyarrow as pa

MONEY, PRICE, RATE, FRACTION = pa.decimal128(12, 2), pa.decimal128(14, 5), pa.decimal128(5, 2), pa.decimal128(14, 5)
PLACE = ("producer", "delivery_id", "file", "record", "offset")
FATE = ("table", "bytes", "rule", "field", "warnings", "claim_key", "flux_month")
TYPES: dict[str, pa.DataType] = {
    "record": pa.int64(), "offset": pa.int64(), "bytes": pa.binary(),
    # of a service
    "care_on": pa.date32(), "prescribed_on": pa.date32(), "died_on": pa.date32(), "supplement": pa.int64(),
    "own_qualifier": pa.int64(), "sign": pa.int64(), "act_quantity": pa.int64(), "age_years": pa.int64(),
    "amount_total": MONEY, "amount_base": MONEY, "amount_insurance": MONEY, "amount_complement": MONEY, "rate": RATE,
    # of a line under a service
    "ordinal": pa.int64(), "quantity": pa.int64(), "unit_price": PRICE, "fraction": FRACTION,
    "activity_indicator": pa.int64(),
    # of a person
    "birth_year": pa.int64(), "started_on": pa.date32(), "ended_on": pa.date32(),
}  # fmt: skip
SERVICE = (
    "person", "care_on", "care_month", "prescribed_on", "service_nature", "supplement", "own_qualifier", "sign",
    "amount_total", "amount_base", "amount_insurance", "amount_complement", "act_quantity", "rate", "scheme",
    "exemption", "executant", "prescriber", "prescriber_kind", "age_years", "sex", "department", "nir_status",
    "died_on",
)  # fmt: skip
LINE = ("ordinal", "code", "code_source", "quantity", "unit", "unit_price", "fraction", "activity_indicator")
PERSON = (
    "person_group", "birth_year", "started_on", "ended_on", "list_number", "exemption_nature", "diagnosis",
    "nomenclature",
)  # fmt: skip
COLUMNS = (*PLACE, *FATE, *SERVICE, *LINE, *PERSON)
ARROW = pa.schema([(name, TYPES.get(name, pa.string())) for name in COLUMNS])
SQL = {
    pa.string(): "string", pa.int64(): "bigint", pa.binary(): "binary", pa.date32(): "date", MONEY: "decimal(12,2)",
    PRICE: "decimal(14,5)", RATE: "decimal(5,2)",
}  # fmt: skip
DDL = ", ".join(f"`{item.name}` {SQL[item.type]}" for item in ARROW)

# Values that a reader gives under these names, and their Arrow types; what is not named is text.
READ_TYPES: dict[str, pa.DataType] = {
    "date": pa.date32(), "integer": pa.int64(), "year": pa.int64(), "age": pa.int64(), "amount": MONEY,
    "price": PRICE, "rate": RATE,
}  # fmt: skip
