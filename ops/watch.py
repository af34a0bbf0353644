"""Follow the runs of one night through Airflow's API and say what happens."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ops.api import Api
from ops.show import line

SOURCE_DAGS = ("hospital_night", "pharmacy_night", "shared_record_night")
NATIONAL, DEADLINE, RIGHTS, REKEY = "national_night", "deadline", "rights", "rekey"
DAGS = (*SOURCE_DAGS, NATIONAL, DEADLINE, RIGHTS, REKEY)
FINISHED = {"success", "failed"}
SAID = {"running", "success", "failed", "up_for_retry", "skipped", "upstream_failed"}
POLL_SECONDS = 1.0
# How long the scheduler may take to start the national run once the last partition is there.
NATIONAL_WITHIN_SECONDS = 60


class NightStuck(Exception):
    """The night cannot go on; the message says where it stopped."""


@dataclass
class Run:
    """One DAG run that we follow."""

    dag: str
    run_id: str
    state: str = "queued"
    tasks: dict[str, str] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Has it come to an end?"""
        return self.state in FINISHED

    def failed_tasks(self) -> list[str]:
        """Tasks that failed themselves, not those that could not start because of them."""
        return [task for task, state in self.tasks.items() if state == "failed"]


def trigger(api: Api, dag: str, night: str | None) -> Run:
    """Start a DAG for one night, or for none."""
    made = api.post(f"/dags/{dag}/dagRuns", {"logical_date": None, "partition_key": night})
    return Run(dag, made["dag_run_id"])


def runs_of(api: Api, dag: str, night: str) -> list[str]:
    """Ids of the runs of a DAG for a night, newest first."""
    found = api.get(f"/dags/{dag}/dagRuns", limit=50, order_by="-run_after")["dag_runs"]
    return [run["dag_run_id"] for run in found if run["partition_key"] == night]


def refresh(api: Api, run: Run) -> None:
    """Read a run's state and say which of its tasks moved."""
    path = f"/dags/{run.dag}/dagRuns/{api.quote(run.run_id)}"
    for task in api.get(f"{path}/taskInstances", limit=100)["task_instances"]:
        name, state = task["task_id"], task["state"]
        if state in SAID and run.tasks.get(name) != state:
            took = f"{task['duration']:6.1f} s" if state in ("success", "failed") and task["duration"] else ""
            line(f"{run.dag:<20} {name:<14} {state:<16}{took}")
        run.tasks[name] = state
    run.state = api.get(path)["state"]


def follow(api: Api, runs: list[Run], require_alive: Callable[[], None]) -> None:
    """Follow the runs until all have ended."""
    while not all(run.finished for run in runs):
        require_alive()
        for run in runs:
            if not run.finished:
                refresh(api, run)
        time.sleep(POLL_SECONDS)


def follow_night(api: Api, night: str, require_alive: Callable[[], None]) -> tuple[list[Run], Run]:
    """Run the three sources for the night and follow the national run that they start.

    A source that did not close is closed by the deadline's DAG, as it would be at half past six.
    Raises NightStuck when the national run does not start.
    """
    known = set(runs_of(api, NATIONAL, night))
    sources = [trigger(api, dag, night) for dag in SOURCE_DAGS]
    follow(api, sources, require_alive)
    if not all(run.tasks.get("close") == "success" for run in sources):
        line("a source has not closed its night: the deadline closes it")
        deadline = trigger(api, DEADLINE, night)
        follow(api, [deadline], require_alive)
        sources.append(deadline)
    national = wait_for_national(api, night, known, require_alive)
    follow(api, [national], require_alive)
    return sources, national


def wait_for_national(api: Api, night: str, known: set[str], require_alive: Callable[[], None]) -> Run:
    """The national run that the partitions started. Raises NightStuck when there is none in time."""
    until = time.monotonic() + NATIONAL_WITHIN_SECONDS
    while time.monotonic() < until:
        require_alive()
        fresh = [run for run in runs_of(api, NATIONAL, night) if run not in known]
        if fresh:
            return Run(NATIONAL, fresh[0])
        time.sleep(POLL_SECONDS)
    raise NightStuck("national_night did not start: a source has neither closed nor been closed at the deadline.")


def unpause(api: Api, parsed_after: str, require_alive: Callable[[], None]) -> dict[str, bool]:
    """Wait until the DAGs are parsed anew, turn them on, and return what was paused before."""
    while True:
        require_alive()
        found: dict[str, Any] = {dag["dag_id"]: dag for dag in api.get("/dags", limit=100)["dags"]}
        fresh = [dag for dag in DAGS if dag in found and (found[dag]["last_parsed_time"] or "") > parsed_after]
        if len(fresh) == len(DAGS):
            break
        errors = api.get("/importErrors", limit=10)["import_errors"]
        if errors:
            raise NightStuck(f"{errors[0]['filename']}: {errors[0]['stack_trace'].strip().splitlines()[-1]}")
        time.sleep(0.5)
    for dag in DAGS:
        api.patch(f"/dags/{dag}", {"is_paused": False})
    return {dag: bool(found[dag]["is_paused"]) for dag in DAGS}
