"""Which subjects of one person hold together by a rule: the keys of the tiers, for a handful of trait rows."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from jobs.link.settle import Tie

KINDS = ("birth", "first", "exact")
Row = dict[str, Any]


def ties(rows: Iterable[Row]) -> list[Tie]:
    """Pairs of subjects whose trait rows meet under a key, those that meet under more kinds of keys first.

    Guards are not asked: these subjects were one person before, and the question is only who goes with whom. Twins
    share a number and a birth date; who also shares the given name is the nearer one.
    """
    holders: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        for key in keys_of(row):
            holders.setdefault(key, set()).add(row["subject_id"])
    kinds: dict[tuple[str, str], set[str]] = {}
    for (kind, *_), subjects in holders.items():
        for pair in combinations(sorted(subjects), 2):
            kinds.setdefault(pair, set()).add(kind)
    return sorted((len(KINDS) - len(found), *pair) for pair, found in kinds.items())


def keys_of(row: Row) -> Iterator[tuple[Any, ...]]:
    """The keys under which a trait row may meet another, each beginning with its kind (as ``traits.keys``)."""
    number, given, born = row["number"], row["given_key"], row["birth_date"]
    if number and born:
        yield "birth", number, born
    if number and given and row["birth_year"]:
        yield "first", number, given, row["birth_year"]
    for name in {row["family_key"], row["used_key"]} - {None}:
        if given and born and row["sex"]:
            yield "exact", name, given, born, row["sex"]
