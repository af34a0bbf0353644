"""Which release took the place of which, for ever: a name once published still leads to what may be read of it."""

from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json


def recorded(settings: Settings) -> dict[str, dict[str, str]]:
    """``{release: {release, cause}}`` as written: the successor, and the request that it was made for."""
    path = settings.ledger / "successions.json"
    found: dict[str, dict[str, str]] = read_json(path) if path.is_file() else {}
    return found


def succession(settings: Settings, cause: str | None = None) -> dict[str, str]:
    """``{release: successor}``, each one step; of one cause when it is given."""
    return {old: new["release"] for old, new in recorded(settings).items() if cause in (None, new["cause"])}


def successor(settings: Settings, name: str) -> str:
    """The last successor of a release; the release itself when it has none."""
    known = succession(settings)
    while name in known:
        name = known[name]
    return name


def record(settings: Settings, old: str, new: str, cause: str) -> None:
    """Remember that ``new`` took the place of ``old``, and why."""
    write_json(settings.ledger / "successions.json", recorded(settings) | {old: {"release": new, "cause": cause}})
