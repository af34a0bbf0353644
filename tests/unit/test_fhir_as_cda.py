# ruff: noqa: E501 - markup reads better unbroken
"""The same clinical fact in CDA and in FHIR: one list of the same texts, so that an analyst does not see the carrier."""

from typing import Any

import pytest

from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.fhir.resources import read_line
from jobs.standardise.shared_record.parse import read_file
from tests.documents_made import LOINC
from tests.documents_made import document as cda_document
from tests.fhir_made import PERSON, SNOMED, coded, line, observation, quantity

LIMITS = Limits(20_000_000, 50, 30_000_000, 100)
CT, ROUTES = "2.16.840.1.113883.6.96", "0.4.0.127.0.16.1.1.2.1"
CIS, CIP, ATC = "1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.2", "2.16.840.1.113883.6.73"
MATERIAL = (
    f'<manufacturedProduct><manufacturedMaterial><code code="60002283" codeSystem="{CIS}">'
    f'<translation code="3400930000120" codeSystem="{CIP}"/><translation code="J07BB02" codeSystem="{ATC}"/>'
    "</code></manufacturedMaterial></manufacturedProduct>"
)
BOX = {
    "coding": [
        {"system": "https://smt.esante.gouv.fr/terminologie-bdpm", "code": "60002283"},
        {"system": f"urn:oid:{CIP}", "code": "3400930000120"},
        {"system": "http://www.whocc.no/atc", "code": "J07BB02"},
    ]
}
EDQM = "http://standardterms.edqm.eu"
Case = tuple[str, str, str, dict[str, Any]]


def resource(kind: str, **said: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": "1", "subject": {"reference": PERSON}, **said}


CASES: dict[str, Case] = {  # list, section, entry, resource
    "a blood pressure": (
        "vital_signs",
        "8716-3",
        f'<observation classCode="OBS" moodCode="EVN"><code code="8480-6" codeSystem="{LOINC}"/><statusCode code="completed"/>'
        '<effectiveTime value="20261102080000+0100"/><value xsi:type="PQ" value="120" unit="mm[Hg]"/></observation>',
        observation("1", coded("8480-6"), "vital-signs", valueQuantity=quantity("120", "mm[Hg]")),
    ),
    "a vaccination": (
        "vaccinations",
        "11369-6",
        '<substanceAdministration classCode="SBADM" moodCode="EVN"><statusCode code="completed"/><effectiveTime value="20261015"/>'
        f'<routeCode code="20035000" codeSystem="{ROUTES}"/><doseQuantity value="0.5" unit="mL"/><consumable>{MATERIAL}</consumable>'
        f'<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN"><code code="30973-2" codeSystem="{LOINC}"/>'
        '<value xsi:type="INT" value="2"/></observation></entryRelationship></substanceAdministration>',
        resource(
            "Immunization",
            status="completed",
            vaccineCode=BOX,
            occurrenceDateTime="2026-10-15",
            route=coded("20035000", EDQM),
            doseQuantity=quantity("0.5", "mL"),
            protocolApplied=[{"doseNumberPositiveInt": "#2#"}],
        ),
    ),
    "a vaccination that was not given": (
        "vaccinations",
        "11369-6",
        '<substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="true"><statusCode code="completed"/>'
        f'<effectiveTime value="20261015"/><consumable>{MATERIAL}</consumable></substanceAdministration>',
        resource("Immunization", status="not-done", vaccineCode=BOX, occurrenceDateTime="2026-10-15"),
    ),
    "a prescription": (
        "prescriptions",
        "57828-6",
        '<substanceAdministration classCode="SBADM" moodCode="INT"><statusCode code="active"/>'
        '<effectiveTime xsi:type="IVL_TS"><low value="20261101"/><high value="20261108"/></effectiveTime>'
        '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="8" unit="h"/></effectiveTime>'
        f'<routeCode code="20053000" codeSystem="{ROUTES}"/><doseQuantity value="1" unit="{{tbl}}"/>'
        f"<consumable>{MATERIAL}</consumable></substanceAdministration>",
        resource(
            "MedicationRequest",
            status="active",
            intent="order",
            authoredOn="2026-10-31",
            medicationCodeableConcept=BOX,
            dosageInstruction=[
                {
                    "route": coded("20053000", EDQM),
                    "doseAndRate": [{"doseQuantity": quantity("1", "{tbl}")}],
                    "timing": {
                        "repeat": {
                            "frequency": "#3#",
                            "period": "#1#",
                            "periodUnit": "d",
                            "boundsPeriod": {"start": "2026-11-01", "end": "2026-11-08"},
                        }
                    },
                }
            ],
        ),
    ),
    "a dispensed product": (
        "dispensations",
        "60590-7",
        '<supply classCode="SPLY" moodCode="EVN"><statusCode code="completed"/><effectiveTime value="20261102170000+0000"/>'
        f'<quantity value="2" unit="{{box}}"/><product>{MATERIAL}</product></supply>',
        resource(
            "MedicationDispense",
            status="completed",
            whenHandedOver="2026-11-02T17:00:00Z",
            medicationCodeableConcept=BOX,
            quantity=quantity("2", "{box}"),
        ),
    ),
    "a problem": (
        "problems",
        "11450-4",
        '<act classCode="ACT" moodCode="EVN"><code nullFlavor="NA"/><statusCode code="active"/><entryRelationship typeCode="SUBJ">'
        '<observation classCode="OBS" moodCode="EVN"><statusCode code="completed"/><effectiveTime><low value="201903"/></effectiveTime>'
        f'<value xsi:type="CD" code="44054006" codeSystem="{CT}"><translation code="E11.9" codeSystem="2.16.840.1.113883.6.3"/></value>'
        "</observation></entryRelationship></act>",
        resource(
            "Condition",
            clinicalStatus=coded("active", "http://terminology.hl7.org/CodeSystem/condition-clinical"),
            onsetDateTime="2019-03",
            recordedDate="2026-11-02",
            code={
                "coding": [
                    {"system": SNOMED, "code": "44054006"},
                    {"system": "http://hl7.org/fhir/sid/icd-10", "code": "E11.9"},
                ]
            },
        ),
    ),
    "an allergy": (
        "allergies",
        "48765-2",
        '<act classCode="ACT" moodCode="EVN"><code nullFlavor="NA"/><statusCode code="active"/><entryRelationship typeCode="SUBJ">'
        '<observation classCode="OBS" moodCode="EVN"><code code="DALG" codeSystem="2.16.840.1.113883.5.4"/><statusCode code="completed"/>'
        '<effectiveTime><low value="2001"/></effectiveTime><value xsi:type="CD" nullFlavor="NA"/>'
        '<participant typeCode="CSM"><participantRole classCode="MANU"><playingEntity classCode="MMAT">'
        f'<code code="764146007" codeSystem="{CT}"/></playingEntity></participantRole></participant>'
        '<entryRelationship typeCode="MFST" inversionInd="true"><observation classCode="OBS" moodCode="EVN"><code code="ASSERTION"/>'
        f'<value xsi:type="CD" code="39579001" codeSystem="{CT}"/></observation></entryRelationship>'
        "</observation></entryRelationship></act>",
        {
            "resourceType": "AllergyIntolerance",
            "id": "1",
            "patient": {"reference": PERSON},
            "clinicalStatus": coded("active", "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"),
            "type": "allergy",
            "category": ["medication"],
            "code": coded("764146007", SNOMED),
            "onsetDateTime": "2001",
            "recordedDate": "2026-11-02",
            "reaction": [{"manifestation": [coded("39579001", SNOMED)]}],
        },
    ),
    "a procedure": (
        "procedures",
        "47519-4",
        '<procedure classCode="PROC" moodCode="EVN"><code code="HHFA001" codeSystem="1.2.250.1.215.300.1"/><statusCode code="completed"/>'
        '<effectiveTime><low value="20261101080000+0100"/><high value="20261101090000+0100"/></effectiveTime>'
        f'<targetSiteCode code="66754008" codeSystem="{CT}"/></procedure>',
        resource(
            "Procedure",
            status="completed",
            code=coded("HHFA001", "https://smt.esante.gouv.fr/terminologie-ccam"),
            performedPeriod={"start": "2026-11-01T08:00:00+01:00", "end": "2026-11-01T09:00:00+01:00"},
            bodySite=[coded("66754008", SNOMED)],
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fact_is_the_same_text_by_either_carrier(name: str) -> None:
    kind, section, entry, told = CASES[name]
    body = (
        f'<structuredBody><component><section><code code="{section}" codeSystem="{LOINC}"/>'
        f"<entry>{entry}</entry></section></component></structuredBody>"
    )
    (by_cda,) = read_file(cda_document(body=body).encode(), LIMITS)
    by_fhir = read_line(line(told))
    assert len(by_cda[kind]) == 1
    assert by_fhir[kind] == by_cda[kind]
