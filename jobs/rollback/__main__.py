"""``python -m jobs.rollback --release NAME``; without a name it lists the kept releases and changes nothing."""

import argparse
import sys

from jobs.audit.log import audit
from jobs.core.attempt import lock
from jobs.core.cli import answered, say
from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, sha256_of
from jobs.release.publish import current_release, kept_releases, switch
from jobs.release.succession import successor


def verify(settings: Settings, name: str) -> int:
    """Number of files of a kept release, each compared with its hash. Raises DataRefused on the first difference."""
    if name not in kept_releases(settings):
        raise DataRefused(f"{name} is not a kept release; kept are: {', '.join(kept_releases(settings)) or 'none'}.")
    content = read_json(settings.published / name / "release.json")
    expected = sorted(
        file["sha256"]
        for table in content["tables"].values()
        for files in table["partitions"].values()
        for file in files
    )
    views = [path for path in (settings.published / name).glob("*/*.parquet") if path.name != "empty.parquet"]
    if sorted(sha256_of(path) for path in views) != expected:
        raise DataRefused(f"{name} is damaged: its files are not those that its release.json names.")
    return len(expected)


def rollback(settings: Settings, name: str) -> None:
    """Verify a kept release and make it current. The next night goes on from the newest one, not from it.

    The name of a release that another took the place of (for a right of a person) leads to that one.
    """
    with lock(settings, "national"):
        name = successor(settings, name)
        files = verify(settings, name)
        before = current_release(settings)
        switch(settings, name)
        with (settings.ledger / "rollbacks.txt").open("a", encoding="utf-8") as stream:
            stream.write(f"{before} -> {name}\n")
        audit(settings, "rollback", release=name, counts={"files": files})
    say(f"current is {name} ({files} files verified); it was {before}.")


def main(argv: list[str] | None = None) -> int:
    """List the kept releases, or take one back."""
    parser = argparse.ArgumentParser(prog="python -m jobs.rollback", description=__doc__)
    parser.add_argument("--release", default="", help="name of a kept release, such as 2026-11-22-0123456789ab")
    arguments = parser.parse_args(argv)

    def work(settings: Settings) -> None:
        if arguments.release:
            rollback(settings, arguments.release)
            return
        for name in kept_releases(settings):
            print(f"{name}{'  (current)' if name == current_release(settings) else ''}")

    return answered("rollback", work)


if __name__ == "__main__":
    sys.exit(main())
