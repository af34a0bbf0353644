"""What forbids that two nodes are one person, by name. The list is explained in ``docs/explanation/identity.md``.

Every text here is a condition on a pair of nodes, ``a`` and ``b``, with the sets of traits as ``traits.NODES`` makes
them, in the SQL that both engines of ``engine.run`` read.
"""

from collections.abc import Iterable

PREFIX = 3  # letters that a shortened given name must keep (ALEX, ALEXANDRE)
AGE_GAP = 12  # years; nobody is a parent earlier
BABY_DAYS = 366  # a newborn carries another's number for its first year
FEMALE = ("2", "4", "8")  # first digits of numbers of women


def differ(name: str) -> str:
    """Both sides know this trait and share no value of it."""
    return f"(size(a.{name}) > 0 AND size(b.{name}) > 0 AND NOT {share(name)})"


def share(name: str) -> str:
    """Both sides have a value of this trait in common."""
    return f"arrays_overlap(a.{name}, b.{name})"


def names_fit(a: str, b: str) -> str:
    """Two given names that one person may bear: JEAN and JEAN PIERRE, ALEX and ALEXANDRE; not MARIE ANNE, MARIE LOU."""
    words_a, words_b = f"split({a}, ' ')", f"split({b}, ' ')"
    part = f"size(array_except({words_a}, {words_b})) = 0 OR size(array_except({words_b}, {words_a})) = 0"
    short = f"least(length({a}), length({b})) >= {PREFIX} AND (startswith({a}, {b}) OR startswith({b}, {a}))"
    return f"({a} = {b} OR {part} OR {short})"


# Some given name of one side is equal to, part of, or a shortening of one of the other; true when unknown.
GIVEN_FIT = f"""(CASE WHEN size(a.given) = 0 OR size(b.given) = 0 OR {share("given")} THEN true
    ELSE size(filter(a.given, lambda x: size(filter(b.given, lambda y: {names_fit("x", "y")})) > 0)) > 0 END)"""

# What no pair inside a person may show, by name; the most telling first. ``declared_distinct``: one producer numbers
# both as different patients, and no own number proves a double record.
HARD_GUARDS = {
    "declared_distinct": f"({share('declared')} AND NOT {share('own')})",
    "own_numbers": differ("own"),
    "birth_years": differ("years"),
    "sexes": differ("sexes"),
    "given_names": f"(NOT {GIVEN_FIT})",
}


def any_of(conditions: Iterable[str]) -> str:
    """True when one of the conditions is."""
    return f"({' OR '.join(conditions)})"


def name_of(conditions: dict[str, str]) -> str:
    """The name of the first condition that is true, or null."""
    cases = [f"WHEN {condition} THEN '{name}'" for name, condition in conditions.items()]
    return f"CASE {' '.join(cases)} END"


# Nothing that one person can be: the hard guards, true of any pair inside a group.
TWO_PERSONS = any_of(["a.is_person AND b.is_person", *HARD_GUARDS.values()])
# What a number that may be a relative's needs beside it: a given name on one side, or twins' ranks on both.
NAMED = f"(size(a.given) > 0 OR size(b.given) > 0 OR {share('ranks')})"
# Born on one day, to one family or under one number, and told apart: twins, as far as traits can say.
SAME_BIRTH = f"""({share("dates")} AND {any_of(differ(name) for name in ("sexes", "ranks", "given"))}
    AND ({share("numbers")} OR {share("families")}))"""


def is_baby(side: str) -> str:
    """The node was born in the year before it was first met."""
    return f"coalesce(unix_date({side}.since) - unix_date(array_max({side}.dates)) <= {BABY_DAYS}, false)"


def older(one: str, other: str) -> str:
    """A side is old enough to be a parent of the other; false when a birth year is unknown."""
    return f"coalesce(array_min({other}.years) - array_max({one}.years) >= {AGE_GAP}, false)"


NEWBORN = f"({older('a', 'b')} AND {is_baby('b')} OR {older('b', 'a')} AND {is_baby('a')})"
RELATIVE = f"({older('a', 'b')} OR {older('b', 'a')})"


def relation_of(me: str, other: str) -> str:
    """What ``other`` is to ``me`` when they share a number and are not one person: kind and proof.

    Who is older and has that number as its own is the mother or a parent.
    """
    lent = f"arrays_overlap({me}.numbers, {other}.own)"
    hers = ", ".join(f"'{digit}'" for digit in FEMALE)
    women = f"filter({other}.own, lambda x: substring(x, 1, 1) IN ({hers}))"
    borrowed = f"arrays_overlap({other}.numbers, {me}.own)"
    proof = f"CASE WHEN {is_baby(me)} THEN 'number newborn' ELSE 'number age_gap' END"
    return f"""CASE WHEN {SAME_BIRTH} AND {share("numbers")} THEN {relation("twin", "'number birth_date'")}
    WHEN {older(other, me)} AND arrays_overlap({me}.numbers, {women}) THEN {relation("mother", proof)}
    WHEN {older(other, me)} AND {lent} THEN {relation("parent", proof)}
    WHEN {older(me, other)} AND {borrowed} THEN {relation("child", "'number age_gap'")}
    ELSE {relation("shares_number", "'number'")} END"""


def relation(kind: str, proof: str) -> str:
    """A relation as a struct."""
    return f"named_struct('kind', '{kind}', 'proof', {proof})"


# What two are to each other who met under more than a number, or without one: twins, or nothing.
TWINS = f"""CASE WHEN {SAME_BIRTH} AND {share("numbers")} THEN {relation("twin", "'number birth_date'")}
    WHEN {SAME_BIRTH} THEN {relation("twin", "'birth_date family_name'")} END"""
