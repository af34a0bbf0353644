"""``python -m jobs.close --source S --night N [--deadline | --verdict | --reopen]``."""

import argparse
import sys

from jobs.close.run import close_at_deadline, close_night, reopen_night, verdict_of_night
from jobs.core.cli import SOURCES, night_of, run_locked

MODES = {
    "--deadline": (close_at_deadline, "close the source as it is unless it is closed"),
    "--verdict": (verdict_of_night, "change nothing; end with code 65 when the state is failed"),
    "--reopen": (reopen_night, "take the state of an unpublished night back, so that the source can be run again"),
}


def main(argv: list[str] | None = None) -> int:
    """Read the arguments and run one of the four modes under the source's lock."""
    parser = argparse.ArgumentParser(prog="python -m jobs.close", description=close_night.__doc__)
    parser.add_argument("--night", required=True, type=night_of, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--source", required=True, choices=SOURCES)
    one = parser.add_mutually_exclusive_group()
    for flag, (mode, text) in MODES.items():
        one.add_argument(flag, dest="mode", action="store_const", const=mode, default=close_night, help=text)
    arguments = parser.parse_args(argv)
    return run_locked("close", arguments.mode, arguments.night, arguments.source)


if __name__ == "__main__":
    sys.exit(main())
