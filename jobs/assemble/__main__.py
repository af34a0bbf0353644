"""``python -m jobs.assemble --night N``."""

import sys

from jobs.assemble.run import assemble
from jobs.core.cli import run_job

if __name__ == "__main__":
    sys.exit(run_job("assemble", assemble))
