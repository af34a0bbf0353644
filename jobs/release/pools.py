"""The two pools a candidate may name files of: its own, and that of earlier releases."""

from pathlib import Path

from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool

READABLE = 0o644


def candidate_pool(settings: Settings) -> Pool:
    """Files of this and recent nights, not all of them published."""
    return Pool(settings.candidate / "pool")


def published_pool(settings: Settings) -> Pool:
    """Files that some release names."""
    return Pool(settings.published / "pool", mode=READABLE)


def locate(settings: Settings, file: DataFile) -> Path:
    """Where a file of a candidate lies. Raises DataRefused when no pool has it."""
    for pool in (candidate_pool(settings), published_pool(settings)):
        if pool.path(file).is_file():
            return pool.path(file)
    raise DataRefused(f"file {file.sha256[:12]} of the candidate is in no pool; run pseudonymise again for this night.")


def open_folders(pool: Pool) -> None:
    """Readers go through the pool's folders; a new one is made closed. A root without any release has none."""
    for path in (pool.root, *pool.root.glob("*/")) if pool.root.is_dir() else ():
        path.chmod(0o755)
