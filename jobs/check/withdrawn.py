"""What a producer's transmission no longer holds of the snapshot that it replaces."""

from dataclasses import dataclass
from typing import Any

EVENTS = ("withdrawn", "superseded")


@dataclass(frozen=True)
class Part:
    """``count`` of ``total`` lines, or stays, are withdrawn; ``lines`` are those of the snapshot."""

    count: int
    total: int
    lines: int


def withdrawn(
    name: str, item: dict[str, Any], ledger: list[dict[str, Any]], base: dict[str, Any] | None
) -> Part | None:
    """The greater of two shares: lines of the snapshot that are withdrawn, and stays by which it shrank.

    Lines alone would not tell of an empty stay file, since the identities and drugs beside it are repeated. None when
    nothing was replaced. What was read tonight plays no part: a transmission may well have no line at all.
    """
    lines = lines_withdrawn(name, item, ledger)
    if not lines[1]:
        return None
    count, total = max(lines, stays_lost(name, item, base), key=lambda part: part[0] / part[1] if part[1] else 0)
    return Part(count, total, lines[1])


def lines_withdrawn(name: str, item: dict[str, Any], ledger: list[dict[str, Any]]) -> tuple[int, int]:
    """Withdrawn lines, and all lines of the snapshot: withdrawn, told anew, or repeated.

    Left out are events of a table, which befall what formats without snapshot append, and those of tonight's own
    deliveries, which no snapshot held.
    """
    gone = dict.fromkeys(EVENTS, 0)
    for one in ledger:
        of_snapshot = "table" not in one and one.get("delivery_id") not in item["deliveries"]
        if one.get("producer") == name and one.get("event") in EVENTS and of_snapshot:
            gone[one["event"]] += one["count"]
    return gone["withdrawn"], sum(gone.values()) + item.get("unchanged", 0)


def stays_lost(name: str, item: dict[str, Any], base: dict[str, Any] | None) -> tuple[int, int]:
    """By how many stays the replaced months shrank, and the stays that the years of these months had."""
    held = (base or {}).get("tables", {}).get("hospital_stay", {})
    before = {
        part.split("__", 1)[1]: sum(file["rows"] for file in files) for part, files in held.items() if owned(part, name)
    }
    scope = item.get("scope", {}).get("hospital_stay", [])
    years = {period[:4] for period in scope}
    lost = sum(before.get(period, 0) for period in scope) - item.get("rows", {}).get("hospital_stay", 0)
    return max(lost, 0), sum(rows for period, rows in before.items() if period[:4] in years)


def owned(partition: str, producer: str) -> bool:
    """Whether a partition is of a producer."""
    return partition.split("__", 1)[0] == producer
