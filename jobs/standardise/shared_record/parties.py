"""Who wrote a document, by number and never by name: one reading for every carrier, so that one house has one token."""

from collections.abc import Iterable

from jobs.standardise.shared_record.oids import INS, INS_TEST, SOCIAL_SECURITY_NIR

PATIENT = "patient"  # the author of a document that the patient wrote: never a number
Number = tuple[str | None, str | None]  # root, extension


def party(numbers: Iterable[Number], known: str) -> str | None:
    """``root^extension``: by the national system ``known`` when there is a number of it, else the first one sent."""
    told = [number for number in numbers if number[0]]
    if any(root in (*INS, *INS_TEST, SOCIAL_SECURITY_NIR) for root, _ in told):
        return PATIENT
    told.sort(key=lambda number: number[0] != known)
    return "^".join(part or "" for part in told[0]) if told else None
