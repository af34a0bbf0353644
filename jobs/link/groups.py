"""From edges to groups of nodes: labels spread a few times, and a group that cannot be one person is broken."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyspark.sql import DataFrame

from jobs.link.engine import run
from jobs.link.evidence import TIERS
from jobs.link.guards import TWO_PERSONS
from jobs.link.keep import Keep

# ruff: noqa: S608 - the queries are put together from the names and texts of the rules, never from data
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


# Members of groups that cannot be one person: too large, not settled, or with two who cannot be one. ``members`` are
# nodes with ``label`` and ``settled``.
BROKEN = f"""
WITH unseen AS (
    SELECT label FROM members GROUP BY label HAVING count(*) > {MAX_MEMBERS} OR NOT bool_and(settled)
), small AS (SELECT m.* FROM members m LEFT JOIN unseen u ON u.label = m.label WHERE u.label IS NULL),
broken AS (
    SELECT a.label FROM small a JOIN small b ON a.label = b.label AND a.node_id < b.node_id WHERE {TWO_PERSONS}
    UNION SELECT label FROM unseen
)
SELECT members.* FROM members JOIN broken USING (label)
"""
DOUBTFUL = f"""
SELECT node_id, label, settled, is_person, {", ".join(SETS)} FROM labels JOIN nodes USING (node_id) WHERE doubtful
"""
# The members of broken groups by own number; who has none stands alone.
AGAIN = f"""
SELECT node_id, CASE WHEN size(own) > 0 THEN label || '.' || array_min(own) ELSE node_id END AS label,
    true AS settled, is_person, {", ".join(SETS)}
FROM broken
"""
LABELS = """
SELECT node_id, CASE WHEN s.node_id IS NOT NULL THEN node_id ELSE coalesce(a.label, l.label) END AS label
FROM labels l LEFT JOIN again a USING (node_id) LEFT JOIN still s USING (node_id)
"""
NAMES = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(TIERS))
# node_id, of_night (a new subject), unit, is_person (of the unit), tier of the rule (null: none tied it). A unit is
# what the rules hold for one person, named by the person of the index, else by its smallest subject.
UNITS = f"""
WITH member AS (
    SELECT node_id, is_person, coalesce(label, node_id) AS label FROM nodes LEFT JOIN labels USING (node_id)
), named AS (
    SELECT label, min(CASE WHEN is_person THEN node_id END) AS person,
        min(CASE WHEN NOT is_person THEN node_id END) AS founder
    FROM member GROUP BY label
), inside AS (
    SELECT a_id, b_id, tier FROM edges JOIN labels a ON a.node_id = a_id JOIN labels b ON b.node_id = b_id
    WHERE a.label = b.label
), best AS (
    SELECT node_id, min(tier) AS tier
    FROM (SELECT a_id AS node_id, tier FROM inside UNION ALL SELECT b_id, tier FROM inside) AS ends GROUP BY node_id
)
SELECT node_id, NOT is_person AS of_night, coalesce(person, founder) AS unit, person IS NOT NULL AS is_person,
    CASE tier {NAMES} END AS tier
FROM member JOIN named USING (label) LEFT JOIN best USING (node_id)
"""


def groups(edges: DataFrame, nodes: DataFrame, keep: Keep) -> DataFrame:
    """The nodes that are tied to another, with the label of their group: node_id, label.

    A group in which two members cannot be one person is broken. Its members then gather by own number; what still does
    not hold together, and who has no own number, stands alone under its own id.
    """
    found = spread(ds.dataset(Keep.files(edges)).to_table(columns=["a_id", "b_id"]))
    labels = keep.table(edges.sparkSession, found)
    if not found.num_rows or not pc.any(found["doubtful"]).as_py():
        return labels
    broken = run(BROKEN, keep, members=run(DOUBTFUL, keep, labels=labels, nodes=nodes))
    again = run(AGAIN, keep, broken=broken)
    return run(LABELS, keep, labels=labels, again=again, still=run(BROKEN, keep, members=again))


def units(edges: DataFrame, nodes: DataFrame, keep: Keep) -> DataFrame:
    """Whom the rules hold for one person: see ``UNITS``."""
    return run(UNITS, keep, edges=edges, nodes=nodes, labels=groups(edges, nodes, keep))
