"""Which nights are closed and decided, and which one a night starts from."""

from pathlib import Path
from typing import Any

from jobs.core.cli import SOURCES
from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json


def decision_path(settings: Settings, night: str) -> Path:
    """Where the decision of a night is recorded."""
    return settings.ledger / "nights" / f"{night}.json"


def decisions(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every decided night: ``{night: {night, decision, release}}``; decision is ``publish`` or ``refuse``."""
    folder = settings.ledger / "nights"
    return {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}


def base_night(settings: Settings, night: str) -> str | None:
    """The newest earlier night that was published; index, crosswalk and candidate start from it."""
    earlier = [n for n, decided in decisions(settings).items() if n < night and decided["decision"] == "publish"]
    return max(earlier, default=None)


def state_path(settings: Settings, source: str, night: str) -> Path:
    """Where a source's closed state of a night lies."""
    return settings.standard / source / night / "state.json"


def closed_nights(settings: Settings, source: str) -> list[str]:
    """Nights that the source has closed, oldest first."""
    return sorted(path.parent.name for path in (settings.standard / source).glob("*/state.json"))


def previous_state(settings: Settings, source: str, night: str) -> dict[str, Any] | None:
    """The state of the newest earlier closed night of a source."""
    earlier = [closed for closed in closed_nights(settings, source) if closed < night]
    return read_json(state_path(settings, source, max(earlier))) if earlier else None


def rotation_path(settings: Settings) -> Path:
    """Where an open rotation of the centre's key is recorded."""
    return settings.ledger / "rotation.json"


def require_no_rotation(settings: Settings) -> None:
    """Raise DataRefused (REK-001) while a rotation is half done: what is published is under two keys until it ends."""
    if rotation_path(settings).is_file():
        done = read_json(rotation_path(settings))["done"]
        raise DataRefused(
            f"REK-001: a rotation of the centre's key stopped after step {done[-1] if done else 'none'}: "
            "run jobs.rekey to its end, then this again."
        )


def require_serial(settings: Settings, night: str) -> None:
    """Nights are serial. Raises DataRefused while an earlier one is undecided or when a later one is decided."""
    require_no_rotation(settings)
    decided = decisions(settings)
    closed = {found for source in SOURCES for found in closed_nights(settings, source)}
    open_before = sorted(found for found in closed if found < night and found not in decided)
    if open_before:
        raise DataRefused(f"night {open_before[0]} is closed but undecided; run its national_night first.")
    later = sorted(found for found in decided if found > night)
    if later:
        raise DataRefused(f"night {later[-1]} is decided already; a night cannot be redone once a later one is.")
