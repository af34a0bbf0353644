"""How well a night was linked, against what the simulator knows."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from jobs.core.cli import SOURCES
from jobs.core.keys import key_bytes
from jobs.core.nights import state_path
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool, read_json, tables_from_json
from jobs.core.tokens import text_hex
from jobs.link.walk import crosswalk_pool, persons_now, pointer
from tests.spec.national_cases import Rows, rows_of

# Care rows whose truth is found by their place in the delivery; stays by their local number, below.
BY_PLACE = {"dispensation": "pharmacy", "document": "shared_record"}

PAIRS = """
WITH s AS (
    SELECT DISTINCT truth.subject_id, truth.person AS truth, walk.person_id AS found
    FROM truth JOIN walk USING (subject_id)
), own AS (  -- a subject that producers themselves gave to several persons says nothing about linkage
    SELECT subject_id, min(truth) AS truth, min(found) AS found FROM s GROUP BY ALL HAVING count(DISTINCT truth) = 1
), t AS (SELECT sum(n * (n - 1) // 2) AS pairs FROM (SELECT count(*) AS n FROM own GROUP BY truth)),
f AS (SELECT sum(n * (n - 1) // 2) AS pairs FROM (SELECT count(*) AS n FROM own GROUP BY found)),
b AS (SELECT sum(n * (n - 1) // 2) AS pairs FROM (SELECT count(*) AS n FROM own GROUP BY truth, found))
SELECT (SELECT count(*) FROM own), t.pairs::BIGINT, f.pairs::BIGINT, b.pairs::BIGINT FROM t, f, b
"""
MOTHERS = """
SELECT count(*) FROM relation r
JOIN truth child ON child.person = r.person JOIN truth mother ON mother.person = r.of
JOIN walk a ON a.subject_id = child.subject_id JOIN walk b ON b.subject_id = mother.subject_id
WHERE r.relation = 'mother' AND a.person_id = b.person_id
"""


def linkage_quality(settings: Settings, night: str) -> dict[str, Any]:
    """Pair precision and recall over the subjects of a night's current care rows, and children linked to their mother.

    A pair is two subjects (of any producers) that are one person. Returns subjects, true_pairs, found_pairs,
    right_pairs, precision, recall, linked_to_mother.
    """
    database = duckdb.connect()
    view_of_persons(database, settings, night)
    truth = settings.truth / "*"
    for name in ("hospital_stay", "dispensation", "document", "relation"):
        files = [name, "invoice"] if name == "dispensation" else [name]
        view(database, name if name == "relation" else f"true_{name}", [str(truth / f"{one}.parquet") for one in files])
    database.register("stay_tokens", stay_tokens(settings, database))
    database.execute(f"CREATE TABLE truth AS {' UNION '.join(subjects(settings, night, database))}")
    subjects_, true, found, right = database.execute(PAIRS).fetchall()[0]
    mothers = database.execute(MOTHERS).fetchall()[0][0]
    return {
        "subjects": subjects_,
        "true_pairs": true,
        "found_pairs": found,
        "right_pairs": right,
        "precision": right / found if found else 1.0,
        "recall": right / true if true else 1.0,
        "linked_to_mother": mothers,
    }


def view_of_persons(database: duckdb.DuckDBPyConnection, settings: Settings, night: str) -> None:
    """Name ``walk``: subjects and their persons, after merges and splits."""
    tables, pool = tables_from_json(read_json(pointer(settings, night))["tables"]), crosswalk_pool(settings)
    view(database, "walk", paths(pool, tables["crosswalk"]))
    if moves := paths(pool, tables.get("move", {})):
        view(database, "first_walk", paths(pool, tables["crosswalk"]))
        view(database, "move", moves)
        database.execute(
            "CREATE OR REPLACE VIEW walk AS SELECT subject_id, coalesce(now, person_id) AS person_id FROM first_walk "
            "LEFT JOIN (SELECT subject_id, arg_max(person_id, night) AS now FROM move GROUP BY ALL) USING (subject_id)"
        )


def subjects(settings: Settings, night: str, database: duckdb.DuckDBPyConnection) -> list[str]:
    """Queries for (subject_id, true person) of each source that has care rows."""
    found = []
    for source in SOURCES:
        tables = tables_from_json(read_json(state_path(settings, source, night))["tables"])
        for table in ("hospital_stay", *BY_PLACE):
            files = paths(Pool(settings.standard / source / "pool"), tables.get(table, {}))
            if not files:
                continue
            view(database, f"standard_{table}", files)
            if table in BY_PLACE:
                using = "producer, delivery_id, file, record"
                join = f"true_{table} t USING ({using})"
            else:
                join = "stay_tokens t ON t.stay_id = s.stay_id"
            found.append(f"SELECT s.subject_id, t.person FROM standard_{table} s JOIN {join}")
    return found


def stay_tokens(settings: Settings, database: duckdb.DuckDBPyConnection) -> pa.Table:
    """stay_id and true person of every simulated stay: the token is that of the hospital's parser."""
    key = key_bytes(settings, "collector")
    rows = database.execute("SELECT DISTINCT finess, local_stay_id, person FROM true_hospital_stay").fetchall()
    tokens = [text_hex(key, "hospital", "stay", finess, stay) for finess, stay, _ in rows]
    return pa.table({"stay_id": tokens, "person": [person for *_, person in rows]})


def paths(pool: Pool, parts: dict[str, Any]) -> list[str]:
    """Files of a table's partitions."""
    return [str(pool.path(file)) for _, files in sorted(parts.items()) for file in files]


def view(database: duckdb.DuckDBPyConnection, name: str, files: Sequence[str]) -> None:
    """Name a query on some Parquet files."""
    named = ", ".join(f"'{file}'" for file in files)
    database.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet([{named}])")


def index_rows(settings: Settings, night: str, table: str) -> Rows:
    """Rows of a table of a night's index."""
    return rows_of(settings.identity, settings.identity / night / "index.json", table)


def persons(settings: Settings, night: str) -> dict[str, str]:
    """The person of each subject in a night."""
    pointer = settings.crosswalk / night / "crosswalk.json"
    first = {row["subject_id"]: row["person_id"] for row in rows_of(settings.crosswalk, pointer, "crosswalk")}
    moves = sorted(rows_of(settings.crosswalk, pointer, "move"), key=lambda row: row["night"])
    return first | persons_now(moves)
