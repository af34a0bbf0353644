"""IHE_XDM packages: documents and the ebXML metadata that announce them, in a zip whose bytes never vary."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import datetime, timezone
from xml.sax.saxutils import escape

SUBSET = "IHE_XDM/SUBSET01/"
STAMP = (2020, 1, 1, 0, 0, 0)
UNIQUE_ID, PATIENT_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab", "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
TYPE_CODE, CONFIDENTIALITY = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983", "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
EXTRINSIC, MEMBER = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1", "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"


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


def slot(name: str, value: str) -> str:
    """One ebXML slot with one value."""
    return f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{escape(value)}</rim:Value></rim:ValueList></rim:Slot>'


def utc(created: str) -> str:
    """A local HL7 moment as XDS writes it: UTC, without zone."""
    return datetime.strptime(created, "%Y%m%d%H%M%S%z").astimezone(timezone.utc).strftime("%Y%m%d%H%M%S")


def extrinsic(rank: int, enclosed: Enclosed) -> str:
    """The metadata of one document."""
    digest = hashlib.sha1(enclosed.content, usedforsecurity=False).hexdigest().upper()
    if enclosed.wrong_hash:
        digest = digest[::-1]
    slots = slot("creationTime", utc(enclosed.created)) + slot("hash", digest) + slot("languageCode", "fr-FR")
    slots += slot("size", str(len(enclosed.content))) + slot("URI", f"DOC{rank:04d}.XML")
    if enclosed.action:
        slots += slot("urn:action:extraMetadataSlot", enclosed.action)
    ident = f"urn:uuid:urn:uuid:00000000-0000-4000-8000-{rank:012d}"
    coded = "".join(
        f'<rim:Classification classificationScheme="{scheme}" classifiedObject="{ident}" nodeRepresentation="{code}">{slot("codingScheme", system)}</rim:Classification>'
        for scheme, code, system in ((TYPE_CODE, enclosed.type_code, "2.16.840.1.113883.6.1"), (CONFIDENTIALITY, "N", "2.16.840.1.113883.5.25"))
    )
    identified = "".join(
        f'<rim:ExternalIdentifier identificationScheme="{scheme}" registryObject="{ident}" value="{escape(value)}"/>'
        for scheme, value in ((UNIQUE_ID, enclosed.unique_id), (PATIENT_ID, enclosed.patient))
    )
    status = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    return f'<rim:ExtrinsicObject id="{ident}" mimeType="text/xml" objectType="{EXTRINSIC}" status="{status}">{slots}{coded}{identified}</rim:ExtrinsicObject>'


def metadata(documents: list[Enclosed]) -> bytes:
    """METADATA.XML, with the leading space and without the declaration that real packages show."""
    objects = "".join(extrinsic(rank, one) for rank, one in enumerate(documents, start=1))
    members = "".join(
        f'<rim:Association id="member{rank}" associationType="{MEMBER}" sourceObject="submission" targetObject="urn:uuid:urn:uuid:00000000-0000-4000-8000-{rank:012d}"/>'
        for rank in range(1, len(documents) + 1)
    )
    return (
        ' <lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        f'<rim:RegistryObjectList><rim:RegistryPackage id="submission">{slot("submissionTime", utc(documents[0].created))}</rim:RegistryPackage>'
        f"{objects}{members}</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
    ).encode()


def package(documents: list[Enclosed]) -> bytes:
    """The zip of a package; the same documents give the same bytes."""
    members = [("INDEX.HTM", b"<html><body>Documents</body></html>"), ("README.TXT", b"IHE_XDM\r\n"), (f"{SUBSET}METADATA.XML", metadata(documents))]
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
