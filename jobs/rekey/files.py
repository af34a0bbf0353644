"""The files of all kept releases and candidates, each once, with the declaration that it was written with."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.core.schema import TableSchema, load_schema, parse_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, tables_from_json
from jobs.rekey.rewrite import Target
from jobs.release.pools import locate
from jobs.release.publish import kept_releases
from jobs.rights.pointers import pointers


def targets(settings: Settings) -> Iterator[Target]:
    """Every file, in the order of their names."""
    found: dict[str, Target] = {}
    for name in kept_releases(settings):
        view = settings.published / name
        for table, parts in tables_of(read_json(view / "release.json")).items():
            add(settings, found, declared(view, table), parts)
    for path in pointers(settings, "candidate"):
        for table, parts in tables_of(read_json(path)).items():
            add(settings, found, load_schema(f"published/{table}"), parts)
    yield from (found[digest] for digest in sorted(found))


def tables_of(value: Any) -> dict[str, Any]:
    """Partitions by table, of a release or of a pointer of the candidate zone; none of one that names no tables."""
    tables = value.get("tables") if isinstance(value, dict) else None
    if not isinstance(tables, dict):
        return {}
    plain = {name: item.get("partitions", item) for name, item in tables.items() if isinstance(item, dict)}
    return dict(tables_from_json(plain))


def add(settings: Settings, found: dict[str, Target], schema: TableSchema, parts: Any) -> None:
    """Add a table's files to those found."""
    for files in parts.values():
        for file in files:
            found.setdefault(file.sha256, Target(locate(settings, file), schema))


def declared(view: Path, table: str) -> TableSchema:
    """The declaration that a release carries: an old release may have been made with another one than today's."""
    return parse_schema(json.loads((view / "schemas" / f"{table}.json").read_text(encoding="utf-8")))
