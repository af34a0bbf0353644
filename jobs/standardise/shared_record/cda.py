"""One CDA document: found in what was parsed, its header read as text. No narrative, title or third person is read."""

import hashlib
from types import MappingProxyType
from typing import Any

from lxml import etree

from jobs.standardise.documents import Refused
from jobs.standardise.shared_record.bodies import body_element, read_body
from jobs.standardise.shared_record.elements import CODE, EFFECTIVE_TIME, attribute, children, code_of, system_of
from jobs.standardise.shared_record.embedded import Bodies
from jobs.standardise.shared_record.oids import (
    CLINICAL_DOCUMENT,
    HL7,
    OUT_OF_SCOPE,
    PROFESSIONAL,
    STRUCTURE,
    STYLESHEET,
    path,
)
from jobs.standardise.shared_record.parties import party
from jobs.standardise.shared_record.patient import read_patient
from jobs.standardise.shared_record.sections import Reading, read_facts

KIND = "document"
REPRESENTED = path("representedOrganization", "id")
FACILITY_CODE = path("encompassingEncounter", "location", "healthCareFacility", "code")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FOREIGN_TYPE = etree.XPath(f"boolean(.//@*[local-name()='type' and namespace-uri()!='' and namespace-uri()!='{XSI}'])")


def clinical_document(root: etree._Element, mentions: int | None = None) -> tuple[etree._Element, list[str]]:
    """The one clinical document. A stylesheet around it is never executed (DOC-106).

    ``mentions`` is how often the bytes name one: twice by the root itself, then nothing need be searched. Raises
    Refused: DOC-004 when there is none, DOC-006 when there are several.
    """
    if mentions == 2 and root.tag == CLINICAL_DOCUMENT:
        return root, []
    found = list(root.iter(CLINICAL_DOCUMENT))
    if len(found) > 1:
        raise Refused("DOC-006", "xml")
    if root.tag == CLINICAL_DOCUMENT:
        return root, []
    if root.tag == STYLESHEET and found:
        return found[0], ["DOC-106"]
    raise Refused("DOC-004", "xml")


def instance(element: etree._Element | None) -> tuple[str | None, str | None]:
    """(root, extension) of an instance identifier in one spelling; (None, None) without a usable root."""
    if element is None or element.get("nullFlavor"):
        return None, None
    root = (attribute(element, "root") or "").lower().removeprefix("urn:uuid:").removeprefix("urn:oid:")
    return (root, attribute(element, "extension") or "") if root else (None, None)


def content_hash(document: etree._Element) -> str:
    """SHA-256 of a parsed document written out again, without comments and blank text.

    How it is indented, quoted, escaped or encoded does not change it. The order of attributes and the prefixes do.
    """
    return hashlib.sha256(etree.tostring(document, encoding="UTF-8")).hexdigest()


def read_document(
    root: etree._Element, mentions: int | None = None, bodies: Bodies = MappingProxyType({})
) -> dict[str, Any]:
    """Header, patient, body and facts of one document; ``warnings`` are codes. Raises Refused.

    ``bodies``: what was taken out of the document before it was parsed, by mark. A body in base64 that was not is
    replaced by its mark, too: how its lines are wrapped is no content.
    """
    document, warnings = clinical_document(root, mentions)
    roles = document.findall(path("recordTarget", "patientRole"))
    if len(roles) > 1:
        raise Refused("DOC-020", KIND)
    if not roles:
        raise Refused("DOC-008", KIND)
    patient, rule, told = read_patient(roles[0])
    if rule:
        raise Refused(rule, KIND)
    values = read_header(document)
    for field in ("id_root", "created_text"):
        if not values[field]:
            raise Refused("DOC-014", KIND, "id" if field == "id_root" else "effectiveTime")
    reading = Reading() if values["type_code"] in OUT_OF_SCOPE else read_facts(document, values["type_code"])
    if values["type_code"] in OUT_OF_SCOPE:
        reading.warnings.add("DOC-213")
    element = body_element(document, reading.copy)
    body, body_told = read_body(document, element, bodies)
    if XSI not in document.nsmap.values() and FOREIGN_TYPE(document):
        body_told.append("DOC-112")
    values |= patient | body | reading.facts
    values["content_sha256"] = content_hash(document)
    values["warnings"] = warnings + told + body_told + sorted(reading.warnings)
    return values


def read_header(document: etree._Element) -> dict[str, Any]:
    """Identity, type, time and relations of a document, as text."""
    kids = children(document)
    values: dict[str, Any] = {}
    values["id_root"], values["id_extension"] = instance(kids.get(HL7 + "id"))
    values["set_root"], values["set_extension"] = instance(kids.get(HL7 + "setId"))
    values["version"] = attribute(kids.get(HL7 + "versionNumber"), "value")
    values["replaces_root"], values["replaces_extension"] = instance(replaced(document))
    values["type_code"] = code_of(kids.get(CODE))
    values["type_system"] = system_of(kids.get(CODE))
    values["created_text"] = attribute(kids.get(EFFECTIVE_TIME), "value")
    values["confidentiality"] = code_of(kids.get(HL7 + "confidentialityCode"))
    values |= read_author(kids.get(HL7 + "author"))
    encounter = kids.get(HL7 + "componentOf")
    values["care_setting"] = code_of(encounter.find(FACILITY_CODE)) if encounter is not None else None
    return values


def read_author(author: etree._Element | None) -> dict[str, Any]:
    """The first author by number: a professional as ``root^extension``, or the word ``patient``; never a name."""
    assigned = author.find(HL7 + "assignedAuthor") if author is not None else None
    if assigned is None:
        return {"author_id": None, "organisation_id": None, "author_speciality": None}
    return {
        "author_id": party(map(instance, assigned.findall(HL7 + "id")), PROFESSIONAL),
        "organisation_id": party(map(instance, assigned.findall(REPRESENTED)), STRUCTURE),
        "author_speciality": code_of(assigned.find(CODE)),
    }


def replaced(document: etree._Element) -> etree._Element | None:
    """The identifier of the document that this one replaces; transformed and appended ones stay."""
    for related in document.iterchildren(HL7 + "relatedDocument"):
        if related.get("typeCode") == "RPLC":
            return related.find(path("parentDocument", "id"))
    return None
