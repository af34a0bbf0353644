"""The report: verdict first, offline, bilingual, honest about what is missing, silent about persons."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from jobs.core.attempt import attempt_folder
from jobs.core.rules import rules
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.core.tables import write_small
from jobs.release.pools import candidate_pool
from jobs.report.__main__ import report
from jobs.report.linkage import shown_linkage
from jobs.report.masking import coarse
from jobs.report.sources import source_facts
from jobs.standardise.pools import intake_pool

NIGHT = "2026-11-22"
REGISTER = """producer,source,name,format,dialect,expected_records,due_hour,contact,status
990000012,hospital,CH du Test,pmsi-mco,,100,2,dim@example.org,active
990000020,hospital,Clinique Modèle,pmsi-mco,,100,2,,active
PH0000001,pharmacy,Pharmacie A,pharmacy-csv,standard,50,2,,active
"""


def first_rule(prefix: str) -> str:
    return min(code for code in rules() if code.startswith(prefix))


LOTS = {"lots": {"last": 12, "missing": [[9, "2026-11-20"], [11, "2026-11-21"]]}}


@pytest.fixture
def night(settings: Settings) -> Settings:
    """A night with an accepted hospital, a held one and a pharmacy that never came."""
    (settings.root / "producers.csv").write_text(REGISTER, encoding="utf-8")
    reject, warning = first_rule("HOS-"), first_rule("IDE-")
    intake = [
        intake_row("990000012", 1, "accepted", None, None),
        intake_row("990000012", 2, "quarantined", reject, None),
        intake_row("990000012", 3, "accepted", None, warning),
    ]
    with attempt_folder(settings) as attempt:
        file = write_small(intake, load_schema("ledger/intake"), intake_pool(settings), attempt)
        diagnosis = write_small(
            diagnoses(), load_schema("published/hospital_diagnosis"), candidate_pool(settings), attempt
        )
    folder = settings.standard / "hospital" / NIGHT
    counts = {"read": 3, "accepted": 2, "unchanged": 0, "duplicate": 0, "quarantined": 1, "ignored": 0}
    write_json(
        folder / "proposal.json",
        {"producers": {"990000012": {"deliveries": ["d1"], **counts}}, "tables": {"intake": [file.to_json()]}},
    )
    states = {
        "990000012": {"status": "accepted", "as_of": NIGHT, "read": 3, "remembered": LOTS},
        "990000020": {"status": "held", "held_since": "2026-11-20", "rule": reject},
    }
    write_json(folder / "state.json", {"status": "partial", "producers": states})
    write_json(
        settings.standard / "pharmacy" / NIGHT / "state.json",
        {"status": "absent", "producers": {"PH0000001": {"status": "missing"}}},
    )
    ledger = [{"event": "added", "table": "hospital_diagnosis", "source": "hospital", "count": 3}]
    tables = {"hospital_diagnosis": {"2026-11": [diagnosis.to_json()]}}
    write_json(
        settings.candidate / NIGHT / "candidate.json",
        {"night": NIGHT, "tables": tables, "changed": {"hospital_diagnosis": ["2026-11"]}, "ledger": ledger},
    )
    write_json(settings.candidate / NIGHT / "gate.json", {"decision": "publish", "reasons": [], "suites": []})
    write_json(
        settings.ledger / "nights" / f"{NIGHT}.json", {"night": NIGHT, "decision": "publish", "release": f"{NIGHT}-abc"}
    )
    return settings


def intake_row(producer: str, record: int, outcome: str, rule: str | None, warnings: str | None) -> dict[str, Any]:
    place = {
        "night": NIGHT,
        "source": "hospital",
        "producer": producer,
        "delivery_id": "d1",
        "file": "rss.txt",
        "record": record,
    }
    return place | {"kind": "rss", "outcome": outcome, "rule": rule, "warnings": warnings}


def diagnoses() -> list[dict[str, Any]]:
    shared = {"care_month": "2026-11", "producer": "990000012", "unit_rank": 1, "kind": "principal"}
    return [
        shared
        | {"pseudonym": f"1.{n}", "stay_id": str(n), "diagnosis_rank": n, "code": code, "code_known": code == "I10"}
        for n, code in enumerate(["I10", "Z99X", "Z99X"], start=1)
    ]


def page(settings: Settings) -> str:
    report(settings, NIGHT)
    return (settings.reports / NIGHT / "index.html").read_text(encoding="utf-8")


def test_the_verdict_comes_first_and_the_trouble_is_named(night: Settings) -> None:
    text = page(night)
    assert (
        text.index('id="verdict"') < text.index('id="sources"') < text.index('id="funnel"') < text.index('id="rules"')
    )
    assert f"{NIGHT}-abc" in text
    facts = json.loads((night.reports / NIGHT / "run.json").read_text())
    assert [(hold["producer"], hold["status"]) for hold in facts["holds"]] == [("990000020", "held")]
    assert facts["unknown_codes"] == [{"list": "cim10", "table": "hospital_diagnosis", "code": "Z99X", "count": 2}]
    assert [item["status"] for item in facts["sources"]] == ["partial", "absent", "open"]


def test_damaged_drug_codes_and_unknown_emergency_codes_are_on_the_worklist(night: Settings) -> None:
    drug = {"care_month": "2026-11", "producer": "990000012", "quantity": 1, "amount": 1, "attached": True}
    drugs = [
        drug | {"line_id": str(rank), "ucd_sent": sent, "ucd13": read, "ucd_status": status}
        for rank, (sent, read, status) in enumerate(
            [
                ("3,40089E+12", None, "rounded"),
                ("3,40089E+12", None, "rounded"),
                ("9009994", "3400890099940", "valid"),
                ("", None, "missing"),
                (None, None, "missing"),
            ]
        )
    ]
    visit = {"care_month": "2026-11", "producer": "990000012", "code_known": False}
    tables = {
        "hospital_drug": drugs,
        "emergency_diagnosis": [visit | {"code": "J9999"}],
        "emergency_procedure": [visit | {"code": "ABCD999"}, visit | {"code": "DEQP003", "code_known": True}],
    }
    path = night.candidate / NIGHT / "candidate.json"
    candidate = read_json(path)
    with attempt_folder(night) as attempt:
        for name, rows in tables.items():
            file = write_small(rows, load_schema(f"published/{name}"), candidate_pool(night), attempt)
            candidate["tables"][name] = {"2026-11": [file.to_json()]}
            candidate["changed"][name] = ["2026-11"]
    write_json(path, candidate)
    page(night)
    facts = read_json(night.reports / NIGHT / "run.json")
    assert len(facts["unknown_codes"]) == 4
    found = {(one["list"], one["table"]): (one["code"], one["count"]) for one in facts["unknown_codes"]}
    assert found == {
        ("cim10", "hospital_diagnosis"): ("Z99X", 2),
        ("ucd", "hospital_drug"): ("3,40089E+12", 2),
        ("ccam", "emergency_procedure"): ("ABCD999", 1),
        ("cim10", "emergency_diagnosis"): ("J9999", 1),
    }


def volumes_told(settings: Settings, volumes: Any, read: dict[str, int]) -> dict[str, Any]:
    """The facts of a hospital that sent some records tonight and has earlier volumes."""
    before = settings.standard / "hospital" / "2026-11-21" / "state.json"
    write_json(before, {"producers": {"990000012": {"volumes": volumes}}})
    folder = settings.standard / "hospital" / NIGHT
    proposal = read_json(folder / "proposal.json")
    proposal["producers"]["990000012"] |= {"read": sum(read.values()), "read_by_format": read}
    write_json(folder / "proposal.json", proposal)
    hospital = source_facts(settings, NIGHT)[0]
    return next(one for one in hospital["producers"] if one["producer"] == "990000012")


def test_what_is_usual_is_told_format_by_format(night: Settings) -> None:
    volumes = {"rpu-oscour": [90, 100, 110], "pmsi-mco": [900, 1000, 1100]}
    visits = volumes_told(night, volumes, {"rpu-oscour": 50})
    assert (visits["usual"], visits["ratio_percent"], len(visits["by_format"])) == (100, 50, 1)
    both = volumes_told(night, volumes, {"pmsi-mco": 1000, "rpu-oscour": 50})
    assert (both["read"], both["usual"], both["ratio_percent"]) == (1050, 1100, 95)
    assert both["by_format"] == [
        {"format": "pmsi-mco", "read": 1000, "usual": 1000, "ratio_percent": 100},
        {"format": "rpu-oscour", "read": 50, "usual": 100, "ratio_percent": 50},
    ]
    assert page(night).count("<code>rpu-oscour</code>") == 1


def test_nothing_is_usual_of_a_format_with_too_few_nights(night: Settings) -> None:
    both = volumes_told(night, {"pmsi-mco": [900, 1000, 1100]}, {"pmsi-mco": 1000, "rpu-oscour": 50})
    assert (both["usual"], both["ratio_percent"]) == (None, None)
    old = volumes_told(night, [900, 1000, 1100], {"pmsi-mco": 500})
    assert (old["usual"], old["ratio_percent"]) == (1000, 50), "a list of old is that of the registered format"


def test_the_page_stands_alone_and_every_word_is_in_both_languages(night: Settings) -> None:
    text = page(night)
    assert not re.search(r'(?:src|href)="(?!receipts/)', text)
    assert "http" not in text and "@import" not in text and "url(" not in text
    assert text.count('<span lang="fr">') == text.count('<span lang="en">') > 40


def test_missing_lots_are_counted_on_the_page_and_named_on_the_receipt(night: Settings) -> None:
    assert re.search("missing lots:[^0-9]*2<", page(night))
    receipt = (night.reports / NIGHT / "receipts" / "hospital" / "990000012.html").read_text(encoding="utf-8")
    assert "B2F-120" in receipt and "<code>9</code>" in receipt and "2026-11-21" in receipt


def test_a_receipt_lists_the_producer_s_own_rejects_with_place_and_remedy(night: Settings) -> None:
    page(night)
    with (night.reports / NIGHT / "receipts" / "hospital" / "990000012.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert [(row["file"], row["record"], row["outcome"]) for row in rows] == [
        ("rss.txt", "2", "quarantined"),
        ("rss.txt", "3", "accepted"),
    ]
    assert all(row["remede"] and row["remedy"] for row in rows)


def test_documents_are_told_by_type_carrier_and_outcome(night: Settings) -> None:
    told = [
        ("11502-2", "cda", "accepted", 1200),
        ("11502-2", "cda", "quarantined", 3),
        ("11502-2", "fhir", "accepted", 7),
        ("other", "xdm", "accepted", 1),
        ("unread", "cda", "quarantined", 4),
    ]
    measures = [dict(zip(("type", "carrier", "outcome", "count"), one, strict=True)) for one in told]
    ledger = [
        {"table": "document", "event": "masked", "cause": "metadata", "count": 2},
        {"table": "document", "event": "masked", "cause": "other", "count": 1},
        {"outcome": "accepted", "count": 9},
        {"table": "dispensation", "event": "superseded", "count": 5},
    ]
    write_json(night.standard / "shared_record" / NIGHT / "proposal.json", {"measures": measures, "ledger": ledger})
    text = page(night)
    assert 'id="documents"' in text and "1\u202f200" in text and "export FHIR" in text and "masqués" in text
    facts = read_json(night.reports / NIGHT / "run.json")["documents"]
    assert facts["total"] == 1215 and facts["events"] == {"masked": 3}
    assert [(one["type"], one["carrier"], one["outcomes"]["accepted"]) for one in facts["rows"]] == [
        ("11502-2", "cda", 1200), ("11502-2", "fhir", 7), ("other", "xdm", 1), ("unread", "cda", 0),
    ]  # fmt: skip
    assert facts["rows"][0]["name"] == {"fr": "compte rendu de biologie médicale", "en": "laboratory report"}


def test_a_night_without_documents_has_no_section_of_them(night: Settings) -> None:
    assert 'id="documents"' not in page(night)


def test_an_undecided_night_still_has_a_report(settings: Settings) -> None:
    (settings.root / "producers.csv").write_text(REGISTER, encoding="utf-8")
    assert "Non décidée" in page(settings)


def test_the_same_facts_give_the_same_bytes(night: Settings) -> None:
    first = page(night)
    facts: Path = night.reports / NIGHT / "run.json"
    before = facts.read_bytes()
    assert page(night) == first
    assert facts.read_bytes() == before


def test_a_table_that_would_give_a_hidden_count_away_is_not_shown() -> None:
    """Two hidden counts of ten under a total of twenty to twenty-nine can be nothing else."""
    shown = {"subjects": 20, "persons": 20}
    assert shown_linkage(shown | {"tiers": {"score": 10, "new_person": 10}}, 11)["tiers"] == {}
    told = shown_linkage(shown | {"tiers": {"score": 9, "new_person": 14}, "subjects": 23}, 11)
    assert (told["tiers"], told["subjects"]) == ({"score": None, "new_person": 10}, 20)


def test_totals_of_persons_are_coarse() -> None:
    assert [coarse(count, 11) for count in (0, 1, 10, 11, 27)] == [0, None, None, 10, 20]
