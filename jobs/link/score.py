"""The third tier: what no rule linked is scored against its candidates under the frozen model.

In one process, on DuckDB: the night's residue and its candidates fit on one node, and every number is whole, so that
the outcome depends on the rows alone. What Spark gives is one table of trait rows (``scored_rows``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from jobs.link.comparisons import GUARDS, MACROS
from jobs.link.groups import spread
from jobs.link.guards import BABY_DAYS
from jobs.link.keep import limits
from jobs.link.model import Model
from jobs.link.refusals import PAIR

CANDIDATES_CAP = 2000  # nodes in one block; beyond it the block says nothing
TOLD = 1000  # centibits under the review's bound, down to which a guard's refusal is told
LISTS = (
    "families",
    "rare_families",
    "given",
    "rare_given",
    "dates",
    "years",
    "sexes",
    "ranks",
    "places",
    "own",
    "numbers",
    "declared",
)

NODES = """
CREATE TEMP TABLE node AS SELECT *, coalesce(since - list_max(dates) <= $baby, false) AS baby FROM (
    SELECT unit, bool_or(is_person) AS is_person, CAST(min(night) AS DATE) AS since,
        list_distinct(flatten(list([family_key, used_key]))) AS families,
        list_distinct(flatten(list([
            CASE WHEN family_key NOT IN (SELECT name FROM common WHERE kind = 'family') THEN family_key END,
            CASE WHEN used_key NOT IN (SELECT name FROM common WHERE kind = 'family') THEN used_key END
        ]))) AS rare_families,
        list_distinct(list(given_key)) AS given,
        list_distinct(list(given_key) FILTER (given_key NOT IN (SELECT name FROM common WHERE kind = 'given')))
            AS rare_given,
        list_distinct(list(birth_date)) AS dates,
        list_distinct(list(birth_year)) AS years,
        list_distinct(list(nullif(sex, '3'))) AS sexes,
        list_distinct(list(birth_rank)) AS ranks,
        list_distinct(list(birth_place)) AS places,
        list_distinct(list(CASE WHEN own_number THEN number END)) AS own,
        list_distinct(list(number)) AS numbers,
        list_distinct(list(declared)) AS declared
    FROM candidate_rows GROUP BY unit
)
"""
# Only where somebody is whom no rule tied to a person: most of a night is not looked at.
BLOCKS = """
CREATE TEMP TABLE block AS
WITH asked AS (SELECT DISTINCT unnest(blocks) AS block FROM scored_rows WHERE NOT is_person),
held AS (SELECT unit, is_person, unnest(blocks) AS block FROM scored_rows)
SELECT DISTINCT unit, is_person, block FROM held SEMI JOIN asked USING (block)
"""
CANDIDATES = """
CREATE TEMP VIEW candidate_rows AS SELECT * FROM scored_rows SEMI JOIN (SELECT DISTINCT unit FROM block) USING (unit)
"""
CROWDED = """
CREATE TEMP TABLE crowded AS SELECT block, min(unit) AS low, max(unit) AS high FROM block GROUP BY block
HAVING count(*) > $cap
"""
PAIRS = """
CREATE TEMP TABLE pair AS
SELECT DISTINCT l.unit AS unit_l, r.unit AS unit_r FROM block l JOIN block r USING (block)
WHERE NOT l.is_person AND (r.is_person OR l.unit < r.unit) AND block NOT IN (SELECT block FROM crowded)
"""
SCORED = """
CREATE TEMP TABLE scored AS
WITH met AS (
    SELECT {columns} FROM pair JOIN node l ON l.unit = unit_l JOIN node r ON r.unit = unit_r
), levelled AS (SELECT *, {levels} FROM met), judged AS (
    SELECT unit_l, unit_r, is_person_r AS person, {guard} AS guard, {prior} + {weight} AS weight,
        CASE WHEN is_person_r AND NOT (baby_l OR baby_r) THEN {known} ELSE {accept} END AS bound,
        concat_ws(' ', {words}) AS levels FROM levelled
)
SELECT * FROM judged WHERE weight >= $review OR guard IS NOT NULL AND weight >= $review - $told
"""
# Both ways, so that a unit sees every candidate of its own; only pairs that no guard refuses.
SIDES = """
CREATE TEMP TABLE side AS
SELECT unit_l AS unit, unit_r AS other, person, weight, bound, levels FROM scored WHERE guard IS NULL
UNION ALL SELECT unit_r, unit_l, false, weight, bound, levels FROM scored WHERE guard IS NULL AND NOT person
"""
BEST = """
CREATE TEMP TABLE best AS
WITH first AS (SELECT * FROM side QUALIFY row_number() OVER (PARTITION BY unit ORDER BY weight DESC, other) = 1)
, rival AS (
    SELECT f.unit, max(r.weight) AS next FROM first f JOIN side r ON r.unit = f.unit AND r.other <> f.other
    WHERE NOT EXISTS (SELECT 1 FROM same s WHERE s.unit = f.other AND s.other = r.other) GROUP BY f.unit
)
SELECT first.*, weight - next AS lead FROM first LEFT JOIN rival USING (unit)
"""
SAME = """
CREATE TEMP TABLE same AS
SELECT unit, other FROM side WHERE weight >= bound
UNION SELECT other, unit FROM side WHERE weight >= bound
"""
# Not with a unit that itself hesitates between two.
ACCEPTED = """
SELECT unit AS a_id, other AS b_id, person FROM best b WHERE weight >= bound AND coalesce(lead >= $lead, true)
AND NOT EXISTS (SELECT 1 FROM best o WHERE o.unit = b.other AND o.lead < $lead)
"""
# Clusters in which two are persons of the index, or some pair was refused or never met.
WHOLE = """
WITH size AS (
    SELECT label, count(*) AS units, count(*) FILTER (is_person) AS persons
    FROM member JOIN node USING (unit) GROUP BY label
), met AS (
    SELECT a.label, count(*) AS pairs FROM member a JOIN scored s ON s.unit_l = a.unit
    JOIN member b ON b.unit = s.unit_r AND b.label = a.label WHERE guard IS NULL GROUP BY a.label
)
SELECT unit, label FROM member JOIN size USING (label) JOIN met USING (label)
WHERE persons <= 1 AND pairs = units * (units - 1) // 2
"""
ATTACHED = """
SELECT unit, max(CASE WHEN is_person THEN unit END) OVER w AS person,
    coalesce(max(CASE WHEN is_person THEN unit END) OVER w, min(unit) OVER w) AS target, is_person
FROM joined JOIN node USING (unit) WINDOW w AS (PARTITION BY label)
"""
LINKS = """
WITH found AS ({attached}), evidence AS (
    SELECT unit, weight, levels, lead, 0 AS rank FROM best JOIN together t ON t.a = unit AND t.b = other
    UNION ALL SELECT other, weight, levels, NULL, 1 FROM best JOIN together t ON t.a = unit AND t.b = other
)
SELECT f.unit, f.target, f.person IS NOT NULL AS to_person, CAST(weight AS BIGINT) AS weight_centibits, levels,
    CAST(lead AS BIGINT) AS lead_centibits
FROM found f JOIN evidence e USING (unit) WHERE NOT f.is_person
QUALIFY row_number() OVER (PARTITION BY f.unit ORDER BY rank, weight DESC, levels) = 1
"""
TOGETHER = """
CREATE TEMP TABLE together AS SELECT a.unit AS a, b.unit AS b FROM joined a
JOIN joined b USING (label) WHERE a.unit <> b.unit
"""
REFUSED = """
SELECT unit_l AS a_id, unit_r AS b_id, false AS a_person, person AS b_person, 'score' AS tier,
    coalesce(guard, CASE WHEN weight < bound THEN 'weight' WHEN EXISTS (
        SELECT 1 FROM accepted WHERE a_id = unit_l AND b_id = unit_r OR a_id = unit_r AND b_id = unit_l
    ) THEN 'broken_group' ELSE 'lead' END) AS guard,
    weight AS weight_centibits, levels, $model AS model_version
FROM scored WHERE NOT EXISTS (SELECT 1 FROM together WHERE a = unit_l AND b = unit_r)
UNION ALL
SELECT DISTINCT b.unit, o.unit, false, o.is_person, 'score', 'candidates_cap', NULL, NULL, $model
FROM block b JOIN crowded c USING (block) JOIN node o ON o.unit = CASE WHEN b.unit = low THEN high ELSE low END
WHERE NOT b.is_person
"""


@dataclass(frozen=True)
class Scored:
    """What the score found.

    ``links``: unit, target (the unit that it becomes one with), to_person, weight_centibits, levels, lead_centibits.
    ``refused``: pairs of the shape ``PAIR``.
    """

    links: pa.Table
    refused: pa.Table


def score(files: list[str], model: Model, scratch: Path, guards: Mapping[str, str] = GUARDS) -> Scored:
    """Score the residue of a night. ``files`` hold the rows of ``scored_rows``."""
    with duckdb.connect(config=limits(scratch)) as engine:
        for name, body in MACROS.items():
            engine.execute(f"CREATE MACRO {name} AS {body}")
        engine.read_parquet(files).create_view("scored_rows")
        engine.execute(BLOCKS)
        engine.execute(CANDIDATES)
        make_nodes(engine, model.common)
        engine.execute(CROWDED, {"cap": CANDIDATES_CAP})
        engine.execute(PAIRS)
        engine.execute(scored_sql(model, guards), {"review": model.review_centibits, "told": TOLD})
        engine.execute(SIDES)
        engine.execute(SAME)
        engine.execute(BEST)
        accepted = engine.sql(ACCEPTED, params={"lead": model.lead_centibits}).to_arrow_table()
        engine.register("accepted", accepted)
        engine.register("joined", gather(engine, accepted))
        engine.execute(TOGETHER)
        links = engine.sql(LINKS.format(attached=ATTACHED)).to_arrow_table()
        refused = engine.sql(REFUSED, params={"model": model.version}).to_arrow_table()
    return Scored(links.sort_by("unit"), refused.cast(PAIR))


def make_nodes(engine: duckdb.DuckDBPyConnection, common: dict[str, tuple[str, ...]]) -> None:
    """The table ``node`` from ``candidate_rows``. ``common``: names by kind that so many bear that they say less."""
    engine.execute("CREATE TEMP TABLE common (kind VARCHAR, name VARCHAR)")
    for kind, names in sorted(common.items()):
        engine.execute("INSERT INTO common SELECT $kind, unnest($names)", {"kind": kind, "names": list(names)})
    engine.execute(NODES, {"baby": BABY_DAYS})


def scored_sql(model: Model, guards: Mapping[str, str] = GUARDS) -> str:
    """The query that gives every pair its levels, guard and weight."""
    traits = ("is_person", "baby", *LISTS)
    sides = [f"{side}.{name} AS {name}_{side}" for side in ("l", "r") for name in traits]
    return SCORED.format(
        columns=", ".join(["unit_l", "unit_r", *sides]),
        levels=", ".join(f"{one.level_sql()} AS g_{one.name}" for one in model.comparisons),
        guard="CASE WHEN false THEN NULL "
        + " ".join(f"WHEN {when} THEN '{name}'" for name, when in guards.items())
        + " END",
        prior=model.prior_centibits,
        known=model.accept_known_centibits,
        accept=model.accept_centibits,
        weight=" + ".join(one.weight_sql() for one in model.comparisons),
        words=", ".join(f"'{one.name}=' || g_{one.name}" for one in model.comparisons),
    )


def gather(engine: duckdb.DuckDBPyConnection, accepted: pa.Table) -> pa.Table:
    """unit, label of every unit that is one person with another: whole clusters, else what ties units to persons."""
    to_persons = accepted.filter(accepted["person"])
    found = whole(engine, accepted)
    settled = set(found["unit"].to_pylist())
    left = to_persons.filter(pa.array([unit not in settled for unit in to_persons["a_id"].to_pylist()], pa.bool_()))
    return pa.concat_tables([found, whole(engine, left)])


def whole(engine: duckdb.DuckDBPyConnection, accepted: pa.Table) -> pa.Table:
    """unit, label of the clusters in which every pair met and no guard refuses one."""
    labels = spread(accepted.select(["a_id", "b_id"]))
    engine.register("member", labels.select(["node_id", "label"]).rename_columns(["unit", "label"]))
    return engine.sql(WHOLE).to_arrow_table()
