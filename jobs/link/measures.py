"""What a night's linkage did, in counts: for the ledger, the gate and the report. Each also by group of persons.

Everything is counted over the subjects and persons that the night touched. Missed links hit some people more than
others, so that age, sex, department and birth abroad are told apart. No rate is made here: counts are exact.
"""

from collections.abc import Sequence
from typing import Any

import duckdb

from jobs.core.attempt import attempt_folder
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import Partitions, Pool, files_of
from jobs.link.change import by_person
from jobs.link.decisions import SAME, Decision, in_force, read_decisions
from jobs.link.keep import limits
from jobs.link.walk import MOVE, Tables, crosswalk_pool
from jobs.review.queue import undecided

Measures = dict[str, Any]
LAST_DECISIONS = 1_000
DIMENSIONS = ("age_band", "sex", "department", "born_abroad")

# Everything is counted over these rows, which are read in one scan of the index: all that was ever said of the subjects
# that the night touched, of their persons, and under the numbers that somebody stated as their own tonight. The night's
# own rows lie in files of their own.
NEAR = """
CREATE TEMP TABLE near AS
WITH tonight AS (SELECT * FROM trait WHERE night = $night),
touched AS (
    SELECT subject_id FROM tonight
    UNION SELECT subject_id FROM event WHERE night = $night UNION SELECT unnest($queued)
), persons AS (
    SELECT coalesce(m.person_id, t.person_id) AS person_id FROM tonight t LEFT JOIN latest m USING (subject_id)
    UNION SELECT person_id FROM latest SEMI JOIN touched USING (subject_id) UNION SELECT unnest($queued_persons)
), told AS (SELECT DISTINCT number FROM tonight WHERE number_role IN ('ins', 'own') AND number IS NOT NULL)
SELECT t.* REPLACE (coalesce(m.person_id, t.person_id) AS person_id),
    subject_id IN (FROM touched) AS touched, number_role IN ('ins', 'own') AND number IN (FROM told) AS told
FROM trait t LEFT JOIN latest m USING (subject_id)
WHERE coalesce(m.person_id, t.person_id) IN (FROM persons) OR number IN (FROM told)
"""
# Age in the year of the night; birth abroad as the place of birth says it (99 and a country).
SUBJECTS = """
CREATE TEMP TABLE subject AS
WITH said AS (
    SELECT subject_id, any_value(person_id) AS now, min(source) AS source, min(birth_year) AS born, min(sex) AS sex,
        min(birth_place) AS place
    FROM near WHERE touched GROUP BY subject_id
)
SELECT subject_id, now AS person_id, source, l.tier, e.kind AS moved,
    list_contains($queued, subject_id) AS queued, l.person_id AS founded,
    CASE WHEN born IS NULL THEN 'unknown' ELSE band(year($night::DATE) - born) END AS age_band,
    coalesce(sex, 'unknown') AS sex, coalesce(h.department, 'unknown') AS department,
    CASE WHEN place IS NULL THEN 'unknown' WHEN place LIKE '99%' THEN 'yes' ELSE 'no' END AS born_abroad
FROM said LEFT JOIN (SELECT * FROM link WHERE night = $night) l USING (subject_id)
LEFT JOIN (SELECT DISTINCT subject_id, kind FROM event WHERE night = $night) e USING (subject_id)
LEFT JOIN home h USING (subject_id)
"""
PERSONS = """
CREATE TEMP TABLE person AS
SELECT person_id, count(DISTINCT subject_id) AS size,
    count(DISTINCT number) FILTER (number_role IN ('ins', 'own')) AS numbers
FROM near WHERE person_id IN (SELECT person_id FROM subject) GROUP BY person_id
"""
GROUPED = """
SELECT {dimension} AS name, count(tier) AS subjects, count(tier) FILTER (tier <> 'new_person') AS linked,
    count(*) FILTER (tier = 'number_birth_date') AS number_birth_date,
    count(*) FILTER (tier = 'number_first_name') AS number_first_name,
    count(*) FILTER (tier = 'exact_traits') AS exact_traits, count(*) FILTER (tier = 'score') AS score,
    count(*) FILTER (tier = 'new_person') AS new_person, count(*) FILTER (moved = 'merged') AS merged,
    count(*) FILTER (moved = 'split') AS split, count(*) FILTER (queued) AS queued,
    count(DISTINCT person_id) FILTER (numbers > 1) AS several_numbers, max(size) AS largest_person
FROM subject JOIN person USING (person_id) GROUP BY name ORDER BY name
"""
SPREAD = (
    "SELECT CASE WHEN numbers > 2 THEN '3+' ELSE numbers::VARCHAR END AS n, count(*) FROM person GROUP BY n ORDER BY n"
)
# Numbers that somebody stated as their own tonight, by how many persons ever stated them so.
HOLDERS = """
WITH held AS (SELECT number, count(DISTINCT person_id) AS persons FROM near WHERE told GROUP BY number)
SELECT CASE WHEN persons > 2 THEN '3+' ELSE persons::VARCHAR END AS n, count(*) FROM held GROUP BY n ORDER BY n
"""
BANDS = """
CREATE TEMP MACRO band(age) AS CASE WHEN age < 1 THEN '0' WHEN age < 18 THEN '1-17' WHEN age < 40 THEN '18-39'
    WHEN age < 65 THEN '40-64' WHEN age < 80 THEN '65-79' ELSE '80+' END
"""
LATEST = "CREATE TEMP TABLE latest AS SELECT subject_id, arg_max(person_id, night) AS person_id FROM move GROUP BY ALL"


def measure(settings: Settings, night: str, index: Tables, walk: Tables, homes: Sequence[str]) -> Measures:
    """The measures of a night. ``index`` and ``walk`` are its own tables.

    ``homes``: Parquet files with subject_id and department, as tonight's claims state them.
    """
    decisions = in_force(read_decisions(settings, index.get("decision", {})))
    items = undecided(settings, index, walk, decisions)
    queued = sorted({end for one in items if one.night == night for end in (one.left[0], one.right[0])})
    queued_persons = sorted(set(by_person(settings, set(queued), walk).values())) if queued else []
    with attempt_folder(settings) as scratch, duckdb.connect(config=limits(scratch)) as engine:
        identity = Pool(settings.identity / "pool")
        for name, table in (("trait", "person_trait"), ("event", "person_event"), ("link", "link")):
            view(engine, name, identity, index.get(table, {}), f"identity/{table}")
        view(engine, "move", crosswalk_pool(settings), walk.get(MOVE, {}), "crosswalk/move")
        engine.execute("CREATE TEMP TABLE home (subject_id VARCHAR, department VARCHAR)")
        if homes:
            engine.execute(
                "INSERT INTO home SELECT subject_id, max(department) FROM read_parquet($files) GROUP BY ALL",
                {"files": list(homes)},
            )
        for query in (BANDS, LATEST):
            engine.execute(query)
        asked = {"night": night, "queued": queued or [""]}
        engine.execute(NEAR, asked | {"queued_persons": queued_persons or [""]})
        engine.execute(SUBJECTS, asked)
        engine.execute(PERSONS)
        told = {
            "by_source": grouped(engine, "source"),
            "groups": {name: grouped(engine, name) for name in DIMENSIONS},
            "numbers_per_person": dict(engine.execute(SPREAD).fetchall()),
            "persons_per_number": dict(engine.execute(HOLDERS).fetchall()),
            "largest_person": single(engine, "SELECT coalesce(max(size), 0) FROM person"),
            "merges": single(engine, MOVES, night=night, kind="merged"),
            "splits": single(engine, MOVES, night=night, kind="split"),
        }
    queue = {name: sum(one.queue == name for one in items) for name in ("match", "split")}
    return told | {"queue": queue, "decisions": agreement(settings, index, walk, decisions)}


MOVES = "SELECT count(DISTINCT event_id) FROM event WHERE night = $night AND kind = $kind"


def view(engine: duckdb.DuckDBPyConnection, name: str, pool: Pool, parts: Partitions, schema: str) -> None:
    """Name the rows of a table; an empty one of its shape when it has no file."""
    files = [str(pool.path(file)) for file in files_of(parts)]
    if files:
        engine.read_parquet(files).create_view(name)
    else:
        engine.register(name, load_schema(schema).arrow.empty_table())


def grouped(engine: duckdb.DuckDBPyConnection, dimension: str) -> dict[str, dict[str, int]]:
    """The counts of each value of a dimension."""
    found = engine.execute(GROUPED.format(dimension=dimension))
    names = [one[0] for one in found.description or []][1:]
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found.fetchall()}


def single(engine: duckdb.DuckDBPyConnection, query: str, **values: str) -> int:
    """The one number of a query."""
    return int(engine.execute(query, values or None).fetchall()[0][0])


def agreement(settings: Settings, index: Tables, walk: Tables, decisions: list[Decision]) -> dict[str, int]:
    """The last decisions in force: how many persons keep to, and of how many linkage had said the contrary before.

    ``missed``: two persons that a steward had to make one; ``wrong``: one that a steward had to make two.
    """
    last = sorted(decisions)[-LAST_DECISIONS:]
    now = by_person(settings, {end for one in last for end in one.pair}, walk) if last else {}
    known = [one for one in last if set(one.pair) <= set(now)]
    kept = [one for one in known if (now[one.left_subject] == now[one.right_subject]) == (one.kind == SAME)]
    with duckdb.connect() as engine:
        view(engine, "event", Pool(settings.identity / "pool"), index.get("person_event", {}), "identity/person_event")
        proofs = {
            row[0] for row in engine.execute("SELECT DISTINCT unnest(string_split(proof, ' ')) FROM event").fetchall()
        }
    contrary = [one for one in known if one.decision_id in proofs]
    missed = sum(one.kind == SAME for one in contrary)
    return {"asked": len(known), "kept": len(kept), "missed": missed, "wrong": len(contrary) - missed}
