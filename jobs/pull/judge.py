"""What one delivery is: complete, arriving, corrupt, re-sent or unknown. Nothing here stops at the first bad one."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.core.manifest import NAME, BadManifest, Manifest, content_hash, parse_manifest
from jobs.core.register import Producer
from jobs.landing import DELIVERY_NAME, PRODUCER_NAME, FileInfo, Gone, Landing, Place
from jobs.pull.late import is_late
from jobs.pull.received import Received
from jobs.pull.stage import Limits, Mismatch, Staged, stage, stamp_of, verify

Files = dict[str, FileInfo]


@dataclass(frozen=True)
class Verdict:
    """What became of one delivery. ``content`` is a hash of what was met; ``staged`` is set when it is complete."""

    place: Place
    status: str
    rule: str | None = None
    warnings: tuple[str, ...] = ()
    manifest: Manifest | None = None
    content: str | None = None
    staged: Staged | None = None

    def to_json(self) -> dict[str, Any]:
        """As written in ``pull.json``."""
        told = self.manifest
        return {
            "delivery_id": shown(self.place.delivery_id, DELIVERY_NAME),
            "producer": shown(self.place.producer, PRODUCER_NAME),
            "status": self.status,
            "rule": self.rule,
            "warnings": list(self.warnings),
            "mode": told.mode if told else None,
            "format": told.format if told else None,
            "covers": told.covers if told else None,
            "produced_at": told.produced_at if told else None,
            "files": [
                {"name": f.name, "bytes": f.bytes, "sha256": f.sha256, "records": f.records}
                for f in (told.files if told else ())
            ],
            "content_sha256": self.content,
        }

    def to_row(self, night: str) -> dict[str, Any]:
        """As recorded in ``schemas/ledger/delivery.json``."""
        told = self.manifest
        counts = [file.records for file in told.files] if told else []
        return {
            "night": night,
            "source": self.place.source,
            "producer": shown(self.place.producer, PRODUCER_NAME),
            "delivery_id": shown(self.place.delivery_id, DELIVERY_NAME),
            "status": self.status,
            "rule": self.rule,
            "format": told.format if told else None,
            "mode": told.mode if told else None,
            "covers_from": told.covers_from if told else None,
            "covers_to": told.covers_to if told else None,
            "content_sha256": self.content,
            "files": len(counts),
            "bytes": sum(file.bytes for file in told.files) if told else 0,
            "records_declared": sum(c for c in counts if c is not None) if counts and None not in counts else None,
        }


def shown(name: str, plain: re.Pattern[str]) -> str:
    """A folder's name, or a stand-in for one that no report should repeat."""
    if plain.fullmatch(name):
        return name
    return "unsafe-" + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]


class Refused(Exception):
    """The delivery does not load, for the reason that the rule gives."""

    def __init__(self, rule: str, status: str = "corrupt", content: str | None = None):
        super().__init__(rule)
        self.rule, self.status, self.content = rule, status, content


@dataclass
class Judge:
    """Decides on deliveries one after the other, in the order of places. ``seen`` maps a place to its last stamp."""

    night: str
    landing: Landing
    register: dict[str, Producer]
    received: Received
    seen: dict[str, str]
    folder: Path
    limits: Limits
    stamps: dict[str, str] = field(default_factory=dict)

    def judge(self, place: Place, files: Files) -> Verdict | None:
        """The verdict, or None when an earlier night has told everything about this delivery already."""
        verdict = self._judge(place, files)
        if verdict is None or verdict.status not in ("arriving", "unknown_producer"):
            self.stamps[key_of(place)] = stamp_of(files)
        if verdict is None or verdict.content is None:
            return verdict
        row = verdict.to_row(self.night)
        if verdict.status == "resent_unchanged" and (place.producer, place.delivery_id) in self.received.loaded:
            return verdict
        if verdict.content in self.received.told.get((row["producer"], row["delivery_id"]), ()):
            return None
        return verdict

    def _judge(self, place: Place, files: Files) -> Verdict | None:
        if not self._is_known(place):
            return Verdict(place, "unknown_producer", "DEL-007")
        if not place.safe:
            return Verdict(place, "corrupt", "DEL-003", content=evidence("DEL-003", b"", files))
        told = self.received.told.get((place.producer, place.delivery_id))
        if told and self.seen.get(key_of(place)) == stamp_of(files):
            return None
        if NAME not in files or files[NAME].bytes == 0:
            return None if told else Verdict(place, "arriving")
        manifest, read = None, b""
        try:
            read = b"".join(self.landing.read(place, NAME))
            manifest = self._manifest(place, files, read)
            return self._load(place, files, manifest)
        except Gone:
            return Verdict(place, "arriving", "DEL-012", manifest=manifest)
        except Refused as refused:
            content = refused.content or evidence(refused.rule, read, files)
            return Verdict(place, refused.status, refused.rule, manifest=manifest, content=content)

    def _is_known(self, place: Place) -> bool:
        producer = self.register.get(place.producer)
        return producer is not None and producer.source == place.source and producer.status == "active"

    def _manifest(self, place: Place, files: Files, read: bytes) -> Manifest:
        """The manifest, when it is as declared and about this delivery. Raises Refused."""
        try:
            manifest = parse_manifest(read, NAME)
        except BadManifest as error:
            raise Refused(error.rule) from None
        if (manifest.source, manifest.producer, manifest.delivery_id) != (
            place.source,
            place.producer,
            place.delivery_id,
        ):
            raise Refused("DEL-004")
        if manifest.format not in self.register[place.producer].formats:
            raise Refused("DEL-005")
        return manifest

    def _load(self, place: Place, files: Files, manifest: Manifest) -> Verdict | None:
        """Verify the files and stage them. Raises Refused or Gone."""
        check_listing(manifest, files, self.limits)
        warnings = self._warnings(files, manifest)
        known = self.received.loaded.get((place.producer, place.delivery_id), set())
        row = Verdict(place, "complete", manifest=manifest, content=manifest.content_sha256).to_row(self.night)
        try:
            if known:
                return self._again(place, files, manifest, known)
            if self.received.holds(row):
                verify(self.landing, place, manifest)
                return Verdict(place, "resent_unchanged", "DEL-010", warnings, manifest, manifest.content_sha256)
            staged = stage(self.landing, place, manifest, stamp_of(files), self.folder, self.limits)
        except Mismatch as error:
            status, rule = ("resent_changed", "DEL-006") if known else ("corrupt", "DEL-001")
            raise Refused(rule, status, content_hash(error.found)) from None
        self.received.remember(row)
        return Verdict(place, "complete", None, warnings, manifest, manifest.content_sha256, staged)

    def _again(self, place: Place, files: Files, manifest: Manifest, known: set[str]) -> Verdict | None:
        """A delivery that another night loaded: told when somebody wrote the same bytes again, else None.

        Raises Refused when it was changed. Without the memory of stamps nobody can say whether it was written again.
        """
        if manifest.content_sha256 not in known:
            raise Refused("DEL-006", "resent_changed", manifest.content_sha256)
        verify(self.landing, place, manifest)
        if self.seen.get(key_of(place)) in (None, stamp_of(files)):
            return None
        return Verdict(place, "resent_unchanged", "DEL-010", (), manifest, manifest.content_sha256)

    def _warnings(self, files: Files, manifest: Manifest) -> tuple[str, ...]:
        named = {file.name for file in manifest.files} | {NAME}
        extra = ("DEL-011",) if set(files) - named else ()
        late = ("DEL-009",) if is_late(manifest, self.night, self.register[manifest.producer]) else ()
        return late + extra


def check_listing(manifest: Manifest, files: Files, limits: Limits) -> None:
    """Judge by the listing alone what needs no reading. Raises Refused, or Gone when a named file is not there."""
    missing = False
    for file in manifest.files:
        info = files.get(file.name)
        if info is None:
            missing = True
        elif not info.regular:
            raise Refused("DEL-003")
        elif info.bytes > limits.file:
            raise Refused("DEL-013")
        elif info.bytes != file.bytes:
            raise Refused("DEL-001")
    if missing:
        raise Gone


def evidence(rule: str, manifest: bytes, files: Files) -> str:
    """A hash of what was met when the files were not read: the same trouble is told once, another one anew."""
    sizes = [(name, info.bytes, "") for name, info in sorted(files.items())]
    return content_hash([(rule, len(manifest), hashlib.sha256(manifest).hexdigest()), *sizes])


def key_of(place: Place) -> str:
    """A delivery's name in the memory of stamps; JSON holds any folder name, also one that is no UTF-8."""
    return f"{place.producer}/{place.delivery_id}".encode("utf-8", "backslashreplace").decode("utf-8")
