"""What a national pharmacy night costs, beside DuckDB reading the same files, with sums that must agree.

``python -m bench.pharmacy [--full]``: 500 extracts, or 20,500 with 5 million lines, and a tenth as many lines of B2.
One JSON line. CPU seconds are those of all processes, start included. Ends with code 1 when quantities or amounts by
product differ from the simulator's truth by one cent, or when a record has not exactly one outcome.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import Cost, measured
from bench.pharmacy_duckdb import in_utf8
from bench.pharmacy_made import MADE, Made, made_night, send
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile, read_json, tables_from_json
from jobs.standardise.pools import proposal_path, standard_pool
from synthetic.dispensing import presentations

NIGHT = "2026-11-22"
SIZES = {"small": 500, "full": 20_500}
Sums = dict[str, tuple[int, int, Decimal]]


def stage(settings: Settings, name: str) -> Cost:
    """What one command of the pipeline costs."""
    command = [sys.executable, "-m", f"jobs.{name}", "--night", NIGHT, "--source", "pharmacy"]
    return measured(command, {"VEILLEE_ROOT": str(settings.root)})[0]


def standard_sums(settings: Settings, proposal: dict[str, Any]) -> Sums:
    """Lines, quantity and base by CIP13 of what extracts told in the standard table."""
    pool = standard_pool(settings, "pharmacy")
    found: Counter[str] = Counter()
    sums: dict[str, list[Any]] = {}
    database = duckdb.connect()
    files = [
        str(pool.path(DataFile.from_json(file.to_json())))
        for one in proposal["producers"].values()
        for parts in [tables_from_json(one["tables"]).get("dispensation", {})]
        for group in parts.values()
        for file in group
    ]
    for start in range(0, len(files), 2000):
        query = """select cip13, count(*), sum(quantity), sum(amount_base) from read_parquet(?)
            where cip13 is not null and feed = 'extract'"""
        rows = database.execute(f"{query} group by 1", [files[start : start + 2000]]).fetchall()
        for code, lines, quantity, base in rows:
            found[code] += lines
            total = sums.setdefault(code, [0, Decimal(0)])
            total[0], total[1] = total[0] + int(quantity), total[1] + base
    return {code: (found[code], *sums[code]) for code in found}


def true_sums(made: list[Made], deliveries: int) -> Sums:
    """The same from the simulator's truth: lines to accept, without the parapharmacy planted among them."""
    times = Counter(rank % MADE for rank in range(deliveries))
    codes = presentations().cip13.to_numpy()
    found: dict[str, list[Any]] = {}
    for rank, count in times.items():
        rows = made[rank].truth
        rows = rows[rows.accepted & (rows.fault != "EAN13")]
        for box, quantity, base in zip(rows.box, rows.quantity, rows.amount_base, strict=True):
            total = found.setdefault(codes[box], [0, 0, 0])
            total[0], total[1], total[2] = (
                total[0] + count,
                total[1] + count * int(quantity),
                total[2] + count * int(base),
            )
    return {code: (lines, quantity, Decimal(cents).scaleb(-2)) for code, (lines, quantity, cents) in found.items()}


def main() -> int:
    """Make, load, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="20,500 deliveries; DuckDB's part is the longest")
    parser.add_argument("--deliveries", type=int)
    wanted = parser.parse_args()
    deliveries = wanted.deliveries or SIZES["full" if wanted.full else "small"]
    with tempfile.TemporaryDirectory() as scratch:
        settings = prepare_root(Path(scratch) / "root", "synthetic")
        made, billed = made_night(NIGHT)
        send(settings, made, billed, deliveries)
        sizes = {end: sum(path.stat().st_size for path in settings.landing.glob(f"pharmacy/*/*/*.{end}"))
                 for end in ("csv", "b2")}  # fmt: skip
        pulled, standardised = stage(settings, "pull"), stage(settings, "standardise")
        register, copies = settings.root / "producers.csv", Path(scratch) / "utf8"
        in_utf8(settings.landing, register, copies)
        target = Path(scratch) / "duckdb"
        other = [
            sys.executable,
            "-m",
            "bench.pharmacy_duckdb",
            str(copies),
            str(register),
            str(target),
            str(settings.landing),
        ]
        theirs = measured(other, {})[0]
        proposal = read_json(proposal_path(settings, "pharmacy", NIGHT))
        outcomes = ("read", "accepted", "duplicate", "quarantined", "ignored")
        counts = {name: sum(one[name] for one in proposal["producers"].values()) for name in outcomes}
        same = standard_sums(settings, proposal) == true_sums(made, deliveries)
    print(
        json.dumps(
            {
                "bench": "national pharmacy night", "deliveries": deliveries, "bytes": sizes, **counts,
                "pull": pulled.shown(), "standardise": standardised.shown(), "duckdb": theirs.shown(),
                "cpu_ratio": round(standardised.cpu / theirs.cpu, 2), "sums_are_the_truth": same,
            }
        )
    )  # fmt: skip
    return 0 if same and counts["read"] == sum(counts[name] for name in outcomes[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
