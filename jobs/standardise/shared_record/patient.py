"""The patient of a document: identifiers chosen by OID, traits as sent. Third persons are not read at all."""

import re
from collections.abc import Sequence
from typing import Any

from lxml import etree

from jobs.standardise.shared_record.oids import (
    HL7,
    INS,
    INS_TEST,
    SOCIAL_SECURITY_NIR,
    US_SOCIAL_SECURITY,
    path,
)

NIR_LIKE = re.compile(r"^[1-478]\d{2}(0[1-9]|1[0-2]|[2-4]\d|[5-9]\d)(\d{2}|2[ABab])\d{6}(\d{2})?$")
LONGEST = 1_000  # characters; a longer text is no name and no code
BLANKS = re.compile(r"[\s\u00a0\u202f]+")
Numbers = Sequence[tuple[str, str]]  # OID, number
FIELDS = (
    "ins",
    "ins_oid",
    "holder_number",
    "local_root",
    "local_number",
    "family_name",
    "used_name",
    "given_names",
    "first_given_name",
    "birth_text",
    "birth_place",
    "residence_code",
    "gender",
)


def squeeze(text: str | None) -> str | None:
    """Text without blanks at its ends, inner runs of blanks as one space; None when empty or too long to be a name."""
    return BLANKS.sub(" ", text).strip() or None if text and len(text) <= LONGEST else None


def identifier(text: str | None) -> str | None:
    """An identifier without any blank, letters in upper case; None when nothing is left or it is too long."""
    return BLANKS.sub("", text).upper() or None if text and len(text) <= LONGEST else None


def identifiers(role: etree._Element) -> list[tuple[str, str]]:
    """(OID, number) of a patient; those with a nullFlavor or without a number are none."""
    found = []
    for item in role.findall(HL7 + "id"):
        number = identifier(item.get("extension"))
        if number and not item.get("nullFlavor"):
            found.append((identifier(item.get("root")) or "", number))
        elif item.get("root") and not item.get("nullFlavor") and item.get("extension") is None:
            found.append(("", identifier(item.get("root")) or ""))  # a root alone is a complete identifier (UUID)
    return found


def chosen_ins(found: Numbers) -> tuple[str, str] | tuple[None, None]:
    """The INS: by OID, never by place or look; the permanent number before the temporary one."""
    of_patient = sorted((INS.index(root), number) for root, number in found if root in INS)
    return (of_patient[0][1], INS[of_patient[0][0]]) if of_patient else (None, None)


def chosen_local(found: Numbers) -> tuple[str, str] | tuple[None, None]:
    """The producer's own number: the smallest OID, so that the order of sending does not matter."""
    others = [item for item in found if item[0] not in (*INS, *INS_TEST, SOCIAL_SECURITY_NIR)]
    local = sorted((root == US_SOCIAL_SECURITY, root, number) for root, number in others)
    return (local[0][1], local[0][2]) if local else (None, None)


def read_patient(role: etree._Element) -> tuple[dict[str, Any], str | None, list[str]]:
    """Traits and identifiers of ``patientRole``; a rule code when it must be refused; warning codes.

    Returns columns of FIELDS as text, and ``numbers``: every (OID, number). A NIR under an unknown OID is only a local
    number and is told (DOC-104).
    """
    found = identifiers(role)
    values: dict[str, Any] = {
        **numbers_of(found),
        "numbers": tuple(found),
        "residence_code": squeeze(role.findtext(path("addr", "postalCode"))),
    }
    person = role.find(HL7 + "patient")
    values |= traits(person) if person is not None else {}
    return values, refusal(found), doubts(values, found)


def numbers_of(found: Numbers, disabled: Numbers = ()) -> dict[str, str | None]:
    """Numbers by role, of what was sent; a disabled INS counts only when there is no other."""
    ins, oid = chosen_ins(found)
    if ins is None:
        ins, oid = chosen_ins(disabled)
    root, local = chosen_local(found)
    return {
        "ins": ins,
        "ins_oid": oid,
        "holder_number": next((number for owner, number in sorted(found) if owner == SOCIAL_SECURITY_NIR), None),
        "local_root": root,
        "local_number": local,
    }


def refusal(found: Numbers) -> str | None:
    """The rule of a patient who must be refused: a test identity, or no number at all."""
    if any(owner in INS_TEST for owner, _ in found):
        return "DOC-007"
    return None if found else "DOC-008"


def doubts(values: dict[str, Any], found: Numbers) -> list[str]:
    """Warning codes: a local number shaped like a NIR, an INS without its traits, two INS of one sort."""
    warnings = []
    if values["local_number"] and NIR_LIKE.match(values["local_number"]):
        warnings.append("DOC-104")
    if values["ins"] and not complete(values):
        warnings.append("DOC-105")
    if any(len({number for owner, number in found if owner == root}) > 1 for root in INS):
        warnings.append("DOC-215")
    return warnings


def complete(values: dict[str, Any]) -> bool:
    """Whether the traits that must go with an INS are there."""
    return all(values.get(name) for name in ("family_name", "first_given_name", "birth_text", "gender", "birth_place"))


def traits(person: etree._Element) -> dict[str, Any]:
    """Names, birth and sex as sent."""
    names = person.findall(HL7 + "name")
    family = [(part.get("qualifier"), squeeze(part.text)) for name in names for part in name.findall(HL7 + "family")]
    given = [(part.get("qualifier"), squeeze(part.text)) for name in names for part in name.findall(HL7 + "given")]
    listed = [text for qualifier, text in given if qualifier is None and text]
    birth = person.find(HL7 + "birthTime")
    gender = person.find(HL7 + "administrativeGenderCode")
    return {
        "family_name": first(family, "BR", None, "SP", "CL"),
        "used_name": first(family, "CL", "SP"),
        "given_names": " ".join(listed) or first(given, "BR"),
        "first_given_name": first(given, "BR") or (listed[0].split(" ")[0] if listed else first(given, "CL")),
        "birth_text": identifier(birth.get("value")) if birth is not None else None,
        "birth_place": identifier(person.findtext(path("birthplace", "place", "addr", "county"))),
        "gender": gender.get("code") if gender is not None else None,
    }


def first(parts: list[tuple[str | None, str | None]], *qualifiers: str | None) -> str | None:
    """The first non-empty name part with the earliest of some qualifiers; any other qualifier counts last."""
    for wanted in qualifiers:
        for qualifier, text in parts:
            if qualifier == wanted and text:
                return text
    others = [text for qualifier, text in parts if text and qualifier not in ("BR", "CL", "SP", None)]
    return others[0] if others and None in qualifiers else None
