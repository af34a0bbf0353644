"""What the lines of each table say, from their typed columns: the person, the service, the product, and what is odd."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.standardise.pharmacy.dcir import layout
from jobs.standardise.pharmacy.dcir.cells import GOOD, department
from jobs.standardise.pharmacy.dcir.read import SEP, Values, claim_key, flux_month, mapped, month_of, not_told, nulls

FOR_INFORMATION = 71
LATE_MONTHS = 27
MOST_EUROS = 10**9  # of one line
MOST_FRACTION = 10**5
SHORT = r"^(000000)?\d{7}$"
NONE = pa.scalar(None, pa.string())
Lists = dict[str, frozenset[str]]


def settle(table: str, values: Values, months: frozenset[str] | None, lists: Lists) -> dict[str, pa.Array]:
    """The columns of one table's lines. ``months``: the flux months that the delivery covers, None when it tells none.

    ``lists``: known codes by the column they are in. Refusals and warnings are told to ``values``.
    """
    found: dict[str, pa.Array] = {}
    if table not in layout.REFERENCES:
        found = {"claim_key": claim_key(values), "flux_month": flux_month(values)}
        if months is not None:
            outside = ~np.isin(found["flux_month"].to_numpy(zero_copy_only=False).astype(str), sorted(months))
            values.refuse(outside, "DCI-016", layout.FLUX)
    return found | PARTS[table](values, found, lists)


def service(values: Values, found: dict[str, pa.Array], lists: Lists) -> dict[str, pa.Array]:
    """A reimbursed service: who, when, by whom, how much."""
    values.refuse(nulls(values.get("service_nature")), "DCI-005", "PRS_NAT_REF")
    values.refuse(equal(values.get("qualifier"), FOR_INFORMATION), "DCI-020", "DPN_QLF")
    values.warn(not_told(values, "care_on", "prescribed_on") | nulls(values.get("care_on")), "DCI-103")
    values.warn(doubtful(values, found["flux_month"]), "DCI-104")
    values.warn(after(values.get("care_on"), values.get("died_on")), "DCI-107")
    values.warn(not_told(values, "age_years"), "DCI-109")
    values.warn(not_told(values, "executant"), "DCI-110")
    for name, codes in lists.items():
        values.warn(unlisted(values.get(name), codes), "DCI-114")
    copied = (
        "care_on", "care_month", "prescribed_on", "service_nature", "supplement", "own_qualifier", "sign",
        "amount_total", "amount_base", "amount_insurance", "amount_complement", "act_quantity", "rate", "scheme",
        "exemption", "executant", "age_years", "died_on",
    )  # fmt: skip
    return person(values, "ER_PRS_F") | prescriber(values) | {name: values.get(name) for name in copied}


def person(values: Values, table: str) -> dict[str, pa.Array]:
    """Who: the study's number of the person, else the insured person's number with the twin's rank."""
    study = pc.binary_join_element_wise("study", values.get("study_number"), SEP)
    rank = pc.fill_null(values.get("twin_rank"), "1")
    number = pc.binary_join_element_wise("number", values.get("person_number"), rank, SEP)
    who = pc.coalesce(study, number)
    values.refuse(nulls(who), "DCI-015", "NUM_ENQ")
    status = values.get("nir_status")
    values.warn(pc.fill_null(pc.not_equal(status, "00"), False), "DCI-106")
    values.warn(not_told(values, "sex"), "DCI-108")
    lives = residence(values)
    return {"person": who, "sex": values.get("sex"), "nir_status": status, "department": lives}


def residence(values: Values) -> pa.Array:
    """The official department, of the department's code and where need be the commune's first digit."""
    if "department_code" not in values.columns:
        return pa.nulls(values.rows, pa.string())
    codes, communes = (pc.fill_null(values.get(name), "") for name in ("department_code", "commune_code"))
    both = pc.binary_join_element_wise(codes, pc.utf8_slice_codeunits(communes, 0, 1), "|")
    lives, state = mapped(both, lambda text: department(*text.split("|")), pa.string())
    values.warn(state != GOOD, "DCI-111")
    return lives


def prescriber(values: Values) -> dict[str, pa.Array]:
    """Who prescribed: a professional, a salaried one by the national number, or else the facility alone."""
    names = {"professional": "prescriber", "salaried": "salaried_prescriber", "facility": "prescribing_site"}
    kind = pc.coalesce(
        *[pc.if_else(values.get(name).is_valid(), pa.scalar(kind), NONE) for kind, name in names.items()]
    )
    return {"prescriber": pc.coalesce(*[values.get(name) for name in names.values()]), "prescriber_kind": kind}


def drug(values: Values, found: dict[str, pa.Array], lists: Lists) -> dict[str, pa.Array]:
    """A drug: its code with where it came from, and signed boxes, or units of an unpacked box."""
    long, short = values.get("code"), values.get("short_code")
    code = pc.coalesce(long, short)
    source = pc.if_else(pc.match_substring_regex(code, SHORT), "cip7", "c13")
    unpacked = pc.fill_null(pc.equal(values.get("unpacked"), "D"), False)
    unpacked = pc.and_(unpacked, number(values, "unpacked_quantity").is_valid())
    quantity = pc.if_else(unpacked, number(values, "unpacked_quantity"), values.get("quantity"))
    values.refuse(nulls(quantity), "DCI-005", "PHA_ACT_QSN")
    price = pc.if_else(unpacked, number(values, "unpacked_price"), values.get("unit_price"))
    values.refuse(too_large(quantity, price), "DCI-002", "PHA_ACT_QSN")
    return {
        "ordinal": values.get("ordinal"), "code": code, "code_source": source, "quantity": quantity,
        "unit": pc.if_else(unpacked, "unit", "box"), "unit_price": price,
    }  # fmt: skip


def too_large(count: pa.Array, each: Any) -> Any:
    """Lines whose count times a price of each is beyond all that is handed out: no column could hold their sum."""
    whole = pc.multiply(count.cast(pa.float64()), each.cast(pa.float64()))  # a bound, and no amount
    return pc.fill_null(pc.greater_equal(pc.abs(whole), MOST_EUROS), False)


def number(values: Values, name: str) -> pa.Array:
    """A column of numbers that a file may lack."""
    types = {"unpacked_quantity": pa.int64(), "unpacked_price": pa.decimal128(14, 5)}
    return values.columns.get(name, pa.nulls(values.rows, types[name]))


def hospital_drug(values: Values, found: dict[str, pa.Array], lists: Lists) -> dict[str, pa.Array]:
    """A drug with a UCD code."""
    values.refuse(nulls(values.get("quantity")), "DCI-005", "UCD_DLV_NBR")
    values.refuse(too_large(values.get("quantity"), values.get("unit_price")), "DCI-002", "UCD_DLV_NBR")
    values.refuse(too_large(values.get("fraction"), pa.scalar(MOST_EUROS // MOST_FRACTION)), "DCI-002", "UCD_FRC_COE")
    names = ("ordinal", "code", "quantity", "unit_price", "fraction")
    return {name: values.get(name) for name in names} | constant(values, code_source="ucd", unit="unit")


def act(values: Values, found: dict[str, pa.Array], lists: Lists) -> dict[str, pa.Array]:
    """A CCAM act."""
    names = ("ordinal", "code", "unit_price")
    return {name: values.get(name) for name in names} | constant(values, code_source="ccam", unit="act")


def facility(values: Values, found: dict[str, pa.Array], lists: Lists) -> dict[str, pa.Array]:
    """The facility of a service: of interest is whether its activity is told for information alone."""
    return {"activity_indicator": values.get("activity_indicator")}


def beneficiary(values: Values, found: dict[str, pa.Array], lists: Lists) -> dict[str, pa.Array]:
    """A row about a person; a death date of 1600 says that the person lives."""
    values.warn(not_told(values, "birth_year"), "DCI-103")
    names = ("person_group", "birth_year", "died_on")
    return person(values, "IR_BEN_R") | {name: values.get(name) for name in names}


def long_term(values: Values, found: dict[str, pa.Array], lists: Lists) -> dict[str, pa.Array]:
    """A long-term illness."""
    values.warn(not_told(values, "started_on", "ended_on"), "DCI-103")
    names = ("started_on", "ended_on", "list_number", "exemption_nature", "diagnosis", "nomenclature")
    return {"person": person(values, "IR_IMB_R")["person"]} | {name: values.get(name) for name in names}


def constant(values: Values, **texts: str) -> dict[str, pa.Array]:
    """Columns that have the same text in every line."""
    return {name: pa.repeat(text, values.rows) for name, text in texts.items()}


def equal(column: pa.Array, value: int) -> Any:
    """Where a column has a value; a null has not."""
    return pc.fill_null(pc.equal(column, value), False) if not pa.types.is_string(column.type) else False


def after(day: pa.Array, other: pa.Array) -> Any:
    """Where a day is later than another; False where one is not told."""
    if pa.types.is_string(day.type) or pa.types.is_string(other.type):
        return False
    return pc.fill_null(pc.greater(day, other), False)


def unlisted(column: pa.Array, codes: frozenset[str]) -> Any:
    """Codes that their list does not have."""
    text = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
    known, _ = mapped(pc.fill_null(text, ""), lambda one: (one in codes, GOOD), pa.bool_())
    return pc.fill_null(pc.invert(known), False)


def doubtful(values: Values, flux: pa.Array) -> Any:
    """A care date that may be another date.

    It lies after the flux month, more than 27 months before it, before the prescription, or in another month than the
    line says.
    """
    care = values.get("care_on")
    month = pc.fill_null(month_of(care), "")
    distance = month_number(pc.fill_null(flux, "")) - month_number(month)
    told = values.get("care_month")
    other = pc.fill_null(pc.not_equal(told, month), False)
    wrong = (distance < 0) | (distance > LATE_MONTHS) | np.asarray(other) | after(values.get("prescribed_on"), care)
    return wrong & ~nulls(care)


def month_number(months: pa.Array) -> Any:
    """Months as growing numbers; 0 for nothing."""
    found, _ = mapped(months, lambda text: (int(text[:4]) * 12 + int(text[5:]), GOOD), pa.int64())
    return pc.fill_null(found, 0).to_numpy(zero_copy_only=False)


PARTS = {
    layout.CLAIMS: service,
    layout.DRUGS: drug,
    layout.HOSPITAL_DRUGS: hospital_drug,
    layout.ACTS: act,
    layout.FACILITIES: facility,
    layout.BENEFICIARIES: beneficiary,
    layout.LONG_TERM: long_term,
}
