"""What the record operators send: documents of every kind, coherent with the persons' care, by three carriers."""

import base64
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from lxml import etree

from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.parse import read_file
from synthetic import cda, ndjson
from synthetic import documents as d
from synthetic.clinical import dotted, past_doses
from synthetic.dispensing import dispensations, presentations
from synthetic.document_facts import facts_of
from synthetic.documents import CDA, FHIR, XDM, Document, fate, filed
from synthetic.draws import day_number, iso_day
from synthetic.mess import Plan
from synthetic.patients import patient_of
from synthetic.produce import Night, Sent
from synthetic.shared_record import shared_record
from synthetic.stays import Sizes
from synthetic.truth_documents import FIELDS, TABLES
from synthetic.world import World

START, UNTIL = day_number("2026-10-23"), day_number("2026-11-21")
HL7 = {"c": "urn:hl7-org:v3"}
LIMITS = Limits(67_108_864, 2_000, 536_870_912, 100)
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
KINDS = {d.LETTER, d.REPORT, d.STAY_REPORT, d.RAPID_TEST, d.PRESCRIPTION, d.DISPENSATION, d.VACCINATION, d.VACCINES,
         d.SYNTHESIS, d.SUMMARY}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(Sizes(persons=4_000, hospitals=5, pharmacies=10, documents=600), START, UNTIL)


@pytest.fixture(scope="module")
def documents(world: World) -> list[Document]:
    return [one for day in range(START, UNTIL + 1) for one in filed(world, day)]


@pytest.fixture(scope="module")
def sent(world: World) -> list[Sent]:
    """The first night without mess: documents and packages, and the FHIR export."""
    return shared_record(Night("2026-11-22", world, Plan(1, 0), START - 1, {}))


def parsed(world: World, document: Document) -> etree._Element:
    return etree.fromstring(cda.render(world, document).encode())


def test_as_many_documents_as_asked_for_of_every_kind_and_carrier(documents: list[Document]) -> None:
    first = [one for one in documents if one.version == 1 and not one.action]
    assert len(first) == 600
    assert {one.type_code for one in first} == KINDS
    assert {(one.type_code, one.level) for one in first if one.level == 1} == {(d.LETTER, 1)}
    share = Counter(one.carrier for one in first)
    assert share[CDA] > share[XDM] > share[FHIR] > 30
    assert len({one.place for one in first}) == 600


def test_what_becomes_of_a_document_is_told_two_days_later(documents: list[Document]) -> None:
    actions = Counter(one.action for one in documents)
    assert min(actions[action] for action in "CDM") >= 1
    by_place = {one.place: one for one in documents if not one.action}
    for one in documents:
        if one.action:
            before = by_place[one.origin]
            assert one.filed == before.filed + 2 and fate(before) == one.action and one.carrier in (XDM, FHIR)
            assert (one.unique_id != before.unique_id) == (one.action == "C")
            assert one.set_id == before.set_id and one.carrier == before.carrier
            assert cda.structure(one) == cda.structure(before), "nobody else may replace or delete it"
    assert any(one.made < one.day for one in documents), "some come late"


def test_every_document_is_well_formed_and_says_whose_it_is(world: World, documents: list[Document]) -> None:
    people = world.people
    for document in documents[::3]:
        root = parsed(world, document)
        ids = {one.get("root"): one.get("extension") for one in root.iterfind(".//c:patientRole/c:id", HL7)}
        told = root.findtext(".//c:family[@qualifier='BR']", namespaces=HL7)
        if cda.qualified(people, document):
            assert ids[cda.INS_OID] == people.number[document.person] + people.key[document.person]
            assert told == people.birth_name[document.person]
        assert told == patient_of(people, document).birth_name
        assert root.find("c:id", HL7).get("root") == document.unique_id
        assert root.find("c:code", HL7).get("code") == document.type_code
        assert (root.find(".//c:nonXMLBody", HL7) is not None) == (document.level == 1)
        assert all(people.number[document.person][5:10].strip("0123456789AB") == "" for _ in ids)


def test_a_reader_finds_the_facts_that_the_truth_tells(world: World, documents: list[Document]) -> None:
    """Row for row and field for field, of every list of facts that the reader fills."""
    compared: Counter[str] = Counter()
    for document in documents[::2]:
        (record,) = read_file(cda.render(world, document).encode(), LIMITS)
        facts = facts_of(world, document)
        for kind in FACTS:
            if kind in record:
                told = facts.get("treatments", []) if kind == "prescriptions" else []
                wanted = [*facts.get(kind, []), *told]
                found = [{name: value for name, value in one.items() if value is not None} for one in record[kind]]
                assert found == wanted
                compared[kind] += len(wanted)
    assert compared["results"] > 500


def test_fields_and_tables_are_those_of_the_contract(world: World, documents: list[Document]) -> None:
    used: dict[str, set[str]] = {}
    for document in documents:
        for kind, facts in facts_of(world, document).items():
            used.setdefault(kind, set()).update(name for fact in facts for name in fact)
    assert set(used) == set(TABLES)
    for kind, names in used.items():
        contract = FACTS["prescriptions" if kind == "treatments" else kind]
        assert names <= set(contract) and names <= set(FIELDS), kind


def test_letters_tell_the_stay_as_the_hospital_codes_it(world: World, documents: list[Document]) -> None:
    letters = [one for one in documents if one.stay and one.level == 3 and one.type_code in (d.LETTER, d.STAY_REPORT)]
    assert len(letters) > 50
    for document in letters:
        ended = (document.replaces or (document.day, 0))[0]
        stay = world.stays(ended).set_index("number").loc[document.stay]
        codes = {one["icd10"] for one in facts_of(world, document)["problems"]}
        assert codes == {dotted(code) for code in (stay.principal, stay.related, stay.associated) if code}
        acts = {one["ccam"] for one in facts_of(world, document).get("procedures", [])}
        assert acts == {word.rstrip("*").partition("-")[0] for word in stay.procedures.split()}
        assert stay.person == document.person


def test_prescriptions_and_dispensations_are_the_lines_of_one_sale(world: World, documents: list[Document]) -> None:
    boxes = presentations().cip13
    seen = 0
    for document in documents:
        if document.type_code in (d.PRESCRIPTION, d.DISPENSATION) and not document.action:
            lines = dispensations(world, document.day)
            lines = lines[lines.ticket == document.ticket]
            (facts,) = facts_of(world, document).values()
            assert [one["cip13"] for one in facts] == [boxes[box] for box in lines.box]
            assert [int(one["quantity_value"]) for one in facts] == list(lines.quantity)
            assert set(lines.person) == {document.person}
            seen += 1
    assert seen > 40


def test_vaccinations_may_be_refused_and_some_results_are_only_below_a_limit(
    world: World, documents: list[Document]
) -> None:
    facts = [(kind, one) for document in documents for kind, all_ in facts_of(world, document).items() for one in all_]
    told = {(kind, name) for kind, one in facts for name in one}
    assert {("vaccinations", "reason_code"), ("vaccinations", "dose_number"), ("results", "value_comparator"),
            ("allergies", "negated"), ("problems", "end"), ("dispensations", "substituted")} <= told  # fmt: skip
    assert all(int(one[name][:4]) >= 2000 for _, one in facts for name in ("start", "time", "end") if name in one)


def test_identities_lie_where_real_ones_do(world: World, documents: list[Document]) -> None:
    """In addresses, titles, narrative, of guardians, relatives, authors: what a search for leaks must find nowhere."""
    found: Counter[str] = Counter()
    for document in documents:
        text = cda.render(world, document)
        people, who = world.people, document.person
        ins = cda.ins_of(people, who)
        name = etree.fromstring(text.encode()).findtext("c:title", namespaces=HL7)
        found["mailto"] += f"mailto:{ins}@patient.mssante.fr" in text
        found["title"] += str(people.given[who, 0]) in str(name)
        found["guardian"] += "<guardianPerson>" in text
        found["informant"] += "<relatedPerson>" in text
        found["author"] += "<assignedPerson><name><family>" in text
        found["narrative"] += "<paragraph>" in text and "tél." in text
    assert found["mailto"] > 0.8 * len(documents) and found["author"] == len(documents)
    assert min(found.values()) > 5


def test_packages_show_the_quirks_of_real_ones(world: World, sent: list[Sent]) -> None:
    (parcel, _) = sent
    packages = {name: data for name, data in parcel.delivery.files.items() if name.endswith(".zip")}
    seen: Counter[str] = Counter()
    for data in packages.values():
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            subsets = [name for name in names if name.endswith("METADATA.XML")]
            seen["subsets"] += len(subsets) > 1
            for subset in subsets:
                metadata = archive.read(subset)
                assert metadata.startswith(b" <lcm:SubmitObjectsRequest")
                root = etree.fromstring(metadata.strip())
                entries = list(root.iter(RIM + "ExtrinsicObject"))
                seen["several"] += len(entries) > 1
                seen["replaces"] += any("RPLC" in one.get("associationType") for one in root.iter(RIM + "Association"))
                for entry in entries:
                    slots = {one.get("name"): one.findtext(f".//{RIM}Value") for one in entry.iter(RIM + "Slot")}
                    content = archive.read(subset.replace("METADATA.XML", slots["URI"]))
                    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest().upper()
                    assert (slots["hash"], slots["size"]) == (digest, str(len(content)))
                    assert entry.get("id").startswith("urn:uuid:urn:uuid:") and "sourcePatientInfo" in slots
                    codes = [
                        one.get("nodeRepresentation")
                        for one in entry.iter(RIM + "Classification")
                        if one.get("classificationScheme").endswith("f4f85eac-e6cb-4883-b524-f2705394840f")
                    ]
                    seen["hidden"] += codes != ["N"]
    assert len(packages) > 100
    assert seen["subsets"] > 3 and seen["several"] > 10 and seen["hidden"] >= 1 and seen["replaces"] >= 1


def test_an_export_is_whole_and_tells_of_itself_truly(sent: list[Sent]) -> None:
    (_, export) = sent
    files = export.delivery.files
    manifest = json.loads(files["export.json"])
    assert {"transactionTime", "request", "requiresAccessToken", "output", "deleted", "error"} == set(manifest)
    told = {one["url"].rpartition("/")[2]: one for one in (*manifest["output"], *manifest["deleted"])}
    assert set(told) == set(files) - {"export.json"}
    resources: dict[str, dict] = {}
    for name, one in told.items():
        lines = files[name].decode().splitlines()
        assert len(lines) == one["count"]
        for line in lines:
            value = json.loads(line)
            assert value["resourceType"] == one["type"]
            if one["type"] != "Bundle":
                assert resources.setdefault(f"{one['type']}/{value['id']}", value) is value, "told once"
    assert {name.partition("/")[0] for name in resources} == {
        "Patient", "DocumentReference", "Observation", "Immunization", "MedicationRequest", "MedicationDispense",
        "Condition", "AllergyIntolerance", "Procedure",
    }  # fmt: skip
    named = set()
    for value in resources.values():
        if value["resourceType"] == "DocumentReference":
            members = {one["reference"] for one in value["context"]["related"]}
            named |= members
            assert value["masterIdentifier"]["value"].startswith("urn:oid:2.25.") and members <= set(resources)
        if value["resourceType"] != "Patient":
            assert (value.get("subject") or value["patient"])["reference"] in resources
    assert named == {name for name in resources if not name.startswith(("Patient/", "DocumentReference/"))}
    assert export.counts["read"] == len(resources) + len(files.get("deleted.000.ndjson", b"").splitlines()) + 1


def test_the_same_facts_through_fhir_and_cda(world: World, documents: list[Document]) -> None:
    """Values, codes and times of results as they stand in the JSON are those of the document's CDA."""
    export = shared_record(Night("2026-11-22", world, Plan(1, 0), START - 1, {}))[1]
    rows = export.extra["document_fact"]
    assert set(rows.carrier) == {FHIR}
    lines = export.delivery.files["Observation.000.ndjson"].decode()
    numbers = rows[(rows.table == "lab_result") & rows.value_number.notna()]
    for value, unit in zip(numbers.value_number, numbers.unit, strict=True):
        assert f'"value":{value},"unit":"{unit}"' in lines
    own = next(one for one in documents if one.carrier == FHIR and one.type_code == d.REPORT and not fate(one))
    (record,) = read_file(cda.render(world, own).encode(), LIMITS)
    told = rows[(rows.unique_id == own.unique_id) & (rows.table == "lab_result")]
    assert [one["value_number"] for one in record["results"]] == list(told.value_number.replace({np.nan: None}))


def test_digits_stay_as_they_are() -> None:
    assert ndjson.lines([{"a": ndjson.Digits("13.0"), "b": [1, True, None, "é\n"]}]) == (
        '{"a":13.0,"b":[1,true,null,"é\\n"]}\n'.encode()
    )


def test_bodies_are_pdfs_alone_or_beside_the_sections(world: World, documents: list[Document]) -> None:
    bodies: Counter[int] = Counter()
    for document in documents:
        for text in re.findall(r'representation="B64">([^<]*)<', cda.render(world, document)):
            assert base64.b64decode(text).startswith(b"%PDF")
            bodies[document.level] += 1
    assert min(bodies[1], bodies[3]) > 20


def test_the_same_night_gives_the_same_bytes_and_another_seed_others(world: World, sent: list[Sent]) -> None:
    again = shared_record(Night("2026-11-22", World(world.sizes, START, UNTIL), Plan(1, 0), START - 1, {}))
    assert [one.delivery.files for one in again] == [one.delivery.files for one in sent]
    other = World(replace(world.sizes, seed=2), START, UNTIL)
    assert (
        shared_record(Night("2026-11-22", other, Plan(2, 0), START - 1, {}))[0].delivery.files != sent[0].delivery.files
    )


def test_nobody_is_vaccinated_before_there_was_a_vaccine() -> None:
    today = day_number("2026-11-22")
    covid = "3400930218662"
    for born in map(day_number, ("1950-03-01", "1985-07-15", "2001-05-09", "2019-01-20")):
        told = [(one, day) for person in range(60) for one, _, day in past_doses(person, born, today)]
        assert told and all(day >= one.since and day >= born + one.from_age * 365 for one, day in told)
        given = {iso_day(day)[:4] for one, day in told if one.cip13 == covid}
        assert given <= {"2020", "2021"} and bool(given) is (born < day_number("2005-01-01"))
