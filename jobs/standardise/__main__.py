"""Command line of the stage: ``python -m jobs.standardise --night 2026-11-22 --source hospital``."""

import sys

from jobs.core.cli import run_job
from jobs.standardise.run import standardise_night

if __name__ == "__main__":
    sys.exit(run_job("standardise", standardise_night, source=True))
