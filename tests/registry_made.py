# ruff: noqa: E501 - markup reads better unbroken
"""IHE_XDM packages with all that a registry says: who may see a document, its status, its submission, its relations."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.documents_made import INS_OID, archive, ins

FOLDER = "IHE_XDM/SUBSET01/"
RIM = 'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"'
CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
UNIQUE = "urn:uuid:urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"


def uid(name: str) -> str:
    """The identifier of an entry, the same for the same name."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}"


@dataclass(frozen=True)
class Said:
    """What a registry says of one document; without ``text`` it is a request about one sent before."""

    unique: str
    text: str | None = None
    visibility: tuple[str, ...] = ("N",)
    status: str = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    entry: str = ""
    logical: str = ""
    slots: dict[str, str] = field(default_factory=dict)

    @property
    def ident(self) -> str:
        """The entry's identifier."""
        return self.entry or uid(f"entry {self.unique}")


ARCHIVED, DELETED = (f"urn:asip:ci-sis:2010:StatusType:{word}" for word in ("Archived", "Deleted"))
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"


def slot(name: str, value: str) -> str:
    """One slot."""
    return f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{value}</rim:Value></rim:ValueList></rim:Slot>'


def extrinsic(said: Said, name: str) -> str:
    """One entry."""
    slots = dict(said.slots)
    if said.text is not None:
        data = said.text.encode()
        slots = {"URI": name, "size": str(len(data)), "hash": hashlib.sha1(data).hexdigest().upper()} | slots
    text = "".join(slot(*item) for item in slots.items())
    text += "".join(
        f'<rim:Classification classificationScheme="{CONFIDENTIALITY}" classifiedObject="{said.ident}" nodeRepresentation="{code}"/>'
        for code in said.visibility
    )
    text += f'<rim:ExternalIdentifier identificationScheme="{UNIQUE}" value="{said.unique}"/>'
    text += f'<rim:ExternalIdentifier identificationScheme="{PATIENT}" value="{ins()}^^^&amp;{INS_OID}&amp;ISO^NH"/>'
    logical = f' lid="{said.logical}"' if said.logical else ""
    return f'<rim:ExtrinsicObject id="{said.ident}"{logical} status="{said.status}">{text}</rim:ExtrinsicObject>'


def association(kind: str, source: str, target: str) -> str:
    """A relation between two objects."""
    return f'<rim:Association associationType="urn:ihe:iti:2007:AssociationType:{kind}" sourceObject="{source}" targetObject="{target}"/>'


def submission(name: str, time: str, members: Iterable[str], action: str = "") -> str:
    """A submission set with what it holds."""
    slots = slot("submissionTime", time) + (slot("urn:action:extraMetadataSlot", action) if action else "")
    links = "".join(association("HasMember", name, member) for member in members)
    return f'<rim:RegistryPackage id="{name}">{slots}</rim:RegistryPackage>{links}'


def xdm(
    *said: Said, submitted: str = "20261103090000", action: str = "", more: str = "", sets: str | None = None
) -> bytes:
    """A package of some documents and requests, in one submission set unless ``sets`` says otherwise."""
    named = [(f"DOC{rank:04d}.XML", one) for rank, one in enumerate(said, start=1)]
    held = submission("set", submitted, [one.ident for one in said], action) if sets is None else sets
    objects = held + "".join(extrinsic(one, name) for name, one in named) + more
    members = {
        f"{FOLDER}METADATA.XML": f" <lcm:SubmitObjectsRequest {RIM}>{objects}</lcm:SubmitObjectsRequest>".encode()
    }
    members |= {f"{FOLDER}{name}": one.text.encode() for name, one in named if one.text is not None}
    return archive(members)
