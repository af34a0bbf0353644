"""Which pairs of nodes are the same person, by rule; everything doubtful is no edge.

Tiers: ``number_birth_date`` and ``number_first_name`` (a number confirmed by traits), then ``exact_traits``. A number
that is the person's own on both sides stands on its own feet; one that may be a relative's counts only in a group where
nothing tells two persons apart. Guards are the method of ``docs/explanation/identity.md``.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.link.guards import any_of, name_of_guard, named, relation_of, share, soft_guards, two_persons

TIERS = ("number_birth_date", "number_first_name", "exact_traits")  # best first
KINDS = {"birth": 0, "first": 1, "exact": 2}  # kind of key -> position of its tier; ``number`` has none
MAX_GROUP = 64  # nodes under one key; beyond it the key identifies nobody


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


def judge(keys: DataFrame, nodes: DataFrame) -> DataFrame:
    """Every pair that shares a key, with what the rules and guards say of it.

    Returns kind, key, a_id, b_id, a_person, b_person, strong, conflict, named, alike, guard (null: none refuses), and
    what each is to the other (``to_a``, ``to_b``) if they are not one person.
    """
    met = pairs(keys, nodes).withColumn("two_persons", two_persons())
    strong = F.col("a_own") & F.col("b_own") & ~F.col("two_persons")
    kind = F.col("kind")
    return met.withColumn("strong", strong).select(
        "kind",
        "key",
        "a_id",
        "b_id",
        F.col("a.is_person").alias("a_person"),
        F.col("b.is_person").alias("b_person"),
        "strong",
        (F.col("two_persons") | any_of(soft_guards(kind).values())).alias("conflict"),
        named().alias("named"),
        (share("given") | share("ranks")).alias("alike"),
        name_of_guard(kind).alias("guard"),
        relation_of(kind, "b", "a").alias("to_b"),
        relation_of(kind, "a", "b").alias("to_a"),
    )


def edges(judged: DataFrame) -> DataFrame:
    """Pairs that a rule says are one person: a_id, b_id, tier (position in TIERS, the best of the pair)."""
    ruled = judged.where(F.col("kind") != "number")
    groups = ruled.groupBy("kind", "key").agg(F.max("conflict").alias("doubt"))
    weak = ~F.col("conflict") & F.col("named") & (~F.col("doubt") | F.col("alike"))
    by_number = F.col("strong") | weak
    tier = F.when((F.col("kind") == "birth") & by_number, 0).when((F.col("kind") == "first") & by_number, 1)
    by_traits = (F.col("kind") == "exact") & ~F.col("doubt")
    return (
        ruled.join(groups, ["kind", "key"], how="inner")
        .select("a_id", "b_id", tier.when(by_traits, 2).alias("tier"))
        .where(F.col("tier").isNotNull())
        .groupBy("a_id", "b_id")
        .agg(F.min("tier").alias("tier"))
    )
