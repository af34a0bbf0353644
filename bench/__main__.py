"""``python -m bench``: run every bench in a process of its own; fails when one fails or disagrees with its oracle."""

import subprocess
import sys
import time
from pathlib import Path

BENCHES = (
    "pull",
    "delimited",
    "documents",
    "suites",
    "link",
    "link_traps",
    "pharmacy",
    "dcir",
    "hospital",
    "pseudonymise",
    "rekey",
)


def main() -> int:
    """Run all benches, each with its name and seconds; the exit code counts the failures."""
    failures = 0
    for name in BENCHES:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=Path(__file__).parents[1])
        failures += done.returncode != 0
        print(f"   {name}: exit {done.returncode} after {time.monotonic() - started:.0f} s", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())
