"""``python -m jobs.release --night N``: publish what the gate let through."""

import sys

from jobs.core.cli import run_job
from jobs.release.publish import release

if __name__ == "__main__":
    sys.exit(run_job("release", release))
