"""Patient lines: identifiers chosen by system, traits as sent.

Contacts, telecoms, photographs and narrative are not read at all.
"""

from typing import Any

from jobs.standardise.shared_record.fhir.nodes import Node, first_of
from jobs.standardise.shared_record.fhir.systems import GENDERS, MASTER, URN_OID, URN_UUID, system_oid
from jobs.standardise.shared_record.patient import doubts, identifier, numbers_of, refusal, squeeze

BIRTH_PLACE = "/patient-birthPlace"
INSEE = "/fr-core-address-insee-code"
GIVEN_NAMES = "birth-list-given-name"
Sent = list[tuple[str, str]]


def read_patient(node: Node) -> tuple[dict[str, Any], str | None, list[str]]:
    """Columns of patient.FIELDS; a rule when the patient must be refused; warnings. The rules are those of CDA."""
    found, disabled = identifiers(node)
    values: dict[str, Any] = {**numbers_of(found, disabled), **traits(node)}
    return values, refusal(found + disabled), doubts(values, found)


def identifiers(node: Node) -> tuple[Sent, Sent]:
    """(OID, number) of a patient; those in use, and those disabled after a merge (use ``old``)."""
    found: Sent = []
    disabled: Sent = []
    for item in node.nodes("identifier"):
        number = identifier(item.text("value"))
        if number:
            owner = identifier(system_oid(item.text("system"))) or ""
            (disabled if item.text("use") == "old" else found).append((owner, number))
    return found, disabled


def traits(node: Node) -> dict[str, Any]:
    """Names, birth, sex and postcode as sent."""
    names = node.nodes("name")
    birth_name = (
        named(names, "official") or named(names, None) or named(names, "usual") or (names[0] if names else None)
    )
    usual = named(names, "usual")
    given = [squeeze(one) or "" for one in birth_name.texts("given")] if birth_name else []
    every = birth_name.extension(GIVEN_NAMES) if birth_name else None
    place = node.extension(BIRTH_PLACE)
    return {
        "family_name": squeeze(birth_name.text("family")) if birth_name else None,
        "used_name": squeeze(usual.text("family")) if usual else None,
        "given_names": (squeeze(every.text("valueString")) if every else None) or " ".join(given) or None,
        "first_given_name": given[0] if given else None,
        "birth_text": node.time("birthDate"),
        "birth_place": identifier(commune(place.node("valueAddress"))) if place else None,
        "residence_code": first_of(squeeze(one.text("postalCode")) for one in node.nodes("address") if in_use(one)),
        "gender": GENDERS.get(node.text("gender") or "", node.text("gender")),
    }


def named(names: list[Node], use: str | None) -> Node | None:
    """The first name of one use."""
    return next((one for one in names if one.text("use") == use), None)


def in_use(node: Node) -> bool:
    """Whether an address is neither an old one nor for bills."""
    return node.text("use") not in ("old", "billing")


def commune(address: Node | None) -> str | None:
    """The INSEE code of a place, beside the address or its city."""
    for holder in (address, address.beside("city") if address else None):
        extension = holder.extension(INSEE) if holder else None
        coding = extension.node("valueCoding") if extension else None
        if coding is not None:
            return coding.text("code")
    return None


def instance(node: Node | None) -> tuple[str | None, str | None]:
    """(root, extension) of an Identifier in the one spelling that CDA's identifiers have here; (None, None) without."""
    value = node.text("value") if node else None
    if node is None or value is None:
        return None, None
    system = node.text("system") or ""
    if system == MASTER or (not system and value.lower().startswith((URN_OID, URN_UUID))):
        root, _, extension = value.partition("^")
        return root.lower().removeprefix(URN_UUID).removeprefix(URN_OID), extension
    root = system_oid(system) or ""
    return (root.lower(), value) if root else (None, None)
