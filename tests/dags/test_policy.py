"""What every DAG must have, over the exact set of DAGs."""

import json
from typing import Any

import pytest

from jobs.core.settings import REPOSITORY

SOURCES = ("hospital", "pharmacy", "shared_record")
SOURCE_DAGS = {f"{source}_night" for source in SOURCES}
DAGS = SOURCE_DAGS | {"national_night", "deadline", "rights"}
SOURCE_CHAIN = {"pull": [], "standardise": ["pull"], "check": ["standardise"], "close": ["check"], "verdict": ["close"]}
NATIONAL = {
    "link": [],
    "pseudonymise": ["link"],
    "assemble": ["pseudonymise"],
    "gate": ["assemble"],
    "release": ["gate"],
    "report": ["release"],
    "retain": ["report"],
    "alert": ["report"],
    "outcome": ["assemble", "gate", "link", "pseudonymise", "release", "report", "retain"],
}


def test_the_folder_holds_exactly_these_dags(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    assert set(described["dags"]) == DAGS


def test_parsing_loads_nothing_heavy(described: dict[str, Any]) -> None:
    assert described["heavy"] == []


@pytest.mark.parametrize("name", sorted(DAGS))
def test_each_dag_explains_itself(described: dict[str, Any], name: str) -> None:
    dag = described["dags"][name]
    assert dag["doc"] and len(dag["doc"]) > 100
    assert dag["display"] != name
    assert "veillee" in dag["tags"]
    assert dag["catchup"] is False
    assert dag["max_active_runs"] == 1


@pytest.mark.parametrize("name", sorted(DAGS))
def test_each_task_has_owner_doc_retries_limit_and_a_declared_pool(described: dict[str, Any], name: str) -> None:
    pools = json.loads((REPOSITORY / "config" / "pools.json").read_text()) | {"default_pool": {"slots": 128}}
    for task_id, task in described["dags"][name]["tasks"].items():
        assert task["owner"] in {*SOURCES, "core"}, task_id
        assert task["doc"], task_id
        assert task["retries"] >= 1, task_id
        assert task["retry_seconds"] > 0, task_id
        assert task["timeout"], task_id
        assert task["slots"] <= pools[task["pool"]]["slots"], task_id


def test_spark_jobs_take_as_many_slots_as_cores(described: dict[str, Any]) -> None:
    on_spark = [task for dag in described["dags"].values() for task in dag["tasks"].values() if task["pool"] == "spark"]
    assert len(on_spark) == 2 * len(SOURCES) + 3 + 1
    assert all(task["slots"] == task["cores"] for task in on_spark)


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_closes_whatever_happened_and_only_closing_emits(described: dict[str, Any], source: str) -> None:
    tasks = described["dags"][f"{source}_night"]["tasks"]
    assert {name: task["upstream"] for name, task in tasks.items()} == SOURCE_CHAIN
    assert tasks["close"]["trigger_rule"] == tasks["verdict"]["trigger_rule"] == "all_done"
    assert {name: task["outlets"] for name, task in tasks.items() if task["outlets"]} == {"close": [f"closed_{source}"]}


def test_a_failed_stage_colours_the_national_run(described: dict[str, Any]) -> None:
    tasks = described["dags"]["national_night"]["tasks"]
    assert {name: task["upstream"] for name, task in tasks.items()} == NATIONAL
    assert {name for name, task in tasks.items() if task["trigger_rule"] == "all_done"} == {"report", "retain", "alert"}
    assert tasks["release"]["trigger_rule"] == tasks["outcome"]["trigger_rule"] == "all_success"


def test_schedules(described: dict[str, Any]) -> None:
    schedules = {name: (dag["schedule"], dag["expression"]) for name, dag in described["dags"].items()}
    assert schedules.pop("national_night")[0] == "PartitionedAssetTimetable"
    assert schedules.pop("rights") == ("CronPartitionTimetable", "0 12 * * *")
    assert schedules.pop("deadline") == ("CronPartitionTimetable", "30 6 * * *")
    assert schedules == dict.fromkeys(SOURCE_DAGS, ("CronPartitionTimetable", "0 2 * * *"))


def test_the_committed_configuration_holds_no_secret() -> None:
    text = (REPOSITORY / "airflow.cfg").read_text()
    settings = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    names = [line.split("=")[0].strip() for line in settings]
    assert [name for name in names if name.endswith(("secret", "secret_key", "fernet_key", "password"))] == []
    assert "host = 127.0.0.1" in settings
    assert len(settings) <= 25
