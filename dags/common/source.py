"""The DAG of one source: pull, standardise, check, close; then say whether the night is failed."""

from airflow.sdk import DAG, chain

from common.defaults import SPARK_POOL, task_defaults
from common.job import CloseOperator, JobOperator
from common.partitions import CLOSED, every_night
from common.settings import SOURCE_NAMES


def source_dag(source: str, doc: str) -> DAG:
    """Build ``<source>_night``. ``close`` runs whatever happened before it, and its success emits the partition."""
    with DAG(
        dag_id=f"{source}_night",
        dag_display_name=f"Nuit · {SOURCE_NAMES[source]}",
        description=f"Pull, standardise, check and close the night of source {source}",
        doc_md=doc,
        schedule=every_night("sources_at"),
        catchup=False,
        max_active_runs=1,
        default_args=task_defaults(source),
        tags=["veillee", "source", source],
    ) as dag:
        pull = JobOperator(task_id="pull", stage="pull", source=source, doc_md="Copy what arrived into `raw`.")
        standardise = JobOperator(
            task_id="standardise",
            stage="standardise",
            source=source,
            pool=SPARK_POOL,
            doc_md="Parse into typed tables; split identities off.",
        )
        check = JobOperator(
            task_id="check", stage="check", source=source, pool=SPARK_POOL, doc_md="Judge each producer by the suites."
        )
        close = CloseOperator(
            task_id="close",
            source=source,
            inlets=[CLOSED[source]],
            outlets=[CLOSED[source]],
            trigger_rule="all_done",
            doc_md="Write the source's state, whatever happened, and tell the national DAG.",
        )
        verdict = JobOperator(
            task_id="verdict",
            stage="close",
            source=source,
            flags=["--verdict"],
            trigger_rule="all_done",
            doc_md="Fail this run when the source's state is `failed`: the last task decides the run's colour.",
        )
        chain(pull, standardise, check, close, verdict)
    return dag
