"""Airflow stays in processes of its own: its settings are global, and Spark's tests share this one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.core.settings import REPOSITORY, prepare_root
from ops.stack import Stack, environment, free_port, set_pools
from ops.watch import unpause


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``describe.py`` says of the DAG folder."""
    folder = tmp_path_factory.mktemp("describe")
    env = environment(0, schedule=True) | {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder),
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "dags")]),
    }
    env.pop("VEILLEE_RETRY_SECONDS", None)
    command = [sys.executable, "tests/dags/describe.py"]
    done = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


class Recorder:
    """The folder of the recorded jobs: what they are told to do, and what was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def plan(self, **codes: int | list[int]) -> None:
        """Forget earlier calls and set exit codes, ``stage__source=code``."""
        named = {stage.replace("__", " "): code for stage, code in codes.items()}
        (self.folder / "plan.json").write_text(json.dumps(named))
        (self.folder / "calls.jsonl").unlink(missing_ok=True)

    def calls(self) -> list[dict[str, Any]]:
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def count(self, stage: str) -> int:
        return sum(call["stage"] == stage for call in self.calls())


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    return Recorder(tmp_path_factory.mktemp("recorded"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, recorder: Recorder) -> Iterator[Stack]:
    """Real Airflow processes over a root of their own; jobs are recorded calls."""
    root = prepare_root(tmp_path_factory.mktemp("airflow") / "root", "synthetic").root
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(root))
        patch.setenv("VEILLEE_JOB_COMMAND", f"{sys.executable} {REPOSITORY}/tests/dags/recorded_job.py")
        patch.setenv("VEILLEE_RETRY_SECONDS", "1")
        patch.setenv("RECORDED_JOBS", str(recorder.folder))
        patch.delenv("VEILLEE_CORES", raising=False)
        started = Stack(free_port(), schedule=False)
        started.migrate()
        begun = datetime.now(UTC).isoformat()
        try:
            started.start()
            started.wait_healthy()
            set_pools(started.api)
            unpause(started.api, begun, started.require_alive)
            yield started
        finally:
            started.stop()
