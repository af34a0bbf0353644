"""Closed states and decisions written by hand, for the tests of the national stages."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.core.cli import SOURCES
from jobs.core.nights import decision_path, state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool, read_json, tables_from_json, write_json
from jobs.core.tables import write_small

Rows = list[dict[str, Any]]


def store(settings: Settings, zone: Path, name: str, rows: Rows) -> dict[str, Any]:
    """A file of a table in a zone's pool; columns that a row lacks are null."""
    schema = load_schema(name)
    whole = [{column: row.get(column) for column in schema.names} for row in rows]
    return write_small(whole, schema, Pool(zone / "pool"), settings.work).to_json()


def close(settings: Settings, night: str, source: str, **content: Any) -> None:
    """Write a source's state: ``producers``, ``tables``, ``claims`` as given, nothing for the rest."""
    state = {"night": night, "source": source, "status": "complete", "producers": {}, "tables": {}, "claims": []}
    write_json(state_path(settings, source, night), state | content)


def close_rest(settings: Settings, night: str) -> None:
    """Close with nothing the sources that a test does not speak of."""
    for source in SOURCES:
        if not state_path(settings, source, night).exists():
            close(settings, night, source)


def decide(settings: Settings, night: str, decision: str) -> None:
    """Record a night's decision."""
    write_json(decision_path(settings, night), {"night": night, "decision": decision, "release": f"{night}-r"})


def rows_of(zone: Path, pointer: Path, table: str) -> Rows:
    """All rows of a table that a pointer names."""
    parts = tables_from_json(read_json(pointer)["tables"]).get(table, {})
    files: list[DataFile] = [file for _, named in sorted(parts.items()) for file in named]
    return [row for file in files for row in pq.read_table(Pool(zone / "pool").path(file)).to_pylist()]
