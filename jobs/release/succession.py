"""Which release took the place of which, for ever: a name once published still leads to what may be read of it."""

from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json


def succession(settings: Settings) -> dict[str, str]:
    """``{release: successor}``, each one step."""
    path = settings.ledger / "successions.json"
    found: dict[str, str] = read_json(path) if path.is_file() else {}
    return found


def successor(settings: Settings, name: str) -> str:
    """The last successor of a release; the release itself when it has none."""
    known = succession(settings)
    while name in known:
        name = known[name]
    return name


def record(settings: Settings, old: str, new: str) -> None:
    """Remember that ``new`` took the place of ``old``."""
    write_json(settings.ledger / "successions.json", succession(settings) | {old: new})
