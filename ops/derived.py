"""Files derived from declarations. ``python -m ops.derived`` writes them; ``--check`` fails when one is stale."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from jobs.catalogue import rule_catalogue
from jobs.core.settings import REPOSITORY
from jobs.release.dictionary import dictionary
from jobs.standardise.hospital.controls.catalogue import controls_page

DERIVED: dict[str, Callable[[], str]] = {
    "docs/reference/dictionary.md": dictionary,
    "docs/reference/hospital-controls.md": controls_page,
    "docs/reference/rules.md": rule_catalogue,
}


def stale() -> list[str]:
    """Derived files that are missing or differ from what the declarations give now."""
    return [name for name, make in DERIVED.items() if read(REPOSITORY / name) != make()]


def read(path: Path) -> str | None:
    """A file's text, or nothing when it is not there."""
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(argv: list[str] | None = None) -> int:
    """Write or check the derived files."""
    parser = argparse.ArgumentParser(prog="python -m ops.derived", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when a file is stale")
    arguments = parser.parse_args(argv)
    found = stale()
    for name in found:
        if arguments.check:
            print(f"{name} is stale; run: python -m ops.derived", file=sys.stderr)
        else:
            (REPOSITORY / name).write_text(DERIVED[name](), encoding="utf-8")
            print(name)
    return 1 if found and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
