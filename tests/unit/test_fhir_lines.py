"""Lines of FHIR exports, read without Spark: what a resource says, as the same text that a CDA reader gives."""

import base64
import copy
import gzip
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.facts import (
    ALLERGY,
    DISPENSATION,
    MEASURE,
    PRESCRIPTION,
    PROBLEM,
    PROCEDURE,
    VACCINATION,
)
from jobs.standardise.shared_record.fhir.columns import ARROW
from jobs.standardise.shared_record.fhir.files import part_rows
from jobs.standardise.shared_record.fhir.nodes import MAX_LINE, Number, hl7_time, parse_line, plain
from jobs.standardise.shared_record.fhir.resources import read_line
from jobs.standardise.shared_record.parse import read_file
from tests import documents_made as cda
from tests.documents_made import INS_OID, LOINC, ins
from tests.fhir_made import PERSON, SNOMED, coded, deletion, document, identifier, line, observation, patient, quantity

CIS, CIP, ATC = "https://smt.esante.gouv.fr/terminologie-bdpm", "urn:oid:1.2.250.1.213.2.3.2", "http://www.whocc.no/atc"
BOX = {
    "coding": [
        {"system": CIS, "code": "60002283"},
        {"system": CIP, "code": "3400930000120"},
        {"system": ATC, "code": "J07BB02"},
    ]
}
PRODUCT = {
    "product_code": "60002283",
    "product_system": "1.2.250.1.213.2.3.1",
    "cis": "60002283",
    "cip13": "3400930000120",
    "atc": "J07BB02",
}
PDSM = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
EDQM = "http://standardterms.edqm.eu"
LIMITS = Limits(67_108_864, 2_000, 536_870_912, 100)


def facts(resource: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The facts of one resource, without the fields that are empty."""
    row = read_line(line(resource))
    assert row.get("rule") is None, (row["rule"], row["field"])
    return [{key: value for key, value in one.items() if value is not None} for one in row[name]]


def clinical(kind: str, **said: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": "1", "subject": {"reference": PERSON}, **said}


def test_a_quantity_keeps_its_digits_its_unit_is_the_code_and_its_comparator_stands_apart() -> None:
    """C-06, C-07: 1.950 keeps its zero; the human text of the unit is not what was coded."""
    one = observation("1", valueQuantity=quantity("1.950", "m[IU]/L", comparator="<"))
    assert facts(one, "results") == [
        {
            "time": "20261102080000+0100", "status": "completed", "code": "718-7", "code_system": LOINC,
            "code_kind": "loinc", "value_type": "PQ", "value_number": "1.950", "value_comparator": "<",
            "unit": "m[IU]/L",
        }
    ]  # fmt: skip


def test_blood_pressure_is_two_vital_signs_and_a_panel_none() -> None:
    parts = [
        {"code": coded("8480-6"), "valueQuantity": quantity("120", "mm[Hg]")},
        {"code": coded("8462-4"), "valueQuantity": quantity("80", "mm[Hg]")},
    ]
    found = facts(observation("1", coded("85354-9"), "vital-signs", component=parts), "vital_signs")
    assert [(one["code"], one["value_number"], one["time"][:8]) for one in found] == [
        ("8480-6", "120", "20261102"),
        ("8462-4", "80", "20261102"),
    ]
    assert facts(observation("2", hasMember=[{"reference": "Observation/1"}]), "results") == []


@pytest.mark.parametrize(
    ("reason", "flavour"), [("masked", "MSK"), ("unknown", "UNK"), ("asked-unknown", "ASKU"), ("error", "NI")]
)
def test_c_12_masked_is_not_unknown(reason: str, flavour: str) -> None:
    absent = coded(reason, "http://terminology.hl7.org/CodeSystem/data-absent-reason")
    assert facts(observation("1", dataAbsentReason=absent), "results")[0]["null_flavor"] == flavour


def test_c_08_values_of_every_type_and_free_text_of_none() -> None:
    told: dict[str, Any] = {
        "valueInteger": "#12#", "valueBoolean": True, "valueString": "note pour M. PATIENTE", "valueDateTime": "2026",
        "valueRange": {"low": quantity("5", "mg")}, "valueRatio": {}, "valueTime": "10:00:00", "valuePeriod": {},
    }  # fmt: skip
    found = {name: facts(observation("1", **{name: value}), "results")[0] for name, value in told.items()}
    assert {name: one["value_type"] for name, one in found.items()} == {
        "valueInteger": "INT", "valueBoolean": "BL", "valueString": "ST", "valueDateTime": "TS", "valueRange": "IVL_PQ",
        "valueRatio": "RTO", "valueTime": "TS", "valuePeriod": "IVL_TS",
    }  # fmt: skip
    assert found["valueInteger"]["value_number"] == "12"
    assert found["valueBoolean"]["value_code"] == "true"
    assert (found["valueRange"]["value_comparator"], found["valueRange"]["value_number"]) == (">=", "5")
    assert "PATIENTE" not in str(found)


def test_c_09_a_local_code_is_kept_under_the_address_it_was_sent_with_and_told() -> None:
    row = read_line(line(observation("1", coded("CRP", "https://labo.example/codes"), valueInteger="#1#")))
    assert (row["results"][0]["code"], row["results"][0]["code_kind"]) == ("CRP", "local")
    assert row["results"][0]["code_system"] == "https://labo.example/codes"
    assert row["warnings"] == ["FHR-061"]


def test_a_vaccination_given_and_one_not_given() -> None:
    """C-08: a negated vaccination is not a vaccination."""
    given_one = clinical(
        "Immunization",
        status="completed",
        vaccineCode=BOX,
        occurrenceDateTime="2026-10-15",
        doseQuantity=quantity("0.5", "mL"),
        route=coded("20035000", EDQM),
        protocolApplied=[{"targetDisease": [coded("6142004", SNOMED)], "doseNumberPositiveInt": "#2#"}],
    )
    assert facts(given_one, "vaccinations") == [
        PRODUCT
        | {
            "time": "20261015", "status": "completed", "disease_code": "6142004",
            "disease_system": "2.16.840.1.113883.6.96", "dose_number": "2", "dose_value": "0.5", "dose_unit": "mL",
            "route_code": "20035000", "route_system": "0.4.0.127.0.16.1.1.2.1",
        }
    ]  # fmt: skip
    refused = clinical("Immunization", status="not-done", vaccineCode=BOX, occurrenceDateTime="2026-10-15")
    refused["statusReason"] = coded("PATOBJ", "http://terminology.hl7.org/CodeSystem/v3-ActReason")
    found = facts(refused, "vaccinations")[0]
    assert (found["negated"], found["status"], found["reason_code"]) == ("true", "completed", "PATOBJ")
    assert set(read_line(line(refused))["vaccinations"][0]) == set(VACCINATION)


def test_a_prescription_three_times_a_day_is_every_eight_hours() -> None:
    timing = {
        "repeat": {
            "frequency": "#3#",
            "period": "#1#",
            "periodUnit": "d",
            "boundsPeriod": {"start": "2026-11-01", "end": "2026-11-08"},
        }
    }
    dosage = {
        "timing": timing,
        "route": coded("20053000", EDQM),
        "doseAndRate": [{"doseRange": {"low": quantity("1", "{tbl}"), "high": quantity("2", "{tbl}")}}],
    }
    order = clinical(
        "MedicationRequest",
        status="active",
        intent="order",
        authoredOn="2026-10-31T10:00:00+01:00",
        medicationCodeableConcept=BOX,
        dosageInstruction=[dosage],
        dispenseRequest={"quantity": quantity("3", "{box}"), "numberOfRepeatsAllowed": "#2#"},
    )
    assert facts(order, "prescriptions") == [
        PRODUCT
        | {
            "start": "20261101", "end": "20261108", "status": "active", "dose_value": "1", "dose_high": "2",
            "dose_unit": "{tbl}", "every_value": "8", "every_unit": "h", "quantity_value": "3",
            "quantity_unit": "{box}", "repeats": "2", "route_code": "20053000",
            "route_system": "0.4.0.127.0.16.1.1.2.1",
        }
    ]  # fmt: skip
    assert set(read_line(line(order))["prescriptions"][0]) == set(PRESCRIPTION)
    assert read_line(line(order | {"intent": "proposal"}))["rule"] == "FHR-051"


def test_a_dispensed_product_told_by_a_contained_or_another_resource() -> None:
    handed = clinical(
        "MedicationDispense", status="completed", whenHandedOver="2026-11-02T17:00:00Z", quantity=quantity("2", "{box}")
    )
    handed["substitution"] = {"wasSubstituted": True}
    inside = handed | {
        "contained": [{"resourceType": "Medication", "id": "m", "code": BOX}],
        "medicationReference": {"reference": "#m"},
    }
    expected = {
        "time": "20261102170000+0000",
        "status": "completed",
        "quantity_value": "2",
        "quantity_unit": "{box}",
        "substituted": "true",
    }
    assert facts(inside, "dispensations") == [PRODUCT | expected]
    outside = read_line(line(handed | {"medicationReference": {"reference": "https://srv.example/fhir/Medication/9"}}))
    assert {"slot": "medication", "target": "Medication/9"} in outside["refs"]
    assert set(outside["dispensations"][0]) == set(DISPENSATION)
    assert read_line(line({"resourceType": "Medication", "id": "9", "code": BOX}))["product"] == PRODUCT


def test_problems_refuted_active_and_of_the_history() -> None:
    status = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    verified = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    one = clinical(
        "Condition",
        code={
            "coding": [
                {"system": SNOMED, "code": "44054006"},
                {"system": "http://hl7.org/fhir/sid/icd-10", "code": "E11.9"},
            ]
        },
        clinicalStatus=coded("recurrence", status),
        onsetDateTime="2019-03",
        recordedDate="2026-11-02",
    )
    assert facts(one, "problems") == [
        {
            "kind": "problem", "start": "201903", "code": "44054006", "code_system": "2.16.840.1.113883.6.96",
            "icd10": "E11.9", "status": "active",
        }
    ]  # fmt: skip
    assert facts(one | {"verificationStatus": coded("refuted", verified)}, "problems")[0]["negated"] == "true"
    assert facts(one | {"category": [coded("11348-0")]}, "problems")[0]["kind"] == "history"
    gone = read_line(line(one | {"verificationStatus": coded("entered-in-error", verified)}))
    assert gone["gone"] and "problems" not in gone
    assert set(read_line(line(one))["problems"][0]) == set(PROBLEM)


def test_an_allergy_with_its_reactions() -> None:
    one = {
        "resourceType": "AllergyIntolerance", "id": "1", "patient": {"reference": PERSON}, "type": "allergy",
        "category": ["medication"], "criticality": "high", "recordedDate": "2026-11-02", "onsetDateTime": "2001",
        "code": coded("764146007", SNOMED),
        "reaction": [{"manifestation": [coded("126485001", SNOMED), coded("39579001", SNOMED)], "severity": "severe"}],
    }  # fmt: skip
    assert facts(one, "allergies") == [
        {
            "kind_code": "DALG", "kind_system": "2.16.840.1.113883.5.4", "start": "2001", "agent_code": "764146007",
            "agent_system": "2.16.840.1.113883.6.96", "reaction_code": "126485001;39579001",
            "reaction_system": "2.16.840.1.113883.6.96", "severity": "24484000", "criticality": "CRITH",
        }
    ]  # fmt: skip
    assert set(read_line(line(one))["allergies"][0]) == set(ALLERGY)


def test_a_procedure_done_and_one_not_done() -> None:
    one = clinical(
        "Procedure",
        status="completed",
        code=coded("HHFA001", "https://smt.esante.gouv.fr/terminologie-ccam"),
        performedPeriod={"start": "2026-11-01T08:00:00+01:00", "end": "2026-11-01T09:00:00+01:00"},
        bodySite=[coded("66754008", SNOMED)],
    )
    assert facts(one, "procedures") == [
        {
            "start": "20261101080000+0100", "end": "20261101090000+0100", "code": "HHFA001",
            "code_system": "1.2.250.1.215.300.1", "ccam": "HHFA001", "status": "completed", "site_code": "66754008",
            "site_system": "2.16.840.1.113883.6.96",
        }
    ]  # fmt: skip
    assert facts(one | {"status": "not-done"}, "procedures")[0]["negated"] == "true"
    assert set(read_line(line(one))["procedures"][0]) == set(PROCEDURE)


def test_the_header_of_a_document() -> None:
    confidential, french = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "urn:oid:1.2.250.1.213.1.1.4.13"
    one = document(
        "2.25.7",
        "d7",
        meta={"versionId": "3", "lastUpdated": "2026-11-03T11:00:00Z"},
        related=("Observation/1", "https://srv.example/Observation/2/_history/4", "Encounter/3"),
        securityLabel=[coded("N", confidential), coded("MASQUE_PS", french)],
        author=[
            {"type": "Practitioner", "identifier": {"system": "https://rpps.esante.gouv.fr", "value": "10001234567"}},
            {"reference": "Organization/9"},
        ],
        relatesTo=[
            {"code": "appends", "target": {"reference": "DocumentReference/0"}},
            {"code": "replaces", "target": {"reference": "DocumentReference/6"}},
        ],
        content=[{"attachment": {"contentType": "application/pdf", "data": "JVBERi0xLjQK"}}],
    )
    row = read_line(line(one))
    told = {key: value for key, value in row["header"].items() if value is not None}
    assert told.pop("body_sha256")
    assert told == {
        "id_root": "2.25.7", "id_extension": "", "logical_id": "DocumentReference/d7", "type_code": "11490-0",
        "entry_id": "DocumentReference/d7/_history/3", "submitted_text": "20261103110000+0000", "type_system": LOINC,
        "created_text": "20261103101500+0100", "confidentiality": "N", "visibility": "MASQUE_PS N",
        "availability": "approved", "author_id": "1.2.250.1.71.4.2.1^10001234567",
        "replaces_root": "documentreference/6", "replaces_extension": "", "level": 1,
        "body_media_type": "application/pdf", "body_bytes": 9,
    }  # fmt: skip
    assert row["names"] == ["Observation/1", "Observation/2"]
    slots = {one["slot"]: one["target"] for one in row["refs"]}
    assert slots == {"patient": PERSON, "organisation": "Organization/9", "replaces": "DocumentReference/6"}


RPPS, FINESS = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
HOUSE = {"system": "https://finess.esante.gouv.fr", "value": "1990000010"}
SOMEBODY = {"system": "https://rpps.esante.gouv.fr", "value": "10000000001"}


@pytest.mark.parametrize(
    ("name", "author", "expected"),
    [
        ("the national number before others", {"reference": "#a"}, f"{RPPS}^10000000001"),
        ("an insured's number is never one", {"identifier": identifier("1.2.250.1.213.1.4.13", ins())}, "patient"),
        ("the patient as a line", {"reference": PERSON}, "patient"),
        ("the patient inside", {"reference": "#p"}, "patient"),
        ("a role: the professional's number before its own", {"reference": "#r"}, f"{RPPS}^10000000001"),
        ("a role without any: its own", {"reference": "#own"}, "2.25.9^77"),
    ],
)
def test_authors_by_the_rules_of_cda(name: str, author: dict[str, Any], expected: str) -> None:
    own = [identifier("2.25.9", "77")]
    inside = [
        {"resourceType": "Practitioner", "id": "a", "identifier": [*own, SOMEBODY]},
        {"resourceType": "Patient", "id": "p", "identifier": [identifier("2.25.80", "IPP-1")]},
        {"resourceType": "PractitionerRole", "id": "r", "identifier": own, "practitioner": {"reference": "#a"}},
        {"resourceType": "PractitionerRole", "id": "own", "identifier": own},
    ]
    row = read_line(line(document(author=[author], contained=inside)))
    assert row["header"]["author_id"] == expected, name
    assert not [one for one in row["refs"] if one["slot"] == "author"]


def test_an_organisation_with_its_ten_characters_is_not_prefixed_again() -> None:
    row = read_line(line({"resourceType": "Organization", "id": "1", "identifier": [HOUSE]}))
    assert row["agent"] == {"organisation_id": f"{FINESS}^1990000010"}


def test_a_role_names_its_professional_and_house_by_number_or_leaves_it_to_their_lines() -> None:
    role = {"resourceType": "PractitionerRole", "id": "1", "specialty": [coded("SM26", "urn:oid:2.25.3")]}
    lines = role | {"practitioner": {"reference": "Practitioner/2"}, "organization": {"reference": "Organization/3"}}
    row = read_line(line(lines))
    assert {one["slot"]: one["target"] for one in row["refs"]} == {
        "author": "Practitioner/2", "organisation": "Organization/3"
    }  # fmt: skip
    numbers = role | {"practitioner": {"identifier": SOMEBODY}, "organization": {"identifier": HOUSE}}
    assert read_line(line(numbers))["agent"] == {
        "author_id": f"{RPPS}^10000000001", "organisation_id": f"{FINESS}^1990000010", "author_speciality": "SM26"
    }  # fmt: skip


def test_a_submission_set_tells_when_its_documents_were_sent_and_no_other_list_is_read() -> None:
    kinds = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
    one = {"resourceType": "List", "id": "1", "status": "current", "date": "2026-11-03T12:00:00Z"}
    one |= {"entry": [{"item": {"reference": "DocumentReference/d1"}}, {"item": {"reference": "List/2"}}]}
    row = read_line(line(one | {"code": coded("submissionset", kinds)}))
    assert (row["header"]["submitted_text"], row["names"]) == ("20261103120000+0000", ["DocumentReference/d1"])
    assert read_line(line(one | {"code": coded("folder", kinds)}))["rule"] == "FHR-050"


def attached(text: str, kind: str = "Binary", **more: Any) -> dict[str, Any]:
    data = {"contentType": "text/xml", "data": base64.b64encode(text.encode()).decode()}
    if kind == "Binary":
        return read_line(line({"resourceType": kind, "id": "b"} | data | more))
    return read_line(line(document("2.25.1", content=[{"attachment": data}]) | more))


@pytest.mark.parametrize("kind", ["Binary", "DocumentReference"])
def test_a_cda_document_in_a_body_is_read_as_if_it_were_a_file(kind: str) -> None:
    body = cda.laboratory(cda.observation('<value xsi:type="INT" value="12"/>'))
    text = cda.document("2.25.1", code="11502-2", set_id="2.25.7", version=2, body=body)
    (bare,) = read_file(text.encode(), LIMITS)
    row = attached(text, kind)
    assert row["inside"]["results"] == bare["results"] and len(bare["results"]) == 1
    assert (row["inside"]["header"]["id_root"], row["inside"]["ins"]) == ("2.25.1", bare["ins"])
    assert row["header"]["body_bytes"] == len(text.encode())
    assert "DOC-211" not in row["warnings"]
    assert (row["inside"]["header"]["set_root"], row["inside"]["header"]["version"]) == ("2.25.7", "2")
    pa.RecordBatch.from_pylist([row], schema=ARROW)


def test_a_document_reference_states_no_set_and_no_version() -> None:
    """``identifier`` is the registry's own, ``versionId`` counts states of the line."""
    said = document("2.25.1", identifier=[{"system": "urn:oid:2.25.7", "value": "1"}], meta={"versionId": "2"})
    header = read_line(line(said))["header"]
    assert (header["set_root"], header["set_extension"], header["version"]) == (None, None, None)
    assert header["id_root"] == "2.25.1" and header["entry_id"].endswith("/_history/2")


def test_a_body_that_is_no_cda_is_measured_and_a_broken_one_is_refused_by_the_rules_of_files() -> None:
    other = attached("<note>texte</note>")
    assert (other["inside"], other["warnings"]) == (None, ["DOC-211"])
    active = line(
        {"resourceType": "Binary", "id": "b", "contentType": "application/pdf", "data": "JVBERi0gL0xhdW5jaA=="}
    )
    assert read_line(active)["warnings"] == ["DOC-212"]
    assert attached("<!DOCTYPE x><ClinicalDocument/>")["rule"] == "DOC-005"
    assert attached(cda.document("2.25.1")[:-9])["rule"] == "DOC-003"
    assert attached(cda.document("2.25.1")[:-9], "DocumentReference")["rule"] == "DOC-003"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"status": "current"}, ("approved", False)),
        ({"status": "superseded"}, ("deprecated", False)),
        ({"status": "entered-in-error"}, ("deleted", True)),
        ({"extension": [{"url": f"{PDSM}-deleted", "valueBoolean": True}]}, ("deleted", True)),
        ({"extension": [{"url": f"{PDSM}-archived", "valueBoolean": True}]}, ("archived", False)),
    ],
)  # fmt: skip
def test_d_09_the_state_of_a_document(said: dict[str, Any], expected: tuple[str, bool]) -> None:
    row = read_line(line(document(**said)))
    assert (row["header"]["availability"], row["gone"]) == expected


def test_b_01_the_patient_of_fr_core_by_system_never_by_place() -> None:
    row = read_line(line(patient(identifier=[identifier("2.25.80", "IPP-1"), identifier(INS_OID, ins())])))
    assert {key: value for key, value in row["patient"].items() if value} == {
        "ins": ins(), "ins_oid": INS_OID, "local_root": "2.25.80", "local_number": "IPP-1", "family_name": "PATIENTE",
        "given_names": "ALIX MARIE", "first_given_name": "ALIX", "birth_text": "19790328", "birth_place": "51999",
        "gender": "F",
    }  # fmt: skip
    assert (row["rule"], row["warnings"]) == (None, [])
    assert ins() + "@" not in str(row)


@pytest.mark.parametrize(
    ("name", "numbers", "rule", "ins_read"),
    [
        ("B-02", [identifier("2.25.80", "IPP-1")], None, None),
        ("B-03 test", [identifier("1.2.250.1.213.1.4.10", ins())], "DOC-007", None),
        ("B-03 demo", [identifier("1.2.250.1.213.1.4.11", ins())], "DOC-007", None),
        ("B-06", [identifier("1.2.250.1.213.1.4.13", ins())], None, None),
        ("B-11", [identifier(INS_OID, ins("1850751999003"), use="old"), identifier(INS_OID, ins())], None, ins()),
        ("none", [], "DOC-008", None),
    ],
)
def test_identities(name: str, numbers: list[Any], rule: str | None, ins_read: str | None) -> None:
    row = read_line(line(patient(identifier=numbers)))
    assert (row["rule"], row["patient"]["ins"]) == (rule, ins_read), name


def test_b_11_two_ins_in_use_are_told_and_a_disabled_one_is_not() -> None:
    two = [identifier(INS_OID, ins("1850751999003")), identifier(INS_OID, ins())]
    assert read_line(line(patient(identifier=two)))["warnings"] == ["DOC-215"]
    assert read_line(line(patient(identifier=[two[0] | {"use": "old"}, two[1]])))["warnings"] == []


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ({"text": "Laboratoire"}, "results"),
        ({"text": "Vital Signs"}, "vital_signs"),
        ({"text": "Mode de vie"}, "FHR-051"),
        ({"coding": [{"display": "Social History"}]}, "FHR-051"),
        ({}, "results"),
    ],
)
def test_a_category_in_words_is_read_and_one_that_nobody_knows_is_no_result(category: Any, expected: str) -> None:
    row = read_line(line(observation("1", valueInteger="#1#") | {"category": [category]}))
    assert (row.get("rule") or next(name for name in ("results", "vital_signs") if row.get(name))) == expected


@pytest.mark.parametrize(
    ("data", "rule", "field"),
    [
        (b'{"resourceType":"Observation","id":"1"', "FHR-002", None),
        (b"[1]", "FHR-002", None),
        (b'{"resourceType":"Observation","id":"1","valueInteger":NaN}', "FHR-002", None),
        ('{"resourceType":"Observation","id":"é"}'.encode("latin-1"), "FHR-002", None),
        (b"[" * 90_000, "FHR-004", None),
        (b'{"resourceType":"Observation","id":"1","id":"2"}', "FHR-003", None),
        (b'{"id":"1"}', "FHR-005", "resourceType"),
        (b'{"resourceType":"M. PATIENTE","id":"1"}', "FHR-005", "resourceType"),
        (b'{"resourceType":"PATIENTE","id":"1"}', "FHR-005", "resourceType"),
        (line(observation("a b")), "FHR-006", "Observation.id"),
        (line(observation("1", valueQuantity={"value": "1,5"})), "FHR-007", "Observation.valueQuantity.value"),
        (line(observation("1") | {"code": [1]}), "FHR-007", "Observation.code"),
        (line(observation("1", effectiveDateTime="2026-02-30")), "FHR-007", "Observation.effectiveDateTime"),
        (line(document(date="hier")), "FHR-007", "DocumentReference.date"),
        (line(document(date=None)), "FHR-008", "DocumentReference.date"),
        (line(observation("1", effectiveDateTime=None)), "FHR-008", "Observation.effectiveDateTime"),
        (line(deletion()), "FHR-014", "Bundle.entry"),
        (line({"resourceType": "Encounter"}), "FHR-050", None),
        (line(observation("1", category="survey")), "FHR-051", None),
    ],
)
def test_e_09_lines_that_are_refused_or_not_read(data: bytes, rule: str, field: str | None) -> None:
    row = read_line(data)
    assert (row["rule"], row.get("field")) == (rule, field)
    assert "PATIENTE" not in str(row)


def test_a_deletion_names_what_it_deletes() -> None:
    assert read_line(line(deletion("Observation/1", "DocumentReference/2")))["deletes"] == [
        "Observation/1",
        "DocumentReference/2",
    ]
    others = read_line(line(deletion("Patient/1", "Encounter/2", "Observation/3")))
    assert (others["deletes"], others["warnings"]) == (["Observation/3"], ["FHR-063", "FHR-065"])


def part(data: bytes, name: str = "Observation.ndjson", **said: Any) -> list[dict[str, Any]]:
    place = {"producer": "D", "delivery_id": "1", "file": name, "part": 0, "first_record": 0, "continued": False}
    return list(part_rows(place | {"packed": False, "bytes": data} | said, LIMITS))


def test_e_09_a_line_of_20_mb_is_too_long_and_the_next_is_read() -> None:
    long = b'{"a":"' + b"x" * MAX_LINE + b'"}'
    rows = part(long + b"\r\n" + line(observation("1")) + b"\r\n")
    assert [(row["record"], row.get("rule")) for row in rows] == [(1, "FHR-004"), (2, None)]
    assert len(rows[0]["raw"]) == MAX_LINE
    assert rows[1]["raw"] == line(observation("1"))


def test_parts_of_a_cut_file_keep_their_line_numbers() -> None:
    second = part(b'rest"}\n' + line(observation("1")), part=1, first_record=4, continued=True)
    assert [(row["record"], row.get("rule")) for row in second] == [(6, None)]


def test_e_09_a_packed_file_gives_the_same_lines_and_a_damaged_one_is_told() -> None:
    plain_lines = line(observation("1")) + b"\n\n" + line(observation("2"))
    packed = gzip.compress(plain_lines)
    assert [(row["record"], row["raw"]) for row in part(packed, "O.ndjson.gz")] == [
        (row["record"], row["raw"]) for row in part(plain_lines)
    ]
    assert [(row["record"], row.get("rule")) for row in part(packed[:-9])] == [(1, "FHR-023")]  # no line before it
    assert [row["rule"] for row in part(gzip.compress(b" " * 20_000_000))] == ["FHR-023"]  # swells beyond the ratio


@pytest.mark.parametrize(
    ("data", "kind", "rule"),
    [
        (b"", "empty", "FHR-054"),
        (b"<html>504</html>", "html", "FHR-001"),
        (b"%PDF-1.4", "pdf", "FHR-001"),
        (b"PK\x03\x04", "zip", "FHR-001"),
    ],
)
def test_a_17_a_file_that_holds_no_lines_is_one_record(data: bytes, kind: str, rule: str) -> None:
    assert [(row["record"], row["kind"], row["rule"]) for row in part(data)] == [(1, kind, rule)]


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=6, allow_nan=False))
def test_decimals_keep_every_digit(value: Decimal) -> None:
    sent = parse_line(f'{{"value": {value}}}'.encode())["value"]
    assert isinstance(sent, Number)
    assert str(sent) == str(value)
    assert Decimal(plain(sent)) == value


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?[eE][+-]?[0-9]{1,2}", fullmatch=True))
def test_an_exponent_is_written_out_or_left_as_sent(text: str) -> None:
    written = plain(parse_line(f'{{"value": {text}}}'.encode())["value"])
    assert Decimal(written) == Decimal(text)
    assert len(written) < 40


@given(st.datetimes(), st.sampled_from(["", "Z", "+01:00", "-11:30"]), st.integers(1, 7))
def test_times_keep_day_zone_and_precision(value: Any, zone: str, parts: int) -> None:
    whole = value.strftime("%Y").zfill(4) + value.strftime("-%m-%dT%H:%M:%S")
    cut = {1: 4, 2: 7, 3: 10}.get(parts)
    text = whole[:cut] if cut else whole + zone
    written = hl7_time(text)
    assert written is not None
    expected_zone = "" if cut else {"Z": "+0000"}.get(zone, zone.replace(":", ""))
    assert written == text.removesuffix(zone).translate(str.maketrans("", "", "-T:")) + expected_zone


@given(st.text(max_size=30))
def test_no_text_that_is_no_time_becomes_one(text: str) -> None:
    written = hl7_time(text)
    assert written is None or text[:4] == written[:4]


@given(st.binary(max_size=200))
def test_any_bytes_have_an_outcome(data: bytes) -> None:
    row = read_line(data)
    assert row["kind"] and (row.get("rule") or row.get("resource") or row.get("deletes"))


SEEDS = (
    patient(),
    document("2.25.7", "d", related=("Observation/o",), securityLabel=[coded("N", CONFIDENTIALITY)]),
    observation("o", valueQuantity=quantity("1.5", "g/dL", comparator="<")),
)
STRANGE = (None, True, [], {}, "", "HALF", "M. DUPONT", "#1e999999999999999999999#", f"#{'9' * 5000}#", [[]], [None])


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a resource."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [before, *[path for key, one in inner for path in paths(one, (*before, key))]][bool(not before) :]


PLACES = [(seed, path) for seed in SEEDS for path in paths(seed)]


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(PLACES), st.sampled_from(STRANGE))
def test_a_strange_value_at_any_place_costs_its_line_and_never_the_batch(place: tuple[Any, Any], value: Any) -> None:
    resource = copy.deepcopy(place[0])
    within: Any = resource
    for key in place[1][:-1]:
        within = within[key]
    within[place[1][-1]] = value
    row = read_line(line(resource).replace(b"HALF", rb"\ud800"))  # half a character
    assert row["kind"] and (row.get("rule") or row.get("resource"))
    pa.RecordBatch.from_pylist([row], schema=ARROW)


def test_d_10_what_a_label_hides_is_never_shown_for_want_of_a_word() -> None:
    mask = coded("MASQUE_PS", "urn:oid:1.2.250.1.213.1.1.4.13")["coding"]
    labels: list[tuple[list[Any], str]] = [
        ([coded("N", CONFIDENTIALITY)], "N"),
        ([{"coding": [*coded("N", CONFIDENTIALITY)["coding"], *mask]}], "MASQUE_PS N"),
        ([{"text": "masqué aux professionnels"}], "UNREADABLE"),
        ([{"coding": [{"display": "masqué"}]}], "UNREADABLE"),
        ([coded("voir avec M. PATIENTE", "urn:oid:2.25.9")], "UNREADABLE"),
    ]
    for sent, visible in labels:
        row = read_line(line(document("2.25.7", "d", securityLabel=sent)))
        assert row["header"]["visibility"] == visible, sent


def test_f_06_a_comparator_is_one_of_four_signs() -> None:
    for sent, kept in (("<", "<"), (">=", ">="), ("M. DUPONT", None)):
        (one,) = facts(observation("1", valueQuantity=quantity("1", "g/dL", comparator=sent)), "results")
        assert one.get("value_comparator") == kept


def test_a_document_that_is_refused_still_says_what_is_its_own() -> None:
    told = document("2.25.7", "d", related=("Observation/o",))
    row = read_line(line({key: value for key, value in told.items() if key not in ("date", "content")}))
    assert (row["rule"], row["resource"], row["names"]) == ("FHR-008", "DocumentReference/d", ["Observation/o"])


def test_measures_hold_every_field() -> None:
    assert set(read_line(line(observation("1")))["results"][0]) == set(MEASURE)
