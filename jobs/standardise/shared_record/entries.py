"""What METADATA.XML says of its documents (ebXML 3.0): who may see them, their status, their place in time.

Read: identifiers, visibility, availability, submission sets, replacements. Never read: ``sourcePatientInfo``, authors'
names and titles; the traits in there must not be used to recognise anybody (ANS, model SourcePatientInfo).
"""

import re
from collections import defaultdict
from dataclasses import dataclass

from lxml import etree

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
OBJECT = RIM + "ExtrinsicObject"
UNIQUE_ID = "2e82c1f6-a085-4c72-9da3-8640a32e42ab"
PATIENT_ID = "58a6f841-87b3-4a3e-92fd-a8ffeff98427"
CONFIDENTIALITY = "f4f85eac-e6cb-4883-b524-f2705394840f"
ACTION = "urn:action:extraMetadataSlot"
AVAILABILITIES = ("approved", "deprecated", "archived", "deleted")
NOT_SAID = ("", "submitted")  # what a message that asks for registration carries before any registry answered
REPLACING = ("RPLC", "XFRM_RPLC")  # XFRM and APND leave the other document in place
CODE = re.compile(r"^[A-Z][A-Z_]{0,39}$")
UNREADABLE = "UNREADABLE"  # stands for a code that is none: unknown, hence most restrictive
UTC_TIME = re.compile(r"^\d{4,14}$")
Submission = tuple[str | None, str | None]  # submissionTime and action of a set


@dataclass(frozen=True)
class Entry:
    """One ExtrinsicObject. Identifiers without ``urn:`` prefixes, in lower case but for a uniqueId's extension.

    ``patient_ids``: of the registry and of the source, as sent (``number^^^&OID&ISO^type``).
    """

    uri: str | None
    size: str | None
    digest: str | None
    action: str | None
    unique_id: str | None
    patient_ids: tuple[str, ...]
    entry_id: str | None
    logical_id: str | None
    availability: str | None
    visibility: str | None
    submitted: str | None
    created: str | None
    replaces: str | None

    @property
    def is_request(self) -> bool:
        """Whether it is about a document sent before: deletes it, or gives it other metadata (a new entry)."""
        changes = self.logical_id is not None and self.logical_id != self.entry_id
        return self.uri is None and self.unique_id is not None and (self.availability == "deleted" or changes)


def read_entries(root: etree._Element) -> list[Entry]:
    """The entries of one ``SubmitObjectsRequest``, in its order."""
    objects = list(root.iter(OBJECT))
    home = submission_sets(root)
    outside = classifications(root)
    replaced = replacements(root, objects)
    return [read_entry(item, home, outside, replaced) for item in objects]


def read_entry(
    item: etree._Element,
    home: dict[str | None, Submission],
    outside: dict[str, list[str | None]],
    replaced: dict[str, str],
) -> Entry:
    """One entry, with what its submission set and the associations say of it."""
    name = bare(item.get("id"))
    submitted, asked = home.get(name, home[None])
    action = slot(item, ACTION) or asked
    status = (item.get("status") or "").strip().rpartition(":")[2].lower()
    codes = [found.get("nodeRepresentation") for found in item.iterfind(RIM + "Classification") if confidential(found)]
    return Entry(
        uri=slot(item, "URI"),
        size=slot(item, "size"),
        digest=slot(item, "hash"),
        action=action.upper() if action else None,
        unique_id=unique(external(item, UNIQUE_ID)) or None,
        patient_ids=tuple(one for one in (external(item, PATIENT_ID), slot(item, "sourcePatientId")) if one),
        entry_id=name or None,
        logical_id=bare(item.get("lid")) or None,
        availability=None if status in NOT_SAID else status if status in AVAILABILITIES else "unknown",
        visibility=visibility(codes + outside.get(name, [])),
        submitted=utc(submitted),
        created=utc(slot(item, "creationTime")),
        replaces=replaced.get(name),
    )


def submission_sets(root: etree._Element) -> dict[str | None, Submission]:
    """Entry -> what its submission set says; under None that of entries which none claims: the first.

    Each set is read once: as many entries may share one as it has slots.
    """
    every = [
        (bare(item.get("id")), (slot(item, "submissionTime"), slot(item, ACTION)))
        for item in root.iter(RIM + "RegistryPackage")
    ]
    sets = [one for one in every if one[1][0]] or every  # folders are packages without that time
    by_id = dict(sets)
    home: dict[str | None, Submission] = {None: sets[0][1] if sets else (None, None)}
    for link in associations(root, "HasMember"):
        holder = by_id.get(bare(link.get("sourceObject")))
        if holder is not None:
            home[bare(link.get("targetObject"))] = holder
    return home


def classifications(root: etree._Element) -> dict[str, list[str | None]]:
    """Entry -> visibility codes that stand beside it instead of inside."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for item in root.iter(RIM + "Classification"):
        parent = item.getparent()
        if confidential(item) and (parent is None or parent.tag != OBJECT):
            found[bare(item.get("classifiedObject"))].append(item.get("nodeRepresentation"))
    return found


def replacements(root: etree._Element, objects: list[etree._Element]) -> dict[str, str]:
    """Entry -> what it replaces: the uniqueId when that is in the same package, else the identifier as sent.

    Both ends may be named by entry, logical or unique identifier. A name that several entries bear names none.
    """
    bearers: dict[str, set[int]] = defaultdict(set)
    for rank, item in enumerate(objects):
        for name in (item.get("id"), item.get("lid"), external(item, UNIQUE_ID)):
            if bare(name):
                bearers[bare(name)].add(rank)
    single = {name: objects[ranks.pop()] for name, ranks in bearers.items() if len(ranks) == 1}
    found: dict[str, str] = {}
    for link in associations(root, *REPLACING):
        source, target = single.get(bare(link.get("sourceObject"))), link.get("targetObject")
        if source is not None and bare(target):
            known = single.get(bare(target))
            inside = unique(external(known, UNIQUE_ID)) if known is not None else ""
            found[bare(source.get("id"))] = inside or unique(target)
    return found


def associations(root: etree._Element, *kinds: str) -> list[etree._Element]:
    """Associations of some kinds; the kind is the last part of its URN."""
    found = root.iter(RIM + "Association")
    return [item for item in found if (item.get("associationType") or "").rpartition(":")[2] in kinds]


def confidential(item: etree._Element) -> bool:
    """Whether a classification says who may see a document."""
    return bare(item.get("classificationScheme")) == CONFIDENTIALITY


def visibility(codes: list[str | None]) -> str | None:
    """Codes sorted, one blank between them; None without any. What is no code stays as one that nobody knows."""
    cleaned = {(code or "").strip().upper() for code in codes}
    return " ".join(sorted({code if CODE.match(code) else UNREADABLE for code in cleaned})) or None


def utc(text: str | None) -> str | None:
    """A time of the registry, which writes UTC without saying so, as an HL7 time."""
    return f"{text}+0000" if text and UTC_TIME.match(text) else text


def slot(item: etree._Element, name: str) -> str | None:
    """The first value of a slot."""
    for found in item.iterfind(RIM + "Slot"):
        if found.get("name") == name:
            text = found.findtext(f"{RIM}ValueList/{RIM}Value")
            return text.strip() or None if text else None
    return None


def external(item: etree._Element, scheme: str) -> str | None:
    """The value of an external identifier of a scheme."""
    for found in item.iterfind(RIM + "ExternalIdentifier"):
        if bare(found.get("identificationScheme")) == scheme:
            return (found.get("value") or "").strip() or None
    return None


def bare(name: str | None) -> str:
    """An identifier without its ``urn:`` prefix, which is often written twice; lower case."""
    return re.sub(r"^(?:urn:uuid:|urn:oid:)+", "", (name or "").strip().lower())


def unique(name: str | None) -> str:
    """A uniqueId (``root^extension``) in one spelling: an extension keeps its case."""
    root, mark, extension = (name or "").strip().partition("^")
    return bare(root) + mark + extension
