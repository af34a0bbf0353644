"""Rights of persons: opposition and erasure, once a day, when the night is over.

Carries out the signed-off requests that lie in `rights/`, and looks again at those in force: what an erased person's
producers sent since was refused by the night, and its bytes leave `raw` and the landing here. It touches nothing while
a job runs or a night is half-way, and is then tried again.

*Une demande mal formée* : le journal dit la règle (RGT-…), sa fiche est dans `docs/runbooks/`.
"""

from datetime import timedelta

from airflow.sdk import DAG
from common.defaults import ALL_CORES, SPARK_POOL, task_defaults
from common.job import JobOperator
from common.partitions import every_night
from common.settings import retry_delay

QUARTERS_OF_AN_HOUR = 8  # how often it is tried again, so that a late night may end first

with DAG(
    dag_id="rights",
    dag_display_name="Droits des personnes",
    description="Carry out requests of opposition and erasure, and look again at those in force",
    doc_md=__doc__,
    schedule=every_night("rights_at"),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("core"),
    tags=["veillee", "rights"],
) as dag:
    JobOperator(
        task_id="rights",
        stage="rights",
        nightly=False,
        retries=QUARTERS_OF_AN_HOUR,
        retry_delay=15 * retry_delay(),
        execution_timeout=timedelta(hours=12),
        pool=SPARK_POOL,
        pool_slots=ALL_CORES,
        cores=ALL_CORES,
        doc_md="Carry out what is asked, and what requests in force still ask for.",
    )
