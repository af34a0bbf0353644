"""The national night: link, pseudonymise, assemble, judge, release, report.

It starts by itself once `hospital`, `pharmacy` and `shared_record` have closed the same night. **gate** decides: when
it refuses, nothing is released and readers keep the previous release. **report** and **retain** run whatever happened;
**alert** says once what went wrong and what to do; **outcome** gives the run the colour of its worst stage.

*Une nuit refusée* : ouvrir `reports/<nuit>/index.html`, puis la fiche que nomme `reports/<nuit>/alert.json`.
"""

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain
from common.alert import AlertOperator
from common.defaults import ALL_CORES, SPARK_POOL, task_defaults
from common.job import JobOperator
from common.partitions import when_all_closed

ON_SPARK: dict[str, Any] = {"pool": SPARK_POOL, "pool_slots": ALL_CORES, "cores": ALL_CORES}

with DAG(
    dag_id="national_night",
    dag_display_name="Nuit nationale",
    description="Link, pseudonymise, judge and publish a night that all sources have closed",
    doc_md=__doc__,
    schedule=when_all_closed(),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("core"),
    tags=["veillee", "national"],
) as dag:
    link = JobOperator(task_id="link", stage="link", doc_md="Decide which subjects are one person.", **ON_SPARK)
    pseudonymise = JobOperator(
        task_id="pseudonymise", stage="pseudonymise", doc_md="Replace subjects by pseudonyms.", **ON_SPARK
    )
    assemble = JobOperator(task_id="assemble", stage="assemble", doc_md="Put the candidate's tables together.")
    gate = JobOperator(task_id="gate", stage="gate", doc_md="Publish, hold, or refuse.", **ON_SPARK)
    release = JobOperator(task_id="release", stage="release", doc_md="Make the release current, atomically.")
    report = JobOperator(
        task_id="report", stage="report", trigger_rule="all_done", doc_md="Write the steward's page, whatever happened."
    )
    retain = JobOperator(
        task_id="retain", stage="retain", trigger_rule="all_done", doc_md="Remove what is past its time."
    )
    alert = AlertOperator(
        task_id="alert", trigger_rule="all_done", doc_md="Say once what failed and what to do; skipped on a good night."
    )
    outcome = EmptyOperator(task_id="outcome", doc_md="Succeeds only when every stage did: it colours the run.")

    stages = [link, pseudonymise, assemble, gate, release]
    chain(*stages, report, [retain, alert])
    chain([*stages, report, retain], outcome)
