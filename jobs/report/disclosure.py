"""Facts of how far the candidate singles persons out; counts of persons are masked and coarse like all others."""

from typing import Any

from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.disclosure.measure import Exposure
from jobs.disclosure.night import read
from jobs.disclosure.sets import QuasiSet
from jobs.report.masking import coarse


def disclosure_facts(settings: Settings, night: str) -> list[dict[str, Any]]:
    """One object per set of quasi-identifiers: k, l, and the shares that a neighbour could single out."""
    below = settings.policy["privacy"]["mask_below"]
    return [facts_of(one, found, below) for one, found in read(settings, night)]


def facts_of(one: QuasiSet, found: Exposure, below: int) -> dict[str, Any]:
    """A set with its titles, k and l, its members coarsely, and each exposed part as a whole percentage."""
    schema = load_schema(f"published/{one.table}")
    parts = ("below", "unique", "unique_in_both")
    return {
        "table": one.table,
        "set": one.name,
        "fields": [{"name": name, "title": schema[name].title} for name in one.fields],
        "about": one.about,
        "sensitive": one.sensitive,
        "members": coarse(found.members, below),
        "k": found.k,
        "l": found.l,
        **{f"{part}_percent": percent(getattr(found, part), found.members, below) for part in parts},
        "alone_in_difference": coarse(found.alone_in_difference, below),
    }


def percent(part: int, members: int, below: int) -> int | None:
    """A whole percentage; None where the part, or what is left of the members, is from 1 to ``below`` − 1."""
    if 0 < part < below or 0 < members - part < below or not members:
        return None
    return round(100 * part / members)
