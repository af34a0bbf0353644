"""Facts of the three sources on one night: who arrived, who is missing, late or held, and how much came."""

from pathlib import Path
from typing import Any

from jobs.core.cli import SOURCES
from jobs.core.nights import previous_state
from jobs.core.register import Producer, load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.core.volumes import Volumes, usual, volumes_of

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
    earlier = (previous_state(settings, source, night) or {}).get("producers", {})
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
            earlier.get(name, {}),
            settings.policy["hold"],
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
    name: str,
    entry: Producer | None,
    state: dict[str, Any],
    proposal: dict[str, Any],
    earlier: dict[str, Any],
    hold: dict[str, Any],
) -> dict[str, Any]:
    """One producer: its state, what was read tonight and what is usual for it, in all and by format.

    ``earlier`` is its part of the state before, as check compared with it.
    """
    formats = entry.formats if entry else ()
    came = proposal.get("read_by_format") or dict.fromkeys(formats[:1], 0)
    by_format = format_facts(hold, came, volumes_of(earlier, formats))
    middles = [one["usual"] for one in by_format]
    expected = sum(middles) if middles and None not in middles else None
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
        "usual": expected,
        "ratio_percent": percent(read, expected),
        "by_format": by_format,
        "outcomes": {key: proposal.get(key, 0) for key in OUTCOMES},
        "missing_lots": state.get("remembered", {}).get("lots", {}).get("missing", []),
    }


def format_facts(hold: dict[str, Any], read: dict[str, int], volumes: Volumes) -> list[dict[str, Any]]:
    """What was read in each format of tonight, and the trailing median of its own nights, once there are enough."""
    middles = {name: usual(hold, volumes.get(name, [])) for name in sorted(read)}
    rounded = {name: None if middle is None else int(middle) for name, middle in middles.items()}
    return [
        {"format": name, "read": read[name], "usual": middle, "ratio_percent": percent(read[name], middle)}
        for name, middle in rounded.items()
    ]


def percent(read: int, expected: int | None) -> int | None:
    """Records as a percentage of the usual number; None while nothing is usual."""
    return round(100 * read / expected) if expected else None


def count_by(items: list[dict[str, Any]], key: str) -> dict[str, int]:
    """How many items have each value of a key, values in order."""
    values = sorted(str(item[key]) for item in items)
    return {value: values.count(value) for value in dict.fromkeys(values)}
