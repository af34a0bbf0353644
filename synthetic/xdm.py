"""IHE_XDM packages: documents and the ebXML metadata that announce them, in a zip whose bytes never vary."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from synthetic.templates import Markup, fill

FOLDER = "IHE_XDM/SUBSET{:02d}/"
SUBSET = FOLDER.format(1)
STAMP = (2020, 1, 1, 0, 0, 0)
APPROVED, DEPRECATED = (f"urn:oasis:names:tc:ebxml-regrep:StatusType:{word}" for word in ("Approved", "Deprecated"))
ARCHIVED, DELETED = (f"urn:asip:ci-sis:2010:StatusType:{word}" for word in ("Archived", "Deleted"))
HL7_CODES, CI_SIS_CODES = "2.16.840.1.113883.5.25", "1.2.250.1.213.1.1.4.13"


@dataclass(frozen=True)
class Enclosed:
    """A document inside a package: its bytes and what the metadata says of it.

    ``entry`` numbers the registry's entry, which changes with every change; ``logical`` the document, which does not.
    ``traits`` are lines of sourcePatientInfo, ``author`` (person, institution) as XCN and XON.
    """

    content: bytes
    unique_id: str
    type_code: str
    patient: str
    created: str
    submitted: str = ""
    action: str = ""
    wrong_hash: bool = False
    entry: int = 0
    logical: int = 0
    replaces: int = 0
    visibility: tuple[str, ...] = ("N",)
    status: str = APPROVED
    title: str = ""
    local: str = ""
    traits: tuple[str, ...] = ()
    author: tuple[str, str] = ("", "")
    changed: dict[str, str] = field(default_factory=dict)  # slots said instead of the true ones


def slot(name: str, *values: str) -> Markup:
    """One ebXML slot."""
    return fill("slot", name=name, values=Markup("".join(fill("value", value=value) for value in values)))


def utc(created: str) -> str:
    """A local HL7 moment as XDS writes it: UTC, without zone."""
    return datetime.strptime(created, "%Y%m%d%H%M%S%z").astimezone(UTC).strftime("%Y%m%d%H%M%S")


def extrinsic(rank: int, enclosed: Enclosed) -> Markup:
    """The metadata of one document."""
    name = ident(rank, enclosed)
    slots = "\n      ".join(slot(key, *values) for key, values in slots_of(rank, enclosed).items())
    person, institution = enclosed.author
    return fill(
        "extrinsic",
        ident=name,
        logical=uuid(enclosed.logical or rank),
        status=enclosed.status,
        slots=Markup(slots),
        title=enclosed.title,
        author=Markup(slot("authorInstitution", institution) + slot("authorPerson", person)) if person else "",
        type_code=enclosed.type_code,
        visibility=Markup("".join(visible(name, code) for code in enclosed.visibility)),
        unique_id=enclosed.unique_id,
        patient=enclosed.patient,
    )


def slots_of(rank: int, enclosed: Enclosed) -> dict[str, tuple[str, ...]]:
    """The slots of one document; SHA-1 in upper case is what the format prescribes and what is seen."""
    digest = hashlib.sha1(enclosed.content, usedforsecurity=False).hexdigest().upper()
    slots: dict[str, tuple[str, ...]] = {
        "creationTime": (utc(enclosed.created),),
        "hash": (digest[::-1] if enclosed.wrong_hash else digest,),
        "languageCode": ("fr-FR",),
        "size": (str(len(enclosed.content)),),
        "URI": (f"DOC{rank:04d}.XML",),
    }
    if enclosed.local:
        slots |= {"sourcePatientId": (enclosed.local,), "sourcePatientInfo": enclosed.traits}
    if enclosed.action:
        slots["urn:action:extraMetadataSlot"] = (enclosed.action,)
    return slots | {name: (value,) for name, value in enclosed.changed.items()}


def visible(ident: str, code: str) -> Markup:
    """One code of who may see the document."""
    scheme = slot("codingScheme", HL7_CODES if len(code) == 1 else CI_SIS_CODES)
    return fill("visible", ident=ident, code=code, scheme=scheme)


def uuid(number: int) -> str:
    """An identifier of the registry, with its prefix twice as in all real packages seen."""
    return f"urn:uuid:urn:uuid:00000000-0000-4000-8000-{number:012d}"


def ident(rank: int, enclosed: Enclosed) -> str:
    """Identifier of a document inside the metadata."""
    return uuid(enclosed.entry or rank)


def metadata(documents: Sequence[Enclosed]) -> bytes:
    """METADATA.XML, with the leading space and without the declaration that real packages show."""
    ranked = list(enumerate(documents, start=1))
    members = [fill("member", rank=rank, ident=ident(rank, one)) for rank, one in ranked]
    members += [
        fill("replaces", rank=rank, ident=ident(rank, one), replaced=uuid(one.replaces))
        for rank, one in ranked
        if one.replaces
    ]
    return fill(
        "metadata",
        submitted=slot("submissionTime", utc(documents[0].submitted or documents[0].created)),
        objects=Markup("".join(extrinsic(rank, one) for rank, one in ranked)),
        members=Markup("".join(members)),
    ).encode()


def package(documents: Sequence[Enclosed], *, apart: bool = False) -> bytes:
    """The zip of a package; the same documents give the same bytes. ``apart``: a submission set for each document."""
    subsets = [[one] for one in documents] if apart else [list(documents)]
    members = [("INDEX.HTM", b"<html><body>Documents</body></html>"), ("README.TXT", b"IHE_XDM\r\n")]
    for number, subset in enumerate(subsets, start=1):
        folder = FOLDER.format(number)
        members += [("IHE_XDM/", b""), (folder, b"")] if number == 1 else [(folder, b"")]
        members.append((f"{folder}METADATA.XML", metadata(subset)))
        members += [(f"{folder}DOC{rank:04d}.XML", one.content) for rank, one in enumerate(subset, start=1)]
    return archive(members)


def archive(members: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip of these members with fixed times and rights."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target:
        for name, content in members:
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o644 << 16
            target.writestr(info, content)
    return buffer.getvalue()
