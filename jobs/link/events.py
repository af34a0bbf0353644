"""Merges and splits as rows: the event with its proof in the identity zone, the move in the crosswalk."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from jobs.link.settle import MERGED, Move

Row = dict[str, Any]


def event_rows(moves: Iterable[Move], night: str) -> list[Row]:
    """One row of ``person_event`` per subject that moved: the person that goes on first, then the other."""
    return [event_row(move, night) for move in moves]


def event_row(move: Move, night: str) -> Row:
    """One moved subject."""
    stays, other = (move.person, move.former) if move.kind == MERGED else (move.former, move.person)
    return {
        "event_id": hashlib.sha256(" ".join((night, move.kind, stays, other)).encode()).hexdigest()[:32],
        "night": night,
        "kind": move.kind,
        "person_id": stays,
        "other_person_id": other,
        "subject_id": move.subject,
        "proof": move.proof,
    }


def move_rows(moves: Iterable[Move], night: str) -> list[Row]:
    """The rows of ``move``."""
    return [
        {"subject_id": one.subject, "night": night, "kind": one.kind, "person_id": one.person, "former_id": one.former}
        for one in moves
    ]


def person_rows(moves: Iterable[Move], known: set[str], traits: list[Row], night: str) -> list[Row]:
    """The persons that a split drew, with what their subjects state most often, as linkage founds a person."""
    moved = {one.subject: one.person for one in moves if one.person not in known}
    return [
        {
            "person_id": person,
            "created_night": night,
            **{name: commonest(traits, {s for s, p in moved.items() if p == person}, name) for name in STATED},
        }
        for person in sorted(set(moved.values()))
    ]


STATED = ("sex", "birth_date")


def commonest(traits: list[Row], subjects: set[str], name: str) -> Any:
    """The value that trait rows of some subjects state most often; of equals the smallest."""
    counts = Counter(row[name] for row in traits if row["subject_id"] in subjects and row[name] is not None)
    return min(counts, key=lambda value: (-counts[value], value), default=None)
