"""Where things lie, for programs that may run before the environment exists: standard library only."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def root() -> Path:
    """The root of the zones: VEILLEE_ROOT, by default ``var/``."""
    return Path(os.environ.get("VEILLEE_ROOT", REPOSITORY / "var")).resolve()


def airflow_folder() -> Path:
    """Everything that Airflow writes: database, logs, secret, process list."""
    return root() / "airflow"
