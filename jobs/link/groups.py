"""From edges to groups of nodes: labels spread a bounded number of times, and a group that cannot be one person is broken."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.link.evidence import TIERS, two_persons

MAX_ROUNDS = 8  # a group is a few keys wide; a longer chain of evidence is no evidence
MAX_MEMBERS = 200  # a larger group is broken unseen: nobody is known to so many producers in one night


SETS = ("own", "given", "sexes", "years", "declared")  # what the hard guards look at


def spread(edges: DataFrame) -> DataFrame:
    """node_id, label (the smallest node of its group), settled (false when the rounds ended before the label did).

    Each round is one Spark job; a group that is one clique settles in the second.
    """
    both = edges.select(F.col("a_id").alias("node_id"), F.col("b_id").alias("other"))
    links = both.unionByName(both.select(F.col("other").alias("node_id"), F.col("node_id").alias("other"))).cache()
    labels = links.groupBy("node_id").agg(F.least(F.col("node_id"), F.min("other")).alias("label"))
    labels = labels.withColumn("settled", F.lit(False)).localCheckpoint()
    for _ in range(MAX_ROUNDS):
        heard = links.join(labels.select(F.col("node_id").alias("other"), "label"), "other", how="inner")
        smallest = heard.groupBy("node_id").agg(F.min("label").alias("heard"))
        labels = (
            labels.join(smallest, "node_id", how="inner")
            .select(
                "node_id",
                F.least("label", "heard").alias("label"),
                (F.col("label") <= F.col("heard")).alias("settled"),
            )
            .localCheckpoint()
        )
        if labels.where(~F.col("settled")).isEmpty():
            break
    return labels


def groups(edges: DataFrame, nodes: DataFrame) -> DataFrame:
    """Every node with the label of its group: node_id, is_person, label. A node alone carries its own id.

    A group in which two members cannot be one person is broken. Its members then gather by own number; what still does
    not hold together, and who has no own number, stands alone.
    """
    spread_out = nodes.join(spread(edges), "node_id", how="left").select(
        *nodes.columns,
        F.coalesce("label", "node_id").alias("label"),
        F.coalesce("settled", F.lit(True)).alias("settled"),
    )
    whole = mark_broken(spread_out.localCheckpoint())
    by_number = F.concat_ws(".", "label", F.array_min("own"))
    again = F.when(~F.col("broken"), F.col("label")).when(F.size("own") > 0, by_number).otherwise(F.col("node_id"))
    regrouped = whole.select(*nodes.columns, again.alias("label"), F.lit(True).alias("settled")).localCheckpoint()
    final = F.when(F.col("broken"), F.col("node_id")).otherwise(F.col("label"))
    return mark_broken(regrouped).select("node_id", "is_person", final.alias("label"))


def mark_broken(members: DataFrame) -> DataFrame:
    """The members with ``broken``: the group is too large, did not settle, or holds two who cannot be one person."""
    sizes = members.groupBy("label").agg(
        F.count("*").alias("size"), F.min("settled").alias("settled")
    )
    unseen = sizes.where((F.col("size") > MAX_MEMBERS) | ~F.col("settled")).select("label")
    small = sizes.where(F.col("size").between(2, MAX_MEMBERS)).select("label")
    traits = members.join(small, "label", how="left_semi").select(
        "label", "node_id", F.struct("node_id", "is_person", *SETS).alias("a")
    )
    other = traits.select("label", F.col("node_id").alias("b_id"), F.col("a").alias("b"))
    met = traits.join(other, "label", how="inner").where(F.col("node_id") < F.col("b_id"))
    clash = met.where(two_persons()).select("label")
    broken = clash.unionByName(unseen).distinct().withColumn("broken", F.lit(True))
    return members.join(broken, "label", how="left").withColumn("broken", F.coalesce("broken", F.lit(False)))


def tiers(edges: DataFrame, members: DataFrame) -> DataFrame:
    """node_id, tier: the best rule that ties a node to another of its group; none for a node alone."""
    label = members.select(F.col("node_id").alias("a_id"), F.col("label").alias("a_label"))
    ends = edges.join(label, "a_id", how="inner").join(
        label.select(F.col("a_id").alias("b_id"), F.col("a_label").alias("b_label")), "b_id", how="inner"
    )
    inside = ends.where(F.col("a_label") == F.col("b_label"))
    sides = inside.select(F.explode(F.array("a_id", "b_id")).alias("node_id"), "tier")
    names = F.array(*[F.lit(name) for name in TIERS])
    return sides.groupBy("node_id").agg(F.element_at(names, F.min("tier") + 1).alias("tier"))
