"""Nights through the real scheduler; the jobs are recorded calls with planned exit codes."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from jobs.rekey.state import STEPS
from ops import process
from ops.paths import airflow_folder, root
from ops.stack import Stack
from ops.watch import Run, follow, follow_night, runs_of, trigger, wait_for_national

pytestmark = pytest.mark.slow
GOOD, BAD = "2026-11-22", "2026-11-23"
LISTENING, LOOPBACK = "0A", ("0100007F", "00000000000000000000000001000000")
# The scheduler starts a national run about a second after the last partition; this is several of its rounds.
SEVERAL_ROUNDS_SECONDS = 4


def test_national_night_starts_by_itself_after_the_third_source_and_not_before(stack: Stack, recorder: Any) -> None:
    recorder.plan()
    two = [trigger(stack.api, dag, GOOD) for dag in ("hospital_night", "pharmacy_night")]
    follow(stack.api, two, stack.require_alive)
    time.sleep(SEVERAL_ROUNDS_SECONDS)
    assert runs_of(stack.api, "national_night", GOOD) == []
    third = trigger(stack.api, "shared_record_night", GOOD)
    follow(stack.api, [third], stack.require_alive)
    national = wait_for_national(stack.api, GOOD, set(), stack.require_alive)
    follow(stack.api, [national], stack.require_alive)

    assert [run.state for run in (*two, third, national)] == ["success"] * 4
    assert len(runs_of(stack.api, "national_night", GOOD)) == 1
    assert {call["arguments"][1] for call in recorder.calls()} == {GOOD}
    # A verdict only colours its source's run: the national night need not wait for it.
    stages = [call["stage"] for call in recorder.calls() if "--verdict" not in call["stage"]]
    assert stages[-7:] == ["link", "pseudonymise", "assemble", "gate", "release", "report", "retain"]
    assert max(stages.index(f"close {s}") for s in ("hospital", "pharmacy", "shared_record")) < stages.index("link")
    assert {
        call["stage"]: call["cores"] for call in recorder.calls() if call["stage"] in ("link", "check hospital")
    } == {
        "link": "2",
        "check hospital": "1",
    }
    assert not (root() / "reports" / GOOD / "alert.json").exists()


def test_crash_retry_refusal_each_do_what_the_exit_code_says(stack: Stack, recorder: Any) -> None:
    recorder.plan(
        standardise__hospital=137, pull__pharmacy=[75, 75, 0], standardise__shared_record=65, gate=65, **HOSPITAL_FAILED
    )
    sources, national = follow_night(stack.api, BAD, stack.require_alive)
    by_dag = {run.dag: run for run in sources}

    assert recorder.count("standardise hospital") == 2, "a crash is tried once more"
    assert recorder.count("check hospital") == 0
    assert recorder.count("close hospital") == 1, "closing runs whatever happened"
    assert by_dag["hospital_night"].state == "failed"
    assert recorder.count("pull pharmacy") == 3, "what may heal is tried again"
    assert by_dag["pharmacy_night"].state == "success"
    assert recorder.count("standardise shared_record") == 1, "a decision is not tried again"
    assert by_dag["shared_record_night"].state == "success", "closed, and its state is not failed"
    assert_refused_at_the_gate(national, recorder)


HOSPITAL_FAILED: dict[str, Any] = {"close hospital --verdict": 65}


def assert_refused_at_the_gate(national: Run, recorder: Any) -> None:
    assert national.state == "failed"
    assert national.failed_tasks() == ["gate"]
    assert (recorder.count("gate"), recorder.count("release")) == (1, 0)
    assert (recorder.count("report"), recorder.count("retain")) == (1, 1)
    alert = json.loads((root() / "reports" / BAD / "alert.json").read_text())
    assert alert["stage"] == "gate"
    assert alert["cause"] == "gate ends with 65 as planned"
    assert alert["next_action"] and alert["runbook"].startswith("docs/runbooks/")


def test_a_night_again_and_a_source_that_does_not_close(stack: Stack, recorder: Any) -> None:
    before = runs_of(stack.api, "national_night", GOOD)
    recorder.plan(close__hospital=65)
    sources, national = follow_night(stack.api, GOOD, stack.require_alive)

    deadline = sources[-1]
    assert deadline.dag == "deadline"
    assert deadline.tasks == {
        "close_hospital": "success",
        "close_pharmacy": "skipped",
        "close_shared_record": "skipped",
    }
    assert recorder.count("close hospital --deadline") == 1
    assert national.state == "success"
    assert len(runs_of(stack.api, "national_night", GOOD)) == len(before) + 1


def test_rights_run_for_no_night(stack: Stack, recorder: Any) -> None:
    recorder.plan()
    run = trigger(stack.api, "rights", GOOD)
    follow(stack.api, [run], stack.require_alive)
    assert run.state == "success"
    assert [(call["stage"], call["arguments"], call["cores"]) for call in recorder.calls()] == [("rights", [], "2")]


def test_a_rotation_takes_its_steps_and_stops_where_one_is_refused(stack: Stack, recorder: Any) -> None:
    recorder.plan()
    whole = trigger(stack.api, "rekey", None)
    follow(stack.api, [whole], stack.require_alive)
    assert (whole.state, list(whole.tasks.values())) == ("success", ["success"] * len(STEPS))
    assert [call["arguments"] for call in recorder.calls()] == [["--step", step] for step in STEPS]

    recorder.plan(rekey=[0, 75, 0, 65])
    refused = trigger(stack.api, "rekey", None)
    follow(stack.api, [refused], stack.require_alive)
    assert (refused.state, refused.failed_tasks()) == ("failed", ["compare"])
    taken = [call["arguments"][1] for call in recorder.calls()]
    assert taken == ["begin", "rewrite", "rewrite", "compare"], "what may heal is tried again, a refusal is not"


def test_nothing_listens_beyond_loopback(stack: Stack) -> None:
    family = process.with_descendants(stack.marks.values())
    sockets = {name for mark in family for name in sockets_of(int(mark.partition(":")[0]))}
    listening = [address for address, inode in listeners() if f"socket:[{inode}]" in sockets]
    assert listening, "the api-server listens somewhere"
    assert [address for address in listening if not address.startswith(LOOPBACK)] == []


def test_the_secret_is_for_its_owner_only_and_in_no_command_line(stack: Stack) -> None:
    secret = airflow_folder() / "jwt_secret"
    assert secret.stat().st_mode & 0o777 == 0o400
    value = secret.read_bytes()
    assert len(value) == 64
    family = process.with_descendants(stack.marks.values())
    for mark in family:
        pid = mark.partition(":")[0]
        assert value not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_stopping_leaves_no_process(stack: Stack) -> None:
    family = process.with_descendants(stack.marks.values())
    assert len(family) > len(stack.marks)
    stack.stop()
    assert [mark for mark in family if process.is_alive(mark)] == []


def sockets_of(pid: int) -> set[str]:
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(entry.readlink()))
        except OSError:
            continue
    return found


def listeners() -> list[tuple[str, str]]:
    rows = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [(row[1], row[9]) for row in rows if row[3] == LISTENING]
