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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.measure import measured
from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.parquet import write_runs
from jobs.core.schema import load_schema
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile, Partitions, Pool, tables_to_json, write_json
from jobs.core.tokens import token_base32_array
from jobs.pseudonymise.generalise import PERSON, PRODUCER, TOKEN
from jobs.rekey.renaming import open_engine
from jobs.release.pools import candidate_pool
from jobs.release.publish import kept_releases, release

NIGHT, MONTHS, PRODUCERS = "2026-11-22", 10, 20_000
MADE = {  # column: how row i of the bench has it, as a number of its domain
    "pseudonym": (PERSON, "i * 7919 % {persons}"),
    "dispensation_id": (TOKEN, "i"),
    "ticket_id": (TOKEN, "i // 3"),
    "producer": (PRODUCER, f"i % {PRODUCERS}"),
}


def origin(domain: str, number: str) -> str:
    """What a value of a domain is made from, as SQL over its number."""
    return f"md5('{domain}' || ({number}))"


def build(settings: Settings, rows: int) -> None:
    """Standard and crosswalk files with the origins, and a published release of the rows."""
    persons = max(rows // 3, 1)
    counts = {PERSON: persons, TOKEN: rows, PRODUCER: PRODUCERS}
    key = key_bytes(settings, "centre")
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
        tables: dict[str, Partitions] = {"dispensation": {}, "person": {}}
        for place in range(MONTHS):
            month, span = (
                f"2026-{place + 1:02d}",
                f"range({rows * place // MONTHS}, {rows * (place + 1) // MONTHS}) t(i)",
            )
            plain = {"care_month": f"'{month}'", "cip13": "'34009' || (100000000 + i % 5000)", "quantity": "1 + i % 3"}
            care = MADE | {name: ("", value) for name, value in plain.items()}
            file = write(settings, engine, attempt, "dispensation", shown(engine, key, care, span, persons))
            tables["dispensation"][month] = [file]
        people = {"pseudonym": (PERSON, "i"), "first_seen": ("", "'2026-01'"), "age_years": ("", "40")}
        everybody = shown(engine, key, people, f"range({persons}) t(i)", persons)
        tables["person"]["2026-01"] = [write(settings, engine, attempt, "person", everybody)]
    pointer = {"night": NIGHT, "tables": tables_to_json(tables)}
    write_json(settings.candidate / NIGHT / "candidate.json", pointer)
    write_json(settings.candidate / NIGHT / "gate.json", {"night": NIGHT, "decision": "publish"})
    release(settings, NIGHT)


def shown(
    engine: duckdb.DuckDBPyConnection, key: bytes, made: dict[str, tuple[str, str]], span: str, persons: int
) -> pa.Table:
    """Rows of a span as they are published under version 1; ``made``: by column its domain, if any, and its SQL."""
    columns = [
        f"{origin(domain, value.format(persons=persons)) if domain else value} AS {name}"
        for name, (domain, value) in made.items()
    ]
    rows = engine.sql(f"SELECT {', '.join(columns)} FROM {span}").to_arrow_table()
    for place, (name, (domain, _)) in enumerate(made.items()):
        if domain:
            tokens = token_base32_array(key, rows.column(name).cast(pa.string()).combine_chunks(), domain)
            told = pc.binary_join_element_wise("1", tokens, ".") if domain == PERSON else tokens
            rows = rows.set_column(place, name, told)
    return rows


def write(settings: Settings, engine: duckdb.DuckDBPyConnection, attempt: Path, table: str, rows: pa.Table) -> DataFile:
    """Rows as a file of the candidate, in the order of their table; columns that they lack are null."""
    schema, have = load_schema(f"published/{table}"), set(rows.column_names)
    engine.register("rows", rows)
    columns = [name if name in have else f"NULL AS {name}" for name in schema.names]
    order = ", ".join(name for name in schema.order if name in have)
    reader = engine.sql(f"SELECT {', '.join(columns)} FROM rows ORDER BY {order}").to_arrow_reader(131_072)
    batches = (
        pa.RecordBatch.from_arrays(
            [batch.column(n).cast(field.type) for n, field in enumerate(schema.arrow)], schema=schema.arrow
        )
        for batch in reader
    )
    file = candidate_pool(settings).adopt(attempt / write_runs(attempt, schema.arrow, batches))
    engine.unregister("rows")
    return file


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
