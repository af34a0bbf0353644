"""Nights with FHIR exports: the same facts as by CDA and XDM, what becomes of each line, of parts and of deletions."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import prepare_root
from jobs.standardise.shared_record.facts import TABLES
from tests import documents_made as cda
from tests.fhir_made import (
    SNOMED,
    Files,
    coded,
    deletion,
    document,
    export,
    line,
    manifest,
    observation,
    patient,
    quantity,
)
from tests.shared_record_nights import Result, run
from tests.unit.test_fhir_as_cda import CASES

CASES_OF = {name: case for name, case in CASES.items() if "not given" not in name}
SUMMARY_CDA = cda.document(
    "2.25.50",
    code="60591-5",
    body="<structuredBody>"
    + "".join(
        f'<component><section><code code="{section}" codeSystem="{cda.LOINC}"/>'
        f"<entry>{entry}</entry></section></component>"
        for _, section, entry, _ in CASES_OF.values()
    )
    + "</structuredBody>",
)
TOLD = [told for *_, told in CASES_OF.values()]
MASK = [coded("MASQUE_PS", "urn:oid:1.2.250.1.213.1.1.4.13")]


def summary(**changed: Any) -> dict[str, Any]:
    """The DocumentReference of the same summary."""
    related = tuple(f"{one['resourceType']}/1" for one in TOLD)
    return document("2.25.50", "sum", code="60591-5", related=related, **changed)


NIGHTS = ("2026-11-22", "2026-11-23", "2026-11-24")
RANGE: dict[str, Any] = {
    "referenceRange": [{"low": {"value": "#5#"}, "high": {"value": "#9.0#"}}],
    "interpretation": [coded("H", "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation")],
}
FACTS = [
    observation("o1", valueQuantity=quantity("1.950", "g/dL")),
    observation("o2", valueQuantity=quantity("0.5", "m[IU]/L", comparator="<")),
    observation("o3", valueCodeableConcept=coded("260373001", SNOMED)),
    observation("o4", valueString="texte libre de M. PATIENTE"),
    observation(
        "o5",
        valueQuantity={
            "_value": {
                "extension": [
                    {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
                ]
            }
        },
    ),
    observation("o6", coded("CRP-L", "urn:oid:2.25.9"), valueInteger="#12#", **RANGE),
]
NAMED = tuple(f"Observation/{one['id']}" for one in FACTS)
SAME = cda.laboratory(
    cda.observation('<value xsi:type="PQ" value="1.950" unit="g/dL"/>')
    + cda.observation('<value xsi:type="PQ" value="&lt; 0.5" unit="m[IU]/L"/>')
    + cda.observation('<value xsi:type="CD" code="260373001" codeSystem="2.16.840.1.113883.6.96"/>')
    + cda.observation('<value xsi:type="ST">texte libre de M. PATIENTE</value>')
    + cda.observation('<value xsi:type="PQ" nullFlavor="MSK"/>')
    + cda.observation(
        '<value xsi:type="INT" value="12"/>',
        code='<code code="CRP-L" codeSystem="2.25.9"/>',
        more='<interpretationCode code="H"/><referenceRange><observationRange><value xsi:type="IVL_PQ">'
        '<low value="5"/><high value="9.0"/></value></observationRange></referenceRange>',
    )
)
SIGNED = (
    '<id root="2.25.9" extension="77"/><id root="1.2.250.1.71.4.2.1" extension="810000000001"/>',
    '<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="990000010"/></representedOrganization>',
)
CDA = (
    cda.document("2.25.1", code="11502-2", body=SAME)
    .replace("<assignedAuthor>", f"<assignedAuthor>{SIGNED[0]}")
    .replace("</assignedAuthor>", f"{SIGNED[1]}</assignedAuthor>")
)
AUTHORS: list[dict[str, Any]] = [
    {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"reference": "Practitioner/a"},
        "organization": {"reference": "Organization/h"},
        "specialty": [coded("G15_10/SM26", "urn:oid:2.25.3")],
    },
    {
        "resourceType": "Practitioner",
        "id": "a",
        "identifier": [
            {"system": "urn:oid:2.25.9", "value": "77"},
            {"system": "https://rpps.esante.gouv.fr", "value": "10000000001"},
        ],
    },
    {
        "resourceType": "Organization",
        "id": "h",
        "identifier": [{"system": "https://finess.esante.gouv.fr", "value": "1990000010"}],
    },
]


def report(**changed: Any) -> dict[str, Any]:
    """The DocumentReference of the same laboratory report."""
    by = {"author": [{"reference": "PractitionerRole/r"}], "content": [{"attachment": {}}]}
    return document("2.25.1", "d1", code="11502-2", **by | changed)


WHOLE = export(patient(), report(related=NAMED), *FACTS, *AUTHORS)
SENT = {
    "resourceType": "List", "id": "s", "status": "current", "date": "2026-11-20T12:00:00Z",
    "code": coded("submissionset", "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"),
    "entry": [{"item": {"reference": "DocumentReference/d1"}}],
}  # fmt: skip
INSIDE = export(
    patient(),
    report(content=[{"attachment": {"contentType": "text/xml", "url": "Binary/b"}}], author=[]),
    {
        "resourceType": "Binary",
        "id": "b",
        "contentType": "text/xml",
        "data": base64.b64encode(CDA.encode()).decode(),
    },
    SENT,
)
OTHER_INSIDE = export(
    patient(),
    document("2.25.2", "d1", content=[{"attachment": {"contentType": "text/xml", "url": "Binary/b"}}]),
    {"resourceType": "Binary", "id": "b", "data": base64.b64encode(CDA.encode()).decode()},
)
FIRST = export(
    patient(),
    report(related=NAMED),
    *FACTS,
    observation("alone", valueQuantity=quantity("7", "mmol/L")),
    *AUTHORS,
    packed=("Observation.000.ndjson",),
)


def value(ident: str, number: int, at: int) -> dict[str, Any]:
    """One result, as its server stored it on a day of November."""
    return observation(ident, valueInteger=f"#{number}#", meta={"lastUpdated": f"2026-11-{at:02d}T08:00:00Z"})


def names(unique: str, ident: str, at: int, *results: str, **more: Any) -> dict[str, Any]:
    """A document of some results, stored on a day of November."""
    own = tuple(f"Observation/{one}" for one in results)
    return document(unique, ident, related=own, meta={"lastUpdated": f"2026-11-{at:02d}T08:00:00Z"}, **more)


# what each night brings of two results that move, and of one that is deleted while its document is masked
MOVES = [
    export(patient(), names("2.25.60", "m1", 18, "l1", "l2"), value("l1", 1, 18), value("l2", 2, 18)),
    export(patient(), names("2.25.61", "m2", 20, "l1"), value("l1", 11, 20)),
    export(
        patient(),
        names("2.25.62", "m3", 17, "l1", "l3"),  # an old one that comes late
        value("l1", 101, 17),
        value("l3", 3, 17),
        value("l2", 102, 17),
    ),
]
HIDDEN = [
    export(
        patient(), names("2.25.70", "h", 18, "h1", "h2", securityLabel=MASK), value("h1", 1, 18), value("h2", 2, 18)
    ),
    export(patient(), deleted=(deletion("Observation/h1"),)),
    export(patient(), names("2.25.70", "h", 22, "h1", "h2")),
]
MESS: Files = {
    "Patient.ndjson": b"\n".join(
        line(one)
        for one in (
            patient(),
            patient("unused"),
            patient("second"),
            patient("test", identifier=[{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": cda.ins()}]),
            patient("test", identifier=[{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": cda.ins()}]),
            patient("two", address=[{"postalCode": "99001"}]),  # one id, two contents
            patient("two", address=[{"postalCode": "99002"}]),
        )
    )
    + b"\n",
    "Observation.ndjson": b"\n".join(
        [
            line(observation("a", valueQuantity=quantity("1", "g/dL"))),  # 1 kept
            line(observation("a", valueQuantity=quantity("1", "g/dL"))),  # 2 the same line again
            b'{"resourceType": "Observation", "id": "b"',  # 3 cut
            line(observation("c")).replace(b'"id"', b'"status": "final", "id"'),  # 4 a key twice
            line(patient("other")),  # 5 another type than the manifest says
            line(observation("")),  # 6 no id
            line(observation("e", subject={"reference": "Patient/nobody"})),  # 7 unknown patient
            line(observation("f", subject={"reference": "Patient/test"})),  # 8 test identity
            line(observation("g", valueQuantity={"value": "1,5"})),  # 9 a number in quotes
            line(observation("h", valueInteger="#1#")),  # 10, 11 one id, two contents
            line(observation("h", valueInteger="#2#")),
            line(observation("i", category="social-history", valueString="fumeur")),  # 12 not read
            line(observation("m", valueInteger="#3#")),  # 13 named by a whole document
            b"",
            line(observation("n", effectiveDateTime="2026-13-01")),  # 15 impossible date
            line(
                observation("x", valueInteger="#4#", subject={"reference": "Patient/second"})
            ),  # 16 of another patient
            line(observation("q", valueInteger="#5#")),  # 17 of a document that is refused and was to be hidden
            line(observation("r", valueInteger="#6#", subject={"reference": "Patient/two"})),  # 18
        ]
    ),
    "DocumentReference.ndjson": b"\n".join(
        line(one)
        for one in (
            document("2.25.10", "whole", related=("Observation/m", "Observation/i")),
            document("2.25.11", "lacks", related=("Observation/b",)),
            document(
                "2.25.12",
                "masked",
                related=("Observation/zzz",),
                securityLabel=[coded("MASQUE_PS", "urn:oid:1.2.250.1.213.1.1.4.13")],
            ),
            document(
                "2.25.15",
                "moderate",
                related=("Observation/yyy",),
                securityLabel=[coded("M", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality")],
            ),
            document("2.25.13", "strange", related=("Observation/x",)),
            document("2.25.14", "dateless", related=("Observation/q",), date=None, content=[], securityLabel=MASK),
        )
    ),
    "Encounter.ndjson": b'{"resourceType": "Encounter", "id": "1"}\n',
    "Procedure.ndjson": b"",
    "errors.ndjson": b'{"resourceType": "OperationOutcome"}\n',
    "notes.ndjson": b'{"resourceType": "Observation", "id": "z"}\n',
}
MESS["export.json"] = manifest(
    {
        "Patient.ndjson": ("Patient", 7),
        "Observation.ndjson": ("Observation", 17),
        "DocumentReference.ndjson": ("DocumentReference", 6),
        "Encounter.ndjson": ("Encounter", 1),
        "Procedure.ndjson": ("Procedure", 0),
    },
    error=[{"type": "OperationOutcome", "url": "errors.ndjson"}],
)
BROKEN = export(patient(), document("2.25.90", "half")) | {
    "export.json": manifest(
        {"Patient.000.ndjson": ("Patient", 2), "DocumentReference.000.ndjson": ("DocumentReference", 1)}
    )
}
SECOND = export(
    patient(),
    observation("o1", status="entered-in-error"),  # of a document that stays
    observation("alone", valueQuantity=quantity("8", "mmol/L")),  # alone, amended
    observation("o3", valueCodeableConcept=coded("260373001", SNOMED)),  # alone now, as it was told in the document
    observation("o6", coded("CRP-L", "urn:oid:2.25.9"), valueInteger="#13#"),  # alone now, amended
    deleted=(
        deletion("Observation/o2"),
        deletion("DocumentReference/never"),
        deletion("Patient/p1", "Encounter/1"),
    ),
)
THIRD = export(patient(), document("2.25.2", "d2"), deleted=(deletion("DocumentReference/d1", "Observation/alone"),))


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    settings = prepare_root(tmp_path_factory.mktemp("exports") / "root", "synthetic")
    first = run(
        spark,
        settings,
        NIGHTS[0],
        None,
        {
            ("CDA", "c"): {"1.xml": CDA.encode()},
            ("XDM", "x"): {"1.zip": cda.package(CDA)},
            ("FHIR", "f", "fhir-bulk"): FIRST,
            ("BOTH", "c2"): {"1.zip": cda.package(CDA)},
            ("BOTH", "f2", "fhir-bulk"): WHOLE,
            ("SAME", "w", "fhir-bulk"): WHOLE,
            ("INSIDE", "i", "fhir-bulk"): INSIDE,
            ("INSIDE2", "j", "fhir-bulk"): OTHER_INSIDE,
            ("MOVES", "m1", "fhir-bulk"): MOVES[0],
            ("HIDDEN", "h1", "fhir-bulk"): HIDDEN[0],
            ("SUMC", "sc"): {"1.xml": SUMMARY_CDA.encode()},
            ("SUM", "s1", "fhir-bulk"): export(patient(), summary(), *TOLD),
            ("MESS", "m", "fhir-bulk"): MESS,
            ("BROKEN", "b", "fhir-bulk"): BROKEN,
        },
    )
    second = run(
        spark,
        settings,
        NIGHTS[1],
        first.base,
        {
            ("FHIR", "g", "fhir-bulk"): SECOND,
            ("MOVES", "m2", "fhir-bulk"): MOVES[1],
            ("HIDDEN", "h2", "fhir-bulk"): HIDDEN[1],
            ("SUM", "s2", "fhir-bulk"): export(patient(), summary(securityLabel=MASK)),
        },
    )
    third = run(
        spark,
        settings,
        NIGHTS[2],
        second.base,
        {
            ("FHIR", "h", "fhir-bulk"): THIRD,
            ("SUM", "s3", "fhir-bulk"): export(patient(), summary()),
            ("MOVES", "m3", "fhir-bulk"): MOVES[2],
            ("HIDDEN", "h3", "fhir-bulk"): HIDDEN[2],
        },
    )
    return [first, second, third]


OF_PRODUCER = ("producer", "subject_id", "document_id", "delivery_id", "file", "record", "carrier", "set_id")


def facts(result: Result, table: str, producer: str) -> list[dict[str, Any]]:
    """Rows without what names producer, file and carrier."""
    return [{k: v for k, v in row.items() if k not in OF_PRODUCER} for row in result.rows(table, producer)]


def test_the_same_facts_by_cda_xdm_and_fhir_give_the_same_rows(nights: list[Result]) -> None:
    by = {name: facts(nights[0], "lab_result", name) for name in ("CDA", "XDM", "SAME", "INSIDE")}
    assert len(by["CDA"]) == 6
    assert by["CDA"] == by["XDM"] == by["SAME"] == by["INSIDE"]
    assert [row["value_number"] for row in by["SAME"]] == [
        Decimal("1.95"),
        Decimal("0.5"),
        None,
        None,
        None,
        Decimal(12),
    ]


def test_the_same_document_by_cda_and_fhir_is_one_row_but_for_its_carrier(nights: list[Result]) -> None:
    by = {name: facts(nights[0], "document", name) for name in ("CDA", "SAME", "INSIDE")}
    assert by["CDA"] == by["SAME"] == by["INSIDE"] and len(by["CDA"]) == 1
    assert by["CDA"][0]["author_id"] and by["CDA"][0]["organisation_id"]
    claims = [
        {k: v for k, v in row.items() if k not in (*OF_PRODUCER, "claim_id", "night")} for row in nights[0].claims
    ]
    assert [row for row in claims if row["birth_place"]] and len({str(row) for row in claims}) == 1


def test_each_kind_of_fact_by_cda_and_fhir_gives_the_same_rows(nights: list[Result]) -> None:
    for table in TABLES.values():
        by_cda, by_fhir = facts(nights[0], table, "SUMC"), facts(nights[0], table, "SUM")
        assert by_cda == by_fhir, table
        assert len(by_fhir) == (0 if table == "lab_result" else 1), table


def test_d_10_a_document_that_comes_alone_masks_and_unmasks_what_is_known(nights: list[Result]) -> None:
    """Its resources do not come again: only its metadata count."""
    counted = [[len(night.rows(name, "SUM")) for name in ("document", "vaccination", "allergy")] for night in nights]
    assert counted == [[1, 1, 1], [0, 0, 0], [1, 1, 1]]
    assert set(nights[1].lines("s2").values()) == {"accepted"}
    told = [[(e["event"], e["cause"]) for e in night.events if e["producer"] == "SUM"] for night in nights[1:]]
    assert ("masked", "visibility") in told[0] and ("restored", "metadata") in told[1]


def test_one_document_by_xdm_and_by_fhir_is_one_document(nights: list[Result]) -> None:
    assert len(facts(nights[0], "document", "BOTH")) == 1
    assert facts(nights[0], "lab_result", "BOTH") == facts(nights[0], "lab_result", "CDA")
    assert [(e["delivery_id"], e["cause"]) for e in nights[0].events if e["producer"] == "BOTH"] == [("c2", "same_id")]


def test_every_line_of_a_good_export_is_accounted_for(nights: list[Result]) -> None:
    assert nights[0].lines("f") == {
        ("export.json", 1): "accepted",
        ("Patient.000.ndjson", 1): "accepted",
        ("DocumentReference.000.ndjson", 1): "accepted",
        **{(f"{kind}.000.ndjson", 1): "accepted" for kind in ("PractitionerRole", "Practitioner", "Organization")},
        **{("Observation.000.ndjson.gz", number): "accepted" for number in range(1, 8)},
    }


def test_e_09_lines_of_a_messy_export(nights: list[Result]) -> None:
    told = nights[0].lines("m")
    file = lambda name: [told[key] for key in sorted(told) if key[0] == name]  # noqa: E731
    assert file("Patient.ndjson") == ["accepted", "FHR-053", "accepted", "DOC-007", "DOC-007", "FHR-009", "FHR-009"]
    assert file("Observation.ndjson") == [
        "accepted", "duplicate", "FHR-002", "FHR-003", "FHR-005", "FHR-006", "FHR-010", "DOC-007", "FHR-007",
        "FHR-009", "FHR-009", "FHR-051", "accepted", "FHR-007", "FHR-012", "FHR-011", "FHR-009",
    ]  # fmt: skip
    assert file("DocumentReference.ndjson") == [
        "accepted", "FHR-011", "accepted", "FHR-011", "FHR-012", "FHR-008"
    ]  # fmt: skip
    assert [row["rule"] for row in nights[0].intake if row["kind"] == "Encounter"] == ["FHR-050"]
    assert file("Procedure.ndjson") == ["FHR-054"]
    assert [row["rule"] for row in nights[0].intake if row["kind"] == "OperationOutcome"] == ["FHR-052"]
    assert "FHR-025" in told.values()
    row = next(row for row in nights[0].intake if row["delivery_id"] == "m" and row["kind"] == "manifest")
    assert row["warnings"] == "FHR-064"
    fields = {row["rule"]: row["field"] for row in nights[0].quarantine if row["delivery_id"] == "m"}
    assert fields["FHR-006"] == "Observation.id"
    assert fields["FHR-010"] == "Observation.subject"
    assert fields["FHR-011"] == fields["FHR-012"] == "context.related"
    assert all(row["bytes"] is not None for row in nights[0].quarantine)


def test_e_09_a_wrong_count_publishes_nothing_of_the_export(nights: list[Result]) -> None:
    assert set(nights[0].lines("b").values()) == {"FHR-022", "FHR-024"}
    assert nights[0].rows("document", "BROKEN") == []
    culprit = next(row for row in nights[0].quarantine if row["rule"] == "FHR-022")
    assert (culprit["file"], culprit["field"]) == ("export.json", "output[0].count")


def test_a_resource_that_leaves_takes_its_row_and_no_other(nights: list[Result]) -> None:
    """Entered in error, deleted, amended alone: the rows leave the document that told them; the rest stays."""
    rows = nights[1].rows("lab_result", "FHIR")
    documents = {row["document_id"]: row for row in nights[1].rows("document", "FHIR")}
    in_document = [row["result_rank"] for row in rows if documents[row["document_id"]]["type_code"] == "11502-2"]
    assert sorted(in_document) == [3, 4, 5]
    assert sorted(row["value_number"] for row in rows if row["value_number"]) == [Decimal(8), Decimal(13)]
    assert sorted(row["result_count"] for row in documents.values()) == [1, 1, 3]
    told = nights[1].lines("g")
    assert told["Observation.000.ndjson", 1] == "accepted"  # entered in error
    assert told["Observation.000.ndjson", 3] == "duplicate"  # said the same as part of its document
    assert told["deleted.ndjson", 2] == "accepted"  # of something nobody knows
    warned = {(row["file"], row["record"]): row["warnings"] for row in nights[1].intake if row["delivery_id"] == "g"}
    assert warned["deleted.ndjson", 3] == "FHR-063,FHR-065"
    events = {(e["table"], e["event"], e["cause"]): e["count"] for e in nights[1].events if e["producer"] == "FHIR"}
    assert events["lab_result", "deleted", "gone"] == 2
    assert events["lab_result", "superseded", "told_elsewhere"] == 1
    assert events["document", "superseded", "same_id"] == 1


def test_d_09_a_deleted_document_and_a_deleted_lone_resource_leave(nights: list[Result]) -> None:
    assert {row["type_code"] for row in nights[2].rows("document", "FHIR")} == {"11490-0", None}
    assert [row["value_number"] for row in nights[2].rows("lab_result", "FHIR")] == [Decimal(13)]
    assert {
        (e["delivery_id"], e["event"], e["cause"]): e["count"] for e in nights[2].events if e["producer"] == "FHIR"
    } == {
        ("f", "deleted", "delete"): 1,
        ("g", "deleted", "delete"): 1,
        ("h", "applied", "delete"): 2,  # the two requests
    }
    states = [row["status"] for row in nights[2].rows("document_version", "FHIR")]
    # nothing of the patient and the stay; the two; the one entered in error on its own, the one deleted out of its
    # document and the one that nobody knows
    assert states.count("deleted") == 5


def test_a_cda_document_in_a_binary_is_the_document_and_must_be_the_one_that_is_named(nights: list[Result]) -> None:
    assert set(nights[0].lines("i").values()) == {"accepted"}
    (version,) = nights[0].rows("document_version", "INSIDE")
    assert f"{version['submitted_at']:%Y-%m-%d %H}" == "2026-11-20 12"  # as its submission set says
    assert nights[0].lines("j")["DocumentReference.000.ndjson", 1] == "DOC-018"


def test_an_old_telling_that_comes_late_moves_nothing_back(nights: list[Result]) -> None:
    told = [sorted(row["value_number"] for row in night.rows("lab_result", "MOVES")) for night in nights]
    assert told == [[1, 2], [2, 11], [2, 3, 11]]
    assert nights[2].lines("m3")["Observation.000.ndjson", 3] == "duplicate"  # l2, alone and older
    counts = {row["result_count"]: row["delivery_id"] for row in nights[2].rows("document", "MOVES")}
    assert len(nights[2].rows("document", "MOVES")) == 3 and set(counts) == {1}


def test_d_10_a_resource_deleted_while_its_document_is_masked_does_not_come_back(nights: list[Result]) -> None:
    assert [len(night.rows("document", "HIDDEN")) for night in nights] == [0, 0, 1]
    assert [row["value_number"] for row in nights[2].rows("lab_result", "HIDDEN")] == [2]
    assert [row["result_count"] for row in nights[2].rows("document", "HIDDEN")] == [1]


def test_no_identity_reaches_care_rows_or_intake(nights: list[Result]) -> None:
    shown = str([n.tables for n in nights]) + str([n.intake for n in nights]) + str([n.events for n in nights])
    for secret in ("PATIENTE", "19790328", "1979-03-28", cda.ins()[:13], "IPP-1", "texte libre", "server.example"):
        assert secret not in shown
