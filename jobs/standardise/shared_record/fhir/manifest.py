"""The Bulk Data manifest of an export, and whether the files that came are those it tells of.

Judged whole: half an export would withdraw or duplicate what the other half holds, so one broken file refuses all.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from jobs.standardise.documents import Refused
from jobs.standardise.shared_record.fhir.files import MANIFEST, WHOLE_FILE
from jobs.standardise.shared_record.fhir.nodes import Node, parse_line

NO_MANIFEST, NO_FILE, OTHER_COUNT, REFUSED, NOT_LISTED = "FHR-020", "FHR-021", "FHR-022", "FHR-024", "FHR-025"
TOLD_ERRORS = "FHR-064"
SECTIONS = {"output": "output", "deleted": "deleted", "error": "error", "outcome": "error"}  # ``outcome``: newer drafts

COUNT = re.compile("[0-9]{1,12}")


@dataclass(frozen=True)
class Entry:
    """A file that the manifest tells of; ``path`` is its place there."""

    section: str
    name: str
    type: str | None
    count: int | None
    path: str


@dataclass(frozen=True)
class Stored:
    """A file that came: lines read, and the rule that refuses it whole, if one does."""

    lines: int
    broken: str | None = None


@dataclass
class Judged:
    """What holds of each file of an export: its section and type, and a rule with its field when it is refused."""

    files: dict[str, tuple[str, str | None, str | None, str | None]] = field(default_factory=dict)
    errors: bool = False

    def refuse(self, names: list[str], rule: str, culprit: str, told: str | None) -> "Judged":
        """All files refused: the one at fault with its reason, the others because of it."""
        for name in names:
            section, kind, _, _ = self.files.get(name, ("output", None, None, None))
            at_fault = name == culprit
            self.files[name] = (section, kind, rule if at_fault else REFUSED, told if at_fault else None)
        return self


def read_manifest(data: bytes) -> list[Entry]:
    """Entries of ``export.json``. Raises Refused (FHR-020) when it is none; unknown keys are read over."""
    try:
        node = Node(parse_line(data), "manifest")
        if node.text("transactionTime") is None or node.value.get("output") is None:
            raise node.refused("transactionTime" if node.text("transactionTime") is None else "output")
        return [
            entry(item, section, f"{name}[{rank}]")
            for name, section in SECTIONS.items()
            for rank, item in enumerate(node.nodes(name))
        ]
    except Refused as refused:
        raise Refused(NO_MANIFEST, "manifest", (refused.field or "").removeprefix("manifest.") or None) from None


def entry(item: Node, section: str, path: str) -> Entry:
    """One file by the last part of its address."""
    url = item.text("url")
    try:
        name = unquote(urlsplit(url).path.rpartition("/")[2]) if url else ""
    except ValueError:  # as a bracket that opens no address
        name = ""
    if not name:
        raise item.refused("url")
    count = item.number("count")
    if count is not None and not COUNT.fullmatch(count):
        raise item.refused("count")
    return Entry(section, name, item.text("type"), int(count) if count else None, path)


def judge_export(manifest: bytes | None, stored: dict[str, Stored]) -> Judged:
    """What of an export can be taken. ``stored``: the files that came by name, the manifest not among them."""
    judged = Judged()
    names = [*stored, MANIFEST]
    if manifest is None:
        return judged.refuse(names, NO_MANIFEST, next(iter(sorted(stored)), MANIFEST), None)
    try:
        entries = read_manifest(manifest)
    except Refused as refused:
        return judged.refuse(names, NO_MANIFEST, MANIFEST, refused.field)
    judged.files = dict.fromkeys(names, ("unlisted", None, NOT_LISTED, None)) | {MANIFEST: ("manifest",) + (None,) * 3}
    for one in entries:
        name = found(one.name, stored)
        if name is not None:
            judged.files[name] = (one.section, one.type, None, None)
    judged.errors = any(one.section == "error" for one in entries)
    for one in entries:
        name = found(one.name, stored)
        if name is None:
            return judged.refuse(names, NO_FILE, MANIFEST, f"{one.path}.url")
        if stored[name].broken:
            return judged.refuse(names, str(stored[name].broken), name, None)
        if one.count is not None and one.count != stored[name].lines:
            return judged.refuse(names, OTHER_COUNT, MANIFEST, f"{one.path}.count")
    return judged


def found(name: str, stored: dict[str, Stored]) -> str | None:
    """The file that came under a name, packed or not."""
    for candidate in (name, f"{name}.gz", name.removesuffix(".gz")):
        if candidate in stored:
            return candidate
    return None


def judge_deliveries(rows: list[Any]) -> list[tuple[Any, ...]]:
    """(producer, delivery, file, section, type, rule, field, errors) of every file of some deliveries.

    ``rows``: per file ``producer, delivery_id, file, lines, broken`` and, of a manifest, its bytes as ``raw``.
    """
    exports: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        exports.setdefault((row.producer, row.delivery_id), []).append(row)
    judged = []
    for (producer, delivery), files in sorted(exports.items()):
        manifest = next((row for row in files if row.file.lower() == MANIFEST), None)
        stored = {
            row.file: Stored(row.lines, row.broken if row.broken in WHOLE_FILE else None)
            for row in files
            if row is not manifest
        }
        export = judge_export(bytes(manifest.raw) if manifest else None, stored)
        for name, told in export.files.items():
            if name in stored or (manifest and name == MANIFEST):
                shown = manifest.file if manifest and name == MANIFEST else name
                judged.append((producer, delivery, shown, *told, export.errors))
    return judged
