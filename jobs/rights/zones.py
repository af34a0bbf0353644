"""One zone after the other: find the files that hold a person, write them without, name the new ones, delete the old.

A kill leaves old files that are still named, or no longer named and still there; the next run finds both by content.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.core.attempt import attempt_folder
from jobs.core.cli import SOURCES
from jobs.core.schema import schemas_of
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool
from jobs.release.pools import candidate_pool, published_pool
from jobs.rights.cut import Cut, Marks, cut_file
from jobs.rights.pointers import pointers, rewrite

Cutter = Callable[[Path, Pool, Path], Cut | None]


@dataclass
class Removed:
    """What was removed of one zone: copies of rows and cells by table, and files with what took their place.

    A row that several kept snapshots hold in files of their own counts once per file.
    """

    tables: dict[str, Counter[str]] = field(default_factory=dict)
    files: dict[str, str | None] = field(default_factory=dict)
    changed: dict[str, DataFile | None] = field(default_factory=dict)

    def add(self, table: str, cut: Cut) -> None:
        """Count one file."""
        self.tables.setdefault(table, Counter()).update(files=1, rows=cut.rows, cells=cut.cells)
        self.files[cut.before] = cut.after.sha256 if cut.after else None
        self.changed[cut.before] = cut.after

    def count(self, name: str) -> int:
        """One count over all tables."""
        return sum(one[name] for one in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        """As a certificate tells it."""
        tables = {name: dict(sorted((+one).items())) for name, one in self.tables.items()}
        files = [{"before": before, "after": after} for before, after in sorted(self.files.items())]
        return {"tables": dict(sorted(tables.items())), "files": files}


def cut_pools(pools: Iterable[Pool], cutter: Cutter, attempt: Path) -> Removed:
    """Write every file of some pools that holds the person without the person; nothing names the new files yet."""
    removed, shapes, owners = Removed(), shapes_of(), dict[str, Pool]()
    for pool in pools:
        for path in sorted(pool.root.glob("*/*.parquet")):
            if path.stem in owners:  # linked from one pool into another
                after = removed.changed[path.stem]
                if after:
                    pool.link(after, owners[path.stem])
            elif cut := cutter(path, pool, attempt):
                owners[path.stem] = pool
                removed.add(shapes.get(tuple(pq.read_schema(path).names), "other"), cut)
    return removed


def shapes_of() -> dict[tuple[str, ...], str]:
    """The table of a file by its columns, for the counts."""
    zones = ("standard", "identity", "crosswalk", "quarantine", "published")
    return {tuple(schema.names): schema.name for zone in zones for schema in schemas_of(zone)}


def by_marks(marks: Marks) -> Cutter:
    """Cut what the marks betray."""
    return lambda path, pool, attempt: cut_file(path, marks, pool, attempt)


def delete(pools: Iterable[Pool], removed: Removed) -> None:
    """Delete the files that nothing names any more."""
    for pool in pools:
        for name in removed.changed:
            pool.path(name).unlink(missing_ok=True)


def clear_zone(settings: Settings, zone: str, pools: list[Pool], cutter: Cutter, *also: str) -> Removed:
    """One zone whose pointers are plain: cut, name, delete. ``also``: other zones whose pointers name these files."""
    with attempt_folder(settings) as attempt:
        removed = cut_pools(pools, cutter, attempt)
        for name in (zone, *also):
            rewrite(pointers(settings, name), removed.changed)
        delete(pools, removed)
    return removed


def standard_pools(settings: Settings) -> list[Pool]:
    """The pools of all sources."""
    return [Pool(settings.standard / source / "pool") for source in SOURCES]


def publication_pools(settings: Settings) -> list[Pool]:
    """Pools of what is, was or may be published."""
    return [published_pool(settings), candidate_pool(settings)]
