"""Counts that must balance: intake per delivery, and published tables per source."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jobs.core.errors import DataRefused

OUTCOMES = ("accepted", "unchanged", "duplicate", "quarantined", "ignored")
EVENTS = (
    "held", "released", "superseded", "withdrawn", "deleted", "masked", "restored", "applied", "opposed", "erased",
    "added", "removed",
)  # fmt: skip
KEYS = ("stage", "source", "producer", "delivery_id", "table", "outcome", "event", "rule", "cause")


class Unbalanced(DataRefused):
    """Records were lost or invented. The night fails."""


def line(count: int, **keys: str | None) -> dict[str, Any]:
    """One ledger line. Raises ValueError on an unknown key, outcome or event."""
    unknown = set(keys) - set(KEYS)
    if unknown or keys.get("outcome") not in (None, *OUTCOMES) or keys.get("event") not in (None, *EVENTS):
        raise ValueError(f"not a ledger line: {sorted(keys.items(), key=str)}")
    return {key: value for key, value in keys.items() if value is not None} | {"count": count}


def check_intake(read: dict[str, int], lines: Iterable[dict[str, Any]]) -> None:
    """Outcomes sum to what was read, per delivery. Raises Unbalanced naming the first delivery that does not."""
    sums: Counter[str] = Counter()
    for item in lines:
        if item.get("outcome"):
            sums[item["delivery_id"]] += item["count"]
    for delivery in sorted(set(read) | set(sums)):
        if read.get(delivery, 0) != sums[delivery]:
            raise Unbalanced(
                f"delivery {delivery}: {read.get(delivery, 0)} records read, {sums[delivery]} outcomes recorded."
            )


def check_tables(before: dict[str, int], after: dict[str, int], lines: Iterable[dict[str, Any]]) -> None:
    """Rows now = rows before + added − removed, per table. Raises Unbalanced naming the first table that does not."""
    moved: Counter[str] = Counter()
    for item in lines:
        if item.get("event") in ("added", "removed"):
            moved[item["table"]] += item["count"] if item["event"] == "added" else -item["count"]
    for table in sorted(set(before) | set(after) | set(moved)):
        expected = before.get(table, 0) + moved[table]
        if after.get(table, 0) != expected:
            raise Unbalanced(f"table {table}: {after.get(table, 0)} rows published, the ledger says {expected}.")
