"""The check of a source: who is held, by which rule, and that a producer cannot hide among the others."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.catalogue import suite_of
from jobs.check.__main__ import check_night
from jobs.check.attribute import by_producer
from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.nights import state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.core.tables import write_table
from jobs.standardise.pools import proposal_path, standard_pool
from tests.spec.suite_frames import perfect

NIGHT, BEFORE = "2026-11-22", "2026-11-21"
CSV = "pharmacy-csv"


def entry(read: int = 240, quarantined: int = 0, **more: Any) -> dict[str, Any]:
    fixed = {"deliveries": ["d1"], "replayed": [], "warnings": {}, "scope": {}, "tables": {}}
    counts = {"read": read, "read_by_format": {CSV: read}, "quarantined": quarantined, "declared": None}
    return fixed | counts | more


def propose(settings: Settings, producers: dict[str, Any], ledger: list[Any] | None = None) -> None:
    tables: dict[str, Any] = {"intake": [], "claim": [], "quarantined_record": []}
    value = {"night": NIGHT, "source": "pharmacy", "producers": producers, "tables": tables, "ledger": ledger or []}
    write_json(proposal_path(settings, "pharmacy", NIGHT), value)


def previous(settings: Settings, volumes: list[int], tables: Any = None) -> None:
    names = ("good", "unknown", "few", "cut", "small", "large", "rejects")
    known = {name: {"volumes": {CSV: volumes}} for name in names}
    state = {"night": BEFORE, "producers": known, "tables": tables or {}}
    write_json(state_path(settings, "pharmacy", BEFORE), state)


def checked(settings: Settings) -> dict[str, Any]:
    check_night(settings, NIGHT, "pharmacy")
    return dict(read_json(proposal_path(settings, "pharmacy", NIGHT).with_name("check.json")))


def failed(check: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [one["code"] for one in item["failed"]] for name, item in check["producers"].items()}


def test_each_producer_is_judged_by_its_own_rows(spark: SparkSession, settings: Settings) -> None:
    """Four pharmacies: one good, one whose codes are all unknown, one with few rows, one with repeated keys."""
    schema = load_schema("standard/dispensation")
    rows = perfect(schema)
    made = [{**row, "producer": "good"} for row in rows]
    made += [{**row, "producer": "more", "dispensation_id": f"a{row['dispensation_id'][1:]}"} for row in rows]
    made += [
        {**row, "producer": "unknown", "dispensation_id": f"b{row['dispensation_id'][1:]}", "code_class": "unknown"}
        for row in rows
    ]
    made += [
        {**row, "producer": "few", "dispensation_id": f"c{row['dispensation_id'][1:]}", "code_class": "unknown"}
        for row in rows[:5]
    ]
    made += [{**row, "producer": "twice", "dispensation_id": "d" * 32} for row in rows[:2]]
    with attempt_folder(settings) as attempt:
        frame = spark.createDataFrame(made, schema.spark)
        parts = write_table(frame, schema, standard_pool(settings, "pharmacy"), attempt)
    names = ("good", "more", "unknown", "few", "twice")
    files = {name: [one.to_json() for one in parts[f"{name}__2026-10"]] for name in names}
    propose(settings, {n: entry(tables={"dispensation": {f"{n}__2026-10": files[n]}}) for n in names})
    check = checked(settings)
    table_wide = next(item for item in check["suites"] if item["code"] == "STD-501")
    assert table_wide["success"], "a third of all rows: the table as a whole passes"
    assert failed(check) == {
        "good": [],
        "more": [],
        "unknown": ["STD-501", "STD-502"],
        "few": [],
        "twice": ["STR-dispensation-key"],
    }
    assert {name: item["verdict"] for name, item in check["producers"].items()} == {
        "good": "pass",
        "more": "pass",
        "unknown": "hold",
        "few": "pass",
        "twice": "hold",
    }
    assert check["producers"]["unknown"]["failed"][0] == {
        "code": "STD-501",
        "severity": "critical",
        "table": "dispensation",
        "count": 240,
        "total": 240,
    }
    previous(settings, [], {"dispensation": {f"{n}__2026-10": files[n] for n in names}})
    assert {item["table"] for item in checked(settings)["suites"]} == {"producer_measures"}, "judged before"


def test_predicates_and_the_library_count_alike(spark: SparkSession) -> None:
    from jobs.suites import judge

    schema, suite = load_schema("standard/hospital_stay"), suite_of("standard", "hospital_stay")
    rows = [{**row, "producer": "p"} for row in perfect(schema, 60)]
    for place, row in enumerate(rows):
        row["exit_date"] = None if place < 3 else row["exit_date"]
        row["sex"] = "9" if place < 30 else row["sex"]
        row["subject_id"] = "short" if place < 20 else row["subject_id"]
        row["age_years"] = -1 if place < 10 else None if place < 40 else row["age_years"]
        row["ghm"] = "90Z00Z" if place < 45 else row["ghm"]
        row["entry_date"] = rows[59]["exit_date"].replace(month=12) if place == 5 else row["entry_date"]
    frame = spark.createDataFrame(rows, schema.spark)
    judged = {item["code"]: item for item in judge(frame, suite, schema)}
    codes = {code for code, item in judged.items() if not item["success"]}
    counted = {item["code"]: item for item in by_producer(frame, suite, codes)["p"]}
    by_row = {check.code for check in suite.checks if check.by_row} & codes
    assert len(by_row) >= 7
    for code in by_row:
        assert (counted[code]["count"], counted[code]["total"]) == (
            judged[code]["unexpected_count"],
            judged[code]["element_count"],
        ), code


def test_measures_hold_a_producer(settings: Settings) -> None:
    previous(settings, [240, 250, 230])
    propose(
        settings,
        {
            "good": entry(),
            "rejects": entry(quarantined=80),
            "cut": entry(warnings={"DEL-020": 1}),
            "small": entry(read=60),
            "large": entry(read=2000),
            "few": entry(read=10, quarantined=9, deliveries=[], replayed=["d0"]),
            "new": entry(read=3),
            "nothing": entry(read=0, warnings={"DEL-021": 1}),
            "nameless": entry(warnings={"IDE-002": 200}),
        },
    )
    assert failed(checked(settings)) == {
        "good": [],
        "rejects": ["PRO-001", "PRO-007"],
        "cut": ["PRO-002"],
        "small": ["PRO-003"],
        "large": ["PRO-004"],
        "few": [],
        "new": [],
        "nothing": ["PRO-005"],
        "nameless": ["PRO-006"],
    }
    shown = {name: item["failed"][:1] for name, item in checked(settings)["producers"].items()}
    counts = {name: (one["count"], one["total"]) for name, told in shown.items() for one in told}
    assert counts["rejects"] == (80, 240)
    assert counts["small"] == (60, 240), "tonight's records and the trailing median"
    assert checked(settings)["producers"]["nameless"]["verdict"] == "pass"


def test_what_a_transmission_withdraws_warns_and_then_holds(settings: Settings) -> None:
    def gone(name: str, count: int) -> dict[str, Any]:
        return {"producer": name, "delivery_id": "d0", "event": "withdrawn", "count": count}

    told = {name: entry(unchanged=kept) for name, kept in {"few": 190, "more": 180, "half": 100, "most": 99}.items()}
    told |= {"empty": entry(read=0, read_by_format={CSV: 0}, unchanged=0), "tiny": entry(unchanged=0)}
    lost = {"few": 10, "more": 20, "half": 100, "most": 101, "empty": 200, "tiny": 99}
    propose(settings, told, [gone(name, count) for name, count in lost.items()])
    check = checked(settings)
    assert failed(check) == {
        "few": [],
        "more": ["PRO-015"],
        "half": ["PRO-015"],
        "most": ["PRO-024", "PRO-015"],
        "empty": ["PRO-024", "PRO-015"],
        "tiny": [],
    }
    assert check["producers"]["more"]["verdict"] == "pass"
    assert check["producers"]["empty"] == {
        "verdict": "hold",
        "failed": [
            {"code": "PRO-024", "severity": "critical", "table": "producer_measures", "count": 200, "total": 200},
            {"code": "PRO-015", "severity": "warning", "table": "producer_measures", "count": 200, "total": 200},
        ],
    }


def test_an_empty_proposal_passes_and_none_is_refused(settings: Settings) -> None:
    with pytest.raises(DataRefused, match="standardise"):
        check_night(settings, NIGHT, "pharmacy")
    propose(settings, {})
    assert checked(settings) == {"night": NIGHT, "source": "pharmacy", "producers": {}, "suites": []}
