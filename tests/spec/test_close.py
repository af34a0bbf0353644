"""Whatever happened to a source's night, its close decides it: told as small stories of three hospitals."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobs.close.__main__ import main
from jobs.core.nights import state_path
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.standardise.pools import proposal_path, pull_path

ONE, TWO, THREE = "990000001", "990000002", "990000003"
NIGHTS = ["2026-11-20", "2026-11-21", "2026-11-22"]
HEADER = "producer,source,name,format,dialect,expected_records,due_hour,contact,status"


@pytest.fixture
def root(settings: Settings) -> Settings:
    lines = [f"{name},hospital,H,pmsi-mco,,,,h@example.org,active" for name in (ONE, TWO, THREE)]
    settings.register.parent.mkdir(parents=True, exist_ok=True)
    (settings.root / "producers.csv").write_text("\n".join([HEADER, *lines, ""]))
    return settings


def delivery(producer: str, night: str, status: str = "complete", mode: str = "replace") -> dict[str, Any]:
    rule = {"corrupt": "DEL-001", "resent_changed": "DEL-006", "arriving": "DEL-012"}.get(status)
    covers = {"from": "2026-01-01", "to": night}
    fixed = {"format": "pmsi-mco", "produced_at": f"{night}T01:00:00Z", "files": [], "warnings": []}
    return fixed | {
        "delivery_id": f"{night}-{producer[-1]}",
        "producer": producer,
        "status": status,
        "rule": rule,
        "mode": mode,
        "covers": covers,
    }


def file(name: str) -> dict[str, Any]:
    return {"sha256": name, "rows": 1, "bytes": 1}


def entry(producer: str, night: str, replayed: list[str] | None = None) -> dict[str, Any]:
    fresh = [] if replayed else [f"{night}-{producer[-1]}"]
    return {
        "deliveries": fresh,
        "replayed": replayed or [],
        "released": 10 if replayed else 0,
        "read": 0 if replayed else 10,
        "read_by_format": {} if replayed else {"pmsi-mco": 10},
        "released_by_format": {"pmsi-mco": 10} if replayed else {},
        "accepted": 0 if replayed else 9,
        "quarantined": 0 if replayed else 1,
        "scope": {"hospital_stay": ["2026-10", "2026-11"]},
        "tables": {"hospital_stay": {f"{producer}__2026-11": [file(f"{producer}-{night}")]}},
    }


def lines(producer: str, item: dict[str, Any]) -> list[dict[str, Any]]:
    about = {"stage": "standardise", "source": "hospital", "producer": producer}
    found = []
    for one in item["deliveries"]:
        found += [{**about, "delivery_id": one, "outcome": "accepted", "count": 9}]
        found += [{**about, "delivery_id": one, "outcome": "quarantined", "rule": "HOS-001", "count": 1}]
        found += [{**about, "delivery_id": one, "event": "superseded", "count": 4}]
    return found + [{**about, "delivery_id": one, "event": "released", "count": 10} for one in item["replayed"]]


def arrive(root: Settings, night: str, deliveries: list[dict[str, Any]]) -> None:
    came = {item["producer"] for item in deliveries}
    missing = [name for name in (ONE, TWO, THREE) if name not in came]
    value = {"night": night, "source": "hospital", "deliveries": deliveries, "missing": missing, "packs": []}
    write_json(pull_path(root, "hospital", night), value)


def propose(root: Settings, night: str, producers: dict[str, Any]) -> None:
    ledger = [line for name, item in producers.items() for line in lines(name, item)]
    tables = {"intake": [], "claim": [file(f"claim-{night}")] if producers else [], "quarantined_record": []}
    value = {"night": night, "source": "hospital", "producers": producers, "tables": tables, "ledger": ledger}
    write_json(proposal_path(root, "hospital", night), value)


def judge(root: Settings, night: str, verdicts: dict[str, str]) -> None:
    """``verdicts``: producer -> pass, or the rule that holds it."""
    failed = {name: [{"code": rule, "severity": "critical"}] for name, rule in verdicts.items() if rule != "pass"}
    producers = {
        name: {"verdict": "hold" if name in failed else "pass", "failed": failed.get(name, [])} for name in verdicts
    }
    path = state_path(root, "hospital", night).with_name("check.json")
    write_json(path, {"night": night, "source": "hospital", "producers": producers, "suites": []})


def whole_night(root: Settings, night: str, verdicts: dict[str, str]) -> dict[str, Any]:
    arrive(root, night, [delivery(name, night) for name in verdicts])
    propose(root, night, {name: entry(name, night) for name in verdicts})
    judge(root, night, verdicts)
    return close(root, night)


def run(night: str, *flags: str) -> int:
    return main(["--source", "hospital", "--night", night, *flags])


def close(root: Settings, night: str, *flags: str) -> dict[str, Any]:
    assert run(night, *flags) == 0
    return dict(read_json(state_path(root, "hospital", night)))


def statuses(state: dict[str, Any]) -> dict[str, str]:
    return {name: item["status"] for name, item in state["producers"].items()}


def parts(state: dict[str, Any]) -> dict[str, str]:
    return {part: files[0]["sha256"] for part, files in state["tables"].get("hospital_stay", {}).items()}


ALL_PASS = {ONE: "pass", TWO: "pass", THREE: "pass"}


def test_all_producers_accepted_is_complete(root: Settings) -> None:
    state = whole_night(root, NIGHTS[0], ALL_PASS)
    assert (state["status"], state["reason"]) == ("complete", None)
    assert set(parts(state)) == {f"{name}__2026-11" for name in ALL_PASS}
    assert state["producers"][ONE] | {"held_deliveries": None} == {
        "status": "accepted",
        "as_of": NIGHTS[0],
        "held_since": None,
        "rule": None,
        "read": 10,
        "volumes": {"pmsi-mco": [10]},
        "held_deliveries": None,
    }
    assert run(NIGHTS[0], "--verdict") == 0


def test_one_held_of_three_keeps_its_last_good_state(root: Settings) -> None:
    whole_night(root, NIGHTS[0], ALL_PASS)
    state = whole_night(root, NIGHTS[1], {ONE: "pass", TWO: "PRO-001", THREE: "pass"})
    assert state["status"] == "partial"
    assert parts(state)[f"{ONE}__2026-11"] == f"{ONE}-{NIGHTS[1]}"
    assert parts(state)[f"{TWO}__2026-11"] == f"{TWO}-{NIGHTS[0]}"
    held = state["producers"][TWO]
    assert (held["status"], held["as_of"], held["held_since"], held["rule"]) == (
        "held",
        NIGHTS[0],
        NIGHTS[1],
        "PRO-001",
    )
    assert held["volumes"] == {"pmsi-mco": [10]}
    assert [one["except"] for one in state["claims"]] == [[], [TWO]]
    events = [(one["producer"], one["event"], one["count"]) for one in state["ledger"] if one.get("event")]
    assert events == [(ONE, "superseded", 4), (THREE, "superseded", 4), (TWO, "held", 9)]
    third = whole_night(root, NIGHTS[2], {ONE: "pass", TWO: "PRO-003", THREE: "pass"})
    assert third["producers"][TWO]["held_since"] == NIGHTS[1], "the hold began earlier"


def test_held_then_released_by_replay(root: Settings) -> None:
    whole_night(root, NIGHTS[0], {ONE: "pass", TWO: "PRO-001", THREE: "pass"})
    held = f"{NIGHTS[0]}-{TWO[-1]}"
    arrive(root, NIGHTS[1], [delivery(name, NIGHTS[1]) for name in (ONE, THREE)])
    again = {ONE: entry(ONE, NIGHTS[1]), TWO: entry(TWO, NIGHTS[1], [held]), THREE: entry(THREE, NIGHTS[1])}
    propose(root, NIGHTS[1], again)
    judge(root, NIGHTS[1], ALL_PASS)
    state = close(root, NIGHTS[1])
    released = state["producers"][TWO]
    assert (released["status"], released["held_since"], released["held_deliveries"]) == ("accepted", None, {})
    assert released["volumes"] == {"pmsi-mco": [10]}
    assert state["replayed"] == [held]
    assert {"released"} == {one["event"] for one in state["ledger"] if one.get("delivery_id") == held}


def test_what_the_parser_remembers_waits_while_its_producer_is_held(root: Settings) -> None:
    def remembered(night: str, verdict: str, told: dict[str, Any]) -> Any:
        arrive(root, night, [delivery(ONE, night)])
        propose(root, night, {ONE: entry(ONE, night) | told})
        judge(root, night, {ONE: verdict})
        return close(root, night)["producers"][ONE].get("remembered")

    seven, nine = ({"lots": {"last": last, "missing": []}} for last in (7, 9))
    assert remembered("2026-11-20", "pass", {}) is None
    assert remembered("2026-11-21", "pass", {"remembered": seven}) == seven
    assert remembered("2026-11-22", "HOS-001", {"remembered": nine}) == seven
    assert remembered("2026-11-23", "pass", {}) == seven, "a night that tells nothing of it"
    assert remembered("2026-11-24", "pass", {"remembered": nine}) == nine
    arrive(root, "2026-11-25", [delivery(ONE, "2026-11-25")])
    assert close(root, "2026-11-25")["producers"][ONE]["remembered"] == nine, "a failed night"


def test_volumes_are_kept_by_format_and_those_of_older_states_are_taken_over(root: Settings) -> None:
    whole_night(root, NIGHTS[0], ALL_PASS)
    path = state_path(root, "hospital", NIGHTS[0])
    state = read_json(path)
    for name in ALL_PASS:
        state["producers"][name]["volumes"] = list(range(1, 15))
    write_json(path, state)
    arrive(root, NIGHTS[1], [delivery(name, NIGHTS[1]) for name in (ONE, TWO)])
    formats = {ONE: {"pmsi-mco": 10}, TWO: {"pmsi-mco": 0, "rpu-oscour": 7}}
    again = {name: entry(name, NIGHTS[1]) | {"read_by_format": read} for name, read in formats.items()}
    propose(root, NIGHTS[1], again)
    judge(root, NIGHTS[1], {ONE: "pass", TWO: "pass"})
    told = {name: item["volumes"] for name, item in close(root, NIGHTS[1])["producers"].items()}
    assert told[ONE] == {"pmsi-mco": [*range(2, 15), 10]}, "a list of old is that of the only format; 14 nights stay"
    assert told[TWO] == {"rpu-oscour": [7]}, "of two formats it is of no use, and an empty delivery is no volume"
    assert told[THREE] == list(range(1, 15)), "nothing came: as it was"


def test_a_held_snapshot_is_superseded_by_a_newer_one(root: Settings) -> None:
    whole_night(root, NIGHTS[0], {ONE: "pass", TWO: "PRO-001", THREE: "pass"})
    state = whole_night(root, NIGHTS[1], ALL_PASS)
    assert state["producers"][TWO]["held_deliveries"] == {}
    gone = [one for one in state["ledger"] if one.get("delivery_id") == f"{NIGHTS[0]}-2"]
    assert [(one["event"], one["count"], one["cause"]) for one in gone] == [
        ("superseded", 9, f"delivery {NIGHTS[1]}-2")
    ]


def test_a_held_delivery_that_appends_stays_waiting(root: Settings) -> None:
    whole_night(root, NIGHTS[0], {ONE: "pass", TWO: "pass", THREE: "pass"})
    arrive(root, NIGHTS[1], [delivery(TWO, NIGHTS[1], mode="append")])
    propose(root, NIGHTS[1], {TWO: entry(TWO, NIGHTS[1])})
    judge(root, NIGHTS[1], {TWO: "PRO-002"})
    close(root, NIGHTS[1])
    state = whole_night(root, NIGHTS[2], ALL_PASS)
    assert state["producers"][TWO]["status"] == "accepted"
    assert list(state["producers"][TWO]["held_deliveries"]) == [f"{NIGHTS[1]}-2"]


@pytest.mark.parametrize("stage", ["pull", "standardise", "check"])
def test_a_crashed_stage_fails_the_source_and_keeps_its_data(
    root: Settings, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = whole_night(root, NIGHTS[0], ALL_PASS)
    if stage != "pull":
        arrive(root, NIGHTS[1], [delivery(ONE, NIGHTS[1])])
    if stage == "check":
        propose(root, NIGHTS[1], {ONE: entry(ONE, NIGHTS[1])})
    state = close(root, NIGHTS[1])
    assert state["status"] == "failed"
    assert state["reason"].startswith(f"{stage} did not finish")
    assert set(statuses(state).values()) == {"held"}
    assert (state["tables"], state["claims"]) == (before["tables"], before["claims"])
    assert run(NIGHTS[1], "--verdict") == 65
    assert f"{stage} did not finish" in capsys.readouterr().err


def test_a_failed_source_can_be_run_and_closed_again_while_the_night_is_undecided(root: Settings) -> None:
    arrive(root, NIGHTS[0], [delivery(ONE, NIGHTS[0])])
    assert close(root, NIGHTS[0])["status"] == "failed"
    assert whole_night(root, NIGHTS[0], ALL_PASS)["status"] == "complete"
    write_json(root.ledger / "nights" / f"{NIGHTS[0]}.json", {"night": NIGHTS[0], "decision": "publish"})


def test_a_failed_source_stays_failed_once_the_night_is_decided(root: Settings) -> None:
    close(root, NIGHTS[0])
    write_json(root.ledger / "nights" / f"{NIGHTS[0]}.json", {"night": NIGHTS[0], "decision": "publish"})
    assert whole_night(root, NIGHTS[0], ALL_PASS)["status"] == "failed"


def test_a_proposal_older_than_the_pull_is_no_proposal(root: Settings) -> None:
    arrive(root, NIGHTS[0], [delivery(ONE, NIGHTS[0]), delivery(TWO, NIGHTS[0])])
    propose(root, NIGHTS[0], {ONE: entry(ONE, NIGHTS[0])})
    judge(root, NIGHTS[0], {ONE: "pass"})
    state = close(root, NIGHTS[0])
    assert (state["status"], state["reason"][:11]) == ("failed", "standardise")


def test_nothing_arrived_is_absent_and_no_failure(root: Settings) -> None:
    before = whole_night(root, NIGHTS[0], ALL_PASS)
    state = whole_night(root, NIGHTS[1], {})
    assert state["status"] == "absent"
    assert set(statuses(state).values()) == {"missing"}
    assert state["tables"] == before["tables"]
    assert state["producers"][ONE]["as_of"] == NIGHTS[0]
    assert run(NIGHTS[1], "--verdict") == 0


def test_the_deadline_closes_a_source_that_never_ran_and_leaves_a_closed_one(
    root: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert close(root, NIGHTS[0], "--deadline")["reason"].startswith("pull did not finish")
    before = state_path(root, "hospital", NIGHTS[0]).read_bytes()
    capsys.readouterr()
    close(root, NIGHTS[0], "--deadline")
    assert json.loads(capsys.readouterr().out)["already_closed"]
    assert state_path(root, "hospital", NIGHTS[0]).read_bytes() == before


def test_closing_twice_changes_nothing(root: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    whole_night(root, NIGHTS[0], ALL_PASS)
    before = state_path(root, "hospital", NIGHTS[0]).read_bytes()
    capsys.readouterr()
    whole_night(root, NIGHTS[0], {ONE: "PRO-001"})
    assert json.loads(capsys.readouterr().out)["already_closed"]
    assert state_path(root, "hospital", NIGHTS[0]).read_bytes() == before


def test_a_refused_night_can_be_reopened_a_published_one_and_an_earlier_one_cannot(root: Settings) -> None:
    whole_night(root, NIGHTS[0], ALL_PASS)
    decision = root.ledger / "nights" / f"{NIGHTS[0]}.json"
    write_json(decision, {"night": NIGHTS[0], "decision": "refuse"})
    assert run(NIGHTS[0], "--reopen") == 0
    assert not state_path(root, "hospital", NIGHTS[0]).exists()
    state = whole_night(root, NIGHTS[0], {ONE: "pass", TWO: "pass", THREE: "PRO-001"})
    assert state["status"] == "partial"
    write_json(decision, {"night": NIGHTS[0], "decision": "publish"})
    assert run(NIGHTS[0], "--reopen") == 65
    decision.unlink()
    whole_night(root, NIGHTS[1], ALL_PASS)
    assert run(NIGHTS[0], "--reopen") == 65


def test_a_night_is_not_closed_after_a_later_one(root: Settings) -> None:
    whole_night(root, NIGHTS[1], ALL_PASS)
    assert run(NIGHTS[0]) == 65


@pytest.mark.parametrize(
    ("status", "expected", "rule"),
    [
        ("corrupt", "corrupt", "DEL-001"),
        ("resent_changed", "held", "DEL-006"),
        ("arriving", "late", "DEL-012"),
        ("resent_unchanged", "accepted", None),
    ],
)
def test_a_delivery_that_was_not_taken_in(root: Settings, status: str, expected: str, rule: str | None) -> None:
    whole_night(root, NIGHTS[0], ALL_PASS)
    came = [delivery(ONE, NIGHTS[1]), delivery(TWO, NIGHTS[1]), delivery(THREE, NIGHTS[1], status)]
    arrive(root, NIGHTS[1], came)
    propose(root, NIGHTS[1], {name: entry(name, NIGHTS[1]) for name in (ONE, TWO)})
    judge(root, NIGHTS[1], {ONE: "pass", TWO: "pass"})
    state = close(root, NIGHTS[1])
    assert (state["producers"][THREE]["status"], state["producers"][THREE]["rule"]) == (expected, rule)
    assert state["producers"][THREE]["as_of"] == NIGHTS[0]
    assert parts(state)[f"{THREE}__2026-11"] == f"{THREE}-{NIGHTS[0]}"
    assert state["status"] == ("complete" if expected == "accepted" else "partial")


def test_a_held_delivery_sent_again_unchanged_stays_held(root: Settings) -> None:
    whole_night(root, NIGHTS[0], {ONE: "pass", TWO: "PRO-001", THREE: "pass"})
    came = [delivery(ONE, NIGHTS[1]), delivery(TWO, NIGHTS[1], "resent_unchanged"), delivery(THREE, NIGHTS[1])]
    arrive(root, NIGHTS[1], came)
    propose(root, NIGHTS[1], {name: entry(name, NIGHTS[1]) for name in (ONE, THREE)})
    judge(root, NIGHTS[1], {ONE: "pass", THREE: "pass"})
    held = close(root, NIGHTS[1])["producers"][TWO]
    assert (held["status"], held["rule"], held["held_since"]) == ("held", "PRO-001", NIGHTS[0])


def test_too_many_held_producers_hold_the_whole_source(root: Settings) -> None:
    before = whole_night(root, NIGHTS[0], ALL_PASS)
    state = whole_night(root, NIGHTS[1], {ONE: "pass", TWO: "PRO-001", THREE: "STD-101"})
    assert (state["status"], state["rule"]) == ("partial", "SRC-003")
    assert {name: item["rule"] for name, item in state["producers"].items()} == {
        ONE: "SRC-003",
        TWO: "PRO-001",
        THREE: "STD-101",
    }
    assert state["tables"] == before["tables"]
    assert sum(one["count"] for one in state["ledger"] if one.get("event") == "held") == 27


def test_scope_empties_a_period_that_a_snapshot_no_longer_has(root: Settings) -> None:
    whole_night(root, NIGHTS[0], ALL_PASS)
    gone = entry(ONE, NIGHTS[1])
    gone["tables"]["hospital_stay"] = {}
    arrive(root, NIGHTS[1], [delivery(ONE, NIGHTS[1])])
    propose(root, NIGHTS[1], {ONE: gone})
    judge(root, NIGHTS[1], {ONE: "pass"})
    assert f"{ONE}__2026-11" not in parts(close(root, NIGHTS[1]))


def test_close_and_an_empty_check_load_neither_spark_nor_great_expectations() -> None:
    heavy = "{'great_expectations', 'pandas', 'pyspark'}"
    code = f"import sys, jobs.close.__main__, jobs.check.run; sys.exit(str({heavy} & set(sys.modules)))"
    repo = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
