"""What was not linked, and why: refusals by guard, relations, and the doubtful pairs that a steward should see.

Queries over the kept steps of the tiers, in one process: they read what Spark judged and start no job of their own.
"""

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from jobs.link.evidence import MAX_GROUP
from jobs.link.keep import Keep

if TYPE_CHECKING:
    from jobs.link.decide import Decided

KEPT = 5  # refusals of a subject that are written: those for review first, then the heaviest
# What a person should look at: nothing says that the two are different, and something says that they are one.
REVIEWED = ("several_fit", "other_persons", "broken_group", "lead", "weight")
PAIR = pa.schema(
    [
        ("a_id", pa.string()),
        ("b_id", pa.string()),
        ("a_person", pa.bool_()),
        ("b_person", pa.bool_()),
        ("tier", pa.string()),
        ("guard", pa.string()),
        ("weight_centibits", pa.int64()),
        ("levels", pa.string()),
        ("model_version", pa.string()),
    ]
)

APART = """
CREATE TEMP TABLE apart AS
SELECT j.*, e.tier IS NOT NULL AS tied,
    CASE j.kind WHEN 'birth' THEN 0 WHEN 'first' THEN 1 WHEN 'exact' THEN 2 ELSE 3 END AS rank
FROM judged j JOIN labels la ON la.node_id = a_id JOIN labels lb ON lb.node_id = b_id
LEFT JOIN edges e USING (a_id, b_id)
WHERE NOT (a_person AND b_person) AND la.label <> lb.label
"""
PAIRS = """
CREATE TEMP TABLE pairs AS
SELECT a_id, b_id, a_person, b_person,
    ['number_birth_date', 'number_first_name', 'exact_traits', 'number'][min(rank) + 1] AS tier,
    CASE WHEN bool_or(tied) THEN 'broken_group' ELSE coalesce(arg_min(guard, rank), 'several_fit') END AS guard,
    CAST(NULL AS BIGINT) AS weight_centibits, string_agg(DISTINCT kind, ' ' ORDER BY kind) AS levels,
    CAST(NULL AS VARCHAR) AS model_version
FROM apart WHERE kind <> 'number' OR guard IS NOT NULL GROUP BY a_id, b_id, a_person, b_person
"""
CROWDED = """
INSERT INTO pairs BY NAME
WITH crowd AS (
    SELECT kind, key, min(node_id) AS low, max(node_id) AS high FROM keys GROUP BY ALL HAVING count(*) > $most
)
SELECT DISTINCT node_id AS a_id, o.node_id AS b_id, false AS a_person, o.is_person AS b_person,
    CASE kind WHEN 'birth' THEN 'number_birth_date' WHEN 'first' THEN 'number_first_name'
    WHEN 'exact' THEN 'exact_traits' ELSE 'number' END AS tier, 'group_size' AS guard, kind AS levels
FROM keys JOIN crowd USING (kind, key) JOIN nodes n USING (node_id)
JOIN nodes o ON o.node_id = CASE WHEN n.node_id = low THEN high ELSE low END WHERE NOT n.is_person
"""
REFUSALS = """
CREATE TEMP TABLE refusal AS
WITH sided AS (
    SELECT a_id AS subject_id, b_id AS other_id, b_person AS other_is_person, tier, guard, weight_centibits, levels,
        model_version
    FROM pairs WHERE NOT a_person
    UNION ALL
    SELECT b_id, a_id, a_person, tier, guard, weight_centibits, levels, model_version FROM pairs WHERE NOT b_person
), once AS (
    SELECT * FROM sided
    QUALIFY row_number() OVER (  -- a guard of the rules, else of the score; a doubt of the score, else of the rules
        PARTITION BY subject_id, other_id ORDER BY guard IN (SELECT unnest($reviewed)),
        (tier = 'score') <> (guard IN (SELECT unnest($reviewed))), tier, guard
    ) = 1
), named AS (
    SELECT * REPLACE (CASE
        WHEN guard = 'broken_group' AND other_is_person
            AND count(*) FILTER (guard = 'broken_group' AND other_is_person) OVER (PARTITION BY subject_id) > 1
        THEN 'other_persons' ELSE guard END AS guard) FROM once
)
SELECT *, $night AS night, $rules AS rules_version FROM named
QUALIFY row_number() OVER (
    PARTITION BY subject_id
    ORDER BY guard NOT IN (SELECT unnest($reviewed)), weight_centibits DESC NULLS LAST, tier, other_id
) <= $kept
"""
RELATIONS = """
SELECT subject_id, other_id, other_is_person, max(said).kind AS kind, max(said).proof AS proof, $night AS night FROM (
    SELECT a_id AS subject_id, b_id AS other_id, b_person AS other_is_person, to_a AS said FROM apart WHERE NOT a_person
    UNION ALL SELECT b_id, a_id, a_person, to_b FROM apart WHERE NOT b_person
    UNION ALL SELECT subject_id, mother_subject_id, false, {'kind': 'mother', 'proof': 'declared'} FROM mothers
) WHERE said IS NOT NULL GROUP BY subject_id, other_id, other_is_person
"""
ITEMS = """
SELECT substr(sha256(concat_ws(chr(31), 'match', left_id, right_id)), 1, 32) AS item_id, $night AS night,
    'match' AS queue, left_id, right_id, min(guard) AS reason, max(weight_centibits) AS weight_centibits,
    max(levels) AS levels, CAST(NULL AS BIGINT) AS rows_at_stake
FROM (
    SELECT least(subject_id, other_id) AS left_id, greatest(subject_id, other_id) AS right_id, * FROM refusal
    WHERE guard IN (SELECT unnest($reviewed))
) GROUP BY left_id, right_id
"""


STEPS = ("judged", "edges", "nodes", "keys", "units", "mothers")
LABELS = """
CREATE TEMP VIEW labels AS
SELECT node_id, coalesce(target, unit) AS label FROM units LEFT JOIN links USING (unit)
"""


def shared_numbers(decided: "Decided") -> int:
    """How many subjects of the night came under a number that says nothing, because too many share it (LNK-004)."""
    with duckdb.connect() as engine:
        nodes = engine.read_parquet(Keep.files(decided.steps.nodes))
        return int(nodes.filter("shared AND NOT is_person").count("*").fetchall()[0][0])


def told(decided: "Decided", night: str, rules: str) -> dict[str, pa.Table]:
    """The rows of ``refusal``, ``relation`` and ``review_item`` that a night adds."""
    with duckdb.connect() as engine:
        for name in STEPS:
            engine.read_parquet(Keep.files(getattr(decided.steps, name))).create_view(name)
        engine.register("links", decided.scored.links)
        engine.register("scored", decided.scored.refused)
        engine.execute(LABELS)
        engine.execute(APART)
        engine.execute(PAIRS)
        engine.execute(CROWDED, {"most": MAX_GROUP})
        engine.execute("INSERT INTO pairs BY NAME SELECT * FROM scored")
        limits = {"night": night, "rules": rules, "reviewed": list(REVIEWED), "kept": KEPT}
        engine.execute(REFUSALS, limits)
        return {
            "refusal": engine.sql("SELECT * FROM refusal").to_arrow_table(),
            "relation": engine.sql(RELATIONS, params={"night": night}).to_arrow_table(),
            "review_item": engine.sql(ITEMS, params={"night": night, "reviewed": list(REVIEWED)}).to_arrow_table(),
        }
