"""The rotation of the centre's key: every kept release under the next version, proved, the old key destroyed.

A person starts it, between two nights; it needs no night. Each task is a step of `python -m jobs.rekey` and may be run
again: what is done stays done. While it is half done, nights are refused (REK-001). See `docs/how-to/rekey.md`.
"""

from airflow.sdk import DAG, chain
from common.defaults import task_defaults
from common.job import JobOperator

STEPS = {
    "begin": "Make the next key, and the map from old tokens to new ones.",
    "rewrite": "Write every published file anew, compared row for row; nothing names the new files yet.",
    "compare": "Old and new files side by side: joins are preserved.",
    "switch": "Successors of all kept releases, candidates, then the old files go.",
    "prove": "Search every text of every published file for an old token.",
    "finish": "Certificate; the old key and the map are destroyed.",
}

with DAG(
    dag_id="rekey",
    dag_display_name="Rotation de la clé",
    description="Put every kept release under the next version of the centre's key",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("core"),
    tags=["veillee", "keys"],
) as dag:
    chain(*[
        JobOperator(task_id=step, stage="rekey", flags=["--step", step], nightly=False, doc_md=doc)
        for step, doc in STEPS.items()
    ])  # fmt: skip
