"""CodeableConcepts and Quantities as the fields of a clinical fact."""

from jobs.standardise.shared_record.elements import CIP13, MAX_CODE, NOTHING, Code, Coded, safe_code
from jobs.standardise.shared_record.fhir.nodes import Node
from jobs.standardise.shared_record.fhir.systems import (
    ABSENT,
    ABSENT_REASON,
    GONE,
    NO_INFORMATION,
    NULL_FLAVOR,
    STATUS,
    is_oid,
    system_oid,
)
from jobs.standardise.shared_record.oids import CIP, CIS

UNKNOWN_SYSTEM, UNKNOWN_STATUS = "FHR-061", "FHR-062"
MAX_SYSTEM = 120


def safe(text: str | None, longest: int = MAX_CODE) -> str | None:
    """A code as sent; a text that is no code (long, a long run of digits, an address) is left out."""
    return safe_code(text, longest) if text else None


def concept(node: Node | None) -> Code:
    """A CodeableConcept. A coding that says why there is none becomes the null flavour."""
    if node is None:
        return NOTHING
    null_flavor, pairs = absent(node), []
    for coding in node.nodes("coding"):
        pair = coding_pair(coding)
        if pair[1] in (ABSENT_REASON, NULL_FLAVOR):
            null_flavor = ABSENT.get(pair[0] or "", pair[0] if pair[1] == NULL_FLAVOR else NO_INFORMATION)
        elif pair[0]:
            pairs.append(pair)
    first = pairs[0] if pairs else (None, None)
    told = bool(pairs) or bool(node.text("text"))
    return Code(*first, pairs, told, None if pairs else null_flavor)


def coding_pair(coding: Node) -> Coded:
    """(code, OID of its system)."""
    code, system = safe(coding.text("code")), safe(system_oid(coding.text("system")), MAX_SYSTEM)
    if system == CIS and code and CIP13.fullmatch(code):
        return code, CIP[0]  # the drug database holds specialities and boxes under one address
    return code, system


def absent(node: Node | None, name: str | None = None) -> str | None:
    """The null flavour of an element, or of one of its primitives, that an extension gives in the place of a value."""
    if node is None:
        return None
    holder = node.beside(name) if name else node
    reason = holder.extension("data-absent-reason") if holder else None
    code = reason.text("valueCode") if reason else None
    return ABSENT.get(code, NO_INFORMATION) if code else None


def amount(node: Node | None) -> tuple[str | None, str | None]:
    """(number, unit) of a Quantity: the code of the unit before its human text."""
    if node is None:
        return None, None
    return node.number("value"), safe(node.text("code")) or safe(node.text("unit"))


def status_of(node: Node, kind: str, warnings: list[str]) -> str | None:
    """A status code in the words of CDA; one that is not FHIR's is kept and told."""
    sent = node.text("status")
    if sent is None or sent in STATUS[kind]:
        return STATUS[kind].get(sent or "")
    warnings.append(UNKNOWN_STATUS)
    return safe(sent)


def is_gone(node: Node) -> bool:
    """Whether a resource says of itself that it was entered in error."""
    verified = concept(node.node("verificationStatus"))
    return node.text("status") == GONE or GONE in [code for code, _ in verified.pairs]


def foreign(*codes: Code) -> list[str]:
    """A warning when a code stands under a system that no OID is known for."""
    told = any(system and not is_oid(system) for code in codes for _, system in code.pairs)
    return [UNKNOWN_SYSTEM] if told else []
