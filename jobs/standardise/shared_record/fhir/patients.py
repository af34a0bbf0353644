"""Patient lines and those of people and organisations: identifiers chosen by system, traits as sent.

Contacts, telecoms, photographs and narrative are not read at all.
"""

from typing import Any

from jobs.standardise.shared_record.fhir.nodes import Node, first_of
from jobs.standardise.shared_record.fhir.systems import GENDERS, MASTER, PREFIXED, URN_OID, URN_UUID, system_oid
from jobs.standardise.shared_record.oids import INS_TEST, SOCIAL_SECURITY_NIR
from jobs.standardise.shared_record.patient import (
    NIR_LIKE,
    chosen_ins,
    chosen_local,
    complete,
    identifier,
    squeeze,
)

BIRTH_PLACE = "/patient-birthPlace"
INSEE = "/fr-core-address-insee-code"
GIVEN_NAMES = "birth-list-given-name"
Numbers = list[tuple[str, str]]


def read_patient(node: Node) -> tuple[dict[str, Any], str | None, list[str]]:
    """Columns of patient.FIELDS; a rule when the patient must be refused; warnings. The rules are those of CDA."""
    found, disabled = identifiers(node)
    ins, oid = chosen_ins(found)
    if ins is None:
        ins, oid = chosen_ins(disabled)
    root, local = chosen_local(found)
    values: dict[str, Any] = {
        "ins": ins,
        "ins_oid": oid,
        "holder_number": next((number for owner, number in sorted(found) if owner == SOCIAL_SECURITY_NIR), None),
        "local_root": root,
        "local_number": local,
        **traits(node),
    }
    warnings = []
    if local and NIR_LIKE.match(local):
        warnings.append("DOC-104")
    if ins and not complete(values):
        warnings.append("DOC-105")
    if any(owner in INS_TEST for owner, _ in found + disabled):
        return values, "DOC-007", warnings
    return values, None if found or disabled else "DOC-008", warnings


def identifiers(node: Node) -> tuple[Numbers, Numbers]:
    """(OID, number) of a patient; those in use, and those disabled after a merge (use ``old``)."""
    found: Numbers = []
    disabled: Numbers = []
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
    return (root.lower(), PREFIXED.get(system.rstrip("/"), "") + value) if root else (None, None)


def agent(node: Node | None) -> str | None:
    """``root^extension`` of a professional or organisation: the smallest root, so that the order does not matter."""
    found = sorted(
        f"{root}^{extension}" for root, extension in map(instance, node.nodes("identifier") if node else []) if root
    )
    return found[0] if found else None


def logical_agent(reference: Node | None) -> str | None:
    """``root^extension`` of a reference that names somebody by identifier alone."""
    root, extension = instance(reference.node("identifier") if reference else None)
    return f"{root}^{extension}" if root else None
