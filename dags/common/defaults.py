"""What every task of every DAG has unless it says otherwise."""

from datetime import timedelta
from typing import Any

from common.settings import retry_delay, schedule

# A core each for two source jobs at once; a national job takes both (config/pools.json).
SPARK_POOL = "spark"
ALL_CORES = 2


def task_defaults(owner: str) -> dict[str, Any]:
    """Owner, retries and time limit. What cannot heal fails at once whatever ``retries`` says (common/job.py)."""
    return {
        "owner": owner,
        "retries": 3,
        "retry_delay": retry_delay(),
        "execution_timeout": timedelta(hours=schedule("stage_hours")),
    }
