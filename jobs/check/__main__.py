"""``python -m jobs.check --source S --night N``."""

import sys

from jobs.check.run import check_night
from jobs.core.cli import run_job

if __name__ == "__main__":
    sys.exit(run_job("check", check_night, source=True))
