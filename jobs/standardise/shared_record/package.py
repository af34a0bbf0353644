"""IHE_XDM packages: documents with their metadata, read in memory, trusting neither names nor declared sizes."""

import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, replace

from lxml import etree

from jobs.standardise.documents import Limits, Refused, local_name, parse_document

KIND = "package"
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
PATIENT_ID = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
ACTION = "urn:action:extraMetadataSlot"
METADATA = re.compile(r"^(IHE_XDM/[^/]+)/METADATA\.XML$", re.IGNORECASE)
SUBSET = re.compile(r"^IHE_XDM/[^/]+/.", re.IGNORECASE)
HOSTILE = re.compile(r"(^/)|(^[A-Za-z]:)|\\|\x00|(^|/)\.\.(/|$)")
ENCRYPTED = 0x1
SYMLINK = 0o120000
RATIO_FLOOR = 1_000_000  # bytes; a few blanks may compress better than any cap


@dataclass(frozen=True)
class Member:
    """One document of a package: its bytes, what the metadata say of it, and why it is refused, if it is."""

    data: bytes
    action: str | None
    unique_id: str | None
    patient_id: str | None
    rule: str | None


def read_package(data: bytes, limits: Limits) -> list[Member]:
    """Documents in the order of the metadata. Raises Refused: DOC-011 hostile, DOC-019 unreadable or no metadata."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = checked(archive, limits)
            contents = read_members(archive, infos, limits, len(data))
    except Refused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        overlap = isinstance(error, zipfile.BadZipFile) and "verlap" in str(error)
        raise Refused("DOC-011" if overlap else "DOC-019", KIND) from None
    subsets = sorted((found[1], name) for name in contents if (found := METADATA.match(name)))
    if not subsets:
        raise Refused("DOC-019", KIND)
    members: list[Member] = []
    named: set[str] = set()
    for folder, name in subsets:
        members += read_subset(folder, contents[name], contents, named, limits)
    extra = any(SUBSET.match(name) and not METADATA.match(name) and name.upper() not in named for name in contents)
    if not members:
        raise Refused("DOC-019", KIND)
    return [replace(member, rule=member.rule or ("DOC-010" if extra else None)) for member in members]


def checked(archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """Entries that are files. Raises Refused on hostile names, links, duplicates, too many or encrypted entries."""
    infos = archive.infolist()
    if len(infos) > limits.max_members:
        raise Refused("DOC-011", KIND)
    names = [info.orig_filename for info in infos]
    if any(HOSTILE.search(name) for name in names) or len({name.upper() for name in names}) != len(names):
        raise Refused("DOC-011", KIND)
    if any((info.external_attr >> 16) & 0o170000 == SYMLINK for info in infos):
        raise Refused("DOC-011", KIND)
    if any(info.flag_bits & ENCRYPTED for info in infos):
        raise Refused("DOC-019", KIND)
    return [info for info in infos if not info.is_dir()]


def read_members(
    archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], limits: Limits, packed: int
) -> dict[str, bytes]:
    """Contents by name. Reading stops at the caps whatever sizes the directory declares (DOC-011)."""
    allowed = min(limits.max_package_bytes, max(RATIO_FLOOR, packed * limits.max_ratio))
    contents: dict[str, bytes] = {}
    for info in infos:
        with archive.open(info) as stream:
            data = stream.read(allowed + 1)
        allowed -= len(data)
        if allowed < 0:
            raise Refused("DOC-011", KIND)
        contents[info.filename] = data
    return contents


def read_subset(
    folder: str, metadata: bytes, contents: dict[str, bytes], named: set[str], limits: Limits
) -> list[Member]:
    """Documents that one METADATA.XML names. ``named`` collects the members that were named, in upper case."""
    try:
        root = parse_document(metadata, limits.max_document_bytes)
    except Refused:
        raise Refused("DOC-019", KIND) from None
    if local_name(root) != "SubmitObjectsRequest":
        raise Refused("DOC-019", KIND)
    by_name = {name.upper(): data for name, data in contents.items()}
    packages = [slot(item, ACTION) for item in root.iter(RIM + "RegistryPackage")]
    default = next((action for action in packages if action), None)
    members = []
    for item in root.iter(RIM + "ExtrinsicObject"):
        name = f"{folder}/{(slot(item, 'URI') or '').removeprefix('./')}".upper()
        named.add(name)
        data = by_name.get(name, b"")
        members.append(
            Member(
                data=data,
                action=(slot(item, ACTION) or default or "").upper() or None,
                unique_id=external(item, UNIQUE_ID),
                patient_id=external(item, PATIENT_ID),
                rule=None if name in by_name and intact(item, data) else "DOC-010",
            )
        )
    return members


def intact(item: etree._Element, data: bytes) -> bool:
    """Whether the bytes have the declared size and SHA-1, where declared; SHA-1 is what the format prescribes."""
    size, digest = slot(item, "size"), slot(item, "hash")
    if size is not None and size != str(len(data)):
        return False
    return digest is None or digest.lower() == hashlib.sha1(data, usedforsecurity=False).hexdigest()


def slot(item: etree._Element, name: str) -> str | None:
    """The first value of a slot."""
    for found in item.iterfind(RIM + "Slot"):
        if found.get("name") == name:
            text = found.findtext(f"{RIM}ValueList/{RIM}Value")
            return text.strip() or None if text else None
    return None


def external(item: etree._Element, scheme: str) -> str | None:
    """The value of an external identifier of a scheme; schemes are compared without repeated prefixes."""
    for found in item.iterfind(RIM + "ExternalIdentifier"):
        if bare(found.get("identificationScheme")) == bare(scheme):
            return (found.get("value") or "").strip() or None
    return None


def bare(name: str | None) -> str:
    """A UUID without its ``urn:uuid:`` prefix, which is often written twice."""
    return re.sub(r"^(urn:uuid:)+", "", (name or "").lower())
