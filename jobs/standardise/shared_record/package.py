"""IHE_XDM packages: documents with their metadata, read in memory, trusting neither names nor declared sizes."""

import hashlib
import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from jobs.standardise.documents import MAX_MARKUP, Limits, Refused, local_name, parse_document
from jobs.standardise.shared_record.entries import OBJECT, Entry, read_entries

KIND = "package"
METADATA = re.compile(r"^(IHE_XDM/[^/]+)/METADATA\.XML$", re.IGNORECASE)
SUBSET = re.compile(r"^IHE_XDM/[^/]+/.", re.IGNORECASE)
HOSTILE = re.compile(r"(^/)|(^[A-Za-z]:)|\\|\x00|(^|/)\.\.(/|$)")
ENCRYPTED = 0x1
SYMLINK = 0o120000
RATIO_FLOOR = 1_000_000  # bytes; a few blanks may compress better than any cap
DIRECTORY_ENTRY, DIRECTORY_END, ZIP64_LOCATOR = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x07"
LOCAL_HEADER = 30  # bytes, without names


@dataclass(frozen=True)
class Member:
    """One document of a package: its bytes, what the metadata say of it, and why it is refused, if it is.

    A request about a document sent before has no bytes.
    """

    data: bytes
    entry: Entry
    rule: str | None


def read_package(data: bytes, limits: Limits) -> list[Member]:
    """Documents in the order of the metadata. Raises Refused: DOC-011 hostile, DOC-019 unreadable or no metadata."""
    check_directory(data, limits)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = checked(archive, limits)
            contents = read_members(archive, infos, limits, data)
    except Refused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        overlap = isinstance(error, zipfile.BadZipFile) and "verlap" in str(error)
        raise Refused("DOC-011" if overlap else "DOC-019", KIND) from None
    most = max(MAX_MARKUP, len(data))
    if sum(content.count(b"<") for content in contents.values()) > most:
        raise Refused("DOC-011", KIND)
    entries = named_entries(contents, limits, most)
    by_name = {name.upper(): content for name, content in contents.items()}
    named = [name for name, entry in entries if not entry.is_request]
    if len(entries) > limits.max_members or len(set(named)) < len(named):
        raise Refused("DOC-011", KIND)
    if not entries:
        raise Refused("DOC-019", KIND)
    extra = any(SUBSET.match(name) and not METADATA.match(name) for name in by_name.keys() - set(named))
    members = [member(entry, None if entry.is_request else by_name.get(name)) for name, entry in entries]
    return [replace(one, rule=one.rule or ("DOC-010" if extra else None)) for one in members]


def check_directory(data: bytes, limits: Limits) -> None:
    """Refuse before a directory is built in memory: too many entries (DOC-011), several disks or zip64 (DOC-019).

    No package within the caps needs zip64, and a part of a split archive holds no package.
    """
    # no text holds the third octet of an entry, and octets are counted thirty times as fast as words
    octets = np.count_nonzero(np.frombuffer(data, np.uint8) == DIRECTORY_ENTRY[2])
    if octets > limits.max_members and data.count(DIRECTORY_ENTRY) > limits.max_members:
        raise Refused("DOC-011", KIND)
    end = data.rfind(DIRECTORY_END)
    if end < 0 or len(data) < end + 8 or struct.unpack_from("<HH", data, end + 4) != (0, 0):
        raise Refused("DOC-019", KIND)
    if data[max(0, end - 20) : end].startswith(ZIP64_LOCATOR):
        raise Refused("DOC-019", KIND)


def checked(archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """Entries that are files. Raises Refused on hostile names, links, duplicates, overlaps, bombs, encrypted entries.

    What the directory admits to is judged before anything is unpacked.
    """
    infos = archive.infolist()
    if len(infos) > limits.max_members or overlapping(infos):
        raise Refused("DOC-011", KIND)
    if any(info.file_size > max(RATIO_FLOOR, info.compress_size * limits.max_ratio) for info in infos):
        raise Refused("DOC-011", KIND)
    if sum(info.file_size for info in infos) > limits.max_package_bytes:
        raise Refused("DOC-011", KIND)
    names = [info.orig_filename for info in infos]
    if any(HOSTILE.search(name) for name in names) or len({name.upper() for name in names}) != len(names):
        raise Refused("DOC-011", KIND)
    if any((info.external_attr >> 16) & 0o170000 == SYMLINK for info in infos):
        raise Refused("DOC-011", KIND)
    if any(info.flag_bits & ENCRYPTED for info in infos):
        raise Refused("DOC-019", KIND)
    return [info for info in infos if not info.is_dir()]


def overlapping(infos: list[zipfile.ZipInfo]) -> bool:
    """Whether entries share bytes: one small block that unpacks as many members."""
    spans = sorted((info.header_offset, info.header_offset + LOCAL_HEADER + info.compress_size) for info in infos)
    return any(start < end for (_, end), (start, _) in pairwise(spans))


def read_members(
    archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], limits: Limits, data: bytes
) -> dict[str, bytes]:
    """Contents by name. Reading stops at the caps whatever sizes the directory declares (DOC-011)."""
    allowed = min(limits.max_package_bytes, max(RATIO_FLOOR, len(data) * limits.max_ratio))
    contents: dict[str, bytes] = {}
    for info in infos:
        try:
            with archive.open(info) as stream:
                content = stream.read(allowed + 1)
        except zipfile.BadZipFile:
            if understated(info, data):
                raise Refused("DOC-011", KIND) from None
            raise
        allowed -= len(content)
        if allowed < 0:
            raise Refused("DOC-011", KIND)
        contents[info.filename] = content
    return contents


def understated(info: zipfile.ZipInfo, data: bytes) -> bool:
    """Whether a member unpacks to more than the directory says, a byte more being enough to know."""
    if info.compress_type != zipfile.ZIP_DEFLATED:
        return False
    try:
        names = struct.unpack_from("<HH", data, info.header_offset + LOCAL_HEADER - 4)
        start = info.header_offset + LOCAL_HEADER + sum(names)
        packed = data[start : start + info.compress_size]
        found = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, info.file_size + 1)
    except (zlib.error, struct.error):  # damaged, or said to begin behind the end
        return False
    return len(found) > info.file_size


def named_entries(contents: dict[str, bytes], limits: Limits, max_markup: int) -> list[tuple[str, Entry]]:
    """(member that it names, in upper case; entry) of every METADATA.XML, until there are more than the cap allows."""
    subsets = sorted((found[1], name) for name in contents if (found := METADATA.match(name)))
    if not subsets:
        raise Refused("DOC-019", KIND)
    entries: list[tuple[str, Entry]] = []
    for folder, name in subsets:
        if len(entries) > limits.max_members:
            break
        for entry in read_subset(contents[name], limits, max_markup):
            entries.append((f"{folder}/{(entry.uri or '').removeprefix('./')}".upper(), entry))
    return entries


def read_subset(metadata: bytes, limits: Limits, max_markup: int) -> list[Entry]:
    """What one METADATA.XML says. Raises Refused: DOC-011 when it names more documents than a package may hold."""
    try:
        root = parse_document(metadata, limits.max_document_bytes, max_markup)
    except Refused:
        raise Refused("DOC-019", KIND) from None
    if local_name(root) != "SubmitObjectsRequest":
        raise Refused("DOC-019", KIND)
    if sum(1 for _ in root.iter(OBJECT)) > limits.max_members:
        raise Refused("DOC-011", KIND)
    return read_entries(root)


def member(entry: Entry, data: bytes | None) -> Member:
    """A document with what is said of it; ``data`` is None when no member is the one it names, or it names none."""
    whole = entry.is_request or (data is not None and intact(entry, data))
    return Member(data or b"", entry, None if whole else "DOC-010")


def intact(entry: Entry, data: bytes) -> bool:
    """Whether the bytes have the declared size and SHA-1, where declared; SHA-1 is what the format prescribes."""
    if entry.size is not None and entry.size != str(len(data)):
        return False
    return entry.digest is None or entry.digest.lower() == hashlib.sha1(data, usedforsecurity=False).hexdigest()
