"""``python -m jobs.link --night N``."""

import sys

from jobs.core.cli import run_job
from jobs.link.run import link

if __name__ == "__main__":
    sys.exit(run_job("link", link))
