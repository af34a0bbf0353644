"""``python -m jobs.rights [--folder PATH]``: take requests of opposition and erasure in, and carry them out."""

import argparse
import json
import sys
import traceback
from pathlib import Path

from jobs.core.cli import open_root, say
from jobs.core.errors import JobError
from jobs.rights.run import rights


def main(argv: list[str] | None = None) -> int:
    """Carry out every request of the folder, and those of earlier runs again. Returns the exit code.

    Identifiers are in the request files only: never an argument, never in a message.
    """
    parser = argparse.ArgumentParser(prog="python -m jobs.rights", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the signed-off requests lie; by default <root>/rights")
    arguments = parser.parse_args(argv)
    try:
        settings = open_root()
        done = rights(settings, arguments.folder or settings.rights)
    except JobError as error:
        say(f"rights: {error}")
        return error.exit_code
    except Exception as error:
        say(f"rights: unexpected {type(error).__name__}; the message is withheld, it may quote data.")
        say("".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-6:])))
        return 1
    print(json.dumps({"stage": "rights", **done}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
