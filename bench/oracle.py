"""Standardise a large pharmacy night and let a second engine decide whether it is right.

``python -m bench.oracle [persons]``: the simulator deposits, the pipeline reads, and DuckDB sums the simulator's truth
by product. Quantities and amounts are exact decimals, so one cent of difference ends with code 1.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import Pool, read_json, tables_from_json
from jobs.standardise.pools import proposal_path

NIGHT = "2026-11-22"
SUMS = "cip13, count(*), sum(quantity), sum(amount_total), sum(amount_base), sum(amount_insurance)"


def run(settings: Settings, module: str, *arguments: str) -> float:
    """Seconds of one command of the pipeline."""
    started = time.monotonic()
    environment = os.environ | {"VEILLEE_ROOT": str(settings.root), "VEILLEE_DRIVER_MEMORY": "6g"}
    command = [sys.executable, "-m", module, "--night", NIGHT, *arguments]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def standard_files(settings: Settings) -> list[str]:
    """Files of the dispensations that the pipeline read."""
    proposal = read_json(proposal_path(settings, "pharmacy", NIGHT))
    pool = Pool(settings.standard / "pharmacy" / "pool")
    return [
        str(pool.path(file))
        for producer in proposal["producers"].values()
        for files in tables_from_json(producer["tables"]).get("dispensation", {}).values()
        for file in files
    ]


def main(persons: int) -> int:
    """Simulate, read, compare."""
    with tempfile.TemporaryDirectory() as folder:
        settings = prepare_root(Path(folder) / "root", "synthetic")
        seconds = {"simulate": run(settings, "synthetic", "--persons", str(persons))}
        for stage in ("pull", "standardise"):
            seconds[stage] = run(settings, f"jobs.{stage}", "--source", "pharmacy")
        truth = f"'{settings.truth}/{NIGHT}/dispensation.parquet'"
        drugs = f"(select * replace (case when fault <> 'EAN13' then cip13 end as cip13) from {truth} where accepted)"
        database = duckdb.connect()
        ours = database.execute(
            f"select {SUMS} from read_parquet(?) group by 1 order by 1", [standard_files(settings)]
        ).fetchall()
        theirs = database.execute(f"select {SUMS} from {drugs} group by 1 order by 1").fetchall()
    lines = sum(row[1] for row in theirs)
    rate = round(lines / seconds["standardise"])
    print(json.dumps({"lines": lines, "seconds": seconds, "lines_per_second": rate, "agree": ours == theirs}))
    return 0 if ours == theirs else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
