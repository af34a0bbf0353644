"""From edges to groups of nodes: labels spread a few times, and a group that cannot be one person is broken."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.link.evidence import TIERS
from jobs.link.guards import two_persons
from jobs.link.keep import Keep

MAX_ROUNDS = 8  # a group is a few keys wide; a longer chain of evidence is no evidence
MAX_MEMBERS = 200  # a larger group is broken unseen: nobody is known to so many producers in one night


SETS = ("own", "given", "sexes", "years", "declared")  # what the hard guards look at


def spread(edges: pa.Table) -> pa.Table:
    """node_id, label (the smallest node of its group), settled, doubtful; one row per node of an edge.

    ``settled`` is false when the rounds ended before the label did. ``doubtful`` is true of a group in which some pair
    is no edge: where all are, nothing is left to check, since edges passed the guards. Outside Spark: a night's edges
    are a few megabytes, and each round would be a job of its own.
    """
    ends = [edges[name].to_numpy(zero_copy_only=False).astype("S32") for name in ("a_id", "b_id")]
    nodes, places = np.unique(np.concatenate(ends), return_inverse=True)
    a, b = places[: edges.num_rows], places[edges.num_rows :]
    label = np.arange(len(nodes))
    before = label
    for _ in range(MAX_ROUNDS):
        before, label = label, label.copy()
        np.minimum.at(label, a, before[b])
        np.minimum.at(label, b, before[a])
        if np.array_equal(before, label):
            break
    settled = before == label
    size, ties = np.bincount(label, minlength=len(nodes)), np.bincount(label[a], minlength=len(nodes))
    incomplete = ties * 2 != size * (size - 1)
    incomplete[label[~settled]] = True
    text = pa.array(nodes.astype("U32"), pa.string())
    return pa.table({"node_id": text, "label": text.take(label), "settled": settled, "doubtful": incomplete[label]})


def groups(edges: DataFrame, nodes: DataFrame, keep: Keep) -> DataFrame:
    """The nodes that are tied to another, with the label of their group: node_id, label.

    A group in which two members cannot be one person is broken. Its members then gather by own number; what still does
    not hold together, and who has no own number, stands alone under its own id.
    """
    found = spread(edges.select("a_id", "b_id").toArrow())
    labels = keep.table(edges.sparkSession, found)
    if not found.num_rows or not pc.any(found["doubtful"]).as_py():
        return labels.select("node_id", "label")
    doubtful = labels.where("doubtful").select("node_id", "label", "settled")
    whole = keep(mark_broken(doubtful.join(nodes, "node_id", how="inner")).where("broken").drop("broken"))
    if whole.isEmpty():
        return labels.select("node_id", "label")
    by_number = F.concat_ws(".", "label", F.array_min("own"))
    again = F.when(F.size("own") > 0, by_number).otherwise(F.col("node_id"))
    regrouped = whole.withColumn("label", again).withColumn("settled", F.lit(True))
    final = F.when(F.col("broken"), F.col("node_id")).otherwise(F.col("label"))
    changed = mark_broken(regrouped).select("node_id", final.alias("changed"))
    return labels.join(changed, "node_id", how="left").select("node_id", F.coalesce("changed", "label").alias("label"))


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
