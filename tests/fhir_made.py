"""Small FHIR exports for tests. All identities are invented: commune 999 does not exist."""

import gzip
import json
import re
from typing import Any

from tests.documents_made import INS_OID, LOINC, ins

Resource = dict[str, Any]
Files = dict[str, bytes]
SNOMED = "http://snomed.info/sct"
PERSON = "Patient/p1"


def identifier(system: str, value: str, **more: str) -> Resource:
    return {"system": f"urn:oid:{system}", "value": value, **more}


def patient(ident: str = "p1", **changed: Any) -> Resource:
    """The patient of tests.documents_made, as FR Core tells one."""
    commune = {"url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code"}
    commune["valueCoding"] = {"code": "51999"}  # type: ignore[assignment]
    names = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name"
    return {
        "resourceType": "Patient",
        "id": ident,
        "identifier": [identifier(INS_OID, ins(), use="official"), identifier("2.25.80", "IPP-1")],
        "name": [
            {
                "use": "official",
                "family": "PATIENTE",
                "given": ["ALIX"],
                "extension": [{"url": names, "valueString": "ALIX MARIE"}],
            }
        ],
        "telecom": [{"system": "email", "value": f"{ins()}@patient.mssante.fr"}],
        "gender": "female",
        "birthDate": "1979-03-28",
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {"extension": [commune]},
            }
        ],
    } | changed


def coded(code: str, system: str = "http://loinc.org") -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def document(
    unique: str | None = "2.25.1",
    ident: str = "d1",
    *,
    when: str = "2026-11-03T10:15:00+01:00",
    code: str = "11490-0",
    related: tuple[str, ...] = (),
    who: str = PERSON,
    **changed: Any,
) -> Resource:
    """One DocumentReference."""
    value: Resource = {
        "resourceType": "DocumentReference",
        "id": ident,
        "status": "current",
        "type": coded(code),
        "subject": {"reference": who},
        "date": when,
        "securityLabel": [coded("N", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality")],
        "content": [{"attachment": {"contentType": "text/plain"}}],
        "context": {"related": [{"reference": one} for one in related]},
    }
    if unique:
        value["masterIdentifier"] = {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{unique}"}
    return value | changed


def observation(ident: str, code: Resource | None = None, category: str = "laboratory", **changed: Any) -> Resource:
    """One observation."""
    return {
        "resourceType": "Observation",
        "id": ident,
        "status": "final",
        "category": [coded(category, "http://terminology.hl7.org/CodeSystem/observation-category")],
        "code": code or coded("718-7"),
        "subject": {"reference": PERSON},
        "effectiveDateTime": "2026-11-02T08:00:00+01:00",
    } | changed


def quantity(value: str, unit: str, **more: Any) -> Resource:
    """A Quantity whose number is written as given (see ``line``)."""
    return {"value": f"#{value}#", "unit": "unité", "system": "http://unitsofmeasure.org", "code": unit, **more}


def line(resource: Resource) -> bytes:
    """One line; texts between ``#`` are written as numbers, digit by digit."""
    return re.sub(r'"#(-?[0-9.eE+-]+)#"', r"\1", json.dumps(resource, ensure_ascii=False)).encode()


def deletion(*resources: str) -> Resource:
    """One line of a ``deleted`` file."""
    entries = [{"request": {"method": "DELETE", "url": one}} for one in resources]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def manifest(output: dict[str, tuple[str, int]], **more: Any) -> bytes:
    """``export.json``: file -> type and count."""
    listed = [
        {"type": kind, "url": f"https://server.example/{name}?sig=1", "count": count}
        for name, (kind, count) in output.items()
    ]
    value = {"transactionTime": "2026-11-22T00:00:00Z", "request": "https://server.example/$export"}
    return json.dumps(value | {"requiresAccessToken": True, "output": listed, "error": [], "vendor": 1} | more).encode()


def export(
    *resources: Resource, deleted: tuple[Resource, ...] = (), packed: tuple[str, ...] = (), **more: Any
) -> Files:
    """The files of a delivery: one per type, in the order given, and their manifest."""
    by_type: dict[str, list[bytes]] = {}
    for one in resources:
        by_type.setdefault(one["resourceType"], []).append(line(one))
    files = {f"{kind}.000.ndjson": b"\n".join(lines) + b"\n" for kind, lines in by_type.items()}
    told = {f"{kind}.000.ndjson": (kind, len(lines)) for kind, lines in by_type.items()}
    if deleted:
        files["deleted.ndjson"] = b"\n".join(line(one) for one in deleted)
        more["deleted"] = [{"type": "Bundle", "url": "https://server.example/deleted.ndjson", "count": len(deleted)}]
    files = {
        f"{name}.gz" if name in packed else name: gzip.compress(data) if name in packed else data
        for name, data in files.items()
    }
    return files | {"export.json": manifest(told, **more)}


__all__ = ["INS_OID", "LOINC", "SNOMED"]
