"""One line of NDJSON to one row of LINE. No narrative, note, display name or contact is read."""

import hashlib
from typing import Any

from jobs.standardise.documents import Refused
from jobs.standardise.shared_record.bodies import media_type
from jobs.standardise.shared_record.fhir.agents import read_agent, ref
from jobs.standardise.shared_record.fhir.codes import concept, is_gone
from jobs.standardise.shared_record.fhir.conditions import read_allergy, read_condition, read_procedure
from jobs.standardise.shared_record.fhir.document_reference import (
    availability,
    read_document_reference,
    read_standing_alone,
)
from jobs.standardise.shared_record.fhir.inside import read_body
from jobs.standardise.shared_record.fhir.medication import (
    medication_code,
    read_dispense,
    read_immunization,
    read_request,
)
from jobs.standardise.shared_record.fhir.nodes import REFERENCE, Node, canonical, parse_line
from jobs.standardise.shared_record.fhir.observations import OTHER_CATEGORY, kind_of, read_observation
from jobs.standardise.shared_record.fhir.patients import read_patient
from jobs.standardise.shared_record.fhir.systems import GONE
from jobs.standardise.shared_record.fhir.types import RESOURCE_TYPES
from jobs.standardise.shared_record.products import product_codes

NO_TYPE, NO_ID, NOT_READ, UNFORESEEN, NO_DELETE = "FHR-005", "FHR-006", "FHR-050", "FHR-013", "FHR-014"
ONLY_PATIENT, NO_ROWS = "FHR-063", "FHR-065"
IGNORED = (NOT_READ, OTHER_CATEGORY)
DOCUMENT, SUBMISSION = "DocumentReference", "List"
SUBMISSION_SET = "submissionset"  # of the profile that serves IHE's registry by FHIR (MHD)
PEOPLE = ("Practitioner", "PractitionerRole", "Organization")
READERS = {
    "Immunization": ("vaccinations", read_immunization),
    "MedicationRequest": ("prescriptions", read_request),
    "MedicationDispense": ("dispensations", read_dispense),
    "Condition": ("problems", read_condition),
    "AllergyIntolerance": ("allergies", read_allergy),
    "Procedure": ("procedures", read_procedure),
}
CLINICAL = ("Observation", *READERS)
STORAGE = ("versionId", "lastUpdated")
FROM_DOCUMENT = ("derivedFrom", "report", "supportingInformation")
Row = dict[str, Any]


def read_line(data: bytes) -> Row:
    """A row of LINE without its place and bytes; at least ``kind``, and a rule when it is refused or not read."""
    kind, value = "line", None
    try:
        value = parse_line(data)
        sent = value.get("resourceType")
        if not isinstance(sent, str) or sent not in RESOURCE_TYPES:  # any other word may name somebody
            raise Refused(NO_TYPE, kind, "resourceType")
        kind = sent
        return {"kind": kind, **read_resource(Node(value, kind), kind)}
    except Refused as refused:
        return {"kind": kind, "rule": refused.rule, "field": refused.field, **named_by(kind, value)}
    except Exception:
        return {"kind": kind, "rule": UNFORESEEN}  # what nobody foresaw costs its own line


def named_by(kind: str, value: Any) -> Row:
    """What a document that is refused names as its own, as far as it can be read: that is refused with it."""
    if kind != DOCUMENT:
        return {}
    try:
        node = Node(value, kind)
        context = node.node("context")
        named = [named_resource(one) for one in context.nodes("related")] if context else []
        return {"resource": f"{kind}/{node.text('id')}", "names": [one for one in named if one]}
    except Refused:
        return {}


def read_resource(node: Node, kind: str) -> Row:
    """What one resource says. Raises Refused."""
    if kind == "Bundle":
        return read_deletes(node)
    if kind not in (*CLINICAL, *PEOPLE, DOCUMENT, SUBMISSION, "Patient", "Medication", "Binary"):
        return {"rule": NOT_READ}
    resource = f"{kind}/{node.text('id')}"
    if not node.text("id") or not REFERENCE.fullmatch(resource):
        raise node.refused("id", NO_ID)
    row: Row = {"resource": resource, "content": content(node), "warnings": []}
    if kind == "Patient":
        values, rule, row["warnings"] = read_patient(node)
        return row | {"patient": values, "rule": rule, "content": digest(values)}
    if kind == DOCUMENT:
        return row | read_document(node)
    if kind in CLINICAL:
        return row | read_clinical(node, kind)
    return row | read_support(node, kind)


def content(node: Node) -> str:
    """SHA-256 of what a resource says: its server's own counting of versions and dates of storage says nothing."""
    sent = node.node("meta")
    meta = {key: value for key, value in sent.value.items() if key not in STORAGE} if sent else {}
    return digest({**node.value, "meta": meta})


def digest(value: Any) -> str:
    """SHA-256 of a JSON value in one spelling."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def read_document(node: Node) -> Row:
    """A document: its header, and the resources that it names as its own."""
    header, inside, refs, warnings = read_document_reference(node)
    context = node.node("context")
    named = [named_resource(one) for one in context.nodes("related")] if context else []
    names = list(dict.fromkeys(one for one in named if one and one.partition("/")[0] in CLINICAL))
    return {
        "header": header,
        "inside": inside,
        "refs": refs,
        "warnings": warnings,
        "names": names,
        "gone": availability(node) == "deleted",
    }


def named_resource(item: Node) -> str | None:
    """``Type/id`` of a bare reference."""
    return Node({"one": item.value}, item.path).reference("one")


def read_clinical(node: Node, kind: str) -> Row:
    """A clinical resource: its facts, the document it says to come from, its header should it stand alone."""
    warnings: list[str] = []
    header, refs = read_standing_alone(node, kind)
    row: Row = {"header": header, "refs": refs, "warnings": warnings, "gone": is_gone(node)}
    row["of_document"] = from_document(node)
    if row["gone"]:
        return row
    if kind == "Observation":
        name = kind_of(node)
        if name is None:
            return {"rule": OTHER_CATEGORY}
        return row | {name: read_observation(node, warnings)}
    name, read = READERS[kind]
    facts = read(node, warnings)
    if not facts:
        return {"rule": OTHER_CATEGORY}
    if kind in ("MedicationRequest", "MedicationDispense"):
        refs += ref("medication", medication_code(node)[1])
    return row | {name: facts}


def from_document(node: Node) -> str | None:
    """The document that a resource names itself, where its type has an element for that."""
    for name in FROM_DOCUMENT:
        items = node.nodes(name) if isinstance(node.value.get(name), list) else []
        for item in items:
            found = named_resource(item)
            if found and found.startswith(f"{DOCUMENT}/"):
                return found
    return None


def read_support(node: Node, kind: str) -> Row:
    """What other resources refer to: a product, a body, somebody."""
    if kind == "Medication":
        return {"product": product_codes(concept(node.node("code")).pairs)}
    if kind == "Binary":
        declared = media_type(node.text("contentType"))
        measured, inside, warnings = read_body(node, declared)
        return {"header": {"body_media_type": declared, **measured}, "inside": inside, "warnings": warnings}
    if kind == SUBMISSION:
        return read_submission(node)
    values, refs = read_agent(node, kind)
    return {"agent": values, "refs": refs}


def read_submission(node: Node) -> Row:
    """A submission set: when its documents were sent. Any other list is not read."""
    if SUBMISSION_SET not in [code for code, _ in concept(node.node("code")).pairs]:
        return {"rule": NOT_READ}
    items = [item for entry in node.nodes("entry") if (item := entry.node("item"))]
    named = [named_resource(item) for item in items]
    return {
        "header": {"submitted_text": node.time("date")},
        "names": [one for one in named if one and one.startswith(f"{DOCUMENT}/")],
        "gone": node.text("status") == GONE,
    }


def read_deletes(node: Node) -> Row:
    """Documents and clinical resources that a transaction Bundle deletes; of others nothing is kept by their name.

    Raises Refused (FHR-014) when it asks for anything else.
    """
    named = []
    for entry in node.nodes("entry"):
        asked = entry.node("request")
        address = REFERENCE.search(asked.text("url") or "") if asked and asked.text("method") == "DELETE" else None
        if address is None:
            raise entry.refused("request", NO_DELETE)
        named.append(address[1])
    if not named:
        raise node.refused("entry", NO_DELETE)
    kinds = {one: one.partition("/")[0] for one in named}
    others = {kind for kind in kinds.values() if kind not in (DOCUMENT, *CLINICAL)}
    warnings = [ONLY_PATIENT] if "Patient" in others else []
    warnings += [NO_ROWS] if others - {"Patient"} else []
    return {"deletes": [one for one, kind in kinds.items() if kind not in others], "warnings": warnings}
