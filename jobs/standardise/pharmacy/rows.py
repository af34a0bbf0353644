"""From cells to typed rows, a batch of one dialect at a time: values, the first rule that refuses, warnings, tokens."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.ages import ages
from jobs.core.distinct import decimals, each, each_pair, each_several, truth, when
from jobs.core.schema import load_schema
from jobs.identifiers.nir import python_clean, python_nir_status
from jobs.standardise.delimited import PLACE_TYPES, Make
from jobs.standardise.dialects import Values
from jobs.standardise.pharmacy import days, fields
from jobs.standardise.pharmacy.boxes import Boxes, Product, atc_on
from jobs.standardise.pharmacy.columns import AMOUNTS
from jobs.standardise.pharmacy.judge import refused, warned
from jobs.standardise.pharmacy.terms import Terms
from jobs.standardise.pharmacy.traits import claim_columns, token_columns

TABLE = load_schema("standard/dispensation").arrow
STATES = "states_claim"
CLAIM = ("own_nir", "holder_nir", "number_status", "used_name", "given_names", "birth_date_text", "birth_rank")
Columns = dict[str, pa.Array]
TEXT, INTEGER, FLAG, DAY = pa.string(), pa.int64(), pa.bool_(), pa.date32()
REFUSABLE = ("offset", "kind", "bytes", "rule", "field", "warnings")


def typed_schema() -> pa.Schema:
    """Columns of a typed row: those of the record, of ``standard/dispensation``, of a claim, and STATES."""
    types = {name: PLACE_TYPES.get(name, TEXT) for name in REFUSABLE} | dict.fromkeys(CLAIM, TEXT)
    types |= {"birth_date": DAY, "birth_rank": INTEGER, STATES: FLAG}
    return pa.schema([*TABLE, *types.items()])


TYPED = typed_schema()


def typer(dialects: Mapping[str, Values], boxes: Boxes, terms: Terms) -> Make:
    """What makes typed rows of read_files' batches; ``dialects`` by producer."""
    by_name = {one.name: one for one in dialects.values()}

    def make(batch: pa.RecordBatch, key: bytes) -> pa.RecordBatch:
        return typed_batch(batch, by_name[batch.column("dialect")[0].as_py()], boxes, terms, key)

    return make


def typed_batch(batch: pa.RecordBatch, dialect: Values, boxes: Boxes, terms: Terms, key: bytes) -> pa.RecordBatch:
    """Columns of TYPED for the rows of one dialect; a refused one keeps its ``bytes`` and has a ``rule``."""
    columns = typed_columns(batch, dialect, boxes, terms, key)
    return pa.RecordBatch.from_arrays([columns[one.name].cast(one.type) for one in TYPED], schema=TYPED)


def typed_columns(batch: pa.RecordBatch, dialect: Values, boxes: Boxes, terms: Terms, key: bytes) -> Columns:
    """Every column on the way to the typed row, by name: the cells keep theirs."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    values = values_of(columns, dialect) | days_of(columns, dialect)
    values |= products_of(columns["code_raw"], values["dispensed_on"], boxes)
    values["service"] = each(columns["service_code"], fields.service, TEXT)
    fee = pc.and_(pc.is_null(values["product"]), truth(each(values["service"], fields.is_fee, FLAG)))
    values["code_class"] = when(fee, "fee", values["code_class"])
    rule, field = refused(columns, values, terms)
    told = warned(columns, values, dialect, terms, rule)
    kept = {"rule": rule, "field": field, "warnings": told, "bytes": when(pc.is_valid(rule), columns["bytes"])}
    whole = columns | values | kept | token_columns(columns, values, key) | claim_columns(columns, values)
    found = whole | final_columns(whole)
    return found | {STATES: first_of_claim(found)}


def first_of_claim(rows: Columns) -> pa.Array:
    """Which accepted rows are the first of a batch to state their claim: lines of one sale state it once."""
    names = ("producer", "delivery_id", "subject_id", "sex", "birth_date", *CLAIM)
    first = np.zeros(len(rows["record"]), dtype=bool)
    places = pa.table({name: rows[name] for name in names} | {"place": pa.array(np.arange(len(first)))})
    claims = places.filter(pc.is_null(rows["rule"])).group_by(names, use_threads=False)
    first[claims.aggregate([("place", "min")]).column("place_min").to_numpy()] = True
    return pa.array(first)


def values_of(columns: Columns, dialect: Values) -> Columns:
    """The values that need no other column, and the canonical signs."""
    quantity = each(columns["quantity_signed"], fields.quantity, INTEGER)
    event = each(columns["event_type"], fields.event, TEXT)
    if "event_type" in dialect.constants:
        # a software that has no kinds of line tells what comes back by its sign alone
        event = when(pc.less(quantity, 0), "return", event)
    amounts = {name: each(columns[name], fields.AMOUNT[dialect.money], INTEGER) for name in AMOUNTS}
    if dialect.priced("per") == "unit":
        whole = pc.multiply(amounts["amount_total"], quantity)
        amounts["amount_total"] = when(pc.less(pc.abs(whole), fields.MOST), whole)
    turned = truth(pc.and_(pc.is_in(event, pa.array(["return", "cancel"])), pc.greater(quantity, 0)))
    sign = pc.if_else(turned, -1, 1)
    sent = pc.binary_join_element_wise(columns["patient_nir"], columns["patient_nir_key"], "")
    return {
        "ticket": filled(columns["ticket_id"]),
        "line": filled(columns["line_id"]),
        "event": event,
        "unit_kind": each(columns["unit"], fields.unit, TEXT),
        "sex_code": each(columns["sex"], fields.sex, TEXT),
        "rank": each(columns["birth_rank"], fields.birth_rank, TEXT),
        "rate_read": each(columns["rate"], fields.rate, INTEGER),
        "number": each(sent, python_clean, TEXT),
        "nir_state": each(sent, python_nir_status, TEXT),
        "turned": turned,
        "quantity_read": pc.multiply(quantity, sign),
        **{f"{name}_read": when(pc.greater(one, 0), pc.multiply(one, sign), one) for name, one in amounts.items()},
    }


def filled(texts: pa.Array) -> pa.Array:
    """The texts, null where nothing is left."""
    return when(pc.not_equal(texts, ""), texts)


def days_of(columns: Columns, dialect: Values) -> Columns:
    """The three dates, of each that is null whether the text says so (``none_…``), and a birth date that is no day."""
    found: Columns = {}
    for name, text, pattern in (
        ("dispensed_on", "event_ts_local", dialect.timestamp_format),
        ("prescribed_on", "prescription_date", dialect.date_format),
        ("born_read", "birth_date", dialect.date_format),
    ):
        told = partial(days.day, read=days.reader(pattern))
        found[name], found[f"none_{name}"] = each_several(columns[text], told, (DAY, FLAG))
    born, on = found["born_read"], found["dispensed_on"]
    if "%y" in dialect.date_format:
        early = each_pair(born, on, pc.greater(born, on), days.century_before, DAY)
        born = pc.coalesce(early, born)
    later = truth(pc.greater(born, on))
    no_day = pc.and_(pc.is_null(born), pc.invert(found["none_born_read"]))
    lunar = each_pair(columns["birth_date"], on, no_day, partial(days.lunar, pattern=dialect.date_format), TEXT)
    return found | {"born_read": born, "born_later": later, "born_on": when(pc.invert(later), born), "lunar": lunar}


def products_of(codes: pa.Array, on: pa.Array, boxes: Boxes) -> Columns:
    """What is sold, and its class on the day."""
    kinds = {"known": FLAG, "damaged": FLAG, "price": INTEGER, "public_price": INTEGER}
    names = [name for name in Product._fields if name != "atcs"]
    several: dict[str, Any] = {}

    def told(code: str) -> tuple[Any, ...]:
        product = boxes.product(code)
        if len(product.atcs) > 1:
            several[code] = product.atcs
        return (*product[:-1], product.atcs[0][1] if product.atcs else None)

    found = dict(
        zip([*names, "atc"], each_several(codes, told, [*[kinds.get(name, TEXT) for name in names], TEXT]), strict=True)
    )
    if several:
        changed = pc.is_in(codes, pa.array(list(several), TEXT))
        on_day = each_pair(codes, on, changed, lambda code, day: atc_on(several[code], day) if day else None, TEXT)
        found["atc"] = pc.coalesce(on_day, found["atc"])
    return found


def final_columns(whole: Columns) -> Columns:
    """The columns of the standard table as it names and types them."""
    count = len(whole["record"])
    return {
        "period": pc.utf8_slice_codeunits(whole["dispensed_on"].cast(TEXT), 0, 7),
        "ticket_id": whole["ticket_token"],
        "feed": constant("extract", TEXT, count),
        "kind": constant("dispensation", TEXT, count),
        "invoice_id": whole["invoice_token"],
        "event_type": whole["event"],
        "code_raw": whole["carried"],
        "code_known": whole["known"],
        "quantity": whole["quantity_read"],
        "unit": whole["unit_kind"],
        "fraction": pa.nulls(count, TABLE.field("fraction").type),
        **{name: decimals(whole[f"{name}_read"], TABLE.field(name).type) for name in AMOUNTS},
        "rate": decimals(whole["rate_read"], TABLE.field("rate").type),
        "service_code": whole["service"],
        "prescriber_id": whole["prescriber_token"],
        "prescriber_kind": pa.nulls(count, TEXT),
        "age_years": ages(whole["born_on"], whole["dispensed_on"]),
        "sex": whole["sex_code"],
        "birth_date": whole["born_on"],
        "pharmacy_id": pa.nulls(count, TEXT),
        "department": pa.nulls(count, TEXT),
        "child_id": pa.nulls(count, TEXT),
        "told_by_sale": pa.nulls(count, TEXT),
        "possible_duplicate": constant(False, FLAG, count),
    }


def constant(value: Any, kind: pa.DataType, count: int) -> pa.Array:
    """A column of one value."""
    return pa.repeat(pa.scalar(value, kind), count)
