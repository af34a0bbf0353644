"""Set-up and operation: what is said when something is missing, and that processes really end."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
from common.process import JobProcess, job_environment

from jobs.core.settings import REPOSITORY, Settings
from jobs.core.snapshot import write_json
from ops import java, preflight, process, setup
from ops.nights import last_night, next_night
from ops.show import event_of
from ops.verdict import read_run, verdict_lines

NIGHT = "2026-11-22"
A_CHILD_THAT_OUTLIVES_ITS_PARENT = "sleep 300 & echo $!; echo 'a cause' >&2; wait"


def test_each_lack_is_one_line_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "find_java", lambda: None)
    monkeypatch.setattr(preflight, "DISK_GIB", 10**9)
    monkeypatch.setattr(preflight, "PYTHONS", ((2, 7),))
    monkeypatch.setattr(preflight, "BROWSERS", ("no-such-browser",))
    found = preflight.problems(need_browser=True)
    assert [package for _, package in found] == [None, "openjdk-17-jre-headless", None, "chromium"]
    for sentence, _ in found:
        assert "\n" not in sentence
        assert any(word in sentence for word in ("apt install", "VEILLEE_ROOT", "PYTHON="))


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = preflight.check_port(taken.getsockname()[1])
    assert said is not None
    assert "VEILLEE_PORT" in said[0]
    assert preflight.check_port(None) is None


def test_another_java_first_on_the_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = {}
    for major in (25, 17):
        home = tmp_path / f"java-{major}"
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{major}.0.1\"' >&2\n")
        (home / "bin" / "java").chmod(0o755)
        homes[major] = home
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{homes[25] / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(java, "JVM_FOLDERS", (str(tmp_path),))
    assert java.find_java() == homes[17]


def test_the_environment_is_stale_once_the_lock_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, stamp = tmp_path / "requirements.txt", tmp_path / "stamp"
    lock.write_text("a==1\n")
    monkeypatch.setattr(setup, "LOCK", lock)
    monkeypatch.setattr(setup, "STAMP", stamp)
    monkeypatch.setattr(setup, "ENVIRONMENT", Path(sys.prefix))
    assert not setup.is_made()
    stamp.write_text(setup.wanted())
    assert setup.is_made()
    lock.write_text("a==2\n")
    assert not setup.is_made()


def test_two_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    env = {**os.environ, "VEILLEE_ROOT": str(tmp_path), "AIRFLOW_HOME": str(REPOSITORY)}
    command = ["sh", str(REPOSITORY / "ops" / "jwt_secret.sh")]
    together = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE) for _ in range(8)]
    printed = {child.communicate()[0] for child in together}
    assert len(printed) == 1
    assert len(printed.pop()) == 64
    assert [path.name for path in (tmp_path / "airflow").iterdir()] == ["jwt_secret"]


def test_ending_a_process_ends_what_it_started(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    mark = process.identity(
        process.start(["sh", "-c", A_CHILD_THAT_OUTLIVES_ITS_PARENT], {"PATH": os.environ["PATH"]}, log, tmp_path)
    )
    child = wait_for_pid(log)
    process.end([mark])
    assert not process.is_alive(mark)
    assert not process.identity(child)


def test_killing_a_job_kills_its_group_and_relays_its_last_words() -> None:
    said: list[str] = []
    job = JobProcess(["sh", "-c", A_CHILD_THAT_OUTLIVES_ITS_PARENT], job_environment(1), said.append)
    timer = threading.Timer(1.0, job.kill)
    timer.start()
    code, cause = job.wait()
    timer.join()
    assert code < 0
    assert cause == "a cause"
    child = int(next(line for line in said if line.isdigit()))
    assert not process.identity(child)


def test_a_job_does_not_inherit_airflows_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "x")
    monkeypatch.delenv("VEILLEE_CORES", raising=False)
    given = job_environment(2)
    assert not [name for name in given if name.startswith("AIRFLOW")]
    assert given["VEILLEE_CORES"] == "2"


def test_the_next_night_follows_the_last_decided_one(settings: Settings) -> None:
    assert last_night(settings) is None
    (settings.ledger / "nights").mkdir(parents=True, exist_ok=True)
    for night, decision in (("2026-11-29", "publish"), ("2026-11-30", "refuse")):
        write_json(settings.ledger / "nights" / f"{night}.json", {"night": night, "decision": decision})
    assert last_night(settings) == "2026-11-30"
    assert next_night(settings) == "2026-12-01"


def test_the_verdict_of_a_published_night_ends_with_a_query_that_runs(settings: Settings) -> None:
    run = {
        "night": NIGHT,
        "decision": "publish",
        "release": "r1",
        "tables": [{"table": "hospital_stay", "rows": 3}],
        "reasons": [{"code": "GAT-001", "title": {"en": "One producer is held", "fr": "Un producteur est retenu"}}],
    }
    write_report(settings, run)
    lines = verdict_lines(settings.root, NIGHT, read_run(settings.root, NIGHT))
    text = "\n".join(lines)
    assert "PUBLISHED as release r1" in text
    assert "GAT-001: One producer is held" in text
    assert f"{settings.root}/reports/{NIGHT}/index.html" in text
    folder = settings.published / "current" / "hospital_stay"
    folder.mkdir(parents=True)
    rows = "VALUES ('010000001', 'a'), ('010000001', 'b'), ('010000002', 'a')"
    duckdb.sql(f"COPY (SELECT * FROM ({rows}) t(producer, pseudonym)) TO '{folder / 'part.parquet'}' (FORMAT parquet)")
    command = lines[-1].removeprefix("Query    ")
    done = subprocess.run(["sh", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "010000002" in done.stdout


def test_the_verdict_of_a_refused_night_says_cause_and_next_action(settings: Settings) -> None:
    write_report(settings, {"night": NIGHT, "decision": "refuse", "reasons": ["too many records were rejected"]})
    alert = {"cause": "gate: refused", "next_action": "Open the page.", "runbook": "docs/runbooks/README.md"}
    (settings.reports / NIGHT / "alert.json").write_text(json.dumps(alert))
    text = "\n".join(verdict_lines(settings.root, NIGHT, read_run(settings.root, NIGHT)))
    assert "REFUSED" in text and "too many records were rejected" in text
    assert "Cause    gate: refused" in text and "Next     Open the page." in text
    assert "Query" not in text


def test_log_lines_are_shown_as_their_message() -> None:
    assert event_of('{"event": "hello", "level": "info"}') == "hello"
    assert event_of("plain") == "plain"


def write_report(settings: Settings, run: dict[str, object]) -> None:
    folder = settings.reports / NIGHT
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run))


def wait_for_pid(log: Path) -> int:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = [line for line in (log.read_text().splitlines() if log.exists() else []) if line.isdigit()]
        if found:
            return int(found[0])
        time.sleep(0.05)
    raise AssertionError("the process wrote no pid")
