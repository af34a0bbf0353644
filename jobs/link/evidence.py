"""Which pairs of nodes are the same person, by rule; everything doubtful is no edge.

Tiers: ``number_birth_date`` and ``number_first_name`` (a number confirmed by traits), then ``exact_traits``. A number
that is the person's own on both sides stands on its own feet; one that may be a relative's counts only in a group where
nothing tells two persons apart. Guards are the method of ``docs/explanation/identity.md``.
"""

from dataclasses import dataclass

from pyspark.sql import DataFrame

from jobs.link import guards
from jobs.link.engine import run
from jobs.link.guards import any_of, differ, name_of, relation_of, share
from jobs.link.keep import Keep
from jobs.link.traits import KEYS, NODES

# ruff: noqa: S608 - the queries are put together from the names and texts of the rules, never from data
TIERS = ("number_birth_date", "number_first_name", "exact_traits")  # best first
KINDS = {"birth": 0, "first": 1, "exact": 2}  # kind of key -> position of its tier; ``number`` has none
MAX_GROUP = 64  # nodes under one key; beyond it the key identifies nobody

# Pairs of nodes that share a key, each once per key. Ids alone: traits come once per pair (``FACTS``).
PAIRS = f"""
WITH shared AS (
    SELECT kind, key FROM keys GROUP BY kind, key HAVING count(*) BETWEEN 2 AND {MAX_GROUP}
), side AS (SELECT kind, key, node_id, own_number FROM keys JOIN shared USING (kind, key))
SELECT kind, key, l.node_id AS a_id, r.node_id AS b_id, l.own_number AND r.own_number AS own
FROM side l JOIN side r USING (kind, key) WHERE l.node_id < r.node_id
"""
# What two nodes are to each other, whatever they met under.
FACTS = f"""
WITH pair AS (SELECT DISTINCT a_id, b_id FROM pairs)
SELECT a_id, b_id, a.is_person AS a_person, b.is_person AS b_person,
    {guards.TWO_PERSONS} AS two_persons,
    {name_of({"twin": guards.SAME_BIRTH} | guards.HARD_GUARDS)} AS hard,
    {guards.NAMED} AS named,
    ({share("given")} OR {share("ranks")}) AS alike,
    {differ("places")} AS places, {differ("ranks")} AS ranks, {differ("given")} AS given, {differ("dates")} AS dates,
    {guards.NEWBORN} AS newborn, {guards.RELATIVE} AS relative,
    {relation_of("b", "a")} AS to_b, {relation_of("a", "b")} AS to_a, {guards.TWINS} AS twins
FROM pair JOIN nodes a ON a.node_id = a_id JOIN nodes b ON b.node_id = b_id
"""
# What forbids a link that no own number carries: also twins' ranks, and given names that are not equal.
SOFT_GUARDS = {
    "birth_places": "(kind = 'exact' AND places)",
    "twin": "(kind <> 'exact' AND ranks)",
    "given_names": "given",
    "birth_dates": "dates",
}
# The first guard that refuses a pair met under a key of a kind; null when none does.
GUARD = f"""CASE WHEN kind = 'number' AND newborn THEN 'newborn'
    WHEN kind = 'number' AND relative THEN 'relative_number'
    WHEN hard IS NOT NULL THEN hard WHEN kind <> 'exact' AND NOT named THEN 'no_given_name'
    WHEN own AND NOT two_persons THEN NULL ELSE {name_of(SOFT_GUARDS)} END"""
JUDGED = f"""
SELECT kind, key, a_id, b_id, a_person, b_person,
    own AND NOT two_persons AS strong,
    two_persons OR {any_of(SOFT_GUARDS.values())} AS conflict,
    named, alike, {GUARD} AS guard,
    CASE WHEN kind = 'number' THEN to_b ELSE twins END AS to_b,
    CASE WHEN kind = 'number' THEN to_a ELSE twins END AS to_a
FROM pairs JOIN facts USING (a_id, b_id)
"""
# Pairs that a rule says are one person: a_id, b_id, tier (position in TIERS, the best of the pair).
EDGES = """
WITH ruled AS (SELECT kind, key, a_id, b_id, strong, conflict, named, alike FROM judged WHERE kind <> 'number'),
groups AS (SELECT kind, key, bool_or(conflict) AS doubt FROM ruled GROUP BY kind, key),
told AS (
    SELECT a_id, b_id, CASE WHEN kind = 'exact' THEN CASE WHEN NOT doubt THEN 2 END
        WHEN strong OR NOT conflict AND named AND (NOT doubt OR alike) THEN CASE kind WHEN 'birth' THEN 0 ELSE 1 END
        END AS tier
    FROM ruled JOIN groups USING (kind, key)
)
SELECT a_id, b_id, min(tier) AS tier FROM told WHERE tier IS NOT NULL GROUP BY a_id, b_id
"""


@dataclass(frozen=True)
class Evidence:
    """Kept frames: ``nodes`` and ``keys`` (see ``traits``), and ``judged``.

    ``judged`` has every pair that shares a key, with what the rules and guards say of it: kind, key, a_id, b_id,
    a_person, b_person, strong, conflict, named, alike, guard (null: none refuses), and what each is to the other
    (``to_a``, ``to_b``) if they are not one person.
    """

    nodes: DataFrame
    keys: DataFrame
    judged: DataFrame


def judge(rows: DataFrame, keep: Keep) -> Evidence:
    """Who meets whom, and what is to be said of it. ``rows``: see ``traits.met``."""
    nodes, keys = run(NODES, keep, rows=rows), run(KEYS, keep, rows=rows)
    pairs = run(PAIRS, keep, keys=keys)
    facts = run(FACTS, keep, pairs=pairs, nodes=nodes)
    return Evidence(nodes, keys, run(JUDGED, keep, pairs=pairs, facts=facts))
