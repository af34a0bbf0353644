"""IHE_XDM packages: documents and the ebXML metadata that announce them, in a zip whose bytes never vary."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime

from synthetic.templates import Markup, fill

SUBSET = "IHE_XDM/SUBSET01/"
STAMP = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Enclosed:
    """A document inside a package: its bytes and what the metadata says of it."""

    content: bytes
    unique_id: str
    type_code: str
    patient: str
    created: str
    action: str = ""
    wrong_hash: bool = False


def slot(name: str, value: str) -> Markup:
    """One ebXML slot with one value."""
    return fill("slot", name=name, value=value)


def utc(created: str) -> str:
    """A local HL7 moment as XDS writes it: UTC, without zone."""
    return datetime.strptime(created, "%Y%m%d%H%M%S%z").astimezone(UTC).strftime("%Y%m%d%H%M%S")


def extrinsic(rank: int, enclosed: Enclosed) -> Markup:
    """The metadata of one document."""
    digest = hashlib.sha1(enclosed.content, usedforsecurity=False).hexdigest().upper()
    slots = {
        "creationTime": utc(enclosed.created),
        "hash": digest[::-1] if enclosed.wrong_hash else digest,
        "languageCode": "fr-FR",
        "size": str(len(enclosed.content)),
        "URI": f"DOC{rank:04d}.XML",
    }
    if enclosed.action:
        slots["urn:action:extraMetadataSlot"] = enclosed.action
    return fill(
        "extrinsic",
        ident=ident(rank),
        slots=Markup("\n      ".join(slot(name, value) for name, value in slots.items())),
        type_code=enclosed.type_code,
        unique_id=enclosed.unique_id,
        patient=enclosed.patient,
    )


def ident(rank: int) -> str:
    """Identifier of a document inside the metadata, malformed as in all real packages seen."""
    return f"urn:uuid:urn:uuid:00000000-0000-4000-8000-{rank:012d}"


def metadata(documents: list[Enclosed]) -> bytes:
    """METADATA.XML, with the leading space and without the declaration that real packages show."""
    ranked = list(enumerate(documents, start=1))
    return fill(
        "metadata",
        submitted=slot("submissionTime", utc(documents[0].created)),
        objects=Markup("".join(extrinsic(rank, one) for rank, one in ranked)),
        members=Markup("".join(fill("member", rank=rank, ident=ident(rank)) for rank, _ in ranked)),
    ).encode()


def package(documents: list[Enclosed]) -> bytes:
    """The zip of a package; the same documents give the same bytes."""
    members = [
        ("INDEX.HTM", b"<html><body>Documents</body></html>"),
        ("README.TXT", b"IHE_XDM\r\n"),
        (f"{SUBSET}METADATA.XML", metadata(documents)),
    ]
    members += [(f"{SUBSET}DOC{rank:04d}.XML", one.content) for rank, one in enumerate(documents, start=1)]
    return archive(members)


def archive(members: list[tuple[str, bytes]]) -> bytes:
    """A zip of these members with fixed times and rights."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target:
        for name, content in members:
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o644 << 16
            target.writestr(info, content)
    return buffer.getvalue()
