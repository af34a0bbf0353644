"""Parse the DAG folder as Airflow does and print what is in it as JSON, with the modules that parsing loaded."""

import json
import sys
from typing import Any

from airflow.dag_processing.dagbag import DagBag

from ops.paths import REPOSITORY


def describe_task(task: Any) -> dict[str, Any]:
    return {
        "upstream": sorted(task.upstream_task_ids),
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "owner": task.owner,
        "doc": bool(task.doc_md),
        "retries": task.retries,
        "retry_seconds": task.retry_delay.total_seconds(),
        "timeout": bool(task.execution_timeout),
        "pool": task.pool,
        "slots": task.pool_slots,
        "cores": getattr(task, "cores", None),
        "outlets": [asset.name for asset in task.outlets],
    }


def main() -> None:
    bag = DagBag(dag_folder=REPOSITORY / "dags")
    dags = {
        name: {
            "tasks": {task.task_id: describe_task(task) for task in dag.tasks},
            "schedule": type(dag.timetable).__name__,
            "expression": getattr(dag.timetable, "expression", getattr(dag.timetable, "_expression", None)),
            "display": dag.dag_display_name,
            "doc": dag.doc_md,
            "tags": sorted(dag.tags),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
        }
        for name, dag in bag.dags.items()
    }
    heavy = sorted({"pyspark", "great_expectations", "pandas", "pyarrow"} & set(sys.modules))
    print(json.dumps({"dags": dags, "errors": bag.import_errors, "heavy": heavy}, default=str))


if __name__ == "__main__":
    main()
