"""What was removed where, for the person who asked and for whoever audits it; it names neither."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
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

    zones: dict[str, Removed] = field(default_factory=dict)
    releases: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def files(self) -> int:
        """Files that were rewritten or removed."""
        return sum(len(one.files) + one.count("whole_deliveries") for one in self.zones.values())


def write(settings: Settings, entry: Entry, told: Told) -> None:
    """Add what was done to the request's certificate.

    What an interrupted run did stands in one entry with what ends it: zone after zone is written as soon as it is
    done. Once a request is done, only a run that finds something adds an entry. Counts say how much, never who.
    """
    path = certificate_path(settings, entry)
    runs: list[dict[str, Any]] = read_json(path)["runs"] if path.is_file() else []
    if entry.done and not told.files:
        return
    going_on = runs.pop() if runs and not entry.done else {"zones": {}, "releases": [], "notes": []}
    told_of = [one for run in runs for one in run["releases"]]
    releases = [{"before": before, "after": after} for before, after in sorted(told.releases.items())]
    releases = [one for one in releases if one not in told_of]
    run = {
        "persons": len(entry.persons),
        "subjects": len(entry.subjects),
        "rules": rules(entry),
        "zones": going_on["zones"] | {name: joined(going_on, name, one) for name, one in told.zones.items()},
        "releases": going_on["releases"] + [one for one in releases if one not in going_on["releases"]],
        "notes": going_on["notes"] + [one for one in told.notes if one not in going_on["notes"]],
    }
    head = {name: getattr(entry, name) for name in ("request_id", "kind", "dated", "signed_off_by")}
    write_json(path, head | {"runs": [*runs, run], "limits": list(LIMITS)})


def merge(told: Told, part: Told) -> None:
    """Add one part of a run to the whole."""
    told.zones |= part.zones
    told.releases |= part.releases
    told.notes += part.notes


def joined(run: dict[str, Any], zone: str, removed: Removed) -> dict[str, Any]:
    """What was removed of a zone now, and before an interruption; a file that was met twice counts once."""
    before, now = run["zones"].get(zone, {"tables": {}, "files": []}), removed.to_json()
    if not removed.tables:
        return before
    if now["files"] and before["files"] == now["files"]:
        return now
    tables = {
        name: dict(sorted((Counter(before["tables"].get(name, {})) + Counter(now["tables"].get(name, {}))).items()))
        for name in sorted({*before["tables"], *now["tables"]})
    }
    return {"tables": tables, "files": before["files"] + [one for one in now["files"] if one not in before["files"]]}


def rules(entry: Entry) -> list[str]:
    """Warnings about what a request resolved to."""
    unknown = ["RGT-004"] if not entry.persons else []
    return unknown + (["RGT-005"] if len(entry.persons) > 1 else [])


def releases_told(settings: Settings, entry: Entry) -> frozenset[str]:
    """Releases whose successors the request's certificate names already."""
    path = certificate_path(settings, entry)
    runs = read_json(path)["runs"] if path.is_file() else []
    return frozenset(one["before"] for run in runs for one in run["releases"])


def certificate_path(settings: Settings, entry: Entry) -> Path:
    """Where the certificate of a request lies."""
    return settings.ledger / "rights" / f"{entry.request_id}.json"


def sentence(entry: Entry, told: Told, known: frozenset[str] = frozenset()) -> str:
    """What a run did in one line; ``known``: releases whose successors were told before it."""
    if not entry.persons and not told.files:
        return f"{entry.request_id}: {entry.kind}: nobody is known by it yet; it stays in force."
    rows = {zone: removed.count("rows") for zone, removed in sorted(told.zones.items())}
    where = ", ".join(f"{count} row copies of {zone}" for zone, count in rows.items() if count) or "nothing new"
    new = len(told.releases.keys() - known)
    releases = f"; {new} releases have a successor" if new else ""
    return f"{entry.request_id}: {entry.kind}: removed {where}{releases}."
