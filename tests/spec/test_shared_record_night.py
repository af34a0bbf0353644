"""Nights of the shared record: what a producer sends, what becomes of it, in readable tables."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import prepare_root
from synthetic import catalogue
from synthetic.mess import QUARANTINED
from synthetic.produce import Sent
from tests.documents_made import INS_OID, LOINC, document, ins, laboratory, local, observation, package, patient
from tests.shared_record_nights import Files, Result, balance, run
from tests.spec.simulated_documents import Told, foreseen, spoilt_delivery

SAMPLES = Path(__file__).parents[1] / "data" / "shared_record"


LAB = laboratory(
    observation('<value xsi:type="PQ" value="13,5" unit="g/dL"/>')
    + observation('<value xsi:type="PQ" value="&lt; 0.5" unit="mUI/l"/>')
    + observation('<value xsi:type="CD" code="260373001" codeSystem="2.16.840.1.113883.6.96"/>')
    + observation('<value xsi:type="ST">texte libre de M. PATIENTE</value>')
    + observation('<value xsi:type="PQ" nullFlavor="MSK"/>')
    + observation(
        '<value xsi:type="INT" value="12"/>',
        code='<code nullFlavor="NA"><translation code="CRP-L" codeSystem="2.25.9"/></code>',
        more='<interpretationCode code="H"/><referenceRange><observationRange><value xsi:type="IVL_PQ">'
        '<low value="9"/><high value="5"/></value></observationRange></referenceRange>',
    )
)
OTHER = patient(ids=local("IPP-2"), family="AUTRE", birth="19800101")
FIRST: Files = {
    "1.xml": document("2.25.1", code="11502-2", body=LAB).encode(),
    "2.xml": document("2.25.1", code="11502-2", body=LAB.replace("<value", "\n   <value")).encode(),
    "3.xml": document("2.25.3", when="20261031").encode(),
    "4.xml": document("2.25.4", when="20261103101500+100").encode(),
    "5.xml": document("2.25.5").encode(),
    "6.xml": document("2.25.5", who=OTHER).encode(),
    "7.xml": document("2.25.7", set_id="2.25.77", version=1).encode(),
    "8.xml": document("2.25.8", set_id="2.25.77", version=2).encode(),
    "9.xml": document("2.25.9", replaces="2.25.404").encode(),
    "10.xml": document("2.25.10", who=patient(ids=f'<id root="{INS_OID}" extension="279035199900100"/>')).encode(),
    "11.xml": document("2.25.11", who=patient(ids=local(ins("1850751999003"), "2.25.99"))).encode(),
    "12.xml": document("2.25.12", when="2026").encode(),
    "13.xml": document("2.25.13", when="20261303").encode(),
    "14.zip": package(document("2.25.14"), document("2.25.15")),
    "15.xml": document("2.25.16", replaces="2.25.17").encode(),
    "16.xml": document("2.25.17", replaces="2.25.16").encode(),
    "17.xml": document("2.25.18", who=OTHER, replaces="2.25.3").encode(),
    "18.xml": document("2.25.20", set_id="2.25.88", version=1).encode(),
    "DUPONT-Marie-19790328.xml": document("2.25.21").encode(),
    "19.xml": b"",
}
SECOND: Files = {
    "20.xml": document("2.25.1", code="11502-2", body=LAB).encode(),  # sent again, unchanged
    "21.xml": document("2.25.3", when="20261101").encode(),  # same id, other content, other month
    "22.xml": document("2.25.404", when="20260901").encode(),  # the parent of 9.xml, late
    "23.zip": package(document("2.25.14"), said={"urn:action:extraMetadataSlot": "D"}),
    "24.zip": package(document("2.25.22", set_id="2.25.88", version=1), said={"urn:action:extraMetadataSlot": "C"}),
    "25.xml": document("2.25.4", who=OTHER).encode(),  # another patient under a known id
    "26.zip": package(document("2.25.30"), said={"urn:action:extraMetadataSlot": "D"}),  # never seen
}
THIRD: Files = {
    "27.xml": document("2.25.14", when="20261104").encode(),  # deleted before, sent again
    "28.xml": document("2.25.30").encode(),  # came first with the request to delete it
    "29.xml": document("2.25.7", set_id="2.25.77", version=1).encode(),  # superseded before, sent again unchanged
}


@pytest.fixture(scope="module")
def spoilt() -> Sent:
    """Documents of the simulator, nearly all of them spoilt."""
    return spoilt_delivery()


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, spoilt: Sent) -> list[Result]:
    """Three nights; with the first come two more producers: samples that nobody here wrote, and spoilt documents."""
    settings = prepare_root(tmp_path_factory.mktemp("documents") / "root", "synthetic")
    samples = {path.name: path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))}
    sent = {("DMP1", "a"): FIRST, ("DMP2", "s"): samples, ("DMP3", "m"): spoilt.delivery.files}
    first = run(spark, settings, "2026-11-22", None, sent)
    second = run(spark, settings, "2026-11-23", first.base, {("DMP1", "b"): SECOND})
    third = run(spark, settings, "2026-11-24", second.base, {("DMP1", "c"): THIRD})
    return [first, second, third]


def current(result: Result, producer: str = "DMP1") -> dict[str, str]:
    """File of each current document -> its period."""
    return {row["file"]: row["period"] for row in result.tables["document"] if row["producer"] == producer}


def test_outcomes_of_the_first_night(nights: list[Result]) -> None:
    assert nights[0].outcomes() == {
        "1.xml": "accepted", "2.xml": "duplicate", "3.xml": "accepted", "4.xml": "accepted",
        "5.xml": "DOC-009", "6.xml": "DOC-009", "7.xml": "accepted", "8.xml": "accepted", "9.xml": "accepted",
        "10.xml": "accepted", "11.xml": "accepted", "12.xml": "accepted", "13.xml": "DOC-014", "14.zip": "accepted",
        "15.xml": "DOC-021", "16.xml": "DOC-021", "17.xml": "DOC-017", "18.xml": "accepted", "19.xml": "DOC-001",
        nights[0].shown["DUPONT-Marie-19790328.xml"]: "accepted",
    }  # fmt: skip


def test_warnings_of_the_first_night(nights: list[Result]) -> None:
    told = {row["file"]: row["warnings"] for row in nights[0].intake if row["warnings"] and row["producer"] == "DMP1"}
    assert told == {
        "1.xml": "DOC-101,DOC-103,DOC-110",  # unit, local code, range upside down
        "4.xml": "DOC-102",  # zone +100
        "10.xml": "IDE-001",  # wrong key: barred as identifier, document kept
        "11.xml": "DOC-104",  # a number shaped like a NIR under another OID
    }


def test_times_keep_the_day_and_say_how_exact_they_are(nights: list[Result]) -> None:
    rows = {row["file"]: row for row in nights[0].tables["document"] if row["producer"] == "DMP1"}
    seen = {
        name: (str(rows[name]["created_on"]), str(rows[name]["created_at"]), rows[name]["created_precision"])
        for name in ("1.xml", "3.xml", "4.xml", "12.xml")
    }
    assert seen == {
        "1.xml": ("2026-11-03", "2026-11-03 09:15:00+00:00", "second"),
        "3.xml": ("2026-10-31", "None", "day"),
        "4.xml": ("2026-11-03", "None", "second"),
        "12.xml": ("None", "None", "year"),
    }
    assert (rows["1.xml"]["age_years"], rows["1.xml"]["sex"], rows["12.xml"]["period"]) == (47, "2", "2026-01")


def test_laboratory_results(nights: list[Result]) -> None:
    columns = (
        "code",
        "code_kind",
        "value_type",
        "value_number",
        "value_comparator",
        "value_code",
        "unit_ucum",
        "null_flavor",
    )
    found = [
        tuple(None if row[name] is None else str(row[name]) for name in columns)
        for row in nights[0].tables["lab_result"]
        if row["producer"] == "DMP1"
    ]
    assert found == [
        ("718-7", "loinc", "PQ", "13.500000", None, None, "True", None),
        ("718-7", "loinc", "PQ", "0.500000", "<", None, "False", None),
        ("718-7", "loinc", "CD", None, None, "260373001", None, None),
        ("718-7", "loinc", "ST", None, None, None, None, None),
        ("718-7", "loinc", "PQ", None, None, None, None, "MSK"),
        ("CRP-L", "local", "INT", "12.000000", None, None, None, None),
    ]
    assert LOINC in {row["code_system"] for row in nights[0].tables["lab_result"]}


def test_current_documents_after_each_night(nights: list[Result]) -> None:
    first = {name: period for name, period in current(nights[0]).items() if not name.startswith("file-")}
    assert first == {
        "1.xml": "2026-11", "3.xml": "2026-10", "4.xml": "2026-11", "8.xml": "2026-11", "9.xml": "2026-11",
        "10.xml": "2026-11", "11.xml": "2026-11", "12.xml": "2026-01", "14.zip": "2026-11", "18.xml": "2026-11",
    }  # fmt: skip
    second = set(current(nights[1]).items()) ^ set(current(nights[0]).items())
    assert second == {("3.xml", "2026-10"), ("21.xml", "2026-11"), ("18.xml", "2026-11"), ("24.zip", "2026-11")}
    assert len([row for row in nights[0].tables["document"] if row["file"] == "14.zip"]) == 2
    assert len([row for row in nights[1].tables["document"] if row["file"] == "14.zip"]) == 1
    assert current(nights[2]) == current(nights[1])


def test_later_nights_decide_against_the_base(nights: list[Result]) -> None:
    assert nights[1].outcomes() == {
        "20.xml": "duplicate", "21.xml": "accepted", "22.xml": "accepted", "23.zip": "accepted", "24.zip": "accepted",
        "25.xml": "DOC-009", "26.zip": "accepted",
    }  # fmt: skip
    assert nights[2].outcomes() == {"27.xml": "accepted", "28.xml": "duplicate", "29.xml": "duplicate"}


def test_events_name_the_delivery_whose_document_left_and_why(nights: list[Result]) -> None:
    events = [[e for e in night.events if e["producer"] != "DMP3"] for night in nights]
    told = [[(e["delivery_id"], e["event"], e["cause"], e["count"]) for e in night] for night in events]
    assert sorted(told[0]) == [("a", "superseded", "set_version", 1), ("s", "masked", "visibility", 1)]
    assert sorted(told[1]) == [
        ("a", "deleted", "delete", 1),
        ("a", "superseded", "same_id", 1),
        ("a", "superseded", "set_correction", 1),
        ("b", "applied", "delete", 2),
        ("b", "superseded", "replaced", 1),
    ]
    assert sorted(told[2]) == [("c", "deleted", "earlier_night", 1)]


def test_the_ledger_says_what_stands(nights: list[Result]) -> None:
    for last in (1, 2, 3):
        assert balance(nights[:last]) == len(nights[last - 1].tables["document"])


def test_a_patient_is_one_subject_per_producer_by_number_and_claims_carry_the_traits(nights: list[Result]) -> None:
    claims = {row["subject_id"]: row for row in nights[0].claims if row["producer"] == "DMP1"}
    subjects = {row["file"]: row["subject_id"] for row in nights[0].tables["document"] if row["producer"] == "DMP1"}
    assert len({subjects[name] for name in ("1.xml", "3.xml", "4.xml", "14.zip")}) == 1
    claim = claims[subjects["1.xml"]]
    assert (claim["ins"], claim["ins_oid"], claim["number_status"]) == ("2790351999001", INS_OID, "valid")
    assert (claim["family_name"], claim["first_given_name"], claim["given_names"]) == ("PATIENTE", "ALIX", "ALIX MARIE")
    assert (str(claim["birth_date"]), claim["sex"], claim["birth_place"]) == ("1979-03-28", "2", "51999")
    barred = claims[subjects["10.xml"]]
    assert (barred["ins"], barred["number_status"]) == (None, "key_wrong")
    assert claims[subjects["11.xml"]]["ins"] is None


def test_no_identity_reaches_care_rows_or_intake_and_the_quarantine_keeps_the_file(nights: list[Result]) -> None:
    shown = str([n.tables for n in nights]) + str([n.intake for n in nights]) + str([n.events for n in nights])
    for secret in ("PATIENTE", "DUPONT", "MÉDECIN", "19790328", ins()[:13], "IPP-1", "texte libre"):
        assert secret not in shown
    kept = {row["file"]: row for row in nights[0].quarantine if row["producer"] == "DMP1"}
    assert kept["13.xml"]["bytes"] == FIRST["13.xml"]
    assert kept["13.xml"]["field"] == "effectiveTime"


def test_documents_that_nobody_here_wrote(nights: list[Result]) -> None:
    intake = {row["file"]: row for row in nights[0].intake if row["producer"] == "DMP2"}
    samples = {path.name: intake[nights[0].shown[path.name]] for path in SAMPLES.glob("*.xml")}
    assert len(samples) == len(intake) == 21
    assert {name for name, row in samples.items() if row["outcome"] == "accepted"} == {
        "fr_tddui_v1.0.1.xml", "hl7_ccd_2.xml", "hl7_diagnostic_imaging_report.xml", "hl7_direct_address.xml",
        "hl7_parent_document_replace.xml", "hl7_unstructured_text_plain.xml", "jm_allscripts_scm_101646.xml",
        "jm_greenway_26620.xml", "jm_kareo_ccd.xml", "jm_nist_inpatient.xml", "jm_practicefusion_everyman.xml",
        "ms_sample.xml",
    }  # fmt: skip
    refused = {name: row["rule"] for name, row in samples.items() if row["outcome"] != "accepted"}
    assert refused.pop("ms_timezone_input.xml") == "DOC-008"
    assert set(refused.values()) == {"DOC-009"} and len(refused) == 8  # two ids shared by several patients
    assert samples["fr_tddui_v1.0.1.xml"]["warnings"] == "DOC-213,IDE-004"  # out of scope; no number of this shape
    silent = {name for name, row in samples.items() if "DOC-216" in (row["warnings"] or "")}
    assert silent == {
        "hl7_diagnostic_imaging_report.xml",
        "hl7_direct_address.xml",
    }  # level 3, of which nothing is read
    standing = [row for row in nights[0].tables["document"] if row["producer"] == "DMP2"]
    assert len(standing) == 11 and sum(row["result_count"] for row in standing) == 8
    (masked,) = [row for row in nights[0].rows("document_version", "DMP2") if row["status"] == "masked"]
    assert (masked["file"], masked["confidentiality"]) == (nights[0].shown["jm_practicefusion_everyman.xml"], "R")


def test_every_spoilt_record_has_the_outcome_the_rule_and_the_warnings_that_are_foreseen(
    nights: list[Result], spoilt: Sent
) -> None:
    codes = {(one.file, one.record): one.code for one in spoilt.mess.itertuples()}
    found: Told = {}
    for row in [row for row in nights[0].intake if row["producer"] == "DMP3"]:
        told = row["rule"] if row["outcome"] == QUARANTINED else row["warnings"]
        found[(nights[0].unshown(row["file"]), row["record"])] = (row["outcome"], told or "")
    expected = foreseen(spoilt.mess, spoilt.truth, spoilt.extra["document_fact"])
    assert found.keys() == expected.keys()
    told_otherwise = [place for place in found if found[place] != expected[place]]
    assert [(codes.get(place, "good"), expected[place], found[place]) for place in told_otherwise] == []


def test_the_spoilt_documents_show_nearly_every_case_of_the_catalogue(spoilt: Sent) -> None:
    usual = {case.code for case in catalogue.CASES if case.answers("")}
    assert len(set(spoilt.mess.code)) > 0.9 * len(usual)
