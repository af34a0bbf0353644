"""Laboratory observations of a structured document, everything as sent; typing comes later, in columns."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from jobs.standardise.shared_record.facts import MEASURE
from jobs.standardise.shared_record.oids import (
    HL7,
    LABORATORY_DOCUMENTS,
    LOINC,
    RESULTS_SECTION,
    XSI_TYPE,
    path,
)

OBSERVATION = HL7 + "observation"
COMPARED = re.compile(r"^\s*(<=|>=|<|>|≤|≥)\s*(.+)$")
MAX_CODE = 40
UNSAFE = re.compile(r"@|(?<![\d.])[\d ]{13,}(?![\d.])|\s\S+\s")  # a NIR, an address, a sentence
COMPARATORS = {"≤": "<=", "≥": ">="}


def read_results(root: etree._Element, type_code: str | None) -> list[dict[str, Any]]:
    """Observations in document order, fields of MEASURE as text.

    All sections of a laboratory document hold results; in any other document only the results section does.
    """
    body = root.find(path("component", "structuredBody"))
    if body is None:
        return []
    if type_code in LABORATORY_DOCUMENTS:
        sections = [item for item in body.iter(HL7 + "section") if item.find(HL7 + "entry") is not None]
    else:
        codes = body.iterfind(".//" + path("section", "code"))
        sections = [code.getparent() for code in codes if code.get("code") == RESULTS_SECTION]
    entries = [entry for section in sections for entry in section.findall(HL7 + "entry")]
    return [read_observation(item) for entry in entries for item in observations(entry)]


def observations(element: etree._Element) -> Iterator[etree._Element]:
    """Observations below an entry through acts and nested organizers; what qualifies an observation is not one."""
    for child in element:
        if child.tag == OBSERVATION:
            if child.get("moodCode", "EVN") == "EVN":
                yield child
        elif child.tag in CONTAINERS:
            yield from observations(child)


CONTAINERS = {HL7 + name for name in ("act", "organizer", "component", "entryRelationship", "entry")}


def read_observation(element: etree._Element) -> dict[str, Any]:
    """One observation."""
    values: dict[str, Any] = dict.fromkeys(MEASURE)
    values |= read_code(element.find(HL7 + "code"))
    values |= read_value(element.find(HL7 + "value"))
    values["status"] = code_of(element.find(HL7 + "statusCode"))
    values["time"] = read_time(element.find(HL7 + "effectiveTime"))
    values["interpretation"] = code_of(element.find(HL7 + "interpretationCode"))
    values |= read_range(element.find(path("referenceRange", "observationRange", "value")))
    if element.get("nullFlavor") and not values["null_flavor"]:
        values["null_flavor"] = code_of(element, "nullFlavor")
    return values


def attribute(element: etree._Element | None, name: str) -> str | None:
    """An attribute without blanks at its ends; None when it is missing or empty."""
    value = element.get(name) if element is not None else None
    return value.strip() or None if value else None


def code_of(element: etree._Element | None, name: str = "code") -> str | None:
    """A code as sent; a text that is no code (long, or holding a long run of digits or an address) is left out."""
    value = attribute(element, name)
    return value if value and len(value) <= MAX_CODE and not UNSAFE.search(value) else None


def read_time(element: etree._Element | None) -> str | None:
    """A point in time, or the start of an interval."""
    value = attribute(element, "value")
    if value or element is None:
        return value
    return attribute(element.find(HL7 + "low"), "value")


def read_code(element: etree._Element | None) -> dict[str, Any]:
    """What was observed: LOINC by OID, wherever it stands; else the code sent; else a translation."""
    if element is None:
        return {"code": None, "code_system": None, "code_kind": "missing"}
    sent = [element, *element.findall(HL7 + "translation")]
    pairs = [(code_of(item), code_of(item, "codeSystem")) for item in sent]
    coded = [pair for pair in pairs if pair[0]]
    loinc = [pair for pair in coded if pair[1] == LOINC]
    if loinc:
        return {"code": loinc[0][0], "code_system": LOINC, "code_kind": "loinc"}
    if coded:
        return {"code": coded[0][0], "code_system": coded[0][1], "code_kind": "local"}
    return {"code": None, "code_system": None, "code_kind": "missing"}


def read_value(element: etree._Element | None) -> dict[str, Any]:
    """A value by its type; free text is not carried, its type is. A missing value with a reason keeps the reason."""
    if element is None:
        return {}
    kind = (code_of(element, XSI_TYPE) or "").rpartition(":")[2] or None
    values: dict[str, Any] = {"value_type": kind, "null_flavor": code_of(element, "nullFlavor")}
    if kind in ("PQ", "INT", "REAL", "MO", "PQR"):
        values |= compared(attribute(element, "value"))
        values["unit"] = code_of(element, "unit")
    elif kind in ("CD", "CE", "CV", "CO", "CS", "BL"):
        values["value_code"] = code_of(element, "value" if kind == "BL" else "code")
        values["value_system"] = code_of(element, "codeSystem")
    elif kind == "IVL_PQ":
        values |= interval(element)
    elif kind == "ST":
        values |= compared_text(element.text)
    return values


def compared(text: str | None) -> dict[str, Any]:
    """A number as text and the comparator sent with it."""
    found = COMPARED.match(text) if text else None
    if found is None:
        return {"value_number": text, "value_comparator": None}
    return {"value_number": found[2].strip(), "value_comparator": COMPARATORS.get(found[1], found[1])}


def compared_text(text: str | None) -> dict[str, Any]:
    """Of a text value only a bare compared number (``< 0.5``) is read: all other text may name somebody."""
    found = COMPARED.match(text) if text else None
    return compared(text) if found and re.fullmatch(r"\d{1,12}(?:[.,]\d{1,6})?", found[2].strip()) else {}


def interval(element: etree._Element) -> dict[str, Any]:
    """An interval with one end is a comparison; one with two ends has no single number."""
    low, high = element.find(HL7 + "low"), element.find(HL7 + "high")
    ends = [(attribute(low, "value"), low, ">"), (attribute(high, "value"), high, "<")]
    known = [(value, end, sign) for value, end, sign in ends if value and end is not None]
    if len(known) != 1:
        return {}
    value, end, sign = known[0]
    inclusive = "=" if end.get("inclusive", "true") != "false" else ""
    return {"value_number": value, "value_comparator": sign + inclusive, "unit": code_of(end, "unit")}


def read_range(element: etree._Element | None) -> dict[str, Any]:
    """Both ends of the reference range."""
    if element is None:
        return {}
    return {
        "reference_low": attribute(element.find(HL7 + "low"), "value"),
        "reference_high": attribute(element.find(HL7 + "high"), "value"),
    }
