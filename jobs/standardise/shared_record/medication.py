"""Vaccinations, prescribed or current treatments, and dispensed products: one entry of a section, as text."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from jobs.standardise.shared_record.elements import (
    CODE,
    EFFECTIVE_TIME,
    HIGH,
    LOW,
    STATUS,
    VALUE,
    Kids,
    attribute,
    children,
    code_of,
    coded,
    first,
    mood,
    negated,
    read_interval,
    read_time,
    status_of,
    system_of,
)
from jobs.standardise.shared_record.facts import DISPENSATION, PRESCRIPTION, VACCINATION
from jobs.standardise.shared_record.oids import HL7, LOINC, XSI_TYPE
from jobs.standardise.shared_record.products import read_product

Row = dict[str, Any]
ADMINISTRATION, SUPPLY, OBSERVATION, ACT = (
    HL7 + name for name in ("substanceAdministration", "supply", "observation", "act")
)
RELATED, CONSUMABLE, PRODUCT, DOSE, ROUTE, QUANTITY, PERIOD, REPEATS = (
    HL7 + name
    for name in (
        "entryRelationship", "consumable", "product", "doseQuantity", "routeCode", "quantity", "period", "repeatNumber",
    )
)  # fmt: skip
DOSE_NUMBER = "30973-2"  # LOINC: which dose of the series
SUBSTITUTION = "2.16.840.1.113883.5.1070"  # HL7 codes of what was handed out in the place of what was prescribed
NOT_SUBSTITUTED = "N"
ORDER: tuple[str, ...] = ("INT", "RQO", "PRMS")  # moods of what is ordered; an event is what was handed out


def related(element: etree._Element, *tags: str) -> Iterator[tuple[str | None, etree._Element]]:
    """(typeCode, statement) of what an entry is related to, of some kinds of statement."""
    for item in element.iterchildren(RELATED):
        for child in item:
            if child.tag in tags:
                yield item.get("typeCode"), child


def common(element: etree._Element, kids: Kids, names: tuple[str, ...], holder: str) -> Row | None:
    """Product, status, negation and reason of absence; None when the entry is about nothing."""
    values: Row = dict.fromkeys(names)
    product, code = read_product(kids.get(holder))
    null_flavor = code_of(element, "nullFlavor") or code.null_flavor
    if not code.told and null_flavor in (None, "NI", "NA"):
        return None
    values |= product
    values["null_flavor"] = null_flavor
    values["status"] = code_of(kids.get(STATUS))
    values["negated"] = negated(element)
    return values


def pair(values: Row, name: str, element: etree._Element | None) -> None:
    """A code and its system under ``<name>_code`` and ``<name>_system``."""
    found = coded(element)
    values[f"{name}_code"], values[f"{name}_system"] = found.code, found.system


def amount(values: Row, name: str, element: etree._Element | None) -> None:
    """A quantity under ``<name>_value`` and ``<name>_unit``."""
    values[f"{name}_value"], values[f"{name}_unit"] = attribute(element, "value"), code_of(element, "unit")


def read_vaccination(element: etree._Element) -> Row | None:
    """One administered (or, when negated, not administered) vaccine."""
    kids = children(element)
    values = common(element, kids, VACCINATION, CONSUMABLE)
    if values is None:
        return None
    values["time"] = read_time(kids.get(EFFECTIVE_TIME))
    amount(values, "dose", kids.get(DOSE))
    pair(values, "route", kids.get(ROUTE))
    values["dose_number"] = attribute(kids.get(REPEATS), "value")
    for kind, observation in related(element, OBSERVATION):
        inside = children(observation)
        code = inside.get(CODE)
        if code_of(code) == DOSE_NUMBER and system_of(code) in (LOINC, None):
            values["dose_number"] = attribute(inside.get(VALUE), "value")
        elif kind == "RSON":
            # what it protects from when given, why not when it was not; a reason may stand as code or as value
            value = inside.get(VALUE) if coded(inside.get(VALUE)).code else None
            given = value is not None and not values["negated"]
            pair(values, "disease" if given else "reason", code if value is None else value)
    return values


def read_prescription(element: etree._Element) -> Row | None:
    """One treatment: an administration that is ordered or going on, or an ordered supply."""
    kids = children(element)
    values = common(element, kids, PRESCRIPTION, CONSUMABLE if element.tag == ADMINISTRATION else PRODUCT)
    if values is None:
        return None
    read_times(values, element)
    dose = kids.get(DOSE)
    amount(values, "dose", dose)
    if dose is not None and not values["dose_value"]:
        ends = children(dose)
        low, high = ends.get(LOW), ends.get(HIGH)
        amount(values, "dose", high if low is None else low)
        values["dose_high"] = attribute(high, "value") if low is not None else None
    pair(values, "route", kids.get(ROUTE))
    amount(values, "quantity", kids.get(QUANTITY))
    values["repeats"] = attribute(kids.get(REPEATS), "value")
    for _, item in related(element, SUPPLY, OBSERVATION):
        if item.tag == OBSERVATION:
            values["status"] = status_of(item) or values["status"]
        elif mood(item) in ORDER and not values["quantity_value"]:
            inside = children(item)
            amount(values, "quantity", inside.get(QUANTITY))
            values["repeats"] = attribute(inside.get(REPEATS), "value") or values["repeats"]
    return values


def read_times(values: Row, element: etree._Element) -> None:
    """The interval of a treatment, and how often: a period (``PIVL_TS``) may stand alone or in a set of times."""
    for item in element.iterchildren(EFFECTIVE_TIME):
        kind = (item.get(XSI_TYPE) or "").rpartition(":")[2]
        period = first(item, PERIOD)
        if period is not None:
            values["every_value"], values["every_unit"] = attribute(period, "value"), code_of(period, "unit")
        elif kind in ("", "IVL_TS", "TS", "SXCM_TS") and not values["start"] and not values["end"]:
            values["start"], values["end"] = read_interval(item)
        elif kind == "SXPR_TS":
            read_set(values, item)


def read_set(values: Row, element: etree._Element) -> None:
    """Times inside a set of times."""
    for item in element:
        period = first(item, PERIOD)
        if period is not None:
            values["every_value"], values["every_unit"] = attribute(period, "value"), code_of(period, "unit")
        elif not values["start"]:
            values["start"], values["end"] = read_interval(item)


def read_dispensation(element: etree._Element) -> Row | None:
    """One product handed out."""
    kids = children(element)
    values = common(element, kids, DISPENSATION, PRODUCT)
    if values is None:
        return None
    values["time"] = read_time(kids.get(EFFECTIVE_TIME))
    amount(values, "quantity", kids.get(QUANTITY))
    for _, act in related(element, ACT):
        code = first(act, CODE)
        if code is not None and system_of(code) == SUBSTITUTION and code_of(code):
            values["substituted"] = "false" if code_of(code) == NOT_SUBSTITUTED else "true"
    return values
