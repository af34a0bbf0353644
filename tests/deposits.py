"""Deliveries made by hand for a test, and the stages that load them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.close.run import close_night
from jobs.core.manifest import Manifest, describe_file, write_manifest
from jobs.core.register import COLUMNS
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.pull.job import pull
from jobs.standardise.pools import intake_pool, proposal_path, quarantine_pool, standard_pool
from jobs.standardise.run import standardise_night

FORMATS = {"hospital": "pmsi-mco", "pharmacy": "pharmacy-csv", "shared_record": "shared-record"}


def register(settings: Settings, *producers: tuple[str, ...]) -> None:
    """A register of (producer, source), with the format where it is not the source's first."""
    told = [(*one, FORMATS[one[1]])[:3] for one in producers]
    lines = [f"{one},{source},{one},{form},,,,nobody@example.org,active" for one, source, form in told]
    (settings.root / "producers.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n", encoding="utf-8")


def deposit(
    settings: Settings,
    source: str,
    producer: str,
    delivery_id: str,
    files: dict[str, bytes],
    *,
    covers: tuple[str, str],
    mode: str = "replace",
    records: int | None = None,
    transmission: str | None = None,
    form: str | None = None,
) -> None:
    """One complete delivery; the manifest is written last."""
    folder = settings.landing / source / producer / delivery_id
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    entries = tuple(describe_file(folder / name, records) for name in sorted(files))
    produced = f"{covers[1]}T20:00:00+01:00"
    told = (delivery_id, producer, source, form or FORMATS[source], produced, *covers, mode, entries, transmission)
    write_manifest(folder, Manifest(*told))


def load(settings: Settings, night: str, source: str = "hospital") -> dict[str, Any]:
    """Pull and standardise; the proposal."""
    pull(settings, night, source)
    standardise_night(settings, night, source)
    return read_json(proposal_path(settings, source, night))


def close(settings: Settings, night: str, source: str = "hospital", held: tuple[str, ...] = ()) -> dict[str, Any]:
    """Close a night as if check had held some producers and let the others pass."""
    proposal = read_json(proposal_path(settings, source, night))
    verdicts = {
        name: {
            "verdict": "hold" if name in held else "pass",
            "failed": [{"code": "DEL-020", "severity": "critical"}] if name in held else [],
        }
        for name in proposal["producers"]
    }
    check = {"night": night, "source": source, "producers": verdicts, "suites": []}
    write_json(settings.standard / source / night / "check.json", check)
    close_night(settings, night, source)
    return read_json(settings.standard / source / night / "state.json")


def rows_of(files: list[dict[str, Any]], root: Path) -> list[dict[str, Any]]:
    """Rows of some files of a pool."""
    paths = [root / one["sha256"][:2] / f"{one['sha256']}.parquet" for one in files]
    return pa.concat_tables([pq.read_table(path, partitioning=None) for path in paths]).to_pylist() if paths else []


def intake(settings: Settings, proposal: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per record read."""
    return rows_of(proposal["tables"]["intake"], intake_pool(settings).root)


def quarantine(settings: Settings, proposal: dict[str, Any]) -> list[dict[str, Any]]:
    """Rejected records."""
    return rows_of(proposal["tables"]["quarantined_record"], quarantine_pool(settings).root)


def table(settings: Settings, proposal: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Rows of a standard table as proposed, or as a closed state holds them."""
    parts = proposal["tables"][name] if "status" in proposal else {}
    for one in proposal["producers"].values():
        parts = parts | one.get("tables", {}).get(name, {})
    pool = standard_pool(settings, proposal["source"])
    return rows_of([file for _, files in sorted(parts.items()) for file in files], pool.root)
