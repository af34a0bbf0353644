"""What a night means for one producer."""

from typing import Any

from jobs.close.evidence import Evidence, replaced_holds
from jobs.core.volumes import Volumes, extended, volumes_of

MISSING = "DEL-008"
# What a delivery that was not taken in makes of its producer, the gravest first.
REFUSED = {"resent_changed": "held", "corrupt": "corrupt", "arriving": "late"}


def decide(evidence: Evidence, name: str, held_by: str | None) -> dict[str, Any]:
    """Status, as-of night, hold and trailing volumes of a producer. ``held_by`` is the rule when check held it."""
    known = evidence.previous.get("producers", {}).get(name, {})
    status, rule = status_of(evidence, name, held_by)
    proposed = evidence.proposed.get(name)
    accepted = status == "accepted"
    taken = accepted and proposed is not None
    since = known.get("held_since")
    if status in ("held", "corrupt"):
        since = since or evidence.night
    return {
        "status": status,
        "as_of": evidence.night if taken else known.get("as_of"),
        "held_since": None if accepted else since,
        "rule": rule,
        "read": proposed["read"] if proposed else 0,
        "volumes": volumes(evidence, known, proposed if taken else None),
        "held_deliveries": held_deliveries(evidence, name, known, held_by),
        **remembered(known, proposed if taken else None),
    }


def remembered(known: dict[str, Any], taken: dict[str, Any] | None) -> dict[str, Any]:
    """What the source's parser is to find on its next night: as it was, unless tonight was taken in and told of it."""
    before = {"remembered": known["remembered"]} if "remembered" in known else {}
    return {"remembered": taken["remembered"]} if taken and "remembered" in taken else before


def status_of(evidence: Evidence, name: str, held_by: str | None) -> tuple[str, str | None]:
    """The producer's status and the rule behind it."""
    if held_by:
        return "held", held_by
    if name in evidence.proposed:
        return "accepted", None
    met = {one["status"]: one["rule"] for one in evidence.deliveries if one["producer"] == name}
    for delivery, status in REFUSED.items():
        if delivery in met:
            return status, met[delivery]
    if "resent_unchanged" in met:  # what was held stays so: the same bytes again mend nothing
        known = evidence.previous.get("producers", {}).get(name, {})
        return ("held", known["rule"]) if known.get("held_since") else ("accepted", None)
    return "missing", MISSING


def volumes(evidence: Evidence, known: dict[str, Any], taken: dict[str, Any] | None) -> Volumes | list[int]:
    """Records of the producer's last accepted nights by format; a held delivery counts when it is taken in again.

    Without anything taken in they are those of the state before, in whichever shape it has them.
    """
    if taken is None:
        held: Volumes | list[int] = known.get("volumes", {})
        return held
    read, released = taken.get("read_by_format", {}), taken.get("released_by_format", {})
    tonight = {name: read.get(name) or released.get(name, 0) for name in {*read, *released}}
    return extended(volumes_of(known, tonight), tonight, evidence.trailing_nights)


def held_deliveries(
    evidence: Evidence, name: str, known: dict[str, Any], held_by: str | None
) -> dict[str, dict[str, Any]]:
    """Deliveries read but not taken in: until they are taken in again, or a newer snapshot replaces them."""
    found = dict(known.get("held_deliveries", {}))
    proposed = evidence.proposed.get(name)
    if proposed is None:
        return found
    if not held_by:
        gone = set(proposed["replayed"]) | {delivery for delivery, _, _ in replaced_holds(evidence, name)}
        return {delivery: item for delivery, item in found.items() if delivery not in gone}
    for one in evidence.deliveries:
        if one["producer"] == name and one["delivery_id"] in proposed["deliveries"]:
            found[one["delivery_id"]] = {
                "night": evidence.night,
                "accepted": accepted_records(evidence, name, one["delivery_id"]),
                "mode": one["mode"],
                "covers": one["covers"],
            }
    return found


def accepted_records(evidence: Evidence, name: str, delivery: str) -> int:
    """Records of a delivery that its intake accepted."""
    assert evidence.proposal is not None
    return sum(
        one["count"]
        for one in evidence.proposal["ledger"]
        if (one.get("producer"), one.get("delivery_id"), one.get("outcome")) == (name, delivery, "accepted")
    )
