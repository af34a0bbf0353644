"""``python -m ops.root --root DIR --kind real``: create a root with its zones, rights and stamp."""

import argparse
import sys
from pathlib import Path

from jobs.core.errors import JobError
from jobs.core.residency import require_residency
from jobs.core.settings import KINDS, Settings, prepare_root


def main(argv: list[str] | None = None) -> int:
    """Create the root, or say why not."""
    parser = argparse.ArgumentParser(prog="python -m ops.root", description=__doc__)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--kind", required=True, choices=KINDS)
    arguments = parser.parse_args(argv)
    try:
        require_residency(Settings(arguments.root.resolve()))
        settings = prepare_root(arguments.root, arguments.kind)
    except JobError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{settings.root} is ready; set VEILLEE_ROOT={settings.root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
