"""What was measured: laboratory results and vital signs, everything as sent; typing comes later, in columns."""

import re
from functools import lru_cache
from typing import Any

from lxml import etree

from jobs.standardise.shared_record.elements import (
    CODE,
    EFFECTIVE_TIME,
    HIGH,
    LOW,
    STATUS,
    VALUE,
    attribute,
    children,
    code_of,
    coded,
    first,
    negated,
    of_system,
    read_time,
    safe_code,
    system_of,
)
from jobs.standardise.shared_record.facts import MEASURE
from jobs.standardise.shared_record.oids import HL7, LOINC, XSI_TYPE

Row = dict[str, Any]
Measured = tuple[etree._Element, str | None]
OBSERVATION, ORGANIZER, INTERPRETATION, RANGE, REFERENCE = (
    HL7 + name for name in ("observation", "organizer", "interpretationCode", "referenceRange", "reference")
)
OBSERVED_RANGE = HL7 + "observationRange"
MOMENT = re.compile(r"[0-9]{4,14}(\.[0-9]+)?(Z|[+-][0-9:]{1,5})?")
CONTAINERS = {HL7 + name for name in ("act", "organizer", "component", "entryRelationship", "entry")}
COMPARED = re.compile(r"^\s*(<=|>=|<|>|≤|≥)\s*(.+)$")
PLAIN_NUMBER = re.compile(r"\d{1,12}(?:[.,]\d{1,6})?")
DIGITS = "0123456789"
COMPARATORS = {"≤": "<=", "≥": ">="}
NOTHING: Row = dict.fromkeys(MEASURE)
NUMERIC, CODED = ("PQ", "INT", "REAL", "MO", "PQR"), ("CD", "CE", "CV", "CO", "CS", "BL")


def measures(element: etree._Element, time: str | None = None, found: list[Measured] | None = None) -> list[Measured]:
    """(observation, time of the panel around it) below an entry, through acts and nested organizers.

    What qualifies an observation is not one. Plans are among them: the caller looks at the mood. ``found`` is what a
    level hands down to be added to: a list costs half of what generators in generators do.
    """
    found = [] if found is None else found
    for child in element:
        tag = child.tag
        if tag == OBSERVATION:
            found.append((child, time))
        elif tag in CONTAINERS:
            own = read_time(first(child, EFFECTIVE_TIME)) if tag == ORGANIZER else None
            measures(child, own or time, found)
    return found


def read_observation(element: etree._Element, panel_time: str | None) -> Row:
    """One observation, fields of MEASURE as text. Its panel's time stands when it has none of its own."""
    kids = children(element)
    values = NOTHING.copy()
    values["code"], values["code_system"], values["code_kind"] = read_code(kids.get(CODE))
    if VALUE in kids:
        values |= read_value(kids[VALUE])
    values["status"] = code_of(kids.get(STATUS))
    values["time"] = read_time(kids.get(EFFECTIVE_TIME)) or panel_time
    values["interpretation"] = code_of(kids.get(INTERPRETATION))
    if RANGE in kids:
        values |= read_range(first(kids[RANGE], OBSERVED_RANGE, VALUE))
    values["negated"] = negated(element)
    values["null_flavor"] = values["null_flavor"] or code_of(element, "nullFlavor")
    return values


def read_code(element: etree._Element | None) -> tuple[str | None, str | None, str]:
    """What was observed, its system and kind: LOINC by OID, wherever it stands; else the code sent, else another."""
    sent = code_of(element)
    if sent and system_of(element) == LOINC:  # nearly all: no need to look for translations
        return sent, LOINC, "loinc"
    code = coded(element)
    loinc = of_system(code, LOINC)
    return (loinc, LOINC, "loinc") if loinc else (code.code, code.system, "local" if code.code else "missing")


@lru_cache(maxsize=64)
def bare_type(text: str) -> str | None:
    """The type of a value without its namespace prefix."""
    return (safe_code(text) or "").rpartition(":")[2] or None


def read_value(element: etree._Element) -> Row:
    """A value by its type; free text is not carried, its type is. A missing value with a reason keeps the reason."""
    sent = element.get(XSI_TYPE)
    kind = bare_type(sent) if sent else None
    values: Row = {"value_type": kind, "null_flavor": code_of(element, "nullFlavor")}
    if kind in NUMERIC:
        values |= compared(attribute(element, "value"))
        values["unit"] = code_of(element, "unit") or code_of(element, "currency")
    elif kind in CODED:
        sent = code_of(element, "value" if kind == "BL" else "code")
        values["value_code"] = sent if kind != "BL" or sent in ("true", "false") else None
        values["value_system"] = system_of(element)
        if values["value_code"] is None and kind != "BL":
            found = coded(element)
            values["value_code"], values["value_system"] = found.code, found.system
    elif kind == "IVL_PQ":
        values |= interval(element)
    elif kind == "ST":
        values |= compared_text(element.text)
    elif kind == "TS":
        sent = code_of(element, "value")
        values["value_code"] = sent if sent and MOMENT.fullmatch(sent) else None
    return values


def compared(text: str | None) -> Row:
    """A number as text and the comparator sent with it."""
    found = COMPARED.match(text) if text and text[0] not in DIGITS else None  # nearly all are numbers
    if found is None:
        return {"value_number": text, "value_comparator": None}
    return {"value_number": found[2].strip(), "value_comparator": COMPARATORS.get(found[1], found[1])}


def compared_text(text: str | None) -> Row:
    """Of a text value only a bare compared number (``< 0.5``) is read: all other text may name somebody."""
    found = COMPARED.match(text) if text else None
    return compared(text) if found and PLAIN_NUMBER.fullmatch(found[2].strip()) else {}


def interval(element: etree._Element) -> Row:
    """An interval with one end is a comparison; one with two ends has no single number."""
    low, high = element.find(LOW), element.find(HIGH)
    ends = [(attribute(low, "value"), low, ">"), (attribute(high, "value"), high, "<")]
    known = [(value, end, sign) for value, end, sign in ends if value and end is not None]
    if len(known) != 1:
        return {}
    value, end, sign = known[0]
    inclusive = "=" if end.get("inclusive", "true") != "false" else ""
    return {"value_number": value, "value_comparator": sign + inclusive, "unit": code_of(end, "unit")}


def read_range(element: etree._Element | None) -> Row:
    """Both ends of the reference range."""
    if element is None:
        return {}
    ends = children(element)
    return {"reference_low": attribute(ends.get(LOW), "value"), "reference_high": attribute(ends.get(HIGH), "value")}


def reference_of(element: etree._Element) -> str | None:
    """Where in the narrative the value of an observation stands, when it stands there only."""
    value = element.find(VALUE)
    reference = value.find(REFERENCE) if value is not None else None
    target = attribute(reference, "value")
    return target[1:] if target and target.startswith("#") else None
