"""Facts of the night's linkage, by source and by group of persons. What counts persons is masked."""

from typing import Any

from jobs.core.settings import Settings
from jobs.report.masking import coarse, mask_parts
from jobs.report.sources import optional

LEAST_SUBJECTS = 100  # a rate of fewer new subjects is not shown


def linkage(settings: Settings, night: str) -> dict[str, Any]:
    """New subjects by the rule that linked them, persons in the index, and the measures; empty before ``link`` ran.

    Cells are rounded down to tens and hidden from 1 to 10; a rate is shown in whole percent, of enough subjects, unless
    it would tell of 1 to 10 persons. So no cell follows from the others.
    """
    counts = optional(settings.ledger / "linkage" / f"{night}.json")
    if not counts:
        return {}
    below = settings.policy["privacy"]["mask_below"]
    found = {
        "tiers": mask_parts(counts["tiers"], below),
        "subjects": coarse(counts["subjects"], below),
        "persons": coarse(counts["persons"], below),
    }
    return found | (measured(counts, below) if "decisions" in counts else {})


def measured(counts: dict[str, Any], below: int) -> dict[str, Any]:
    """The measures as they are shown. Decisions, events and items of the queues are no persons: they are exact."""
    return {
        "by_source": rows_of(counts["by_source"], below),
        "groups": {name: rows_of(values, below) for name, values in counts["groups"].items()},
        "numbers_per_person": rounded(counts["numbers_per_person"], below),
        "persons_per_number": rounded(counts["persons_per_number"], below),
        **{name: counts[name] for name in ("largest_person", "merges", "splits", "queue", "decisions")},
    }


def rows_of(values: dict[str, dict[str, int]], below: int) -> list[dict[str, Any]]:
    """One row per value of a dimension, with its rate and its rounded counts. The largest person is none of a group."""
    return [
        {"name": name, "rate_percent": rate(one["linked"], one["subjects"], below)}
        | rounded({key: count for key, count in one.items() if key != "largest_person"}, below)
        for name, one in sorted(values.items())
    ]


def rate(linked: int, subjects: int, below: int) -> int | None:
    """Linked of new subjects in whole percent; None when it is not shown."""
    small = any(0 < count < below for count in (linked, subjects - linked))
    return None if subjects < LEAST_SUBJECTS or small else 100 * linked // subjects


def rounded(counts: dict[str, int], below: int) -> dict[str, int | None]:
    """Counts rounded down to tens, and hidden from 1 to 10."""
    return {name: coarse(count, below) for name, count in counts.items()}
