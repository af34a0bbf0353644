"""``python -m jobs.rekey [--step NAME]``: rotate the centre's key; a run that was stopped goes on where it was."""

import argparse
import json
import sys
import traceback

from jobs.core.cli import open_root, say
from jobs.core.errors import JobError
from jobs.rekey.run import rekey
from jobs.rekey.state import STEPS


def main(argv: list[str] | None = None) -> int:
    """Re-key every kept release and candidate, prove it, destroy the old key. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jobs.rekey", description=main.__doc__)
    parser.add_argument("--step", choices=STEPS, help="only this step, as the DAG does; all that are left without it")
    arguments = parser.parse_args(argv)
    try:
        done = rekey(open_root(), arguments.step)
    except JobError as error:
        say(f"rekey: {error}")
        return error.exit_code
    except Exception as error:
        say(f"rekey: unexpected {type(error).__name__}; the message is withheld, it may quote data.")
        say("".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-6:])))
        return 1
    print(json.dumps({"stage": "rekey", **done}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
