"""``python -m jobs.audit [--check] [--last N]``: check the audit, or show its newest lines."""

import argparse
import sys
from typing import Any

from jobs.audit.check import check, read
from jobs.core.cli import answered
from jobs.core.settings import Settings


def main(argv: list[str] | None = None) -> int:
    """Check every line and say how many there are; with ``--last`` show some. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jobs.audit", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="check only (also done before anything is shown)")
    parser.add_argument("--last", type=int, default=20, help="how many lines to show")
    arguments = parser.parse_args(argv)

    def work(settings: Settings) -> None:
        found = check(settings)
        if not arguments.check:
            show(settings, arguments.last)
        print(f"audit: {found['lines']} lines in {found['segments']} segments, whole and in order")

    return answered("audit", work)


def show(settings: Settings, last: int) -> None:
    """Print the newest lines."""
    for line in list(read(settings.audit))[-last:] if last > 0 else []:
        print(sentence(line.value))


def sentence(value: dict[str, Any]) -> str:
    """A line in one row of text."""
    hidden = ("n", "at", "who", "what", "prev", "hash", "counts")
    told = [f"{key}={item}" for key, item in value.items() if key not in hidden]
    told += [f"{key}: {count}" for key, count in value.get("counts", {}).items()]
    who = f"{value['who']['account']}/{value['who']['role']}"
    return f"{value['n']:>6} {value['at']} {who} {value['what']} {' '.join(told)}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
