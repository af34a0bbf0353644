"""What a national pharmacy night costs, beside DuckDB reading the same files, with sums that must agree.

``python -m bench.pharmacy [--full]``: 500 extracts, or 20,500 with 5 million lines, and a tenth as many lines of B2.
One JSON line. CPU seconds are those of all processes, start included. Ends with code 1 when a row differs from the
simulator's truth, or from DuckDB's sums, by a box or a cent (bench.pharmacy_sums), or a record has not one outcome.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench.measure import Cost, measured
from bench.pharmacy_duckdb import in_utf8
from bench.pharmacy_made import made_night, send
from bench.pharmacy_sums import compared
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.standardise.pools import proposal_path
from synthetic.deposit import deposit

NIGHT, CLAIMED = "2026-11-22", "2026-11-23"
SIZES = {"small": 500, "full": 20_500}


def stage(settings: Settings, name: str, night: str = NIGHT) -> Cost:
    """What one command of the pipeline costs."""
    command = [sys.executable, "-m", f"jobs.{name}", "--night", night, "--source", "pharmacy"]
    return measured(command, {"VEILLEE_ROOT": str(settings.root)})[0]


def main() -> int:
    """Make, load, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="20,500 deliveries; DuckDB's part is the longest")
    parser.add_argument("--deliveries", type=int)
    wanted = parser.parse_args()
    deliveries = wanted.deliveries or SIZES["full" if wanted.full else "small"]
    with tempfile.TemporaryDirectory() as scratch:
        settings = prepare_root(Path(scratch) / "root", "synthetic")
        week = made_night(NIGHT)
        deposits = send(settings, week, deliveries)
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
        deposit(week.claims, settings.landing)
        for name in ("pull", "standardise"):  # a night of their own: they are no part of what is measured
            stage(settings, name, CLAIMED)
        proposal, claimed = (read_json(proposal_path(settings, "pharmacy", night)) for night in (NIGHT, CLAIMED))
        outcomes = ("read", "accepted", "duplicate", "quarantined", "ignored")
        counts = {name: sum(one[name] for one in proposal["producers"].values()) for name in outcomes}
        made = {"extract": week.told, "invoice": week.billed}
        found = compared(settings, [proposal, claimed], made, deposits, Path(scratch))
    same = not any(one["differ"] for one in found.values())
    print(
        json.dumps(
            {
                "bench": "national pharmacy night", "deliveries": deliveries, "bytes": sizes, **counts,
                "pull": pulled.shown(), "standardise": standardised.shown(), "duckdb": theirs.shown(),
                "cpu_ratio": round(standardised.cpu / theirs.cpu, 2), "compared": found, "no_row_differs": same,
            }
        )
    )  # fmt: skip
    return 0 if same and counts["read"] == sum(counts[name] for name in outcomes[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
