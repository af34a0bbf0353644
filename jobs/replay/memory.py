"""What earlier nights let through, kept for ever in the ledger: a record is released once."""

from pathlib import Path

from jobs.core.nights import state_path
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json

Place = tuple[str, str, str, int]  # producer, delivery, file, record


def released_path(settings: Settings, source: str, night: str) -> Path:
    """Where a night's released places are remembered, for ever."""
    return settings.ledger / "released" / source / f"{night}.json"


def released_before(settings: Settings, source: str, night: str) -> set[Place]:
    """Places that earlier nights let through; a night whose state held the producer did not."""
    found: set[Place] = set()
    for path in sorted((settings.ledger / "released" / source).glob("*.json")):
        if path.stem >= night:
            continue
        state = state_path(settings, source, path.stem)
        producers = read_json(state)["producers"] if state.is_file() else {}
        for producer, delivery, file, record, _ in read_json(path)["records"]:
            if producers.get(producer, {}).get("status", "accepted") == "accepted":
                found.add((producer, delivery, file, record))
    return found
