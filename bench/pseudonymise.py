"""Pseudonymising: rows per CPU second, the Parquet write included, beside the same without hashing.

``python -m bench.pseudonymise [rows]``: standard and index files in ten months are read, tokens are made under the
centre's key from a one-row table, and the files of the candidate are written in total order, by the stage's own
functions. ``persons``: one row a person, one token each. ``plain``: the same with nothing hashed. ``care``: ten rows a
person, the crosswalk joined, a pseudonym and three tokens a row. Each way runs in a process of its own, with all rows
and with ten; the difference is its cost, so that starting Spark is no part of it. Ends with code 1 below the aim.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from pyspark.sql import functions as F

from bench.measure import measured
from jobs.core.attempt import attempt_folder
from jobs.core.blocks import BLOCKS, block_maker, write_blocks
from jobs.core.keys import key_table
from jobs.core.schema import load_schema
from jobs.core.session import spark_session
from jobs.core.settings import Settings, load_settings, prepare_root
from jobs.core.snapshot import DataFile, Pool, read_json, write_json
from jobs.core.tables import read_files
from jobs.core.tokens import with_key
from jobs.pseudonymise.care import SPANNED, Work, care_table, write_under_key
from jobs.pseudonymise.months import Plan
from jobs.pseudonymise.persons import generalised_persons
from jobs.release.pools import candidate_pool

AIM = 800_000  # rows per CPU second, of the first way
WAYS = ("persons", "plain", "care")
MONTHS = [f"2026-{one:02d}" for one in range(1, 11)]
INDEX = {
    "person_id": "md5('person' || i)",
    "sex": "(1 + i % 2)::VARCHAR",
    "birth_date": "DATE '1940-01-01' + (i % 30000)::INTEGER",
}
TYPES = {"string": "VARCHAR", "integer": "BIGINT", "date": "DATE", "datetime": "TIMESTAMPTZ", "boolean": "BOOLEAN"}
CARE = {  # columns of a dispensation that are not null; row i of the bench
    "subject_id": "md5('subject' || (i * 7919 % {persons}))",
    "producer": "'9900' || (10000 + i % 20000)",
    "pharmacy_id": "md5('pharmacy' || (i % 20000))",
    "dispensation_id": "md5('line' || i)",
    "ticket_id": "md5('ticket' || (i // 3))",
    "feed": "'extract'",
    "event_type": "'sale'",
    "dispensed_on": "DATE '2026-01-01' + (i % 28)::INTEGER",
    "code_class": "'drug'",
    "cip13": "'34009' || (100000000 + i % 5000)",
    "quantity": "1 + i % 3",
    "age_years": "i % 97",
    "sex": "(1 + i % 2)::VARCHAR",
}


def build(settings: Settings, rows: int) -> None:
    """Files of the index, the crosswalk and the standard zone; ``work/files.json`` names them."""
    persons, found = max(rows // 10, 1), {}
    for place, month in enumerate(MONTHS):
        span = f"FROM range({rows * place // 10}, {rows * (place + 1) // 10}) t(i)"
        index = written(settings, "identity", "person", INDEX | {"created_night": f"'{month}-05'"}, span)
        care = {name: value.format(persons=persons) for name, value in CARE.items()} | {"period": f"'{month}'"}
        found[month] = [index, written(settings, "standard/pharmacy", "dispensation", care, span)]
    walk = {"subject_id": "md5('subject' || i)", "person_id": "md5('person' || i)"}
    found["crosswalk"] = [written(settings, "crosswalk", "crosswalk", walk, f"FROM range({persons}) t(i)")]
    write_json(settings.work / "files.json", found)


def written(settings: Settings, zone: str, table: str, values: dict[str, str], span: str) -> dict[str, Any]:
    """Rows as a file of a zone's pool; columns without a value are null."""
    path, columns = settings.work / "made.parquet", []
    for item in load_schema(f"{zone.split('/')[0]}/{table}").fields:
        shape = TYPES.get(item.type) or "DECIMAL({},{})".format(*item.veillee["decimal"])
        columns.append(f"({values.get(item.name, 'NULL')})::{shape} AS {item.name}")
    duckdb.execute(f"COPY (SELECT {', '.join(columns)} {span}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return Pool(settings.root / zone / "pool").adopt(path).to_json()


def run(settings: Settings, way: str) -> None:
    """One way, in this process."""
    told = read_json(settings.work / "files.json")
    crosswalk = [DataFile.from_json(one) for one in told["crosswalk"]]
    files = {month: DataFile.from_json(told[month][way == "care"]) for month in MONTHS}
    size = sum(one.bytes for one in [*files.values(), *crosswalk])
    with spark_session(settings, "bench pseudonymise", size) as spark, attempt_folder(settings) as attempt:
        key = key_table(spark, settings, "centre")
        if way == "care":
            plan = Plan(load_schema("published/dispensation"), {month: [one] for month, one in files.items()}, {})
            work = Work(spark, settings, attempt, key, 1, {"crosswalk": {"all": crosswalk}})
            care_table(work, plan, MONTHS)
            return
        schema, pool = load_schema("published/person"), candidate_pool(settings)
        index = read_files(
            spark, Pool(settings.identity / "pool"), list(files.values()), load_schema("identity/person")
        )
        rows = generalised_persons(index)
        sizes = {month: one.rows for month, one in files.items()}
        if way == "persons":
            write_under_key(with_key(rows, key), schema, 1, pool, attempt, sizes)
            return
        letters = 3 if max(sizes.values()) > SPANNED[0] else 0
        shown = rows.withColumn("pseudonym", F.concat(F.lit("1."), F.upper(F.substring("pseudonym", 1, 26))))
        write_blocks(shown.mapInArrow(block_maker(schema, letters), BLOCKS), schema, pool, attempt, MONTHS)


def main(rows: int) -> int:
    """Run every way and print a line of JSON for each."""
    rates = {}
    with tempfile.TemporaryDirectory() as scratch:
        roots = {count: prepare_root(Path(scratch) / f"root-{count}", "synthetic") for count in (rows, 10)}
        for count, settings in roots.items():
            build(settings, count)
        for way in WAYS:
            command = [sys.executable, "-m", "bench.pseudonymise", way, "--"]
            whole, start = (measured(command, {"VEILLEE_ROOT": str(one.root)})[0] for one in roots.values())
            rates[way] = round(rows / max(whole.cpu - start.cpu, 0.01))
            print(json.dumps({"way": way, "rows": rows, "rows_per_cpu_s": rates[way], **whole.shown()}), flush=True)
    return 0 if rates["persons"] >= AIM else 1


if __name__ == "__main__":
    if sys.argv[2:] == ["--"]:
        run(load_settings(), sys.argv[1])
        sys.exit(0)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000))
