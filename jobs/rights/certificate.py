"""What was removed where, for the person who asked and for whoever audits it; it names neither."""

from dataclasses import dataclass, field
from typing import Any

from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.rights.register import Entry
from jobs.rights.zones import Removed

LIMITS = (
    "Backups and copies that readers made before are not reached; restore none without running jobs.rights again.",
    "A record that was refused and holds neither a number nor a stay of the person cannot be told to be theirs.",
)


@dataclass
class Told:
    """What a run did for one request: by zone, releases with their successors, notes about what could not be cut."""

    zones: dict[str, Removed]
    releases: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def files(self) -> int:
        """Files that were rewritten or removed."""
        return sum(len(one.files) for one in self.zones.values())


def write(settings: Settings, entry: Entry, told: Told) -> int:
    """Add a run to the request's certificate, unless it found nothing and is not the first. Returns its files.

    Counts of persons and subjects say how much was known, never who.
    """
    path = settings.ledger / "rights" / f"{entry.request_id}.json"
    runs: list[dict[str, Any]] = read_json(path)["runs"] if path.is_file() else []
    if runs and not told.files:
        return 0
    run = {
        "persons": len(entry.persons),
        "subjects": len(entry.subjects),
        "rules": rules(entry),
        "zones": {name: one.to_json() for name, one in sorted(told.zones.items())},
        "releases": [{"before": before, "after": after} for before, after in sorted(told.releases.items())],
        "notes": told.notes,
    }
    head = {name: getattr(entry, name) for name in ("request_id", "kind", "dated", "signed_off_by")}
    write_json(path, head | {"runs": [*runs, run], "limits": list(LIMITS)})
    return told.files


def rules(entry: Entry) -> list[str]:
    """Warnings about what a request resolved to."""
    unknown = ["RGT-004"] if not entry.persons else []
    return unknown + (["RGT-005"] if len(entry.persons) > 1 else [])


def sentence(entry: Entry, told: Told) -> str:
    """The certificate in one line."""
    if not entry.persons and not told.files:
        return f"{entry.request_id}: {entry.kind}: nobody is known by it yet; it stays in force."
    rows = {zone: sum(one["rows"] for one in removed.tables.values()) for zone, removed in sorted(told.zones.items())}
    where = ", ".join(f"{count} row copies of {zone}" for zone, count in rows.items() if count) or "nothing new"
    releases = f"; {len(told.releases)} releases have a successor" if told.releases else ""
    return f"{entry.request_id}: {entry.kind}: removed {where}{releases}."
