"""``python -m jobs.rights [--folder PATH]``: take requests of opposition and erasure in, and carry them out."""

import argparse
import sys
from pathlib import Path
from typing import Any

from jobs.core.cli import answered
from jobs.core.settings import Settings
from jobs.rights.run import rights


def main(argv: list[str] | None = None) -> int:
    """Carry out every request of the folder, and those of earlier runs again. Returns the exit code.

    Identifiers are in the request files only: never an argument, never in a message.
    """
    parser = argparse.ArgumentParser(prog="python -m jobs.rights", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the signed-off requests lie; by default <root>/rights")
    arguments = parser.parse_args(argv)

    def work(settings: Settings) -> dict[str, Any]:
        return {"stage": "rights", **rights(settings, arguments.folder or settings.rights)}

    return answered("rights", work)


if __name__ == "__main__":
    sys.exit(main())
