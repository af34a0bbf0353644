"""What the stages of a night left behind, each part possibly missing."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """What a night left behind; ``pull``, ``proposal`` and ``check`` are None when their stage did not finish."""

    night: str
    source: str
    active: list[str]
    pull: dict[str, Any] | None
    proposal: dict[str, Any] | None
    check: dict[str, Any] | None
    previous: dict[str, Any]
    max_held_share: float
    trailing_nights: int

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Deliveries that pull met."""
        return self.pull["deliveries"] if self.pull else []

    @property
    def proposed(self) -> dict[str, Any]:
        """Producers of the proposal."""
        return self.proposal["producers"] if self.proposal else {}


def replaced_holds(evidence: Evidence, name: str) -> list[tuple[str, dict[str, Any], str]]:
    """Held deliveries of a producer that a snapshot accepted tonight replaces: (delivery, what is known, newer one)."""
    known = evidence.previous.get("producers", {}).get(name, {}).get("held_deliveries", {})
    fresh = [
        one
        for one in evidence.deliveries
        if one["producer"] == name and one["status"] == "complete" and one["mode"] == "replace"
    ]
    found = []
    for gone, item in sorted(known.items()):
        newer = [one["delivery_id"] for one in fresh if item["mode"] == "replace" and covers(one, item)]
        if newer:
            found.append((gone, item, newer[-1]))
    return found


def covers(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether a snapshot is of the same years as an older one."""
    one, other = new.get("covers") or {}, old.get("covers") or {}
    return [str(one.get(end))[:4] for end in ("from", "to")] == [str(other.get(end))[:4] for end in ("from", "to")]
