"""Both sides of an item with their traits, for a cleared steward's eyes alone. Nothing here is written or logged."""

from dataclasses import dataclass
from typing import Any

from jobs.core.nights import base_night
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, tables_from_json
from jobs.link.change import by_person, persons_of
from jobs.link.walk import published_walk
from jobs.review.queue import Item
from jobs.why.compare import TRAITS, Traits, agreement, compare, traits_of


@dataclass(frozen=True)
class Sides:
    """Where each side comes from, and each trait with both sides' values and whether they agree."""

    left: list[str]
    right: list[str]
    traits: list[tuple[str, list[str], list[str], str]]


def sides(settings: Settings, item: Item) -> Sides:
    """The traits that the index knows of both sides, normalised as linkage compares them."""
    night = str(base_night(settings, "9999"))
    index = tables_from_json(read_json(settings.identity / night / "index.json")["tables"])
    walk = published_walk(settings)
    persons = set(by_person(settings, {*item.left, *item.right}, walk).values())
    rows = persons_of(settings, persons, index, walk).traits
    own = [[row for row in rows if row["subject_id"] in side] for side in (item.left, item.right)]
    told = [traits_of(side) for side in own]
    found = agreements(*told)
    traits = [(name, shown(told[0][name]), shown(told[1][name]), found[name]) for name in TRAITS]
    return Sides(origins(own[0]), origins(own[1]), traits)


def agreements(left: Traits, right: Traits) -> dict[str, str]:
    """Of every trait, the rank of a single birth too; the page shows by itself which side does not know it."""
    told = {name: agreement(left[name], right[name]) for name in TRAITS} | compare(left, right)
    return {name: "unknown" if kind in ("here", "there") else kind for name, kind in told.items()}


def shown(values: set[Any]) -> list[str]:
    """Values in a fixed order."""
    return sorted(str(value) for value in values)


def origins(rows: list[dict[str, Any]]) -> list[str]:
    """Source, producer and first night of each subject of a side."""
    first: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row["night"]):
        first.setdefault(row["subject_id"], f"{row['source']} {row['producer']}, {row['night']}")
    return [f"{place} — {subject}" for subject, place in sorted(first.items())]
