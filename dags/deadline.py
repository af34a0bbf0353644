"""The deadline: a source that has not closed by now is closed without what is missing.

The national night waits for all three sources, so one that never comes would hold it for ever. A source that has
closed already is skipped: its night is not told twice.
"""

from airflow.sdk import DAG
from common.defaults import task_defaults
from common.job import CloseOperator
from common.partitions import CLOSED, every_night
from common.settings import SOURCES

with DAG(
    dag_id="deadline",
    dag_display_name="Heure limite",
    description="Close the sources that have not closed their night by the deadline",
    doc_md=__doc__,
    schedule=every_night("deadline_at"),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("core"),
    tags=["veillee", "timer"],
) as dag:
    for source in SOURCES:
        CloseOperator(
            task_id=f"close_{source}",
            source=source,
            flags=["--deadline"],
            once=True,
            inlets=[CLOSED[source]],
            outlets=[CLOSED[source]],
            doc_md=f"Close source {source} as it is, unless it has closed.",
        )
