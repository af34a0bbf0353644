"""Facts of the three sources on one night: who arrived, who is missing, late or held, and how much came."""

from pathlib import Path
from statistics import median
from typing import Any

from jobs.core.cli import SOURCES
from jobs.core.nights import closed_nights, state_path
from jobs.core.register import Producer, load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json

OUTCOMES = ("accepted", "unchanged", "duplicate", "quarantined", "ignored")


def optional(path: Path) -> Any:
    """A pointer, or an empty object when its stage has not run: the report is written whatever happened."""
    return read_json(path) if path.is_file() else {}


def source_facts(settings: Settings, night: str) -> list[dict[str, Any]]:
    """One object per source, producers with trouble first."""
    register = load_register(settings)
    return [one_source(settings, night, source, register) for source in SOURCES]


def one_source(settings: Settings, night: str, source: str, register: dict[str, Producer]) -> dict[str, Any]:
    """State, deliveries, outcomes and producers of one source."""
    folder = settings.standard / source / night
    state = optional(folder / "state.json")
    proposal = optional(folder / "proposal.json").get("producers", {})
    pull = optional(settings.raw / source / night / "pull.json")
    history = volumes(settings, source, night)
    names = sorted(
        set(state.get("producers", {}))
        | {p.producer for p in register.values() if p.source == source and p.status == "active"}
    )
    producers = [
        producer_facts(
            name,
            register.get(name),
            state.get("producers", {}).get(name, {}),
            proposal.get(name, {}),
            history.get(name, []),
            settings.policy["hold"]["min_trailing_nights"],
        )
        for name in names
    ]
    return {
        "source": source,
        "status": state.get("status", "open"),
        "reason": state.get("reason"),
        "rule": state.get("rule"),
        "deliveries": count_by(pull.get("deliveries", []), "status"),
        "read": sum(item["read"] for item in producers),
        "outcomes": {key: sum(item["outcomes"][key] for item in producers) for key in OUTCOMES},
        "producers_by_status": count_by(producers, "status"),
        "producers": sorted(
            producers, key=lambda item: (item["status"] == "accepted", item["status"], item["producer"])
        ),
    }


def producer_facts(
    name: str, entry: Producer | None, state: dict[str, Any], proposal: dict[str, Any], earlier: list[int], enough: int
) -> dict[str, Any]:
    """One producer: its state, what was read tonight and its own trailing median, once there are enough nights."""
    usual = int(median(earlier)) if len(earlier) >= enough else None
    read = proposal.get("read", 0)
    return {
        "producer": name,
        "name": entry.name if entry else "",
        "contact": entry.contact if entry else "",
        "status": state.get("status", "open"),
        "as_of": state.get("as_of"),
        "held_since": state.get("held_since"),
        "rule": state.get("rule"),
        "deliveries": proposal.get("deliveries", []),
        "read": read,
        "usual": usual,
        "ratio_percent": round(100 * read / usual) if usual else None,
        "outcomes": {key: proposal.get(key, 0) for key in OUTCOMES},
    }


def volumes(settings: Settings, source: str, night: str) -> dict[str, list[int]]:
    """Records read per producer on the earlier nights of the trailing window, nights without a delivery left out."""
    window = settings.policy["hold"]["trailing_nights"]
    nights = [closed for closed in closed_nights(settings, source) if closed < night][-window:]
    found: dict[str, list[int]] = {}
    for earlier in nights:
        for name, item in read_json(state_path(settings, source, earlier)).get("producers", {}).items():
            if item.get("read"):
                found.setdefault(name, []).append(item["read"])
    return found


def count_by(items: list[dict[str, Any]], key: str) -> dict[str, int]:
    """How many items have each value of a key, values in order."""
    values = sorted(str(item[key]) for item in items)
    return {value: values.count(value) for value in dict.fromkeys(values)}
