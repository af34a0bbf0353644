"""The gate: what refuses a night, what only warns, and what is written either way."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.attempt import attempt_folder
from jobs.core.cli import SOURCES, run_job
from jobs.core.nights import state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, tables_to_json, write_json
from jobs.core.tables import write_small, write_table
from jobs.gate import reasons as because
from jobs.gate.run import gate
from jobs.release.pools import candidate_pool
from jobs.standardise.pools import intake_pool, proposal_path
from tests.spec.suite_frames import perfect

NIGHT = "2026-11-22"
LINE = {"stage": "standardise", "source": "hospital", "producer": "H", "delivery_id": "d"}


def state(source: str, status: str = "complete", ledger: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    producers = {"H": {"status": "accepted", "as_of": NIGHT, "held_since": None, "rule": None}}
    fixed = {"night": NIGHT, "source": source, "status": status, "rule": None, "reason": None, "producers": producers}
    return fixed | {"ledger": ledger or []} | more


def outcomes(**counts: int) -> list[dict[str, Any]]:
    return [{**LINE, "outcome": name, "count": count} for name, count in counts.items()]


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [item["code"] for item in found]


@pytest.fixture
def night(spark: SparkSession, settings: Settings) -> dict[str, Any]:
    """A candidate of one care table and its persons, with the states and the intake behind it."""
    tables = {}
    with attempt_folder(settings) as attempt:
        for table in ("hospital_stay", "person"):
            schema = load_schema(f"published/{table}")
            frame = spark.createDataFrame(perfect(schema), schema.spark)
            tables[table] = write_table(frame, schema, candidate_pool(settings), attempt)
        intake = load_schema("ledger/intake")
        row = {"night": NIGHT, "source": "hospital", "producer": "H", "delivery_id": "d", "file": "f", "kind": "rss"}
        rows = [{**row, "record": place, "outcome": "accepted", "rule": None, "warnings": None} for place in range(240)]
        written = write_small(rows, intake, intake_pool(settings), attempt)
    for source in SOURCES:
        mine = source == "hospital"
        ledger = outcomes(accepted=240) if mine else []
        write_json(state_path(settings, source, NIGHT), state(source, ledger=ledger))
        files = [written.to_json()] if mine else []
        write_json(proposal_path(settings, source, NIGHT), {"tables": {"intake": files}, "producers": {}})
    moved = [{"stage": "pseudonymise", "table": "hospital_stay", "event": "added", "count": 240}]
    value = {"night": NIGHT, "base": None, "tables": tables_to_json(tables), "ledger": moved}
    write_json(settings.candidate / NIGHT / "candidate.json", value)
    return value


def run(settings: Settings) -> int:
    return run_job("gate", gate, ["--night", NIGHT])


def written(settings: Settings) -> dict[str, Any]:
    return dict(read_json(settings.candidate / NIGHT / "gate.json"))


def test_a_good_night_is_published_a_bad_one_refused_and_a_mended_one_published(
    settings: Settings, night: dict[str, Any], spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    decision = settings.ledger / "nights" / f"{NIGHT}.json"
    assert run(settings) == 0
    verdict = written(settings)
    assert (verdict["decision"], verdict["reasons"], verdict["holds"]) == ("publish", [], [])
    assert {item["table"] for item in verdict["suites"]} == {"hospital_stay", "person"}
    assert not decision.exists(), "release records what was published"

    schema = load_schema("published/hospital_stay")
    rows = [{**row, "entry_date": row["exit_date"].replace(day=30)} for row in perfect(schema)]
    with attempt_folder(settings) as attempt:
        frame = spark.createDataFrame(rows, schema.spark)
        bad = tables_to_json({"hospital_stay": write_table(frame, schema, candidate_pool(settings), attempt)})
    write_json(settings.candidate / NIGHT / "candidate.json", {**night, "tables": night["tables"] | bad})
    capsys.readouterr()
    assert run(settings) == 65
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "PUB-101" in said[0]
    assert "Ask the hospital" in said[0]
    assert read_json(decision) == {"night": NIGHT, "decision": "refuse", "reasons": ["PUB-101"]}
    reason = written(settings)["reasons"][0]
    assert (reason["count"], reason["total"], reason["runbook"]) == (240, 240, "docs/runbooks/PUB-101.md")

    write_json(settings.candidate / NIGHT / "candidate.json", night)
    assert run(settings) == 0
    assert written(settings)["decision"] == "publish"


def test_a_record_lost_on_the_way_refuses_the_night(settings: Settings, night: dict[str, Any]) -> None:
    write_json(state_path(settings, "hospital", NIGHT), state("hospital", ledger=outcomes(accepted=239)))
    assert run(settings) == 65
    assert codes(written(settings)["reasons"]) == ["LED-001"]
    assert "H/d: 240 records read, 239 outcomes" in written(settings)["reasons"][0]["detail"]


def test_a_published_row_without_a_cause_refuses_the_night(settings: Settings, night: dict[str, Any]) -> None:
    write_json(settings.candidate / NIGHT / "candidate.json", {**night, "ledger": []})
    assert run(settings) == 65
    assert codes(written(settings)["reasons"]) == ["LED-002"]


def test_only_changed_partitions_are_judged(settings: Settings, night: dict[str, Any]) -> None:
    write_json(settings.ledger / "nights" / "2026-11-21.json", {"decision": "publish", "release": "r"})
    release = {"tables": {name: {"partitions": parts} for name, parts in night["tables"].items()}}
    write_json(settings.published / "r" / "release.json", release)
    write_json(settings.candidate / NIGHT / "candidate.json", {**night, "ledger": []})
    assert run(settings) == 0
    assert written(settings)["suites"] == []


def test_an_unclosed_source_or_a_missing_candidate_is_named(settings: Settings, capsys: Any) -> None:
    assert run(settings) == 65
    assert "jobs.assemble" in capsys.readouterr().err


def test_a_required_source_refuses_and_another_warns() -> None:
    states = {"hospital": state("hospital", "failed", reason="pull did not finish"), "pharmacy": state("pharmacy")}
    assert codes(because.source_reasons(states, ["hospital"])) == ["NGT-001"]
    warned = because.source_reasons(states, [])
    assert (codes(warned), warned[0]["severity"]) == (["NGT-007"], "warning")


@pytest.mark.parametrize(("quarantined", "expected"), [(10, []), (12, ["NGT-002"])])
def test_the_share_of_rejects_of_the_night(quarantined: int, expected: list[str]) -> None:
    states = {"hospital": state("hospital", ledger=outcomes(accepted=100 - quarantined, quarantined=quarantined))}
    assert codes(because.quarantine_reasons(states, 0.10)) == expected


def test_rejects_of_a_held_producer_do_not_count() -> None:
    states = {"hospital": state("hospital", ledger=outcomes(accepted=100, quarantined=100))}
    states["hospital"]["producers"]["H"]["status"] = "held"
    assert because.quarantine_reasons(states, 0.10) == []
    assert because.holds(states)[0]["producer"] == "H"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"hospital_stay": 5}, []),
        ({"hospital_stay": 1000}, {"hospital_stay": 900}, []),
        ({"hospital_stay": 1000}, {"hospital_stay": 700}, ["NGT-005"]),
        ({"hospital_stay": 10, "document": 5}, {"document": 5}, ["NGT-004"]),
        ({}, {"hospital_stay": 0}, ["NGT-006"]),
    ],
)
def test_sizes_against_the_previous_release(before: Any, after: Any, expected: list[str]) -> None:
    assert codes(because.size_reasons(before, after, 0.20)) == expected


def test_the_share_of_unlinked_subjects_only_warns() -> None:
    assert because.linkage_reasons(50, 100, 0.6) == []
    found = because.linkage_reasons(70, 100, 0.6)
    assert (codes(found), found[0]["severity"]) == (["NGT-003"], "warning")


def test_reasons_put_the_ledger_first_and_warnings_last() -> None:
    mixed = [because.reason("NGT-007"), because.reason("PUB-101", "hospital_stay"), because.reason("LED-002")]
    assert codes(because.in_order(mixed)) == ["LED-002", "PUB-101", "NGT-007"]
