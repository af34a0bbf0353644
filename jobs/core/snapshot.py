"""Pools of immutable files named by their SHA-256, and the small JSON files that name them."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


@dataclass(frozen=True, order=True)
class DataFile:
    """One Parquet file of a pool: its name is the SHA-256 of its bytes."""

    sha256: str
    rows: int
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """As written in a snapshot."""
        return {"sha256": self.sha256, "rows": self.rows, "bytes": self.bytes}

    @staticmethod
    def from_json(value: dict[str, Any]) -> "DataFile":
        """As read from a snapshot."""
        return DataFile(value["sha256"], value["rows"], value["bytes"])


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class Pool:
    """A folder of content-addressed Parquet files. Adopting a file twice changes nothing."""

    root: Path
    mode: int = 0o600

    def path(self, file: DataFile | str) -> Path:
        """Where a file of the pool lies, whether it is there or not."""
        name = file if isinstance(file, str) else file.sha256
        return self.root / name[:2] / f"{name}.parquet"

    def adopt(self, source: Path, rows: int | None = None) -> DataFile:
        """Move a finished Parquet file into the pool under its hash; the source is gone afterwards.

        ``rows``: how many it has, when its writer knows; its footer is read otherwise.
        """
        digest = sha256_of(source)
        rows = pq.read_metadata(source).num_rows if rows is None else rows
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        size = source.stat().st_size
        source.chmod(self.mode)
        sync(source)
        source.replace(target)
        return DataFile(digest, rows, size)

    def link(self, file: DataFile, other: "Pool") -> None:
        """Make a file of another pool on the same file system part of this one, without copying it."""
        target = self.path(file)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(other.path(file), target)


def sync(path: Path) -> None:
    """Bring a file's bytes to the disk, so that a pointer never names bytes that a power cut lost."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def canonical_json(value: Any) -> str:
    """The one text of a value: sorted keys, one space of indent, no trailing blanks, final line end."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Replace a pointer atomically: readers see the old text or the new one, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(canonical_json(value), encoding="utf-8")
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def read_json(path: Path) -> Any:
    """The value of a pointer. Raises FileNotFoundError when the stage that writes it has not run."""
    return json.loads(path.read_text(encoding="utf-8"))


Partitions = dict[str, list[DataFile]]


def tables_to_json(tables: dict[str, Partitions]) -> dict[str, Any]:
    """Tables of a snapshot as JSON; empty partitions are left out."""
    return {
        table: {part: [file.to_json() for file in files] for part, files in sorted(parts.items()) if files}
        for table, parts in sorted(tables.items())
    }


def tables_from_json(value: dict[str, Any]) -> dict[str, Partitions]:
    """Tables of a snapshot from JSON."""
    return {
        table: {part: [DataFile.from_json(file) for file in files] for part, files in parts.items()}
        for table, parts in value.items()
    }


def files_of(partitions: Partitions) -> list[DataFile]:
    """All files of a table, in the order of their partitions."""
    return [file for _, files in sorted(partitions.items()) for file in files]
