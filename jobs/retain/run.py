"""The retention of one night: pointers past their time, then the pool files that nothing kept names any more."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from jobs.audit.bound import close_past, past
from jobs.core.attempt import attempt_folder, lock
from jobs.core.cli import SOURCES, say
from jobs.core.errors import TryAgain
from jobs.core.settings import Settings
from jobs.retain.pointers import of_nation, of_sources, pools

GRACE_SECONDS = 86_400  # a file this young may belong to a job that has not named it yet
DAY = 86_400
HASH = re.compile(r"\b[0-9a-f]{64}\b")
NAMING_ZONES = ("standard", "identity", "crosswalk", "quarantine", "candidate", "published")


def retain(
    settings: Settings, night: str, source: str | None = None, *, dry_run: bool = False, grace: int = GRACE_SECONDS
) -> dict[str, Any]:
    """Remove what is past its time by the policy's ``[retention]``, or say what would go.

    Zones of a source whose job runs right now are left for the next night. Returns ``{zone: {count, bytes}}``.
    """
    with ExitStack() as stack:
        free = [name for name in SOURCES if try_lock(settings, name, stack)]
        gone = of_nation(settings, night) | of_sources(settings, night, free)
        gone["work/attempts"] = old_attempts(settings)
        aged = past(settings, night)
        orphans = unnamed(settings, gone, grace) if len(free) == len(SOURCES) else {}
        zones = {zone: measure(gone.get(zone, []) + orphans.get(zone, [])) for zone in sorted({*gone, *orphans})}
        zones |= {"audit": measure(aged)} if aged else {}
        for zone, size in zones.items():
            if size["count"]:
                say(f"{'would remove' if dry_run else 'removes'} {size['count']} of {zone}, {size['bytes']} bytes")
        if not dry_run:
            remove(settings, gone, orphans)
            close_past(settings, night)
    busy = sorted(set(SOURCES) - set(free))
    return {"dry_run": dry_run, "zones": zones} | ({"left_for_later": busy} if busy else {})


def try_lock(settings: Settings, name: str, stack: ExitStack) -> bool:
    """Take a source's lock for as long as the retention runs, if no job of that source holds it."""
    try:
        stack.enter_context(lock(settings, name))
    except TryAgain:
        return False
    return True


def old_attempts(settings: Settings) -> list[Path]:
    """Attempt folders and Spark scratch that a killed job left; here only the clock can tell."""
    limit = time.time() - settings.policy["retention"]["attempts"] * DAY
    found = [path for name in ("attempts", "spark") for path in sorted((settings.work / name).glob("*"))]
    return [path for path in found if path.lstat().st_mtime < limit]


def unnamed(settings: Settings, gone: dict[str, list[Path]], grace: int) -> dict[str, list[Path]]:
    """Pool files that no pointer that stays names, old enough that no running job can mean to name them."""
    named = names_kept(settings, {path for paths in gone.values() for path in paths})
    limit = time.time() - grace
    found: dict[str, list[Path]] = {}
    for zone, folders in pools(settings).items():
        files = (path for folder in folders for path in sorted(folder.glob("*/*.parquet")))
        found[zone] = [path for path in files if path.stem not in named and path.stat().st_mtime < limit]
    return found


def names_kept(settings: Settings, gone: set[Path]) -> set[str]:
    """Every hash written in a pointer that stays. Any field counts: keeping too much is the harmless mistake."""
    named: set[str] = set()
    for path in pointers(settings):
        if not gone & {path, *path.parents}:
            named |= set(HASH.findall(path.read_text(encoding="utf-8")))
    return named


def pointers(settings: Settings) -> Iterator[Path]:
    """Every pointer that may name files of a pool."""
    for zone in NAMING_ZONES:
        for path in sorted((settings.root / zone).rglob("*.json")):
            if "pool" not in path.parts and "schemas" not in path.parts:
                yield path


def measure(paths: list[Path]) -> dict[str, int]:
    """Number of files below some paths, and their bytes."""
    files = [f for path in paths for f in (path.rglob("*") if path.is_dir() else [path]) if not f.is_dir()]
    return {"count": len(files), "bytes": sum(file.lstat().st_size for file in files)}


def remove(settings: Settings, gone: dict[str, list[Path]], orphans: dict[str, list[Path]]) -> None:
    """Remove pointers first: a kill in between leaves files that nothing names, never a name without its file.

    A folder is moved aside before it is emptied, so that nobody finds half of it.
    """
    with attempt_folder(settings) as aside:
        for zone, paths in sorted(gone.items()):
            for number, path in enumerate(paths):
                if path.is_dir() and not path.is_symlink():
                    target = aside / f"{zone.replace('/', '-')}-{number}"
                    path.rename(target)
                    shutil.rmtree(target)
                else:
                    path.unlink()
    for paths in orphans.values():
        for path in paths:
            path.unlink()
