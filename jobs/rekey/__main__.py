"""``python -m jobs.rekey [--step NAME]``: rotate the centre's key; a run that was stopped goes on where it was."""

import argparse
import sys

from jobs.core.cli import answered
from jobs.rekey.run import rekey
from jobs.rekey.state import STEPS


def main(argv: list[str] | None = None) -> int:
    """Re-key every kept release and candidate, prove it, destroy the old key. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jobs.rekey", description=main.__doc__)
    parser.add_argument("--step", choices=STEPS, help="only this step, as the DAG does; all that are left without it")
    arguments = parser.parse_args(argv)
    return answered("rekey", lambda settings: {"stage": "rekey", **rekey(settings, arguments.step)})


if __name__ == "__main__":
    sys.exit(main())
