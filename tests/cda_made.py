# ruff: noqa: E501 - markup reads better unbroken
"""Small structured documents for tests of their readers: a section with one entry, read as the parser reads it."""

from typing import Any
from xml.sax.saxutils import quoteattr

from jobs.standardise.documents import parse_document
from jobs.standardise.shared_record.cda import read_document
from tests.documents_made import LOINC, document

ICD10, CCAM, ATC = "2.16.840.1.113883.6.3", "1.2.250.1.215.300.1", "2.16.840.1.113883.6.73"
CIS, CIP, SNOMED = "1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.2", "2.16.840.1.113883.6.96"
PHARM = 'xmlns:pharm="urn:ihe:pharm:medication"'
Facts = dict[str, list[dict[str, str]]]


def section(code: str, *entries: str, inside: str = "") -> str:
    """A section by its LOINC code (none when empty), with entries and, below them, further components."""
    name = f'<code code="{code}" codeSystem="{LOINC}"/>' if code else ""
    told = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f"<component><section>{name}<title>M. PATIENTE</title><text>texte libre</text>{told}{inside}</section></component>"


def read(*sections: str, **header: Any) -> dict[str, Any]:
    """All that is read of a document with some sections."""
    text = document(body=f"<structuredBody>{''.join(sections)}</structuredBody>", **header)
    return read_document(parse_document(text.encode(), 10_000_000))


def facts(*sections: str, **header: Any) -> Facts:
    """The lists of facts that hold something, each fact with the fields that say something."""
    values = read(*sections, **header)
    lists = {name: value for name, value in values.items() if isinstance(value, list) and name != "warnings"}
    return {
        name: [{field: text for field, text in fact.items() if text is not None} for fact in found]
        for name, found in lists.items()
        if found
    }


def warnings(*sections: str, **header: Any) -> list[str]:
    """What is told of a document while it is read."""
    return list(read(*sections, **header)["warnings"])


def product(code: str = "", system: str = CIS, more: str = "", tag: str = "consumable") -> str:
    """A product: its code, what stands inside of it (translations), what stands beside it (extensions)."""
    inner, _, beside = more.partition("|")
    sent = f'<code code="{code}" codeSystem="{system}">' if code else '<code nullFlavor="NA">'
    material = f"<manufacturedMaterial>{sent}{inner}</code>{beside}</manufacturedMaterial>"
    return f"<{tag}><manufacturedProduct>{material}</manufacturedProduct></{tag}>"


def administration(inner: str, mood: str = "EVN", more: str = "") -> str:
    """A substanceAdministration."""
    return f'<substanceAdministration classCode="SBADM" moodCode="{mood}"{more}>{inner}</substanceAdministration>'


def related(inner: str, kind: str = "SUBJ") -> str:
    """Something an entry is related to."""
    return f'<entryRelationship typeCode="{kind}">{inner}</entryRelationship>'


def said(value: str, code: str = "", kind: str = "CD", system: str = SNOMED, more: str = "", inner: str = "") -> str:
    """An observation with a coded value."""
    about = f'<code code="{code}"/>' if code else '<code code="ASSERTION" codeSystem="2.16.840.1.113883.5.4"/>'
    told = f'<value xsi:type="{kind}" code="{value}" codeSystem="{system}"/>' if value else ""
    return f'<observation classCode="OBS" moodCode="EVN"{more}>{about}{told}{inner}</observation>'


def concern(observation: str, status: str = "active", more: str = "") -> str:
    """The act of concern around a problem or an allergy."""
    return f'<act classCode="ACT" moodCode="EVN"{more}><code code="CONC"/><statusCode code="{status}"/>{related(observation)}</act>'


def lasting(low: str = "", high: str = "", more: str = "") -> str:
    """An interval."""
    ends = (f'<low value="{low}"/>' if low else "") + (f'<high value="{high}"/>' if high else "")
    return f'<effectiveTime xsi:type="IVL_TS">{ends}{more}</effectiveTime>'


def element(tag: str, attributes: dict[str, str], inner: str) -> str:
    """An element of any name."""
    return f"<{tag} {' '.join(f'{name}={quoteattr(value)}' for name, value in attributes.items())}>{inner}</{tag}>"
