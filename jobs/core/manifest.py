"""The manifest of a delivery: what the producer says about its files. Declared in ``schemas/manifest.json``."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from jobs.core.errors import DataRefused
from jobs.core.settings import REPOSITORY
from jobs.core.snapshot import canonical_json, sha256_of, write_json

NAME = "manifest.json"
MAX_BYTES = 64 * 1024 * 1024
REMEDY = "Compare it with schemas/manifest.json and docs/how-to/deposit-a-delivery.md, then send a new delivery."


class BadManifest(DataRefused):
    """A manifest that cannot be trusted. ``rule`` is DEL-002 (not as declared) or DEL-003 (unsafe file name)."""

    def __init__(self, where: str, why: str, rule: str = "DEL-002"):
        super().__init__(f"{where}: {why}. {REMEDY}")
        self.rule = rule


@dataclass(frozen=True)
class ManifestFile:
    """One file of a delivery; ``records`` is the producer's own count, where they give one."""

    name: str
    bytes: int
    sha256: str
    records: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As written in a manifest; no ``records`` when there is no count."""
        value: dict[str, Any] = {"name": self.name, "bytes": self.bytes, "sha256": self.sha256}
        return value if self.records is None else value | {"records": self.records}


@dataclass(frozen=True)
class Manifest:
    """A delivery as its producer describes it. ``covers_from`` and ``covers_to`` are days, both included."""

    delivery_id: str
    producer: str
    source: str
    format: str
    produced_at: str
    covers_from: str
    covers_to: str
    mode: str
    files: tuple[ManifestFile, ...]
    transmission: str | None = None
    manifest_version: int = 1

    @property
    def covers(self) -> dict[str, str]:
        """The days that the content is about."""
        return {"from": self.covers_from, "to": self.covers_to}

    @property
    def content_sha256(self) -> str:
        """One hash over names, sizes and hashes of all files: equal when two deliveries carry the same bytes."""
        return content_hash((file.name, file.bytes, file.sha256) for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """As written in ``manifest.json``."""
        return {
            "manifest_version": self.manifest_version,
            "delivery_id": self.delivery_id,
            "producer": self.producer,
            "source": self.source,
            "format": self.format,
            "produced_at": self.produced_at,
            "covers": self.covers,
            "mode": self.mode,
            "files": [file.to_json() for file in self.files],
        } | ({"transmission": self.transmission} if self.transmission else {})


def content_hash(items: Iterable[tuple[Any, ...]]) -> str:
    """SHA-256 of a canonical listing."""
    return hashlib.sha256(canonical_json(sorted(list(item) for item in items)).encode()).hexdigest()


@cache
def validator() -> jsonschema.protocols.Validator:
    """The compiled declaration."""
    declared = json.loads((REPOSITORY / "schemas" / "manifest.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(declared)


def parse_manifest(data: bytes, where: str) -> Manifest:
    """A manifest from its bytes. Raises BadManifest naming place and reason, never a value of the file."""
    value = decode(data, where)
    for error in sorted(validator().iter_errors(value), key=lambda found: list(map(str, found.absolute_path))):
        steps = list(error.absolute_path)
        unsafe = len(steps) == 3 and steps[2] == "name" and isinstance(error.instance, str)
        raise BadManifest(where, explain(error), "DEL-003" if unsafe else "DEL-002")
    manifest = Manifest(
        delivery_id=value["delivery_id"],
        producer=value["producer"],
        source=value["source"],
        format=value["format"],
        produced_at=value["produced_at"],
        covers_from=value["covers"]["from"],
        covers_to=value["covers"]["to"],
        mode=value["mode"],
        files=tuple(ManifestFile(f["name"], f["bytes"], f["sha256"], f.get("records")) for f in value["files"]),
        transmission=value.get("transmission"),
    )
    check_sense(manifest, where)
    return manifest


def decode(data: bytes, where: str) -> Any:
    """JSON from bytes, UTF-8 with or without a byte order mark; a key given twice is refused, not guessed."""
    if len(data) > MAX_BYTES:
        raise BadManifest(where, f"it is longer than {MAX_BYTES} bytes")
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=unique_keys)
    except UnicodeDecodeError:
        raise BadManifest(where, "it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadManifest(where, f"it is no JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise BadManifest(where, "it is no JSON with each key once") from None


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys occur once. Raises ValueError otherwise."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value


def explain(error: jsonschema.ValidationError) -> str:
    """The place and what is expected there, from the declaration alone."""
    place = "/".join(str(step) for step in error.absolute_path if isinstance(step, int) or step.isidentifier())
    told = {
        "required": f"needs {', '.join(error.schema.get('required', []))}",
        "additionalProperties": f"may hold only {', '.join(error.schema.get('properties', {}))}",
        "enum": f"must be one of {', '.join(map(str, error.schema.get('enum', [])))}",
        "const": f"must be {error.schema.get('const')}",
        "type": f"must be of type {error.schema.get('type')}",
        "pattern": f"must match {error.schema.get('pattern')}",
        "minItems": "must name at least one file",
        "minimum": "must not be negative",
    }
    return f"{place or 'the object'} {told.get(str(error.validator), 'is not as declared')}"


def check_sense(manifest: Manifest, where: str) -> None:
    """What a JSON Schema cannot say: real dates in order, each file named once."""
    try:
        first, last = date.fromisoformat(manifest.covers_from), date.fromisoformat(manifest.covers_to)
    except ValueError:
        raise BadManifest(where, "covers holds no real dates") from None
    try:
        datetime.fromisoformat(manifest.produced_at)
    except ValueError:
        raise BadManifest(where, "produced_at is no real date and time") from None
    if first > last:
        raise BadManifest(where, "covers ends before it begins")
    if manifest.transmission and manifest.source != "hospital":
        raise BadManifest(where, "only a hospital's delivery has a transmission")
    if manifest.transmission == "fast_track" and manifest.mode != "append":
        raise BadManifest(where, "a fast_track transmission is of mode append: it adds provisional stays")
    validated = manifest.transmission in (None, "validated")
    if manifest.format == "pmsi-mco" and validated and manifest.mode == "append":
        raise BadManifest(where, "a validated pmsi-mco delivery replaces its years: its mode is replace, never append")
    names = [file.name.casefold() for file in manifest.files]
    if len(set(names)) != len(names):
        raise BadManifest(where, "files names one file twice")


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file. Raises BadManifest, or FileNotFoundError while the delivery is still arriving."""
    return parse_manifest(path.read_bytes(), NAME)


def describe_file(path: Path, records: int | None = None) -> ManifestFile:
    """A file as a manifest names it: size and hash are read from its bytes."""
    return ManifestFile(path.name, path.stat().st_size, sha256_of(path), records)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` into a delivery's folder, whole or not at all. Call it last.

    Raises BadManifest when what was given is not as declared, so that nobody deposits what the pull would refuse.
    """
    value = manifest.to_json()
    parse_manifest(canonical_json(value).encode(), NAME)
    write_json(folder / NAME, value)
