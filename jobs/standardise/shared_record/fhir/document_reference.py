"""The header of a document: a DocumentReference, or a clinical resource that no document names."""

import re
from typing import Any

from jobs.standardise.shared_record.bodies import media_type
from jobs.standardise.shared_record.columns import HEADER
from jobs.standardise.shared_record.entries import visibility
from jobs.standardise.shared_record.fhir.agents import Refs, agents, ref
from jobs.standardise.shared_record.fhir.codes import concept
from jobs.standardise.shared_record.fhir.inside import read_body
from jobs.standardise.shared_record.fhir.nodes import MISSING, Node, first_of, target
from jobs.standardise.shared_record.fhir.patients import instance
from jobs.standardise.shared_record.fhir.systems import AVAILABILITY, CONFIDENTIALITY, MASTER, URN_UUID

SIZE = re.compile("[0-9]{1,15}")
ARCHIVED, DELETED = "-is-archived", "-is-deleted"
TIMES = {  # clinical resource -> elements that date it, the best first
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"),
    "Immunization": ("occurrenceDateTime", "recorded"),
    "MedicationRequest": ("authoredOn",),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "Condition": ("recordedDate", "onsetDateTime", "onsetPeriod"),
    "AllergyIntolerance": ("recordedDate", "onsetDateTime", "onsetPeriod"),
    "Procedure": ("performedDateTime", "performedPeriod"),
}
Header = dict[str, Any]
Inside = dict[str, Any] | None


def read_document_reference(node: Node) -> tuple[Header, Inside, Refs, list[str]]:
    """Fields of HEAD, the CDA document inside, what they refer to, and warnings.

    Raises Refused: FHR-008 without a date, and as for a document that is a file of its own.
    """
    values: Header = dict.fromkeys(HEADER)
    values |= common(node)
    root, extension = instance(node.node("masterIdentifier"))
    if root:
        values["id_root"], values["id_extension"] = root, extension
    kind = concept(node.node("type"))
    values["type_code"], values["type_system"] = kind.code, kind.system
    content = node.first("content")
    attachment = content.node("attachment") if content else None
    values["created_text"] = node.time("date") or (attachment.time("creation") if attachment else None)
    if values["created_text"] is None:
        raise node.refused("date", MISSING)
    values["availability"] = availability(node)
    values["entry_id"] = entry_uuid(node) or values["entry_id"]
    context = node.node("context")
    for name in ("practiceSetting", "facilityType"):
        values["care_setting"] = (concept(context.node(name)).code if context else None) or values["care_setting"]
    body, inside, refs, warnings = read_attachment(attachment)
    values |= body
    refs += patient_ref(node) + agents(node, values) + replaced(node, values)
    return values, inside, refs, warnings


def read_standing_alone(node: Node, kind: str) -> tuple[Header, Refs]:
    """Fields of HEAD of a clinical resource as a document of its own. Raises Refused (FHR-008) without any date."""
    values: Header = dict.fromkeys(HEADER) | {"level": 3, "body_bytes": None}
    values |= common(node)
    values["created_text"] = first_of(time_of(node, name) for name in TIMES[kind]) or values["submitted_text"]
    if values["created_text"] is None:
        raise node.refused(TIMES[kind][0], MISSING)
    return values, patient_ref(node) + agents(node, values)


def common(node: Node) -> Header:
    """What any resource says of itself."""
    meta = node.node("meta") or Node({}, f"{node.path}.meta")
    sent = [*node.nodes("securityLabel"), *meta.nodes("security")]
    labels = [label for item in sent for label in labels_of(item)]
    resource = f"{node.path}/{node.text('id')}"
    confidential = [code for code, system in labels if system == CONFIDENTIALITY]
    return {
        "id_root": resource.lower(),  # as the registry's names of entries are compared
        "id_extension": "",
        "logical_id": resource,
        "entry_id": f"{resource}/_history/{meta.text('versionId')}" if meta.text("versionId") else None,
        "submitted_text": meta.time("lastUpdated"),
        "confidentiality": confidential[0] if confidential else None,
        "visibility": visibility([code for code, _ in labels]),
    }


def labels_of(item: Node) -> list[tuple[str | None, str | None]]:
    """Every code of a label: a concept on a document, a bare coding in ``meta``.

    What cannot be read as a code is one all the same, that nobody knows: it must not show what it was to hide.
    """
    found = item.nodes("coding") if "coding" in item.value else [item]
    codings = [concept(Node({"coding": [one.value]}, item.path)) for one in found]
    return [(one.code, one.system) for one in codings] or [(None, None)]


def time_of(node: Node, name: str) -> str | None:
    """A time, or the start of a period, else its end."""
    if not name.endswith("Period"):
        return node.time(name)
    period = node.node(name)
    return first_of((period.time("start"), period.time("end"))) if period else None


def availability(node: Node) -> str | None:
    """The registry's word for the state of a document; ``unknown`` for a status that is not FHIR's."""
    sent = node.text("status")
    if node.text("docStatus") == "entered-in-error" or is_set(node, DELETED):
        return "deleted"
    if is_set(node, ARCHIVED):
        return "archived"
    return AVAILABILITY.get(sent, "unknown") if sent else None


def is_set(node: Node, name: str) -> bool:
    """Whether a yes-or-no extension of the French sharing profile says yes."""
    found = node.extension(name)
    return bool(found and found.flag("valueBoolean"))


def entry_uuid(node: Node) -> str | None:
    """The registry's own number of this state of the document."""
    for item in node.nodes("identifier"):
        value = (item.text("value") or "").lower()
        if item.text("system") == MASTER and value.startswith(URN_UUID):
            return value.removeprefix(URN_UUID)
    return None


def patient_ref(node: Node) -> Refs:
    """Whom a resource is about; FHIR names it in one of two elements."""
    return ref("patient", node.reference("subject") or node.reference("patient"))


def replaced(node: Node, values: Header) -> Refs:
    """The document that this one replaces; transformed, signed and appended ones stay."""
    for item in node.nodes("relatesTo"):
        named = item.node("target")
        if item.text("code") == "replaces" and named:
            root, extension = instance(named.node("identifier"))
            found = target(named)
            known = (root, extension) if root else (found.lower(), "") if found else (None, None)
            values["replaces_root"], values["replaces_extension"] = known
            return [] if root else ref("replaces", found)
    return []


def read_attachment(node: Node | None) -> tuple[Header, Inside, Refs, list[str]]:
    """What is told or measured of the body, the CDA document that it is, else where it lies; its bytes go nowhere."""
    values: Header = {"level": 1, "body_media_type": None, "body_bytes": None, "body_sha256": None}
    if node is None:
        return values, None, [], []
    values["body_media_type"] = media_type(node.text("contentType"))
    size = node.number("size")
    values["body_bytes"] = int(size) if size and SIZE.fullmatch(size) else None
    measured, inside, warnings = read_body(node, values["body_media_type"])
    elsewhere = target(Node({"reference": node.text("url")}, "url")) if not measured else None
    return values | measured, inside, ref("body", elsewhere), warnings
