"""What the measures of a night's linkage say for and against it. Reasons name limits and groups; they count nobody."""

from collections.abc import Iterator
from typing import Any

from jobs.gate.reasons import LEAST_RECORDS, Reason, reason

LEAST_DECISIONS = 20  # a share of fewer decisions than this is not judged


def measured_reasons(measures: dict[str, Any], policy: dict[str, Any]) -> list[Reason]:
    """Reasons from ``ledger/linkage/<night>.json`` by the limits of ``[linkage]``; none when there are no measures."""
    if "decisions" not in measures:
        return []
    return [*hard(measures, policy), *gaps(measures, policy), *doubts(measures, policy)]


def hard(measures: dict[str, Any], policy: dict[str, Any]) -> Iterator[Reason]:
    """What forbids publication: broken decisions, an over-merged person, a queue nobody works off, a mass of moves."""
    told, queue = measures["decisions"], sum(measures["queue"].values())
    moves = measures["merges"] + measures["splits"]
    if told["kept"] < told["asked"]:
        yield reason("LNK-101", detail=f"{told['asked'] - told['kept']} of {told['asked']} decisions")
    for code, value, limit in (
        ("LNK-102", measures["largest_person"], policy["max_person_subjects"]),
        ("LNK-103", queue, policy["max_queue"]),
        ("LNK-104", moves, policy["max_moves"]),
    ):
        if value > limit:
            yield reason(code, detail=f"{value}, limit {limit}")


def gaps(measures: dict[str, Any], policy: dict[str, Any]) -> Iterator[Reason]:
    """Groups whose new subjects are linked less often than those of all groups together."""
    for dimension, values in sorted(measures["groups"].items()):
        subjects, linked = (sum(one[name] for one in values.values()) for name in ("subjects", "linked"))
        for value, one in sorted(values.items()):
            far = (
                linked * one["subjects"] - one["linked"] * subjects
                > policy["max_group_gap"] * subjects * one["subjects"]
            )
            if one["subjects"] >= LEAST_RECORDS and far:
                yield reason("LNK-105", detail=f"{dimension} {value}")


def doubts(measures: dict[str, Any], policy: dict[str, Any]) -> Iterator[Reason]:
    """Numbers that do not behave as one person's, and links that stewards had to undo."""
    for name in ("numbers_per_person", "persons_per_number"):
        known = {key: count for key, count in measures[name].items() if key != "0"}
        several = sum(count for key, count in known.items() if key != "1")
        if sum(known.values()) >= LEAST_RECORDS and several > policy["max_several_share"] * sum(known.values()):
            yield reason("LNK-106", detail=name)
    told = measures["decisions"]
    if told["asked"] >= LEAST_DECISIONS and told["wrong"] > policy["max_wrong_share"] * told["asked"]:
        yield reason("LNK-107", detail=f"{told['wrong']} of {told['asked']} decisions")
