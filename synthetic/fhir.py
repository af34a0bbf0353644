"""The same facts as FHIR R4 resources, one JSON object each, in the French profiles' shapes."""

from typing import Any

from synthetic.clinical import ATC, CCAM, CIP, CIS, ICD10, LOINC, ROUTES, SNOMED, Fact, label
from synthetic.ndjson import Digits

Resource = dict[str, Any]
SYSTEMS = {
    LOINC: "http://loinc.org",
    SNOMED: "http://snomed.info/sct",
    ICD10: "http://hl7.org/fhir/sid/icd-10",
    CCAM: "https://smt.esante.gouv.fr/terminologie-ccam",
    ATC: "http://www.whocc.no/atc",
}
UCUM = "http://unitsofmeasure.org"
TERMS = "http://terminology.hl7.org/CodeSystem"
SEVERITIES = {"255604002": "mild", "6736007": "moderate", "24484000": "severe"}
CATEGORIES = {"DALG": "medication", "FALG": "food", "EALG": "environment"}


def system(oid: str) -> str:
    """The address of a code system; its OID when it has none that everybody uses."""
    return SYSTEMS.get(oid, f"urn:oid:{oid}")


def coded(*pairs: tuple[str | None, str], text: str = "") -> Resource:
    """A CodeableConcept of (code, OID) pairs that have a code."""
    found: Resource = {"coding": [{"system": system(oid), "code": code} for code, oid in pairs if code]}
    return found | ({"text": text} if text else {})


def product(fact: Fact) -> Resource:
    """A product: what was sent first, then its other codes."""
    first = (fact["product_code"], fact["product_system"])
    others = [(fact.get("cis"), CIS), (fact.get("cip13"), CIP), (fact.get("atc"), ATC)]
    return coded(first, *[pair for pair in others if pair != first], text=label(fact["cip13"]))


def quantity(value: str, unit: str, **more: str) -> Resource:
    """A Quantity whose digits stay as they are."""
    place = f"urn:oid:{ROUTES}" if unit.isdigit() else UCUM
    return {"value": Digits(value), "unit": unit, "system": place, "code": unit, **more}


def when(text: str) -> str:
    """An HL7 time as FHIR writes it."""
    day = "-".join(part for part in (text[:4], text[4:6], text[6:8]) if part)
    if len(text) <= 8:
        return day
    return f"{day}T{text[8:10]}:{text[10:12]}:{text[12:14]}{text[14:17]}:{text[17:19]}"


def observation(fact: Fact, category: str) -> Resource:
    """A measured or found value."""
    told: Resource = {
        "status": "final",
        "category": [{"coding": [{"system": f"{TERMS}/observation-category", "code": category}]}],
        "code": coded((fact["code"], fact["code_system"])),
        "effectiveDateTime": when(fact["time"]),
    }
    if fact["value_type"] == "CD":
        return told | {"valueCodeableConcept": coded((fact["value_code"], fact["value_system"]))}
    compared = {"comparator": fact["value_comparator"]} if "value_comparator" in fact else {}
    told["valueQuantity"] = quantity(fact["value_number"], fact["unit"], **compared)
    if "interpretation" in fact:
        reading = {"system": f"{TERMS}/v3-ObservationInterpretation", "code": fact["interpretation"]}
        told["interpretation"] = [{"coding": [reading]}]
        limits = {name: quantity(fact[f"reference_{name}"], fact["unit"]) for name in ("low", "high")}
        told["referenceRange"] = [limits]
    return told


def immunization(fact: Fact) -> Resource:
    """An injection, or one that did not take place."""
    told: Resource = {"vaccineCode": product(fact), "occurrenceDateTime": when(fact["time"])}
    told["route"] = coded((fact["route_code"], fact["route_system"]))
    if "negated" in fact:
        return told | {"status": "not-done", "statusReason": coded((fact["reason_code"], fact["reason_system"]))}
    disease = coded((fact["disease_code"], fact["disease_system"]))
    told["protocolApplied"] = [{"targetDisease": [disease], "doseNumberPositiveInt": int(fact["dose_number"])}]
    return told | {"status": "completed", "doseQuantity": quantity(fact["dose_value"], fact["dose_unit"])}


def request(fact: Fact) -> Resource:
    """One line of a prescription."""
    period = {"start": when(fact["start"])} | ({"end": when(fact["end"])} if "end" in fact else {})
    repeat = {"boundsPeriod": period, "frequency": 1, "period": int(fact["every_value"]), "periodUnit": "h"}
    dosage = {
        "timing": {"repeat": repeat},
        "route": coded((fact["route_code"], fact["route_system"])),
        "doseAndRate": [{"doseQuantity": quantity(fact["dose_value"], fact["dose_unit"])}],
    }
    supply: Resource = {"quantity": quantity(fact["quantity_value"], fact["quantity_unit"])}
    supply |= {"numberOfRepeatsAllowed": int(fact["repeats"])} if "repeats" in fact else {}
    return {
        "status": "completed",
        "intent": "order",
        "medicationCodeableConcept": product(fact),
        "authoredOn": when(fact["start"]),
        "dosageInstruction": [dosage],
        "dispenseRequest": supply,
    }


def dispense(fact: Fact) -> Resource:
    """One line of what was handed out."""
    return {
        "status": "completed",
        "medicationCodeableConcept": product(fact),
        "quantity": quantity(fact["quantity_value"], fact["quantity_unit"]),
        "whenHandedOver": when(fact["time"]),
        "substitution": {"wasSubstituted": fact["substituted"] == "true"},
    }


def condition(fact: Fact) -> Resource:
    """One diagnosis."""
    told: Resource = {
        "clinicalStatus": {"coding": [{"system": f"{TERMS}/condition-clinical", "code": fact["status"]}]},
        "code": coded((fact["code"], fact["code_system"])),
        "onsetDateTime": when(fact["start"]),
    }
    if fact["kind"] == "history":
        told["category"] = [coded(("11348-0", LOINC))]
    told |= {"abatementDateTime": when(fact["end"])} if "end" in fact else {}
    return told | ({"severity": coded((fact["severity"], SNOMED))} if "severity" in fact else {})


def allergy(fact: Fact) -> Resource:
    """One allergy, or that there is none."""
    told: Resource = {
        "clinicalStatus": {"coding": [{"system": f"{TERMS}/allergyintolerance-clinical", "code": fact["status"]}]},
        "type": "allergy",
        "category": [CATEGORIES[fact["kind_code"]]],
        "code": coded((fact["agent_code"], fact["agent_system"])),
    }
    if "negated" in fact:
        refuted = {"system": f"{TERMS}/allergyintolerance-verification", "code": "refuted"}
        return told | {"verificationStatus": {"coding": [refuted]}}
    sign = coded((fact["reaction_code"], fact["reaction_system"]))
    told["reaction"] = [{"manifestation": [sign], "severity": SEVERITIES[fact["severity"]]}]
    told["onsetDateTime"] = when(fact["start"])
    return told | {"criticality": "high" if fact["criticality"] == "CRITH" else "low"}


def procedure(fact: Fact) -> Resource:
    """One act."""
    told = {"status": "completed", "code": coded((fact["code"], fact["code_system"]))}
    return told | {"performedDateTime": when(fact["start"])}
