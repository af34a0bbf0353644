"""``python -m jobs.gate --night N``."""

import sys

from jobs.core.cli import run_job
from jobs.gate.run import gate

if __name__ == "__main__":
    sys.exit(run_job("gate", gate))
