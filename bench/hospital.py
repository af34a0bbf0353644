"""What hospital nights cost, beside DuckDB reading the same bytes, which also judges whether they were read right.

``python -m bench.hospital [--full] [--only night|snapshot|lines]``; small sizes by default. One JSON line each for

* ``night``: a national night of many hospitals through pull and standardise; DuckDB cuts and explodes the unit lines of
  the same packs to Parquet, and both must agree row for row on unit stays, diagnoses and procedures of accepted lines;
* ``snapshot``: a year of one hospital, sent again with nothing changed, then with a few stays told anew;
* ``lines``: many unit lines through DuckDB, through our cutter alone, and through our cutter in Spark.

CPU seconds are those of all processes, the start of interpreter, JVM and workers included. Ends with code 1 when two
readings differ, or when an outcome is not the planned one.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from bench.hospital_duckdb import COPIES, PLACE, readings
from bench.hospital_made import MESS, again, send, transmissions
from bench.measure import Cost, measured
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile, Pool, read_json, tables_from_json
from jobs.pull.cut import cut
from jobs.pull.packs import PackWriter, packs_of
from jobs.standardise.pools import intake_pool, proposal_path, standard_pool
from synthetic.hospital import RSS
from tests.deposits import close

NIGHT, SECOND, THIRD = "2026-11-22", "2026-11-23", "2026-11-24"
MONTH_AGO, NEW_YEAR = "2026-10-23", "2026-01-01"
CHANGED = 0.005
SIZES = {"small": {"hospitals": 130, "night": 5_200, "snapshot": 20_000, "lines": 100_000},
         "full": {"hospitals": 1_300, "night": 52_000, "snapshot": 200_000, "lines": 1_000_000}}  # fmt: skip


def stage(settings: Settings, name: str, night: str) -> Cost:
    """What one command of the pipeline costs."""
    command = [sys.executable, "-m", f"jobs.{name}", "--night", night, "--source", "hospital"]
    return measured(command, {"VEILLEE_ROOT": str(settings.root)})[0]


def other_engine(packs: list[Path], folder: Path) -> Cost:
    """What DuckDB needs for the unit lines of the same packs."""
    folder.mkdir()
    return measured([sys.executable, "-m", "bench.hospital_duckdb", str(folder), *map(str, packs)], {})[0]


def ratio(ours: Cost, theirs: Cost) -> float:
    """CPU seconds of one for a CPU second of the other."""
    return round(ours.cpu / theirs.cpu, 2)


def national_night(settings: Settings, size: dict[str, int], folder: Path) -> dict[str, Any]:
    """Many hospitals' month, with the faults that the simulator plants."""
    made = transmissions(NIGHT, MONTH_AGO, size["hospitals"], size["night"], MESS)
    sent = send(settings, made, size["hospitals"])
    pulled, standardised = stage(settings, "pull", NIGHT), stage(settings, "standardise", NIGHT)
    theirs = other_engine(packs_of(settings, "hospital", NIGHT), folder / "duckdb")
    counts, differing = compared(settings, folder / "duckdb")
    return {
        "bench": "national night", "deliveries": len(sent), **counts, "rows_that_differ": differing,
        "pull": pulled.shown(), "standardise": standardised.shown(), "duckdb": theirs.shown(),
        "cpu_ratio": ratio(standardised, theirs),
        "standardise_also": "identities, drugs, units, links; tokens; rules and controls; claims; intake, quarantine, "
        "line tokens, changes; one sorted file per hospital and month",
        "failed": bool(differing) or not counts["hospital_unit_stay"],
    }  # fmt: skip


def compared(settings: Settings, folder: Path) -> tuple[dict[str, int], int]:
    """Rows of the standard tables, and how many rows one of the two engines has alone."""
    proposal = read_json(proposal_path(settings, "hospital", NIGHT))
    database = duckdb.connect()
    intake = [DataFile.from_json(one) for one in proposal["tables"]["intake"]]
    database.execute(f"create view intake as from read_parquet({paths(intake_pool(settings), intake)})")
    unit_lines = "outcome = 'accepted' and kind in ('rss', 'rum')"
    database.execute(f"create table accepted as select {PLACE} from intake where {unit_lines}")
    counts, differing = {"lines": database.sql("from intake").count("*").fetchall()[0][0]}, 0
    for table, query in readings(folder, "accepted").items():
        database.execute(f"create or replace view theirs as {query}")
        columns = ", ".join(database.sql("from theirs").columns)
        ours = (
            f"select {columns} from read_parquet({paths(standard_pool(settings, 'hospital'), files(proposal, table))})"
        )
        differing += difference(database, f"({ours})", f"(select {columns} from theirs)")
        counts[table] = database.execute(f"select count(*) from ({ours})").fetchall()[0][0]
    return counts, differing


def files(proposal: dict[str, Any], table: str) -> list[DataFile]:
    """All files that a night proposes for a table."""
    own = [tables_from_json(one["tables"]).get(table, {}) for one in proposal["producers"].values()]
    return [file for parts in own for found in parts.values() for file in found]


def paths(pool: Pool, found: list[DataFile]) -> list[str]:
    """Where files of a pool lie."""
    return [str(pool.path(one)) for one in found]


def difference(database: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    """Rows, counted with their copies, that only one of two queries has."""
    sides = [f"select count(*) from (({a}) except all ({b}))" for a, b in ((one, other), (other, one))]
    return sum(database.execute(sql).fetchall()[0][0] for sql in sides)


def snapshot(settings: Settings, size: dict[str, int]) -> dict[str, Any]:
    """One hospital's year: first, again as it was, and again with a few stays told anew."""
    [sent] = send(settings, transmissions(NIGHT, NEW_YEAR, 1, size["snapshot"], 0), 1)
    costs, counts, changed = {}, {}, 0
    for night, name, share in ((NIGHT, "first", None), (SECOND, "unchanged", 0.0), (THIRD, "changed", CHANGED)):
        if share is not None:
            changed = again(settings, sent, night, share)
        stage(settings, "pull", night)
        costs[name] = stage(settings, "standardise", night)
        [entry] = read_json(proposal_path(settings, "hospital", night))["producers"].values()
        counts[name] = {outcome: entry[outcome] for outcome in ("read", "accepted", "unchanged", "quarantined")}
        close(settings, night)
    # a hospital that gives one number to two stays has them rejected every night: they are no part of the comparison
    taken = counts["first"]["accepted"]
    as_it_was = counts["unchanged"] == counts["first"] | {"accepted": 0, "unchanged": taken}
    told = counts["changed"]
    as_told = taken == told["accepted"] + told["unchanged"] and 0 <= changed - told["accepted"] <= told["quarantined"]
    return {
        "bench": "snapshot", "stays": size["snapshot"], "counts": counts, "lines_changed": changed,
        **{name: cost.shown() for name, cost in costs.items()},
        "unchanged_to_first": ratio(costs["unchanged"], costs["first"]),
        "changed_to_first": ratio(costs["changed"], costs["first"]),
        "failed": not (as_it_was and as_told and changed),
    }  # fmt: skip


def many_lines(size: dict[str, int], folder: Path) -> dict[str, Any]:
    """The same lines through three readers; a hospital's lines are repeated under other file names."""
    [sent] = transmissions(NIGHT, NEW_YEAR, 1, min(size["lines"], 50_000), MESS)
    content, pack = sent.files[RSS], folder / "lines.parquet"
    copies = size["lines"] // content.count(b"\n") + 1
    with PackWriter(pack) as writer:
        for number in range(copies):
            for part in cut(iter([content]), 8_388_608):
                writer.add(sent.producer, sent.delivery_id, sent.format, f"{number}.txt", part)
    costs = {"duckdb": other_engine([pack], folder / "duckdb")}
    for how in ("arrow", "spark"):
        (folder / how).mkdir()
        command = [sys.executable, "-m", "bench.hospital_cut", how, str(folder / how), str(pack)]
        costs[how] = measured(command, {})[0]
    database, differing, rows = duckdb.connect(), {}, {}
    with_layout = "where coalesce(unreadable, '') not in ('known_version', 'unknown_version')"
    for name in COPIES:
        theirs = f"select * from '{folder}/duckdb/{name}.parquet'"
        columns = ", ".join(database.sql(theirs).columns)
        rows[name] = database.sql(theirs).count("*").fetchall()[0][0]
        for how, pattern in (("arrow", f"{name}.parquet"), ("spark", f"{name}.parquet/*.parquet")):
            ours = f"select {columns} from '{folder}/{how}/{pattern}' {with_layout if name == 'unit' else ''}"
            differing[f"{how} {name}"] = difference(database, ours, theirs)
    return {
        "bench": "lines", "bytes": len(content) * copies, "rows": rows, "rows_that_differ": differing,
        **{name: cost.shown() for name, cost in costs.items()},
        "arrow_to_duckdb": ratio(costs["arrow"], costs["duckdb"]),
        "spark_to_duckdb": ratio(costs["spark"], costs["duckdb"]),
        "failed": any(differing.values()) or rows["unit"] < size["lines"],
    }  # fmt: skip


def main() -> int:
    """Run the wanted parts and print a JSON line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="national sizes: many minutes, 4 GB of memory")
    parser.add_argument("--only", choices=("night", "snapshot", "lines"))
    wanted = parser.parse_args()
    size, failed = SIZES["full" if wanted.full else "small"], False
    for name in [wanted.only] if wanted.only else ["night", "snapshot", "lines"]:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            settings = prepare_root(folder / "root", "synthetic")
            if name == "night":
                found = national_night(settings, size, folder)
            else:
                found = snapshot(settings, size) if name == "snapshot" else many_lines(size, folder)
        print(json.dumps(found), flush=True)
        failed = failed or found["failed"]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
