"""``python -m jobs.retain --night N [--dry-run]``: remove what is past its time by policy."""

import argparse
import sys
from functools import partial

from jobs.core.cli import night_of, run_locked
from jobs.retain.run import retain


def main(argv: list[str] | None = None) -> int:
    """Run the stage, or only say what it would remove."""
    parser = argparse.ArgumentParser(prog="python -m jobs.retain", description=__doc__)
    parser.add_argument("--night", required=True, type=night_of, help="ages are counted back from this date")
    parser.add_argument("--dry-run", action="store_true", help="remove nothing, say what would go")
    arguments = parser.parse_args(argv)
    return run_locked("retain", partial(retain, dry_run=arguments.dry_run), arguments.night, None)


if __name__ == "__main__":
    sys.exit(main())
