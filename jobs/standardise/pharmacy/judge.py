"""What refuses a record of an extract, and what is odd in one that is accepted: one line per rule, over columns."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.distinct import each, truth
from jobs.standardise.dialects import Values
from jobs.standardise.pharmacy import fields
from jobs.standardise.pharmacy.columns import AMOUNTS
from jobs.standardise.pharmacy.terms import LARGE_QUANTITY, Terms

PROBLEMS = {
    "header": "PHA-010",
    "json": "PHA-011",
    "list": "PHA-012",
    "keys": "PHA-013",
    "months": "PHA-014",
    "encoding": "PHA-006",
    "total": "PHA-020",
    "empty": "PHA-021",
    "columns": "PHA-001",
}
IGNORED = ("PHA-020", "PHA-021")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
OTHER_MARK = {",": re.compile(r"\.[0-9]{1,2}[^0-9]*$"), ".": re.compile(r",[0-9]{1,2}[^0-9]*$")}
NO_ORDINARY_NUMBER = ("provisional", "passing", "sentinel", "malformed")
TEXT, FLAG = pa.string(), pa.bool_()
Columns = dict[str, pa.Array]


def refused(columns: Columns, values: Columns, terms: Terms) -> tuple[pa.Array, pa.Array]:
    """Rule and field of the first check that refuses each record, null when none does."""
    checks: list[tuple[str, str, pa.Array]] = [
        ("PHA-008", "ticket_id", pc.is_null(values["ticket"])),
        ("PHA-008", "line_id", pc.is_null(values["line"])),
        ("PHA-007", "event_type", pc.is_null(values["event"])),
        ("PHA-009", "unit", pc.is_null(values["unit_kind"])),
        ("PHA-003", "event_ts_local", pc.is_null(values["dispensed_on"])),
        ("PHA-015", "event_ts_local", pc.greater(months_late(values, terms), terms.reopen_months)),
        ("PHA-003", "prescription_date", no_day(values, "prescribed_on")),
        ("PHA-003", "birth_date", pc.and_(no_day(values, "born_read"), pc.is_null(values["lunar"]))),
        ("PHA-004", "quantity_signed", pc.is_null(values["quantity_read"])),
        ("PHA-005", "code_raw", values["damaged"]),
        *[("PHA-002", name, unreadable(columns[name], values[f"{name}_read"], fields.missing)) for name in AMOUNTS],
        ("PHA-002", "rate", unreadable(columns["rate"], values["rate_read"], fields.missing_rate)),
    ]
    first = np.zeros(len(columns["record"]), dtype=np.int64)
    for rank, (_, _, wrong) in reversed(list(enumerate(checks, start=1))):
        first[flags(wrong)] = rank
    rules = pa.array([None, *[rule for rule, _, _ in checks]], TEXT).take(pa.array(first))
    names = pa.array([None, *[name for _, name, _ in checks]], TEXT).take(pa.array(first))
    problem = each(columns["problem"], PROBLEMS.get, TEXT)
    return pc.coalesce(problem, rules), pc.if_else(pc.is_valid(problem), columns["field"], names)


def warned(columns: Columns, values: Columns, dialect: Values, terms: Terms, rule: pa.Array) -> pa.Array:
    """Codes of what is odd in accepted records and noted in all, comma separated; null when nothing is."""
    drug, known = pc.equal(values["code_class"], "drug"), values["known"]
    unknown = pc.and_(pc.equal(values["code_class"], "unknown"), pc.is_valid(values["product"]))
    service = values["service"]
    checks = {
        "IDE-001": pc.equal(values["nir_state"], "key_wrong"),
        "IDE-002": pc.is_in(values["nir_state"], pa.array(NO_ORDINARY_NUMBER)),
        "PHA-101": pc.or_(unknown, pc.and_(drug, pc.invert(known))),
        "PHA-102": anywhere(columns, ("family_name", "given_name", "label", "code_raw"), CONTROLS),
        "PHA-103": pc.or_(emptied(columns, values, "prescription_date", "prescribed_on"),
                          pc.and_(emptied(columns, values, "birth_date", "born_read"), pc.is_null(values["lunar"]))),
        "PHA-104": anywhere(columns, AMOUNTS, OTHER_MARK[dialect.decimal]),
        "PHA-105": pc.greater(values["dispensed_on"], terms.last_day),
        "PHA-106": pc.or_(pc.greater_equal(pc.abs(values["quantity_read"]), LARGE_QUANTITY),
                          pc.equal(values["quantity_read"], 0)),
        "PHA-107": values["turned"],
        "PHA-108": each(columns["sex"], fields.odd_sex, FLAG),
        "PHA-109": values["born_later"],
        "PHA-110": unreadable(columns["service_code"], service, fields.missing),
        "PHA-114": other_unit(values, dialect),
        "PHA-115": pc.greater(months_late(values, terms), terms.routine_months),
        "PHA-116": each(service, lambda code: code not in terms.services, FLAG),
        "PHA-117": both(dialect.priced("vat") == "excluded", pc.is_valid(values["amount_total_read"])),
        "PHA-118": pc.is_valid(values["lunar"]),
    }  # fmt: skip
    found = np.zeros(len(rule), dtype=np.int64)
    for place, odd in enumerate(checks.values()):
        found |= flags(odd).astype(np.int64) << place
    found[flags(pc.is_valid(rule))] = 0
    codes = list(checks)
    odd = each(pa.array(found), lambda bits: ",".join(c for place, c in enumerate(codes) if bits >> place & 1), TEXT)
    told = pc.binary_join_element_wise(odd, pc.coalesce(columns["noted"], ""), ",")
    return each(told, lambda text: text.strip(",") or None, TEXT)


def flags(condition: pa.Array) -> np.ndarray:
    """A condition as an array of booleans, unknown counting as false."""
    return truth(condition).to_numpy(zero_copy_only=False)


def both(this: bool, condition: pa.Array) -> pa.Array:
    """A condition that can only hold in some dialects."""
    return pc.and_(pa.scalar(this), condition)


def months_late(values: Columns, terms: Terms) -> pa.Array:
    """Whole calendar months from the month of care to that of the night."""
    day = values["dispensed_on"]
    return pc.subtract(terms.month, pc.add(pc.multiply(pc.year(day), 12), pc.month(day)))


def no_day(values: Columns, name: str) -> pa.Array:
    """A date that is there, says something else than "none", and is none."""
    return pc.and_(pc.is_null(values[name]), pc.invert(values[f"none_{name}"]))


def unreadable(texts: pa.Array, read: pa.Array, missing: Callable[[str], bool]) -> pa.Array:
    """A text is there and no value was made of it."""
    left = pc.if_else(pc.is_null(read), texts, pa.scalar("", TEXT))
    return pc.invert(each(left, missing, FLAG))


def emptied(columns: Columns, values: Columns, text: str, value: str) -> pa.Array:
    """A date was written that says there is none."""
    return pc.and_(pc.not_equal(columns[text], ""), pc.is_null(values[value]))


def anywhere(columns: Columns, names: tuple[str, ...], pattern: re.Pattern[str]) -> pa.Array:
    """Whether one of some texts holds a pattern."""
    found = [each(columns[name], lambda text: pattern.search(text) is not None, FLAG) for name in names]
    held = found[0]
    for one in found[1:]:
        held = pc.or_(held, one)
    return held


def other_unit(values: Columns, dialect: Values) -> pa.Array:
    """Whether a box costs about a hundred times the drug database's price, or a hundredth of it.

    A factor of two either way leaves room for fees, tax and a price that changed. Null where no price is known.
    """
    price = values["price"]
    if dialect.priced("fee") == "included":
        price = pc.coalesce(values["public_price"], price)
    usual = pc.multiply(price, pc.abs(values["quantity_read"]))
    paid = pc.abs(values["amount_total_read"])
    above = pc.and_(pc.greater_equal(paid, pc.multiply(usual, 50)), pc.less_equal(paid, pc.multiply(usual, 200)))
    below = pc.and_(pc.less_equal(pc.multiply(paid, 50), usual), pc.greater_equal(pc.multiply(paid, 200), usual))
    boxes = pc.and_(pc.equal(values["code_class"], "drug"), pc.equal(values["unit_kind"], "box"))
    return pc.and_(pc.and_(boxes, pc.greater(usual, 0)), pc.or_(above, below))
