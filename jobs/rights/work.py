"""Passing copies of deposited bytes: what killed jobs and pulls left in the work zone."""

import shutil

from jobs.core.cli import SOURCES
from jobs.core.settings import Settings
from jobs.pull.received import is_closed
from jobs.retain.pointers import nights_in


def clear_scratch(settings: Settings) -> None:
    """Remove attempts and Spark scratch. No other job runs, so that they belong to jobs that were killed."""
    for name in ("attempts", "spark"):
        for path in sorted((settings.work / name).glob("*")):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def clear_staging(settings: Settings) -> None:
    """Remove staged copies of deliveries of closed nights; their packs hold the same bytes."""
    for source in SOURCES:
        for path in nights_in(settings.work / "pull" / source):
            if is_closed(settings, source, path.name):
                shutil.rmtree(path)
