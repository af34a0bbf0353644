"""Rotating the centre's key: rows per second of a release that is re-keyed with its proof.

``python -m bench.rekey [rows]``: a release of one care table with four columns under the key (person, line, ticket,
pharmacy) and its persons, in ten months. Prints one JSON line; ends with code 1 when anything old is left.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from bench.measure import measured
from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.parquet import write_runs
from jobs.core.schema import TableSchema, load_schema
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile, Pool, tables_to_json, write_json
from jobs.pseudonymise.generalise import PERSON, PRODUCER, TOKEN
from jobs.rekey.renaming import fill, open_engine
from jobs.rekey.state import Rotation
from jobs.release.pools import candidate_pool
from jobs.release.publish import kept_releases, release

NIGHT, MONTHS = "2026-11-22", 10
MADE = {  # column: how row i of the bench has it, as a number of its domain
    "pseudonym": (PERSON, "i * 7919 % {persons}"),
    "dispensation_id": (TOKEN, "i"),
    "ticket_id": (TOKEN, "i // 3"),
    "producer": (PRODUCER, "i % 20000"),
}


def origin(domain: str, number: str) -> str:
    """What a value of a domain is made from, as SQL over its number."""
    return f"md5('{domain}' || ({number}))"


def build(settings: Settings, rows: int) -> None:
    """Standard and crosswalk files with the origins, and a published release of the rows."""
    persons = max(rows // 3, 1)
    counts = {PERSON: persons, TOKEN: rows, PRODUCER: 20_000}
    with open_engine(settings) as engine, attempt_folder(settings) as attempt:
        for domain, (pool, column) in {
            PERSON: (Pool(settings.crosswalk / "pool"), "person_id"),
            TOKEN: (Pool(settings.standard / "pharmacy" / "pool"), "dispensation_id"),
            PRODUCER: (Pool(settings.standard / "pharmacy" / "pool"), "producer"),
        }.items():
            path = attempt / f"{domain}.parquet"
            query = f"SELECT {origin(domain, 'r')} AS {column} FROM range({counts[domain]}) t(r)"
            engine.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
            pool.adopt(path)
        tokens(engine, settings, counts)
        tables = {"dispensation": care(settings, engine, attempt, rows, persons)}
        tables["person"] = people(settings, engine, attempt, persons)
    pointer = {"night": NIGHT, "tables": tables_to_json(tables)}
    write_json(settings.candidate / NIGHT / "candidate.json", pointer)
    write_json(settings.candidate / NIGHT / "gate.json", {"night": NIGHT, "decision": "publish"})
    release(settings, NIGHT)


def tokens(engine: duckdb.DuckDBPyConnection, settings: Settings, counts: dict[str, int]) -> None:
    """Tables ``token_<domain>`` (r, value): the published value of each number under version 1."""
    key_bytes(settings, "centre")
    engine.execute("CREATE TABLE origin (domain VARCHAR, value VARCHAR)")
    engine.execute("CREATE TABLE moved (domain VARCHAR, old VARCHAR, new VARCHAR)")
    for domain, count in counts.items():
        engine.execute(f"INSERT INTO origin SELECT '{domain}', {origin(domain, 'r')} FROM range({count}) t(r)")
    fill(settings, engine, Rotation(1, 1))
    for domain, count in counts.items():
        numbered = f"(SELECT row_number() OVER () - 1 AS r, old AS value FROM moved WHERE domain = '{domain}')"
        engine.execute(f"CREATE TABLE token_{domain} AS FROM {numbered}")
        assert engine.execute(f"SELECT count(*) FROM token_{domain}").fetchall() == [(count,)]
    engine.execute("DROP TABLE moved; DROP TABLE origin")


def care(
    settings: Settings, engine: duckdb.DuckDBPyConnection, attempt: Path, rows: int, persons: int
) -> dict[str, list[DataFile]]:
    """The care table, a file a month."""
    schema, found = load_schema("published/dispensation"), {}
    for month in range(MONTHS):
        name, low = f"2026-{month + 1:02d}", rows * month // MONTHS
        made = {column: number.format(persons=persons) for column, (_, number) in MADE.items()}
        joins = " ".join(
            f"JOIN token_{domain} {column} ON {column}.r = {made[column]}" for column, (domain, _) in MADE.items()
        )
        plain = {"care_month": f"'{name}'", "cip13": "'34009' || (100000000 + i % 5000)", "quantity": "1 + i % 3"}
        shown = [f"{column}.value AS {column}" for column in MADE]
        shown += [f"{value} AS {column}" for column, value in plain.items() if column in schema.names]
        query = f"SELECT {', '.join(shown)} FROM range({low}, {rows * (month + 1) // MONTHS}) t(i) {joins}"
        found[name] = [write(settings, engine, attempt, schema, query)]
    return found


def people(
    settings: Settings, engine: duckdb.DuckDBPyConnection, attempt: Path, persons: int
) -> dict[str, list[DataFile]]:
    """The table of persons."""
    query = (
        f"SELECT value AS pseudonym, '2026-01' AS first_seen, 40 AS age_years FROM token_{PERSON} WHERE r < {persons}"
    )
    return {"2026-01": [write(settings, engine, attempt, load_schema("published/person"), query)]}


def write(
    settings: Settings, engine: duckdb.DuckDBPyConnection, attempt: Path, schema: TableSchema, query: str
) -> DataFile:
    """Rows of a query as a file of the candidate; columns that it lacks are null."""
    have = set(engine.sql(query).columns)
    columns = [name if name in have else f"NULL AS {name}" for name in schema.names]
    order = ", ".join(name for name in schema.order if name in have)
    reader = engine.sql(f"SELECT {', '.join(columns)} FROM ({query}) ORDER BY {order}").to_arrow_reader(131_072)
    batches = (
        pa.RecordBatch.from_arrays(
            [batch.column(n).cast(field.type) for n, field in enumerate(schema.arrow)], schema=schema.arrow
        )
        for batch in reader
    )
    return candidate_pool(settings).adopt(attempt / write_runs(attempt, schema.arrow, batches))


def main(rows: int) -> int:
    """Build, rotate, look, print."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = prepare_root(Path(scratch) / "root", "synthetic")
        build(settings, rows)
        published = sum(
            pq.read_metadata(path).num_rows
            for path in (settings.published / kept_releases(settings)[0]).rglob("*.parquet")
        )
        started = time.monotonic()
        cost, told = measured([sys.executable, "-m", "jobs.rekey"], {"VEILLEE_ROOT": str(settings.root)})
        facts = json.loads(told.splitlines()[-1])
        result = {"rows": published, **cost.shown(), "rows_per_s": round(published / (time.monotonic() - started))}
        result |= {"rows_per_cpu_s": round(published / cost.cpu), "tokens": facts["compare"]["tokens"]}
    print(json.dumps(result | {"old_left": facts["prove"]["old"]}))
    return 1 if facts["prove"]["old"] or facts["rewrite"]["rows"] != published else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
