"""What forbids that two nodes are one person, by name. The list is explained in ``docs/explanation/identity.md``.

Every function here is a condition on a pair of nodes, the structs ``a`` and ``b`` of traits as ``nodes`` makes them.
"""

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

PREFIX = 3  # letters that a shortened given name must keep (ALEX, ALEXANDRE)
AGE_GAP = 12  # years; nobody is a parent earlier
BABY_DAYS = 366  # a newborn carries another's number for its first year
FEMALE = ("2", "4", "8")  # first digits of numbers of women


def overlap(left: Column, right: Column) -> Column:
    """The two sets share a value."""
    return F.arrays_overlap(left, right)


def disjoint(left: Column, right: Column) -> Column:
    """Both sets are known and share nothing."""
    return (F.size(left) > 0) & (F.size(right) > 0) & ~overlap(left, right)


def differ(name: str) -> Column:
    """Both sides know this trait and share no value of it."""
    return disjoint(F.col(f"a.{name}"), F.col(f"b.{name}"))


def share(name: str) -> Column:
    """Both sides have a value of this trait in common."""
    return overlap(F.col(f"a.{name}"), F.col(f"b.{name}"))


def given_fit(left: Column, right: Column) -> Column:
    """Some given name of one side is equal to, part of, or a shortening of one of the other; true when unknown."""
    unknown = (F.size(left) == 0) | (F.size(right) == 0)
    return unknown | F.exists(left, lambda a: F.exists(right, lambda b: names_fit(a, b)))


def names_fit(a: Column, b: Column) -> Column:
    """Two given names that one person may bear: JEAN and JEAN PIERRE, ALEX and ALEXANDRE; not MARIE ANNE, MARIE LOU."""
    words_a, words_b = F.split(a, " "), F.split(b, " ")
    part = (F.size(F.array_except(words_a, words_b)) == 0) | (F.size(F.array_except(words_b, words_a)) == 0)
    short = (F.length(a) >= PREFIX) & (F.length(b) >= PREFIX) & (F.startswith(a, b) | F.startswith(b, a))
    return (a == b) | part | short


def twice_declared() -> Column:
    """One producer numbers both as different patients, and no own number proves a double record."""
    return share("declared") & ~share("own")


def hard_guards() -> dict[str, Column]:
    """What no pair inside a person may show, by name; the most telling first."""
    return {
        "declared_distinct": twice_declared(),
        "own_numbers": differ("own"),
        "birth_years": differ("years"),
        "sexes": differ("sexes"),
        "given_names": ~given_fit(F.col("a.given"), F.col("b.given")),
    }


def two_persons() -> Column:
    """Nothing that one person can be: the hard guards, true of any pair inside a group."""
    return any_of([F.col("a.is_person") & F.col("b.is_person"), *hard_guards().values()])


def soft_guards(kind: Column) -> dict[str, Column]:
    """What forbids a link that no own number carries: also twins' ranks, and given names that are not equal."""
    return {
        "birth_places": (kind == "exact") & differ("places"),
        "twin": (kind != "exact") & differ("ranks"),
        "given_names": differ("given"),
        "birth_dates": differ("dates"),
    }


def any_of(conditions: Iterable[Column]) -> Column:
    """True when one of the conditions is."""
    found = F.lit(False)
    for condition in conditions:
        found = found | condition
    return found


def named() -> Column:
    """What a number that may be a relative's needs beside it: a given name on one side, or twins' ranks on both."""
    return (F.size("a.given") > 0) | (F.size("b.given") > 0) | share("ranks")


def is_baby(side: str) -> Column:
    """The node was born in the year before it was first met."""
    born = F.array_max(F.col(f"{side}.dates"))
    return F.coalesce(F.datediff(F.col(f"{side}.since"), born) <= BABY_DAYS, F.lit(False))


def older_by(one: str, other: str) -> Column:
    """Years by which a side is older than the other; null when a birth year is unknown."""
    return F.array_min(f"{other}.years") - F.array_max(f"{one}.years")


def same_birth() -> Column:
    """Born on one day, to one family or under one number, and told apart: twins, as far as traits can say."""
    told_apart = differ("sexes") | differ("ranks") | differ("given")
    return share("dates") & told_apart & (share("numbers") | share("families"))


def name_of_guard(kind: Column) -> Column:
    """The first guard that refuses a pair met under a key of this kind; null when none does."""
    older, younger = older_by("a", "b") >= AGE_GAP, older_by("b", "a") >= AGE_GAP
    by_number = kind == "number"
    named_guards = {
        "newborn": by_number & ((older & is_baby("b")) | (younger & is_baby("a"))),
        "relative_number": by_number & (older | younger),
        "twin": same_birth(),
        **hard_guards(),
        "no_given_name": (kind != "exact") & ~named(),
    }
    found = F.lit(None).cast("string")
    soft = {name: condition & ~F.col("strong") for name, condition in soft_guards(kind).items()}
    for guards in (soft, named_guards):
        for name, condition in reversed(list(guards.items())):
            found = F.when(condition, name).otherwise(found)
    return found


def relation_of(kind: Column, me: str, other: str) -> Column:
    """What ``other`` is to ``me`` when they are not one person but share a number or a birth: kind and proof, or null.

    Who is older and has that number as its own is the mother or a parent.
    """
    older, younger = older_by(other, me) >= AGE_GAP, older_by(me, other) >= AGE_GAP
    by_number = kind == "number"
    lent = F.array_intersect(f"{me}.numbers", f"{other}.own")
    mothers = F.exists(lent, lambda one: F.substring(one, 1, 1).isin(*FEMALE))
    borrowed = F.size(F.array_intersect(f"{other}.numbers", f"{me}.own")) > 0
    proof = F.when(is_baby(me), "number newborn").otherwise("number age_gap")
    return (
        F.when(same_birth() & share("numbers"), relation("twin", F.lit("number birth_date")))
        .when(same_birth() & ~by_number, relation("twin", F.lit("birth_date family_name")))
        .when(by_number & older & mothers, relation("mother", proof))
        .when(by_number & older & (F.size(lent) > 0), relation("parent", proof))
        .when(by_number & younger & borrowed, relation("child", F.lit("number age_gap")))
        .when(by_number, relation("shares_number", F.lit("number")))
    )


def relation(kind: str, proof: Column) -> Column:
    """A relation as a struct."""
    return F.struct(F.lit(kind).alias("kind"), proof.alias("proof"))
