"""The exposure of a night's candidate by set and partition; unchanged partitions are not read again."""

from pathlib import Path
from typing import Any

from jobs.core.nights import base_night
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, read_json, write_json
from jobs.disclosure.measure import Exposure, exposure, relation_of, together
from jobs.disclosure.sets import QuasiSet, quasi_sets
from jobs.release.pools import locate

Tables = dict[str, Partitions]


def measure(settings: Settings, night: str, tables: Tables, base: Tables) -> dict[str, Exposure]:
    """Write ``ledger/disclosure/<night>.json`` and return the exposure by ``table.set``.

    Only partitions with other files than in the base are read, one GROUP BY a set; the others keep what was measured
    when they were new, with nobody alone in a difference.
    """
    limit = settings.policy["privacy"]["least_members"]
    earlier = remembered(settings, base_night(settings, night), limit)
    found: dict[str, dict[str, Exposure]] = {}
    for one in quasi_sets():
        parts, was = tables.get(one.table, {}), base.get(one.table, {})
        name = f"{one.table}.{one.name}"
        found[name] = {
            part: carried(earlier, name, part, files == was.get(part))
            or exposure(rows(settings, files), rows_before(settings, was.get(part)), one, limit)
            for part, files in sorted(parts.items())
            if files
        }
    told = {name: {part: item.to_json() for part, item in parts.items()} for name, parts in found.items()}
    write_json(path_of(settings, night), {"night": night, "least_members": limit, "sets": told})
    return {name: together(list(parts.values())) for name, parts in found.items()}


def path_of(settings: Settings, night: str) -> Path:
    """Where the measures of a night are."""
    return settings.ledger / "disclosure" / f"{night}.json"


def remembered(settings: Settings, night: str | None, limit: int) -> dict[str, Any]:
    """What the base measured under the same limit."""
    path = path_of(settings, night) if night else None
    if path is None or not path.is_file():
        return {}
    value = read_json(path)
    return dict(value["sets"]) if value["least_members"] == limit else {}


def carried(earlier: dict[str, Any], name: str, part: str, same: bool) -> Exposure | None:
    """The measure of an unchanged partition: who was alone is alone in both, and nothing differs."""
    value = earlier.get(name, {}).get(part) if same else None
    if value is None:
        return None
    return Exposure.from_json(value | {"unique_in_both": value["unique"], "alone_in_difference": 0})


def rows(settings: Settings, files: list[DataFile]) -> str:
    """Query for the rows of files of the candidate or the published pool."""
    return relation_of([locate(settings, file) for file in files])


def rows_before(settings: Settings, files: list[DataFile] | None) -> str | None:
    """The same for the files that a partition had before, if it had any."""
    return rows(settings, files) if files else None


def read(settings: Settings, night: str) -> list[tuple[QuasiSet, Exposure]]:
    """What a night measured, set by set; nothing when it measured nothing."""
    path = path_of(settings, night)
    told = read_json(path)["sets"] if path.is_file() else {}
    return [
        (one, together([Exposure.from_json(item) for item in told[f"{one.table}.{one.name}"].values()]))
        for one in quasi_sets()
        if told.get(f"{one.table}.{one.name}")
    ]
