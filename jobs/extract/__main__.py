"""``python -m jobs.extract --project NAME [--release ID]``: make or renew a research project's extract."""

import argparse
import sys
from datetime import UTC, datetime

from jobs.audit.log import audit
from jobs.core.attempt import lock
from jobs.core.cli import answered
from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.extract.make import make
from jobs.extract.project import load_project
from jobs.release.publish import current_release, kept_releases


def extract(settings: Settings, name: str, release: str | None) -> dict[str, object]:
    """The extract of a project from the current release, or from a kept one. Raises DataRefused, ConfigError."""
    project = load_project(settings, name)
    if project.expires_on < datetime.now(UTC).date().isoformat():
        raise DataRefused(f"DSC-004: project {name} ended on {project.expires_on}; extend it by review, or let it end.")
    chosen = release or current_release(settings)
    if chosen is None or chosen not in kept_releases(settings):
        raise DataRefused("DSC-004: there is no such release to make an extract from; `make rollback` lists them.")
    done = make(settings, project, chosen)
    audit(settings, "extract", project=name, release=chosen, counts=done["tables"])
    return done


def main(argv: list[str] | None = None) -> int:
    """Run the job under the national lock; the exit code says how it went."""
    parser = argparse.ArgumentParser(prog="python -m jobs.extract", description=__doc__)
    parser.add_argument("--project", required=True, help="a file of config/projects, without its ending")
    parser.add_argument("--release", help="a kept release; by default the current one")
    arguments = parser.parse_args(argv)

    def work(settings: Settings) -> dict[str, object]:
        with lock(settings, "national"):
            done = extract(settings, arguments.project, arguments.release)
        return {"stage": "extract", "project": arguments.project, **done}

    return answered("extract", work)


if __name__ == "__main__":
    sys.exit(main())
