"""Where the stage keeps what it makes: one pool per zone, and the small pointers beside them."""

from pathlib import Path

from jobs.core.settings import Settings
from jobs.core.snapshot import Pool


def standard_pool(settings: Settings, source: str) -> Pool:
    """Typed tables of one source."""
    return Pool(settings.standard / source / "pool")


def claim_pool(settings: Settings) -> Pool:
    """Claims of all sources; the identity zone."""
    return Pool(settings.identity / "pool")


def quarantine_pool(settings: Settings) -> Pool:
    """Rejected records with their bytes."""
    return Pool(settings.quarantine / "pool")


def intake_pool(settings: Settings) -> Pool:
    """One outcome per record ever read."""
    return Pool(settings.ledger / "intake" / "pool")


def proposal_path(settings: Settings, source: str, night: str) -> Path:
    """What the stage proposes for a night; check judges it, close takes or holds it per producer."""
    return settings.standard / source / night / "proposal.json"


def quarantine_path(settings: Settings, source: str, night: str) -> Path:
    """The pointer to a night's rejected records."""
    return settings.quarantine / source / f"{night}.json"


def intake_path(settings: Settings, source: str, night: str) -> Path:
    """The pointer to a night's outcomes, kept for ever."""
    return settings.ledger / "intake" / source / f"{night}.json"


def pull_path(settings: Settings, source: str, night: str) -> Path:
    """What pull found and packed."""
    return settings.raw / source / night / "pull.json"
