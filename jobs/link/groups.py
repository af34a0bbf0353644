"""From edges to groups of nodes: labels spread a few times, and a group that cannot be one person is broken."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.link.evidence import TIERS, two_persons
from jobs.link.keep import Keep

MAX_ROUNDS = 8  # a group is a few keys wide; a longer chain of evidence is no evidence
MAX_MEMBERS = 200  # a larger group is broken unseen: nobody is known to so many producers in one night


SETS = ("own", "given", "sexes", "years", "declared")  # what the hard guards look at


def spread(edges: DataFrame, keep: Keep) -> DataFrame:
    """node_id, label (the smallest node of its group), settled (false when the rounds ended before the label did).

    Each round is one Spark job; a group that is one clique settles in the second.
    """
    both = edges.select(F.col("a_id").alias("node_id"), F.col("b_id").alias("other"))
    links = both.unionByName(both.select(F.col("other").alias("node_id"), F.col("node_id").alias("other")))
    labels = links.groupBy("node_id").agg(F.least(F.col("node_id"), F.min("other")).alias("label"))
    labels = keep(labels.withColumn("settled", F.lit(False)))
    for _ in range(MAX_ROUNDS):
        heard = links.join(labels.select(F.col("node_id").alias("other"), "label"), "other", how="inner")
        smallest = heard.groupBy("node_id").agg(F.min("label").alias("heard"))
        settled = (F.col("label") <= F.col("heard")).alias("settled")
        labels = keep(
            labels.join(smallest, "node_id", how="inner").select(
                "node_id", F.least("label", "heard").alias("label"), settled
            )
        )
        if labels.where(~F.col("settled")).isEmpty():
            break
    return labels


def groups(edges: DataFrame, nodes: DataFrame, keep: Keep) -> DataFrame:
    """The nodes that are tied to another, with the label of their group: node_id, label.

    A group in which two members cannot be one person is broken. Its members then gather by own number; what still does
    not hold together, and who has no own number, stands alone under its own id. A group in which every pair is an edge
    needs no second look, since edges passed the guards.
    """
    labels = spread(edges, keep)
    unsure = labels.join(incomplete(edges, labels), "label", how="left_semi")
    doubtful = keep(unsure.join(nodes, "node_id", how="inner"))
    whole = keep(mark_broken(doubtful).where("broken").drop("broken"))
    if whole.isEmpty():
        return labels.drop("settled")
    by_number = F.concat_ws(".", "label", F.array_min("own"))
    again = F.when(F.size("own") > 0, by_number).otherwise(F.col("node_id"))
    regrouped = whole.withColumn("label", again).withColumn("settled", F.lit(True))
    final = F.when(F.col("broken"), F.col("node_id")).otherwise(F.col("label"))
    changed = mark_broken(regrouped).select("node_id", final.alias("changed"))
    return labels.join(changed, "node_id", how="left").select("node_id", F.coalesce("changed", "label").alias("label"))


def incomplete(edges: DataFrame, labels: DataFrame) -> DataFrame:
    """Label of the groups in which some pair is no edge, or whose label did not settle."""
    sizes = labels.groupBy("label").agg(F.count("*").alias("size"), F.min("settled").alias("settled"))
    inside = edges.select(F.col("a_id").alias("node_id")).join(labels, "node_id", how="inner")
    ties = inside.groupBy("label").agg(F.count("*").alias("ties"))
    clique = F.col("settled") & (F.col("ties") * 2 == F.col("size") * (F.col("size") - 1))
    return sizes.join(ties, "label", how="inner").where(~clique).select("label")


def mark_broken(members: DataFrame) -> DataFrame:
    """The members with ``broken``: the group is too large, did not settle, or holds two who cannot be one person.

    ``members`` are nodes with ``label`` and ``settled``.
    """
    sizes = members.groupBy("label").agg(F.count("*").alias("size"), F.min("settled").alias("settled"))
    unseen = sizes.where((F.col("size") > MAX_MEMBERS) | ~F.col("settled")).select("label")
    small = members.join(unseen, "label", how="left_anti")
    traits = small.select("label", "node_id", F.struct("node_id", "is_person", *SETS).alias("a"))
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
