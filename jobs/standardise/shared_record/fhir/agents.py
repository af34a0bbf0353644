"""Who made a resource: by number, contained in it, or as references to other lines. No name is read."""

from typing import Any, NamedTuple

from jobs.standardise.shared_record.fhir.codes import concept
from jobs.standardise.shared_record.fhir.nodes import Node, first_of, target
from jobs.standardise.shared_record.fhir.patients import instance
from jobs.standardise.shared_record.oids import PROFESSIONAL, STRUCTURE
from jobs.standardise.shared_record.parties import PATIENT, party

AUTHORS = ("author", "recorder", "requester", "performer", "asserter")
SYSTEMS = {"author": PROFESSIONAL, "organisation": STRUCTURE}
ROLE = "PractitionerRole"
SLOT_OF = {"Organization": "organisation"}  # of everybody else: author
Refs = list[dict[str, str]]
Inside = dict[str, Node]


class Agent(NamedTuple):
    """One who made a resource: ``root^extension`` or the line that tells it."""

    slot: str
    number: str | None
    line: str | None = None


def ref(slot: str, found: str | None) -> Refs:
    """One reference to another line."""
    return [{"slot": slot, "target": found}] if found else []


def agents(node: Node, values: dict[str, Any]) -> Refs:
    """The first author and organisation, filled into a header; what other lines must tell of them."""
    refs: Refs = []
    contained = {f"#{one.text('id')}": one for one in node.nodes("contained")}
    for item in sent_authors(node):
        inside = contained.get(target(item) or "")
        if inside is not None:
            values["author_speciality"] = values["author_speciality"] or speciality(inside)
        for found in told(item, contained):
            if not values[f"{found.slot}_id"] and not any(one["slot"] == found.slot for one in refs):
                values[f"{found.slot}_id"] = found.number
                refs += ref(found.slot, None if found.number else found.line)
    return refs


def sent_authors(node: Node) -> list[Node]:
    """References to whoever made a resource: each type has its own name for it, single or several, bare or wrapped."""
    found: list[Node] = []
    for name in AUTHORS:
        value = node.value.get(name)
        items = node.nodes(name) if isinstance(value, list) else [item for item in [node.node(name)] if item]
        found += [item.node("actor") or item for item in items]
    return found


def told(item: Node, contained: Inside, usual: str = "author") -> list[Agent]:
    """Whom one reference names; one that does not say what it names is ``usual``."""
    line = target(item)
    inside = contained.get(line or "")
    kind = (inside.text("resourceType") if inside else None) or item.text("type") or (line or "").partition("/")[0]
    slot = SLOT_OF.get(kind, "author" if kind else usual)
    if kind == "Patient":
        return [Agent(slot, PATIENT)]
    if inside is None:
        return [Agent(slot, logical(item, slot), None if (line or "").startswith("#") else line)]
    return role(inside, contained) if kind == ROLE else [Agent(slot, number_of(inside, slot))]


def role(node: Node, contained: Inside) -> list[Agent]:
    """Who acts in a PractitionerRole, and for whom. Its own number counts when nothing tells the professional's."""
    found = []
    for slot, name in (("author", "practitioner"), ("organisation", "organization")):
        named = node.node(name)
        parts = [one for one in told(named, contained, slot) if one.slot == slot] if named else []
        found += parts or [Agent(slot, None)]
    own = number_of(node, "author") if found[0] == Agent("author", None) else None
    return [found[0]._replace(number=found[0].number or own), *found[1:]]


def number_of(node: Node, slot: str) -> str | None:
    """``root^extension`` of a professional or organisation."""
    return party(map(instance, node.nodes("identifier")), SYSTEMS[slot])


def logical(reference: Node, slot: str) -> str | None:
    """``root^extension`` of a reference that names somebody by identifier."""
    return party([instance(reference.node("identifier"))], SYSTEMS[slot])


def speciality(node: Node) -> str | None:
    """In what a role is played."""
    return concept(node.first("specialty")).code


def read_agent(node: Node, kind: str) -> tuple[dict[str, str | None], Refs]:
    """What a line says of somebody: columns of AGENT, and the lines that it leaves it to."""
    slot = SLOT_OF.get(kind, "author")
    if kind != ROLE:
        return {f"{slot}_id": number_of(node, slot)}, []
    contained = {f"#{one.text('id')}": one for one in node.nodes("contained")}
    parts = role(node, contained)
    values = {f"{one.slot}_id": one.number for one in parts}
    # the number of the role itself, in case that the professional's line has none
    values["author_id"] = first_of((values["author_id"], number_of(node, "author")))
    refs = [item for one in parts if not one.number for item in ref(one.slot, one.line)]
    return values | {"author_speciality": speciality(node)}, refs
