"""How each subject of a person came to it: straight from the one that is asked for, or through another."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from jobs.link.ties import keys_of

RULES = {"birth": "number_birth_date", "first": "number_first_name", "exact": "exact_traits"}  # by the kind of a key
BEYOND = ("score", "decision")  # tiers that need no common key
Row = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """The tier that ties a subject and the subject that it ties it to; "" for a tier that cannot be told any more.

    ``straight``: that subject is the one that is asked for.
    """

    tier: str
    to: str
    straight: bool


def ways(
    subject: str, rows: Iterable[Row], tiers: dict[str, str], nearness: Callable[[str, str], int]
) -> dict[str, Way]:
    """The way of every other subject of the person, nearest first.

    ``rows``: trait rows of all of them; ``tiers``: the tier of each one's own link. A common key of the exact rules is
    a way; where there is none, the two that are nearest are tied by the score or a decision that the links tell of.
    """
    keys: dict[str, set[tuple[Any, ...]]] = {subject: set()}
    for row in rows:
        keys.setdefault(row["subject_id"], set()).update(keys_of(row))
    found: dict[str, Way] = {}
    reached, rest = [subject], sorted(set(keys) - {subject})
    while rest:
        for other, way in spread(keys, reached, rest):
            found[other] = way
        if rest:
            near, other = max(product(reached, rest), key=lambda pair: nearness(*pair))
            told = (tiers.get(one, "") for one in (other, near, *reached, *rest))
            found[other] = Way(next((tier for tier in told if tier in BEYOND), ""), near, near == subject)
            reached.append(other)
            rest.remove(other)
    return found


def spread(keys: dict[str, set[tuple[Any, ...]]], reached: list[str], rest: list[str]) -> Iterator[tuple[str, Way]]:
    """Whom a common key ties to those that are reached, breadth first; moves them from ``rest`` to ``reached``."""
    for near in reached:  # grows while it is walked
        for other in list(rest):
            shared = {kind for kind, *_ in keys[near] & keys[other]}
            if shared:
                yield other, Way(next(RULES[kind] for kind in RULES if kind in shared), near, near == reached[0])
                reached.append(other)
                rest.remove(other)
