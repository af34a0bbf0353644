"""Small readings that every part of a CDA document shares: attributes, codes, times. Everything stays text, as sent."""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from jobs.standardise.shared_record.oids import HL7, LOINC

MAX_CODE = 40
UNSAFE = re.compile(r"@|(?<![\d.])[\d ]{13,}(?![\d.])|\s\S+\s")  # a NIR, an address, a sentence
CIP13 = re.compile(r"34009\d{8}")
LONG_CODE = re.compile(r"34009\d{8}|\d{16,18}")  # boxes of drugs and SNOMED extensions: neither is shaped like a NIR
MISTYPED = "1.3.5.1.4.1.19376."  # a slip seen in official samples: IHE's arc is 1.3.6
CODE, VALUE, TRANSLATION, LOW, HIGH = (HL7 + name for name in ("code", "value", "translation", "low", "high"))
ORIGINAL_TEXT, WIDTH, EFFECTIVE_TIME, STATUS = (
    HL7 + name for name in ("originalText", "width", "effectiveTime", "statusCode")
)
DAYS = {"d": 1, "wk": 7}
ACTIVITY = {"55561003": "active", "73425007": "inactive", "413322009": "resolved"}  # SNOMED CT, of a status observation
Kids = dict[str, etree._Element]
Coded = tuple[str | None, str | None]


class Code(NamedTuple):
    """A coded thing: what was sent first, every (code, OID) pair among code and translations, what is said without."""

    code: str | None
    system: str | None
    pairs: list[Coded]
    told: bool  # a code, a translation or a text was sent: it is about something
    null_flavor: str | None


UNCODED = Code(None, None, [], False, None)


def children(element: etree._Element) -> Kids:
    """The first child of each name: one walk instead of one search per name."""
    return {child.tag: child for child in reversed(element)}


def first(element: etree._Element, tag: str, *below: str) -> etree._Element | None:
    """The first element at the end of some steps down; ``find`` takes several times as long."""
    for child in element:
        if child.tag != tag:
            continue
        found = first(child, *below) if below else child
        if found is not None:
            return found
    return None


def attribute(element: etree._Element | None, name: str) -> str | None:
    """An attribute without blanks at its ends; None when it is missing or empty."""
    value = element.get(name) if element is not None else None
    return value.strip() or None if value else None


def code_of(element: etree._Element | None, name: str = "code") -> str | None:
    """A code as sent; a text that is no code (long, or holding a long run of digits or an address) is left out."""
    value = element.get(name) if element is not None else None
    return safe_code(value) if value else None


def system_of(element: etree._Element | None) -> str | None:
    """The OID of a code's system in one spelling. The system's name is never looked at."""
    value = element.get("codeSystem") if element is not None else None
    return safe_system(value) if value else None


@lru_cache(maxsize=4096)  # a few hundred codes and systems make up nearly all
def safe_code(text: str, longest: int = MAX_CODE) -> str | None:
    """A code without blanks at its ends; None when it may be anything but a code."""
    value = text.strip()
    if not value or len(value) > longest or (UNSAFE.search(value) and not LONG_CODE.fullmatch(value)):
        return None
    return value


@lru_cache(maxsize=1024)
def safe_system(text: str) -> str | None:
    """An OID in one spelling, a slip that is often seen put right."""
    value = safe_code(text.strip().lower().removeprefix("urn:oid:"))
    return "1.3.6." + value[6:] if value and value.startswith(MISTYPED) else value


def coded(element: etree._Element | None) -> Code:
    """A code with its translations; the first of them stands for it when it has none of its own."""
    if element is None:
        return UNCODED
    sent = [(code_of(element), system_of(element))]
    told = bool(element.get("code"))  # also when it is left out for looking like an identity
    for child in element:
        if child.tag == TRANSLATION:
            sent.append((code_of(child), system_of(child)))
        elif child.tag == ORIGINAL_TEXT:
            told = True
    pairs = [pair for pair in sent if pair[0]]
    first = pairs[0] if pairs else (None, None)
    null_flavor = None if sent[0][0] else code_of(element, "nullFlavor")
    return Code(*first, pairs, told or bool(pairs), null_flavor)


def of_system(code: Code, *systems: str) -> str | None:
    """The first code of some systems, wherever it stands."""
    return next((value for value, system in code.pairs if system in systems), None)


def negated(*elements: etree._Element) -> str | None:
    """``true`` when one of some elements says that the fact is not so."""
    for item in elements:
        said = item.get("negationInd")
        if said and said.strip() in ("true", "1"):
            return "true"
    return None


def mood(element: etree._Element) -> str:
    """The mood of a clinical statement; an event when it says none."""
    return (element.get("moodCode") or "EVN").strip()


def read_time(element: etree._Element | None) -> str | None:
    """A point in time, or the start of an interval, else its end."""
    if element is None:
        return None
    value = attribute(element, "value")
    if value:
        return value
    start, end = read_interval(element)
    return start or end


def read_interval(element: etree._Element | None) -> Coded:
    """(start, end) of an interval; a point is its start. A length in days or weeks gives the end when none was sent."""
    if element is None:
        return None, None
    ends = children(element)
    start = attribute(ends.get(LOW), "value")
    end = attribute(ends.get(HIGH), "value")
    if not start and not end:
        start = attribute(element, "value")
    if start and not end and WIDTH in ends:
        end = later(start, ends[WIDTH])
    return start, end


def later(start: str, width: etree._Element) -> str | None:
    """The day that lies a width after a start, as YYYYMMDD; None when either cannot be read."""
    length, unit = attribute(width, "value") or "", attribute(width, "unit") or ""
    if unit not in DAYS or not re.fullmatch(r"\d{1,4}", length):
        return None
    try:
        day = datetime.strptime(start[:8], "%Y%m%d") + timedelta(days=int(length) * DAYS[unit])
    except (ValueError, OverflowError):
        return None
    return f"{day:%Y%m%d}"


def status_of(observation: etree._Element | None) -> str | None:
    """Active, inactive or resolved, as a status observation (LOINC 33999-4) tells it; None when it is another thing."""
    if observation is None:
        return None
    inside = children(observation)
    if code_of(inside.get(CODE)) != "33999-4" or system_of(inside.get(CODE)) not in (LOINC, None):
        return None
    return ACTIVITY.get(code_of(inside.get(VALUE)) or "")
