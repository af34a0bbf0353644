"""Airflow on one machine: its environment, its three processes, and their end."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ops import process
from ops.api import Api, ApiError
from ops.java import find_java
from ops.paths import REPOSITORY, airflow_folder

FIRST_PORT, LAST_PORT = 8080, 8180
COMPONENTS = {
    # The log server of the scheduler binds every interface and serves workers on other machines: there are none.
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
}
HEALTHY_WITHIN_SECONDS = 180


def free_port() -> int:
    """The first free loopback port from 8080 on, or VEILLEE_PORT. Raises SystemExit when none is free."""
    if os.environ.get("VEILLEE_PORT"):
        return int(os.environ["VEILLEE_PORT"])
    for port in range(FIRST_PORT, LAST_PORT):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No free port between {FIRST_PORT} and {LAST_PORT}: free one, or name another in VEILLEE_PORT.")


def environment(port: int, *, schedule: bool) -> dict[str, str]:
    """The environment of Airflow's processes; ``airflow.cfg`` says the rest."""
    folder = airflow_folder()
    java = find_java()
    return {
        **os.environ,
        **({"JAVA_HOME": str(java)} if java else {}),
        "AIRFLOW_HOME": str(REPOSITORY),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}?timeout=60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(folder / "logs" / "dag_processor"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json.generated"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__PORT": str(port),
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "VEILLEE_SCHEDULE": "on" if schedule else "off",
    }


class Stack:
    """api-server, scheduler and dag-processor of one root."""

    def __init__(self, port: int, *, schedule: bool) -> None:
        self.port = port
        self.env = environment(port, schedule=schedule)
        self.folder = airflow_folder()
        self.marks: dict[str, str] = {}
        self.api = Api(f"http://127.0.0.1:{port}")

    def migrate(self) -> None:
        """Bring the database to the installed version, once per version: the command costs seconds."""
        stamp, wanted = self.folder / "migrated", version("apache-airflow")
        if stamp.is_file() and stamp.read_text() == wanted and (self.folder / "airflow.db").is_file():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        done = subprocess.run(  # noqa: S603
            [*airflow(), "db", "migrate"], cwd=REPOSITORY, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"airflow db migrate failed:\n{done.stderr[-2000:]}")
        stamp.write_text(wanted)

    def start(self) -> None:
        """Start the api-server, and the others beside it unless an earlier run was cut off."""
        self._start("api-server", ["api-server", "--host", "127.0.0.1", "--port", str(self.port)])
        if unfinished_runs(self.folder / "airflow.db"):
            self.wait_healthy()
            fail_unfinished(self.api)
        for name, arguments in COMPONENTS.items():
            self._start(name, arguments)

    def _start(self, name: str, arguments: list[str]) -> None:
        log = self.folder / "logs" / f"{name}.log"
        pid = process.start([*airflow(), *arguments], self.env, log, REPOSITORY)
        self.marks[name] = process.identity(pid)
        process.write_marks(marks_file(), {"port": self.port, "marks": self.marks})

    def wait_healthy(self) -> None:
        """Wait until the api-server answers. Raises SystemExit naming the log when it does not."""
        until = time.monotonic() + HEALTHY_WITHIN_SECONDS
        while time.monotonic() < until:
            self.require_alive()
            try:
                self.api.log_in()
                return
            except ApiError:
                time.sleep(0.3)
        raise SystemExit(f"Airflow's api-server does not answer; see {self.folder / 'logs'}.")

    def require_alive(self) -> None:
        """Raise SystemExit when one of the processes has died."""
        process.reap()
        for name, mark in self.marks.items():
            if not process.is_alive(mark):
                raise SystemExit(f"Airflow's {name} has died; see {self.folder / 'logs' / name}.log.")

    def stop(self) -> None:
        """End every process and forget them."""
        process.end(self.marks.values())
        marks_file().unlink(missing_ok=True)


def airflow() -> list[str]:
    """How to start Airflow's command with this interpreter."""
    return [sys.executable, "-m", "airflow"]


def marks_file() -> Path:
    """The list of the processes that run."""
    return airflow_folder() / "processes.json"


def running() -> dict[str, Any] | None:
    """The stack of this root that runs: ``{port, marks}``, or None."""
    if not marks_file().is_file():
        return None
    found: dict[str, Any] = json.loads(marks_file().read_text())
    return found if any(process.is_alive(mark) for mark in found["marks"].values()) else None


def unfinished_runs(database: Path) -> bool:
    """Did an earlier stack leave runs behind that a scheduler would go on with?"""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        row = connection.execute("SELECT count(*) FROM dag_run WHERE state IN ('running', 'queued')").fetchone()
    return bool(row[0])


def fail_unfinished(api: Api) -> None:
    """Mark the runs of a night that was cut off as failed: the night is run again from its first task."""
    for state in ("running", "queued"):
        for run in api.get("/dags/~/dagRuns", state=state, limit=100)["dag_runs"]:
            api.patch(f"/dags/{run['dag_id']}/dagRuns/{api.quote(run['dag_run_id'])}", {"state": "failed"})


def set_pools(api: Api) -> None:
    """Bring Airflow's pools to what ``config/pools.json`` says."""
    declared = json.loads((REPOSITORY / "config" / "pools.json").read_text())
    known = {pool["name"] for pool in api.get("/pools", limit=100)["pools"]}
    for name, pool in declared.items():
        if name in known:
            api.patch(f"/pools/{api.quote(name)}", {"pool": name, **pool})
        else:
            api.post("/pools", {"name": name, **pool})
