"""Pointers that name other files now: every JSON file of a zone, whatever its shape."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, read_json, write_json

Changed = Mapping[str, DataFile | None]
GONE = object()
ASKED = {"files", "claim", "intake", "quarantined_record"}


def replaced(value: Any, changed: Changed) -> Any:
    """A pointer's value with the files that took the place of others; a file without a successor is left out.

    A file is named as an object with ``sha256``, ``rows`` and ``bytes``. A partition that lost its last file is left
    out too; a list that a stage asks for by name stays, empty.
    """
    if isinstance(value, dict):
        if set(value) == {"sha256", "rows", "bytes"} and value["sha256"] in changed:
            file = changed[value["sha256"]]
            return file.to_json() if file else GONE
        after = {key: replaced(item, changed) for key, item in value.items()}
        return {key: one for key, one in after.items() if key in ASKED or one or not names_files(value[key])}
    if isinstance(value, list):
        return [one for item in value if (one := replaced(item, changed)) is not GONE]
    return value


def names_files(value: Any) -> bool:
    """Whether a value is a partition: a list of files."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "sha256" in one for one in value)


def rewrite(paths: Iterator[Path] | list[Path], changed: Changed) -> int:
    """Let pointers name the new files; the number of pointers that changed."""
    count = 0
    for path in paths:
        value = read_json(path)
        after = replaced(value, changed)
        if after != value:
            write_json(path, after)
            count += 1
    return count


def pointers(settings: Settings, zone: str) -> Iterator[Path]:
    """Every pointer of a zone but those of releases, which are never edited."""
    for path in sorted((settings.root / zone).rglob("*.json")):
        if not {"pool", "schemas", "rights"} & set(path.relative_to(settings.root).parts):
            yield path
