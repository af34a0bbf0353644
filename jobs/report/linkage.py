"""Facts of the night's linkage, by source and by group of persons. What counts persons is masked."""

from typing import Any

from jobs.core.settings import Settings
from jobs.report.complement import told_of
from jobs.report.masking import coarse
from jobs.report.sources import optional

LINKED = ("number_birth_date", "number_first_name", "exact_traits", "score")
Tables = dict[str, list[dict[str, Any]]]
LEAST_SUBJECTS = 100  # a rate of fewer new subjects is not shown


def linkage(settings: Settings, night: str) -> dict[str, Any]:
    """New subjects by the rule that linked them, persons in the index, and the measures; empty before ``link`` ran.

    Cells are rounded down to tens and hidden from 1 to 10; a rate is shown in whole percent, of enough subjects, unless
    it would tell of 1 to 10 persons. A table whose hidden cells would follow from the others is not shown.
    """
    counts = optional(settings.ledger / "linkage" / f"{night}.json")
    return shown_linkage(counts, settings.policy["privacy"]["mask_below"]) if counts else {}


def shown_linkage(counts: dict[str, Any], below: int) -> dict[str, Any]:
    """The counts of a night's linkage as they are shown."""
    whole = rounded({"subjects": counts["subjects"], **counts["tiers"]}, below)
    tables: Tables = {"": [{"name": ""} | whole]}
    if "decisions" in counts:
        tables["source"] = rows_of(counts["by_source"], below)
        tables |= {name: rows_of(values, below) for name, values in counts["groups"].items()}
    safe = withheld(tables, below)
    found = {
        "tiers": {name: count for name, count in safe[""][0].items() if name in counts["tiers"]},
        "subjects": whole["subjects"],
        "persons": coarse(counts["persons"], below),
    }
    return found | (measured(counts, safe, below) if "decisions" in counts else {})


def measured(counts: dict[str, Any], tables: Tables, below: int) -> dict[str, Any]:
    """The measures as they are shown. Decisions, events and items of the queues are no persons: they are exact."""
    return {
        "by_source": tables["source"],
        "groups": {name: tables[name] for name in counts["groups"]},
        "numbers_per_person": rounded(counts["numbers_per_person"], below),
        "persons_per_number": rounded(counts["persons_per_number"], below),
        **{name: counts[name] for name in ("largest_person", "merges", "splits", "queue", "decisions")},
    }


def withheld(tables: Tables, below: int) -> Tables:
    """The tables without the rows of those that would give a hidden cell away, beside all that are left.

    Of the whole night the total stays.
    """
    left = dict(tables)
    while found := {cell[0] for cell in told_of(left, below, LINKED).given_away()}:
        total = [{name: count for name, count in tables[""][0].items() if name in ("name", "subjects")}]
        left |= {name: [] for name in found - {""}} or {"": total}
    return left


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
