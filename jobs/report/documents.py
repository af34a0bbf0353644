"""Facts of the night's documents: how many of each type came by which carrier with which outcome, what befell them."""

from collections import Counter
from typing import Any

from jobs.core.settings import Settings
from jobs.reference.lists import merged
from jobs.report.sources import OUTCOMES, optional

SOURCE, TABLE = "shared_record", "document"
OTHER = {"other": ("autre code", "another code"), "unread": ("refusé avant lecture", "refused before it was read")}


def document_facts(settings: Settings, night: str) -> dict[str, Any]:
    """``rows`` of type and carrier with a count of each outcome, and ``events`` with their counts; empty without any.

    Documents are records, so their counts are exact.
    """
    proposal = optional(settings.standard / SOURCE / night / "proposal.json")
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in proposal.get("measures", []):
        counts.setdefault((one["type"], one["carrier"]), Counter())[one["outcome"]] += one["count"]
    if not counts:
        return {}
    names = merged(settings, "document_type")
    rows = [
        {
            "type": kind,
            "name": name_of(kind, names),
            "carrier": carrier,
            "outcomes": {key: told[key] for key in OUTCOMES},
        }
        for (kind, carrier), told in sorted(counts.items(), key=in_order)
    ]
    return {"rows": rows, "total": sum(sum(told.values()) for told in counts.values()), "events": events(proposal)}


def in_order(item: tuple[tuple[str, str], Counter[str]]) -> tuple[bool, str, str]:
    """Known types by code, then the others."""
    (kind, carrier), _ = item
    return kind in OTHER, kind, carrier


def name_of(kind: str, names: dict[str, Any]) -> dict[str, str]:
    """The name of a type in both languages."""
    if kind in OTHER:
        return dict(zip(("fr", "en"), OTHER[kind], strict=True))
    row = names.get(kind, {})
    return {"fr": row.get("label_fr") or kind, "en": row.get("label_en") or kind}


def events(proposal: dict[str, Any]) -> dict[str, int]:
    """What befell accepted documents tonight, by event."""
    told: Counter[str] = Counter()
    for line in proposal.get("ledger", []):
        if line.get("table") == TABLE and line.get("event"):
            told[line["event"]] += line["count"]
    return dict(sorted(told.items()))
