"""A successor of each kept release. A release is never edited: another takes its place and the old one goes."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jobs.core.attempt import attempt_folder
from jobs.core.nights import decision_path, decisions
from jobs.core.settings import Settings
from jobs.core.snapshot import (
    Partitions,
    canonical_json,
    files_of,
    read_json,
    tables_from_json,
    tables_to_json,
    write_json,
)
from jobs.release.publish import build_view, current_release, kept_releases, switch
from jobs.release.succession import record, successor
from jobs.rights.pointers import Changed


def succeed(settings: Settings, changed: Changed, cause: str) -> None:
    """Write the successors of all kept releases that name a changed file, oldest first. ``cause``: the request.

    Order: view, succession, decision, current. Each step is harmless to repeat, and a reader sees the old or the new.
    """
    for name in kept_releases(settings):
        content = read_json(settings.published / name / "release.json")
        after = succeeding(settings, content, changed)
        if after is None:
            continue
        parts = {table: item["partitions"] for table, item in after["tables"].items()}
        tables = {table: tables_from_json({table: named})[table] for table, named in parts.items()}
        build_view(settings, after, tables, settings.published / name)
        record(settings, name, after["release"], cause)
        move_decisions(settings, name, after["release"])
        if current_release(settings) == name:
            switch(settings, after["release"])


def succeeding(settings: Settings, content: dict[str, Any], changed: Changed) -> dict[str, Any] | None:
    """``release.json`` of the successor; None when the release names no changed file and its predecessor stands.

    Only files, counts, predecessor and name differ: it is the release of that night as it would have been.
    """
    tables = {name: item | parts_of(item["partitions"], changed) for name, item in content["tables"].items()}
    previous = successor(settings, content["previous"]) if content["previous"] else None
    body = {"night": content["night"], "previous": previous, "tables": tables}
    if body == {key: content[key] for key in body}:
        return None
    digest = hashlib.sha256(canonical_json(body).encode()).hexdigest()
    return {"release": f"{content['night']}-{digest[:12]}", **body}


def parts_of(partitions: dict[str, Any], changed: Changed) -> dict[str, Any]:
    """Partitions of a table with the files that took the place of others, and its new counts."""
    parts: Partitions = {}
    for month, files in tables_from_json({"t": partitions})["t"].items():
        after = [changed.get(file.sha256, file) for file in files]
        parts[month] = [file for file in after if file is not None]
    files = files_of(parts)
    return {
        "rows": sum(file.rows for file in files),
        "bytes": sum(file.bytes for file in files),
        "partitions": tables_to_json({"t": parts}).get("t", {}),
    }


def move_decisions(settings: Settings, old: str, new: str) -> None:
    """Let the night that published a release name its successor; the next night starts from that."""
    for night, decided in decisions(settings).items():
        if decided.get("release") == old:
            write_json(decision_path(settings, night), decided | {"release": new})


def remove_old(settings: Settings, names: Iterable[str]) -> list[Path]:
    """Remove the views of succeeded releases; readers that hold one open keep what they opened until they close it."""
    gone = []
    with attempt_folder(settings) as aside:
        for name in names:
            folder = settings.published / name
            if folder.is_dir() and current_release(settings) != name:
                folder.rename(aside / name)
                gone.append(folder)
    return gone
