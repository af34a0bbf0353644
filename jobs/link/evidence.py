"""Which pairs of nodes are the same person, by rule; everything doubtful is no edge.

Tiers: ``number_birth_date`` and ``number_first_name`` (a number confirmed by traits), then ``exact_traits``. A number
that is the person's own on both sides stands on its own feet; one that may be a relative's counts only in a group where
nothing tells two persons apart. Guards are the method of ``docs/explanation/identity.md``.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.link.keep import Keep

TIERS = ("number_birth_date", "number_first_name", "exact_traits")  # best first
MAX_GROUP = 64  # nodes under one key; beyond it the key identifies nobody
PREFIX = 3  # letters that a shortened given name must keep (ALEX, ALEXANDRE)


def overlap(left: Column, right: Column) -> Column:
    """The two sets share a value."""
    return F.arrays_overlap(left, right)


def disjoint(left: Column, right: Column) -> Column:
    """Both sets are known and share nothing."""
    return (F.size(left) > 0) & (F.size(right) > 0) & ~overlap(left, right)


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
    return overlap(F.col("a.declared"), F.col("b.declared")) & ~overlap(F.col("a.own"), F.col("b.own"))


def two_persons() -> Column:
    """Nothing that one person can be: the hard guards, true of any pair inside a group."""
    return (
        (F.col("a.is_person") & F.col("b.is_person"))
        | disjoint(F.col("a.sexes"), F.col("b.sexes"))
        | disjoint(F.col("a.own"), F.col("b.own"))
        | disjoint(F.col("a.years"), F.col("b.years"))
        | ~given_fit(F.col("a.given"), F.col("b.given"))
        | twice_declared()
    )


def weak_conflict() -> Column:
    """What forbids a link that no own number carries: also twins' ranks, and given names that are not equal."""
    place = F.when(F.col("kind") == "exact", disjoint(F.col("a.places"), F.col("b.places"))).otherwise(F.lit(False))
    rank = F.when(F.col("kind") != "exact", disjoint(F.col("a.ranks"), F.col("b.ranks"))).otherwise(F.lit(False))
    given, dates = disjoint(F.col("a.given"), F.col("b.given")), disjoint(F.col("a.dates"), F.col("b.dates"))
    return F.col("two_persons") | place | rank | given | dates


def pairs(keys: DataFrame, nodes: DataFrame) -> DataFrame:
    """Pairs of nodes that share a key, with both sides' traits as structs ``a`` and ``b``, each pair once per key."""
    sizes = keys.groupBy("kind", "key").agg(F.count("*").alias("size"))
    shared = sizes.where(F.col("size").between(2, MAX_GROUP)).drop("size")
    traits = nodes.select("node_id", F.struct(*nodes.columns).alias("traits"))
    known = keys.join(shared, ["kind", "key"], how="inner").join(traits, "node_id", how="inner")
    side = known.select("kind", "key", "node_id", "own_number", "traits")
    left = side.select(
        "kind", "key", F.col("node_id").alias("a_id"), F.col("own_number").alias("a_own"), F.col("traits").alias("a")
    )
    right = side.select(
        "kind", "key", F.col("node_id").alias("b_id"), F.col("own_number").alias("b_own"), F.col("traits").alias("b")
    )
    return left.join(right, ["kind", "key"], how="inner").where(F.col("a_id") < F.col("b_id"))


def edges(keys: DataFrame, nodes: DataFrame, keep: Keep) -> DataFrame:
    """Pairs that a rule says are one person: a_id, b_id, tier (position in TIERS, the best of the pair)."""
    met = pairs(keys, nodes).withColumn("two_persons", two_persons())
    judged = keep(
        met.select(
            "kind",
            "key",
            "a_id",
            "b_id",
            (F.col("a_own") & F.col("b_own") & ~F.col("two_persons")).alias("strong"),
            weak_conflict().alias("conflict"),
            named().alias("named"),
            (overlap(F.col("a.given"), F.col("b.given")) | overlap(F.col("a.ranks"), F.col("b.ranks"))).alias("alike"),
        )
    )
    groups = judged.groupBy("kind", "key").agg(F.max("conflict").alias("doubt"))
    weak = ~F.col("conflict") & F.col("named") & (~F.col("doubt") | F.col("alike"))
    by_number = F.col("strong") | weak
    tier = F.when((F.col("kind") == "birth") & by_number, 0).when((F.col("kind") == "first") & by_number, 1)
    by_traits = (F.col("kind") == "exact") & ~F.col("doubt")
    return (
        judged.join(groups, ["kind", "key"], how="inner")
        .select("a_id", "b_id", tier.when(by_traits, 2).alias("tier"))
        .where(F.col("tier").isNotNull())
        .groupBy("a_id", "b_id")
        .agg(F.min("tier").alias("tier"))
    )


def named() -> Column:
    """What a number that may be a relative's needs beside it: a given name on one side, or twins' ranks on both."""
    known = (F.size("a.given") > 0) | (F.size("b.given") > 0)
    return known | overlap(F.col("a.ranks"), F.col("b.ranks"))
