"""Pseudonymising: rows per CPU second, the Parquet write included, beside the same without hashing.

``python -m bench.pseudonymise [rows]``: identifiers of persons are read from Parquet, become pseudonyms under a key
from a one-row table, and are written: by Spark's own writer as they come, and as a stage does (partitions, total order,
Arrow's writer). Each way runs in a process of its own, with all rows and with one; the difference is its cost, so that
starting Spark is no part of it. Ends with code 1 below the aim.
"""

import json
import sys
import tempfile
from pathlib import Path

import duckdb
from pyspark.sql import functions as F

from bench.measure import measured
from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_table
from jobs.core.schema import load_schema
from jobs.core.session import spark_session
from jobs.core.settings import Settings, load_settings, prepare_root
from jobs.core.snapshot import Pool
from jobs.core.tables import write_table
from jobs.core.tokens import with_key
from jobs.pseudonymise.generalise import pseudonym

AIM = 800_000  # rows per CPU second, of the first way
WAYS = ("hashed", "plain", "stage hashed", "stage plain")


def run(settings: Settings, way: str, source: str) -> None:
    """One way, in this process."""
    with spark_session(settings, "bench pseudonymise") as spark, attempt_folder(settings) as attempt:
        rows = with_key(spark.read.parquet(source), key_table(spark, settings, "centre"))
        shown = pseudonym(1) if way.endswith("hashed") else F.concat(F.lit("1."), F.col("person_id"))
        made = rows.select(shown.alias("pseudonym"), "first_seen", "sex", "age_years")
        if way.startswith("stage"):
            write_table(made, load_schema("published/person"), Pool(settings.candidate / "pool"), attempt)
        else:
            made.select("pseudonym").write.parquet(str(attempt / "out"))


def source(path: Path, rows: int) -> str:
    """Persons of an index, in ten months."""
    query = (
        "SELECT md5(r::VARCHAR) AS person_id, '2026-' || lpad((1 + r % 10)::VARCHAR, 2, '0') AS first_seen, "
        f"(1 + r % 2)::VARCHAR AS sex, r % 90 AS age_years FROM range({rows}) t(r)"
    )
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return str(path)


def main(rows: int) -> int:
    """Run every way and print a line of JSON for each."""
    rates = {}
    with tempfile.TemporaryDirectory() as scratch:
        settings = prepare_root(Path(scratch) / "root", "synthetic")
        files = source(settings.work / "all.parquet", rows), source(settings.work / "one.parquet", 1)
        for way in WAYS:
            commands = ([sys.executable, "-m", "bench.pseudonymise", way, file] for file in files)
            whole, start = (measured(command, {"VEILLEE_ROOT": str(settings.root)})[0] for command in commands)
            rates[way] = round(rows / max(whole.cpu - start.cpu, 0.01))
            print(json.dumps({"way": way, "rows": rows, "rows_per_cpu_s": rates[way], **whole.shown()}), flush=True)
    return 0 if rates["hashed"] >= AIM else 1


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run(load_settings(), *sys.argv[1:])
        sys.exit(0)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000))
