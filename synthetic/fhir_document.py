"""A document as FHIR resources: its facts, its DocumentReference, its patient, and the transaction that deletes it."""

import base64
import hashlib
from collections.abc import Callable

import numpy as np

from synthetic import cda
from synthetic import documents as d
from synthetic.clinical import LOINC, Fact
from synthetic.document_facts import Facts, moment, written_at
from synthetic.documents import DELETE, MASK, Document
from synthetic.draws import iso_day
from synthetic.fhir import (
    TERMS,
    Resource,
    allergy,
    coded,
    condition,
    dispense,
    immunization,
    observation,
    procedure,
    request,
    when,
)
from synthetic.patients import patient_of
from synthetic.pdf import tiny_pdf
from synthetic.people import Population

CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition"
MAKERS: dict[str, tuple[str, str, Callable[[Fact], Resource]]] = {  # kind of fact -> type, whose element, maker
    "results": ("Observation", "subject", lambda fact: observation(fact, "laboratory")),
    "vital_signs": ("Observation", "subject", lambda fact: observation(fact, "vital-signs")),
    "vaccinations": ("Immunization", "patient", immunization),
    "prescriptions": ("MedicationRequest", "subject", request),
    "treatments": ("MedicationRequest", "subject", request),
    "dispensations": ("MedicationDispense", "subject", dispense),
    "problems": ("Condition", "subject", condition),
    "allergies": ("AllergyIntolerance", "patient", allergy),
    "procedures": ("Procedure", "subject", procedure),
}


def clinical(document: Document, facts: Facts) -> list[Resource]:
    """The resources of a document, in its order; ``id`` is the document's with a rank."""
    found: list[Resource] = []
    for kind, every in facts.items():
        name, whose, make = MAKERS[kind]
        for fact in every:
            head = {"resourceType": name, "id": f"{resource_id(document)}-{len(found) + 1}", "meta": meta(document)}
            found.append(head | {whose: {"reference": f"Patient/{patient_id(document)}"}} | make(fact))
    return found


def resource_id(document: Document) -> str:
    """The server's identifier of a document."""
    return f"d{document.place}"


def patient_id(document: Document) -> str:
    """The server's identifier of a patient."""
    return f"p{document.person:08d}"


def meta(document: Document) -> Resource:
    """Version and time of storage; a change of what may be seen is a new version of the same resource."""
    return {
        "versionId": "2" if document.action == MASK else "1",
        "lastUpdated": when(moment(document.filed, 20 * 3600 + document.rank % 3000)),
    }


def reference(people: Population, document: Document, named: list[Resource]) -> Resource:
    """The DocumentReference: identity of the document, who may see it, and the resources that it is made of."""
    model = cda.MODELS[document.type_code]
    author, (number, house) = cda.author(document), cda.structure(document)
    kind = coded((document.type_code, cda.CI_SIS if document.type_code == d.SYNTHESIS else LOINC), text=model.name)
    told: Resource = {
        "resourceType": "DocumentReference",
        "id": resource_id(document),
        "meta": meta(document),
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{document.unique_id}"},
        "status": "current",
        "type": kind,
        "subject": {
            "reference": f"Patient/{patient_id(document)}",
            "display": patient_of(people, document).birth_name,
        },
        "date": when(moment(*written_at(document))),
        "author": [
            {
                "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": author["doctor"]},
                "display": f"Dr {author['doctor_given']} {author['doctor_name']}",
            },
            {
                "type": "Organization",
                "identifier": {"system": "urn:oid:1.2.250.1.71.4.2.2", "value": number},
                "display": house,
            },
        ],
        "description": f"{model.name} de {patient_of(people, document).called}",
        "securityLabel": [{"coding": [security(code)]} for code in document.visibility],
        "content": [{"attachment": attachment(document)}],
        "context": {
            "facilityType": coded((str(cda.setting(document)["facility"]), "1.2.250.1.71.4.2.4")),
            "related": [{"reference": f"{one['resourceType']}/{one['id']}"} for one in named],
        },
    }
    if document.replaces:
        target = {"identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{document.replaced_id}"}}
        told["relatesTo"] = [{"code": "replaces", "target": target}]
    return told


def security(code: str) -> Resource:
    """A code of who may see a document."""
    return {
        "system": f"{TERMS}/v3-Confidentiality" if len(code) == 1 else "urn:oid:1.2.250.1.213.1.1.4.13",
        "code": code,
    }


def attachment(document: Document) -> Resource:
    """A PDF inside; of a structured document its kind alone."""
    if document.level == 3:
        return {"contentType": "application/fhir+json", "title": cda.MODELS[document.type_code].name}
    content = tiny_pdf(f"Lettre {document.unique_id}")
    digest = base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
    return {
        "contentType": "application/pdf",
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": digest,
    }


def patient(people: Population, document: Document) -> Resource:
    """The patient: identifiers, birth name with all given names, place of birth, and third persons beside."""
    who, at, told_of = document.person, np.array([document.person]), patient_of(people, document)
    root, number = cda.local_number(document)
    own = {"use": "usual", "system": f"urn:oid:{root}", "value": number}
    ins = {"use": "official", "system": f"urn:oid:{cda.INS_OID}", "value": cda.ins_of(people, who)}
    name: Resource = {"use": "official", "family": told_of.birth_name, "given": [told_of.given[0]]}
    every = {"url": f"{CORE}/fr-core-patient-birth-list-given-name", "valueString": " ".join(told_of.given)}
    name["extension"] = [every]
    used = told_of.used_name
    names = [name] + ([{"use": "usual", "family": used}] if used != told_of.birth_name else [])
    code = {"url": f"{CORE}/fr-core-address-insee-code", "valueCoding": {"code": told_of.place}}
    told: Resource = {
        "resourceType": "Patient",
        "id": patient_id(document),
        "meta": {"versionId": "1", "lastUpdated": f"{iso_day(document.filed)}T20:00:00+01:00"},
        "identifier": [ins, own] if told_of.qualified else [own],
        "name": names,
        "telecom": [{"system": "email", "value": f"{cda.ins_of(people, who)}@patient.mssante.fr"}],
        "gender": "male" if told_of.sex == 1 else "female",
        "birthDate": iso_day(told_of.birth),
        "address": [{"use": "home", "postalCode": str(people.residence_at(document.day, at)[0])}],
    }
    place = {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"extension": [code]}}
    told["extension"] = [place]
    holder = int(people.guardian(document.day, at)[0])
    if holder != who:
        contact = {"family": people.birth_name[holder], "given": [people.given[holder, 0]]}
        relation = {"coding": [{"system": f"{TERMS}/v3-RoleCode", "code": "PRN"}]}
        told["contact"] = [{"relationship": [relation], "name": contact}]
    return told


def deletions(document: Document, named: list[Resource]) -> Resource:
    """One transaction that takes a document and its resources away."""
    assert document.action == DELETE
    asked = [f"DocumentReference/{resource_id(document)}", *[f"{one['resourceType']}/{one['id']}" for one in named]]
    entries = [{"request": {"method": "DELETE", "url": url}} for url in asked]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
