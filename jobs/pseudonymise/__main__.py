"""``python -m jobs.pseudonymise --night N``."""

import sys

from jobs.core.cli import run_job
from jobs.pseudonymise.run import pseudonymise

if __name__ == "__main__":
    sys.exit(run_job("pseudonymise", pseudonymise))
