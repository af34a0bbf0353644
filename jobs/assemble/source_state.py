"""The published table that says, for each producer, as of when its data are and why they stand still."""

from typing import Any

from jobs.core.rules import rules
from jobs.pseudonymise.generalise import producer_token

REKEYED = ("pharmacy",)  # a pharmacy is often one person's business: published under a token
# A corrupt delivery leaves its producer where it was, like one that a check held.
STATUS = {"accepted": "accepted", "held": "held", "corrupt": "held", "late": "late", "missing": "missing"}


def source_state_rows(states: dict[str, dict[str, Any]], key: bytes) -> list[dict[str, Any]]:
    """One row per producer of every source, producers as the care tables name them."""
    return [
        state_row(source, producer, item, key)
        for source, state in sorted(states.items())
        for producer, item in sorted(state["producers"].items())
    ]


def state_row(source: str, producer: str, item: dict[str, Any], key: bytes) -> dict[str, Any]:
    """One producer: status, night of the last data taken in, hold, and the rule behind it in both languages."""
    status = STATUS[item["status"]]
    if item.get("as_of") is None and status != "accepted":
        status = "never_received" if status == "missing" else status
    rule = rules().get(item["rule"]) if item.get("rule") else None
    return {
        "source": source,
        "producer": producer_token(key, producer) if source in REKEYED else producer,
        "status": status,
        "as_of": item.get("as_of"),
        "held_since": item.get("held_since"),
        "reason": item.get("rule"),
        "reason_fr": rule.title_fr if rule else None,
        "reason_en": rule.title_en if rule else None,
    }
