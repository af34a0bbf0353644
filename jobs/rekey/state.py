"""Where a rotation stands: ``ledger/rotation.json`` while it is open, ``ledger/rotations/`` after it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jobs.core.nights import rotation_path
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, canonical_json, read_json, sync, write_json

STEPS = ("begin", "rewrite", "compare", "switch", "prove", "finish")


@dataclass(frozen=True)
class Rotation:
    """An open rotation from one version of the centre's key to the next; ``done``: its steps that have ended."""

    before: int
    after: int
    done: tuple[str, ...] = ()
    told: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """As certificates and releases' successions name it."""
        return f"centre-{self.before}-{self.after}"

    def ended(self, step: str, facts: dict[str, Any]) -> "Rotation":
        """The rotation after a step, with what the step tells the certificate."""
        return replace(self, done=(*self.done, step), told=tuple(sorted({**dict(self.told), step: facts}.items())))


def load(settings: Settings) -> Rotation | None:
    """The open rotation, if there is one."""
    path = rotation_path(settings)
    if not path.is_file():
        return None
    value = read_json(path)
    return Rotation(value["before"], value["after"], tuple(value["done"]), tuple(sorted(value["told"].items())))


def save(settings: Settings, rotation: Rotation) -> None:
    """Record where an open rotation stands."""
    write_json(rotation_path(settings), vars(rotation) | {"told": dict(rotation.told)})


def certificate_path(settings: Settings, rotation: Rotation) -> Path:
    """Where the proof of a rotation is kept. It names files, releases and counts, and no clock."""
    return settings.ledger / "rotations" / f"{rotation.name}.json"


def folder(settings: Settings) -> Path:
    """What lives only while a rotation is open: the map from old to new, and the journal. Mode 0700."""
    path = settings.work / "rekey"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


@dataclass(frozen=True)
class Renewed:
    """A file of a table and what takes its place; ``columns`` stand under the key."""

    table: str
    columns: tuple[str, ...]
    before: str
    after: DataFile

    def to_json(self) -> dict[str, Any]:
        """As a line of the journal."""
        return vars(self) | {"after": self.after.to_json()}


class Journal:
    """Files that are rewritten and compared already: a rotation that was killed does not make them again."""

    def __init__(self, settings: Settings):
        self.path = folder(settings) / "journal.jsonl"

    def read(self) -> list[Renewed]:
        """Every whole line; one that a kill cut short is cut off, and its file made again."""
        if not self.path.is_file():
            return []
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            self.path.write_bytes(whole)
        return list(parsed(whole.decode()))

    def add(self, renewed: Renewed) -> None:
        """Append a file, on the disk when this returns."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(canonical_json(renewed.to_json()).replace("\n", "") + "\n")
        sync(self.path)


def parsed(text: str) -> Iterator[Renewed]:
    """Lines of a journal."""
    for line in text.splitlines():
        value = json.loads(line)
        yield Renewed(**value | {"columns": tuple(value["columns"]), "after": DataFile.from_json(value["after"])})
