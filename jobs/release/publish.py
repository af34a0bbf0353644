"""From candidate to release: pool, view, switch, decision, in this order, each harmless to repeat."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.nights import base_night, decision_path, decisions, require_serial
from jobs.core.schema import load_schema
from jobs.core.settings import REPOSITORY, Settings
from jobs.core.snapshot import (
    Partitions,
    canonical_json,
    files_of,
    read_json,
    tables_from_json,
    tables_to_json,
    write_json,
)
from jobs.release.dictionary import dictionary
from jobs.release.pools import READABLE, candidate_pool, locate, open_folders, published_pool


def release(settings: Settings, night: str, source: str | None = None) -> dict[str, Any]:
    """Publish the candidate that the gate let through and make it current."""
    require_serial(settings, night)
    folder = settings.candidate / night
    gate = read_pointer(folder / "gate.json", "gate", night)
    if gate["decision"] != "publish":
        raise DataRefused(f"the gate refused night {night}; readers keep the previous release.")
    candidate = read_pointer(folder / "candidate.json", "assemble", night)
    tables = tables_from_json(candidate["tables"])
    content = describe_release(settings, night, tables)
    fill_pool(settings, tables)
    build_view(settings, content, tables)
    switch(settings, content["release"])
    write_json(decision_path(settings, night), {"night": night, "decision": "publish", "release": content["release"]})
    return {"release": content["release"], "tables": {name: item["rows"] for name, item in content["tables"].items()}}


def read_pointer(path: Path, stage: str, night: str) -> Any:
    """A stage's pointer. Raises DataRefused in words when that stage has not run."""
    try:
        return read_json(path)
    except FileNotFoundError:
        raise DataRefused(f"night {night} has no {path.name}; run jobs.{stage} first.") from None


def describe_release(settings: Settings, night: str, tables: dict[str, Partitions]) -> dict[str, Any]:
    """``release.json``: which files make which table. No clock, no attempt: the name follows the content."""
    base = base_night(settings, night)
    body: dict[str, Any] = {
        "night": night,
        "previous": decisions(settings)[base]["release"] if base else None,
        "tables": {
            name: {
                "rows": sum(file.rows for file in files_of(parts)),
                "bytes": sum(file.bytes for file in files_of(parts)),
                "schema_sha256": schema_hash(name),
                "partitions": tables_to_json({name: parts}).get(name, {}),
            }
            for name, parts in sorted(tables.items())
        },
    }
    digest = hashlib.sha256(canonical_json(body).encode()).hexdigest()
    return {"release": f"{night}-{digest[:12]}", **body}


def schema_hash(table: str) -> str:
    """SHA-256 of the table's declaration, so that a reader can tell a change of shape from a change of data."""
    return hashlib.sha256((REPOSITORY / "schemas" / "published" / f"{table}.json").read_bytes()).hexdigest()


def fill_pool(settings: Settings, tables: dict[str, Partitions]) -> None:
    """Link the candidate's new files into the published pool; nothing names them there yet."""
    pool = published_pool(settings)
    for parts in tables.values():
        for file in files_of(parts):
            if not pool.path(file).exists():
                locate(settings, file)
                pool.link(file, candidate_pool(settings))
            pool.path(file).chmod(READABLE)
    open_folders(pool)


def build_view(
    settings: Settings, content: dict[str, Any], tables: dict[str, Partitions], like: Path | None = None
) -> None:
    """Build ``published/<release>/`` aside and rename it into place; a view that is there already is complete.

    Its declarations and dictionary are today's, or those of the view ``like``.
    """
    target = settings.published / content["release"]
    if target.is_dir():
        return
    pool = published_pool(settings)
    with attempt_folder(settings) as attempt:
        view = attempt / content["release"]
        for name, parts in sorted(tables.items()):
            (view / name).mkdir(parents=True)
            for partition, files in sorted(parts.items()):
                for position, file in enumerate(files):
                    suffix = f"-{position}" if len(files) > 1 else ""
                    os.link(pool.path(file), view / name / f"{partition}{suffix}.parquet")
            write_empty(view / name, name, like)
        (view / "release.json").write_text(canonical_json(content), encoding="utf-8")
        told = (like / "dictionary.md").read_text(encoding="utf-8") if like else dictionary()
        (view / "dictionary.md").write_text(told, encoding="utf-8")
        shutil.copytree(like / "schemas" if like else REPOSITORY / "schemas" / "published", view / "schemas")
        for path in (view, *view.rglob("*")):
            path.chmod(0o755 if path.is_dir() else READABLE)
        view.rename(target)


def write_empty(folder: Path, table: str, like: Path | None) -> None:
    """A table without rows still has its columns: readers of an empty folder would fail on it."""
    if any(folder.iterdir()):
        return
    files = (like / table).glob("*.parquet") if like else iter(())
    shape = next((pq.read_schema(path) for path in files), None) or load_schema(f"published/{table}").arrow
    pq.write_table(shape.empty_table(), folder / "empty.parquet")


def switch(settings: Settings, name: str) -> None:
    """Point ``published/current`` at a release. A reader resolves it once and sees the old release or the new one."""
    draft = settings.published / f".current.{os.getpid()}"
    draft.unlink(missing_ok=True)
    draft.symlink_to(name)
    draft.replace(settings.published / "current")


def current_release(settings: Settings) -> str | None:
    """The name of the release that readers see, or nothing before the first publication."""
    link = settings.published / "current"
    return str(link.readlink()) if link.is_symlink() else None


def kept_releases(settings: Settings) -> list[str]:
    """Every release that can be made current, oldest night first."""
    found = [
        json.loads(path.read_text())
        for path in settings.published.glob("*/release.json")
        if not path.parent.is_symlink()
    ]
    return [item["release"] for item in sorted(found, key=lambda item: (item["night"], item["release"]))]
