"""``python -m jobs.pull --source hospital --night 2026-11-22``."""

import sys

from jobs.core.cli import run_job
from jobs.pull.job import pull

if __name__ == "__main__":
    sys.exit(run_job("pull", pull, source=True))
