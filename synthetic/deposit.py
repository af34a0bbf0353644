"""Depositing as a producer does: files first, ``manifest.json`` last, never twice."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


@dataclass
class Delivery:
    """One delivery with its files in order.

    ``records`` tells how many records a file declares, if it does; ``transmission`` is empty for an ordinary one, else
    ``trial`` or ``fast_track``.
    """

    source: str
    producer: str
    delivery_id: str
    format: str
    night: str
    first_day: str
    last_day: str
    mode: str
    files: dict[str, bytes]
    records: dict[str, int] = field(default_factory=dict)
    transmission: str = ""

    def manifest(self) -> dict[str, object]:
        """The manifest as the design and ``schemas/`` describe it."""
        produced = datetime.fromisoformat(f"{self.night}T01:00:00").replace(tzinfo=PARIS)
        files: list[dict[str, object]] = []
        for name, content in self.files.items():
            entry: dict[str, object] = {
                "name": name,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            if name in self.records:
                entry["records"] = self.records[name]
            files.append(entry)
        kind = {"transmission": self.transmission} if self.transmission else {}
        return kind | {
            "manifest_version": 1,
            "delivery_id": self.delivery_id,
            "producer": self.producer,
            "source": self.source,
            "format": self.format,
            "produced_at": produced.isoformat(),
            "covers": {"from": self.first_day, "to": self.last_day},
            "mode": self.mode,
            "files": files,
        }

    def folder(self, landing: Path) -> Path:
        """Where it is deposited."""
        return landing / self.source / self.producer / self.delivery_id


def delivery_id(night: str, rank: int = 1) -> str:
    """Identifier of a producer's n-th delivery of a night."""
    return f"{night}T0100-{rank:03d}"


def deposit(delivery: Delivery, landing: Path, complete: bool = True) -> bool:
    """Write the delivery; False when it is there already. Without ``complete`` the manifest is still to come."""
    folder = delivery.folder(landing)
    if (folder / "manifest.json").exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in delivery.files.items():
        (folder / name).write_bytes(content)
    if complete:
        write_last(folder / "manifest.json", delivery.manifest())
    return True


def write_last(path: Path, content: dict[str, object]) -> None:
    """A JSON file that appears whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
