"""Deliveries copied to ``work/pull`` while they are verified: what a re-run after a cut need not copy again."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.core.manifest import Manifest, content_hash
from jobs.core.settings import Settings
from jobs.core.snapshot import canonical_json, read_json, sha256_of, sync
from jobs.landing import FileInfo, Landing, Place
from jobs.pull.cut import Digest, cut
from jobs.pull.fetch import fetch
from jobs.pull.packs import PackWriter


@dataclass(frozen=True)
class Limits:
    """Lengths in bytes, from the policy."""

    part: int
    pack: int
    file: int
    document: int

    @staticmethod
    def of(settings: Settings) -> "Limits":
        """As the policy says."""
        pull = settings.policy["pull"]
        return Limits(
            part=pull["part_bytes"],
            pack=pull["pack_bytes"],
            file=pull["max_file_bytes"],
            document=settings.policy["documents"]["max_document_bytes"],
        )

    def part_of(self, source: str) -> int:
        """A line-based file is cut into parts; a document stays whole up to the largest document allowed."""
        return self.document if source == "shared_record" else self.part


class Mismatch(Exception):
    """A file is not what its manifest says; ``found`` lists (name, bytes, sha256) as read."""

    def __init__(self, found: list[tuple[str, int, str]]):
        super().__init__("size or hash differs from the manifest")
        self.found = found


@dataclass(frozen=True)
class Staged:
    """A verified delivery in ``work/pull``: its own pack, not yet named by any ``pull.json``."""

    path: Path
    sha256: str
    bytes: int


def stamp_of(files: dict[str, FileInfo]) -> str:
    """One text that changes when any file of the delivery is written again."""
    return content_hash((name, info.stamp) for name, info in files.items())


def staging_folder(settings: Settings, source: str, night: str) -> Path:
    """Where a night's deliveries are staged until it is closed."""
    return settings.work / "pull" / source / night


def verify(landing: Landing, place: Place, manifest: Manifest) -> None:
    """Read every file and compare. Raises Mismatch, or Gone when a file vanished."""
    found = []
    for file, chunks in fetch(landing, place, manifest.files):
        digest = Digest()
        for _ in digest.watch(chunks):
            pass
        found.append((file.name, digest.length, digest.sha256))
    compare(manifest, found)


def compare(manifest: Manifest, found: list[tuple[str, int, str]]) -> None:
    """Raise Mismatch unless the files read are those that the manifest names."""
    if found != [(file.name, file.bytes, file.sha256) for file in manifest.files]:
        raise Mismatch(found)


def stage(landing: Landing, place: Place, manifest: Manifest, stamp: str, folder: Path, limits: Limits) -> Staged:
    """Copy a delivery part by part and verify it on the way; take an earlier copy when it is whole and still the same.

    Raises Mismatch or Gone; then nothing is left behind.
    """
    path = folder / f"{place.producer}~{place.delivery_id}.parquet"
    note = path.with_suffix(".json")
    claim = {"stamp": stamp, "content_sha256": manifest.content_sha256, "format": manifest.format, "part": limits.part}
    earlier = reusable(path, note, claim)
    if earlier:
        return earlier
    folder.mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        copy(landing, place, manifest, draft, limits)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    staged = Staged(path, sha256_of(path), sum(file.bytes for file in manifest.files))
    # Not brought to the disk: a copy is compared with its hash before it is taken up again, and raw packs are synced.
    note.write_text(canonical_json(claim | {"sha256": staged.sha256, "bytes": staged.bytes}), encoding="utf-8")
    return staged


def copy(landing: Landing, place: Place, manifest: Manifest, target: Path, limits: Limits) -> None:
    """Write all parts of a delivery, files in the order of their names. Raises Mismatch when they are not as said."""
    found = {}
    # a small delivery is copied into a shared pack, and compressed well there
    alone = fills_a_pack(sum(file.bytes for file in manifest.files), limits.pack)
    with PackWriter(target, "zstd" if alone else "lz4") as writer:
        for file, chunks in fetch(landing, place, tuple(sorted(manifest.files, key=lambda item: item.name))):
            digest = Digest()
            for part in cut(digest.watch(chunks), limits.part_of(place.source)):
                writer.add(place.producer, place.delivery_id, manifest.format, file.name, part)
            found[file.name] = (file.name, digest.length, digest.sha256)
    compare(manifest, [found[file.name] for file in manifest.files])


def reusable(path: Path, note: Path, claim: dict[str, object]) -> Staged | None:
    """The copy of an earlier attempt, when its bytes are whole and its delivery has not been touched since."""
    if not (path.is_file() and note.is_file()):
        return None
    try:
        noted = read_json(note)
    except ValueError:
        return None
    if {key: noted.get(key) for key in claim} != claim or sha256_of(path) != noted["sha256"]:
        return None
    return Staged(path, noted["sha256"], noted["bytes"])


def assemble(staged: list[Staged], attempt: Path, target: Path, pack_bytes: int) -> list[str]:
    """Join staged deliveries, in the order given, into packs of about ``pack_bytes``; return the packs' names.

    A delivery of a quarter of that or more is a pack of its own and is linked, not copied once more.
    """
    target.mkdir(parents=True, exist_ok=True)
    packs = []
    for number, group in enumerate(groups(staged, pack_bytes)):
        path = group[0].path
        if len(group) > 1:
            path = attempt / f"pack-{number}.parquet"
            join(group, path)
        packs.append(place_pack(path, target))
    return packs


def fills_a_pack(content: int, pack_bytes: int) -> bool:
    """Whether a delivery of so many bytes is a pack of its own."""
    return content * 4 >= pack_bytes


def groups(staged: list[Staged], pack_bytes: int) -> Iterator[list[Staged]]:
    """Deliveries that share a pack."""
    small: list[Staged] = []
    size = 0
    for item in staged:
        if fills_a_pack(item.bytes, pack_bytes):
            yield [item]
            continue
        small.append(item)
        size += item.bytes
        if size >= pack_bytes:
            yield small
            small, size = [], 0
    if small:
        yield small


def join(group: list[Staged], target: Path) -> None:
    """Write the rows of several staged deliveries into one pack, one row group in memory at a time."""
    with PackWriter(target) as writer:
        for item in group:
            with pq.ParquetFile(item.path) as reader:
                for number in range(reader.num_row_groups):
                    table = reader.read_row_group(number)
                    writer.extend(table, content_of(table))


def content_of(table: pa.Table) -> int:
    """Bytes of files in a table of parts."""
    return pc.sum(pc.binary_length(table["bytes"])).as_py() or 0


def place_pack(source: Path, target: Path) -> str:
    """Make a finished pack appear in the raw zone under its hash; doing it twice changes nothing."""
    digest = sha256_of(source)
    final = target / f"{digest}.parquet"
    draft = target / f".{digest}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    try:
        os.link(source, draft)
    except OSError:
        shutil.copyfile(source, draft)  # another file system, or one without hard links
    draft.chmod(0o600)
    sync(draft)
    draft.replace(final)
    draft.unlink(missing_ok=True)  # renaming one link of a file onto another does nothing and leaves both
    return digest
