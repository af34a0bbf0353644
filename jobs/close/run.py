"""The four things one can do to a source's night: close it, close it at the deadline, read it, take it back."""

from pathlib import Path
from typing import Any

from jobs.close.compose import compose
from jobs.close.evidence import Evidence
from jobs.core.errors import DataRefused
from jobs.core.nights import closed_nights, decisions, previous_state, state_path
from jobs.core.register import load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.standardise.pools import proposal_path, pull_path

UNLOADED = ("failed", "absent")  # states that took nothing in: the source may be run and closed again


def close_night(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
    """Write the source's state of the night, whatever happened before. A state that took data in is final.

    One that took nothing in (failed, absent) is written anew while nobody has decided the night.
    """
    assert source is not None
    path = state_path(settings, source, night)
    if path.is_file():
        state = read_json(path)
        if state["status"] not in UNLOADED or night in decisions(settings):
            return summary(state) | {"already_closed": True}
    require_last(settings, source, night)
    state = compose(evidence(settings, night, source))
    write_json(path, state)
    return summary(state)


def close_at_deadline(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
    """Close a source that has not closed by now with what is there; leave a closed one as it is."""
    assert source is not None
    path = state_path(settings, source, night)
    if path.is_file():
        return summary(read_json(path)) | {"already_closed": True}
    return close_night(settings, night, source)


def verdict_of_night(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
    """Read the state. Raises DataRefused with its reason when the source is failed or was never closed."""
    assert source is not None
    path = state_path(settings, source, night)
    if not path.is_file():
        raise DataRefused("the night is not closed; run close first.")
    state = read_json(path)
    if state["status"] == "failed":
        raise DataRefused(state["reason"])
    return summary(state)


def reopen_night(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
    """Remove the state of a night that is not published, so that its source can be run again.

    Raises DataRefused when readers have the night already or a later night started from it.
    """
    assert source is not None
    if decisions(settings).get(night, {}).get("decision") == "publish":
        raise DataRefused("the night is published; corrections load in the next one.")
    require_last(settings, source, night)
    path = state_path(settings, source, night)
    there = path.is_file()
    path.unlink(missing_ok=True)
    return {"reopened": there}


def require_last(settings: Settings, source: str, night: str) -> None:
    """Raise DataRefused when a later night of the source is closed: it did not start from this one."""
    later = [closed for closed in closed_nights(settings, source) if closed > night]
    if later:
        raise DataRefused(f"{later[0]} is closed already; a night cannot be closed after a later one.")


def evidence(settings: Settings, night: str, source: str) -> Evidence:
    """Everything that the earlier stages left, each part possibly missing."""
    register = load_register(settings)
    return Evidence(
        night=night,
        source=source,
        active=sorted(p.producer for p in register.values() if p.source == source and p.status == "active"),
        pull=optional(pull_path(settings, source, night)),
        proposal=optional(proposal_path(settings, source, night)),
        check=optional(state_path(settings, source, night).with_name("check.json")),
        previous=previous_state(settings, source, night) or {},
        max_held_share=settings.policy["gate"]["max_held_share"],
        trailing_nights=settings.policy["hold"]["trailing_nights"],
    )


def optional(path: Path) -> dict[str, Any] | None:
    """A pointer, or None when its stage did not come that far."""
    return dict(read_json(path)) if path.is_file() else None


def summary(state: dict[str, Any]) -> dict[str, Any]:
    """The counts of the final line."""
    statuses = [item["status"] for item in state["producers"].values()]
    return {"status": state["status"], **{name: statuses.count(name) for name in sorted(set(statuses))}}
