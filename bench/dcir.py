"""A delivery of claims through standardise, beside the flattening that public tools do, on the same bytes.

``python -m bench.dcir [--full]``: a small delivery by default; ``--full`` has 400,000 services, 213,000 drugs and
160,000 acts. Says rows, the sum of reimbursed amounts against the input, net boxes of each person, drug and day against
the truth, seconds of both. Ends with code 1 when ours is not exact; the peer's differences are told and judge nothing.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from bench.dcir_made import DELIVERY, FIRST, FORMAT, LAST, PRODUCER, Truth, make
from bench.hospital import files, paths
from bench.measure import Cost, measured
from jobs.core.keys import ensure_key, key_bytes
from jobs.core.manifest import Manifest, describe_file, write_manifest
from jobs.core.register import COLUMNS
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.core.tokens import text_hex
from jobs.standardise.pools import proposal_path, standard_pool

NIGHT = "2026-12-01"
SIZES = {"small": (20_000, 10_650, 8_000), "full": (400_000, 213_000, 160_000)}
Boxes = Counter[tuple[str, str, str]]


def deposit(settings: Settings, folder: Path) -> None:
    """Register the fund and move the files into its delivery."""
    line = f"{PRODUCER},pharmacy,Caisse inventée,{FORMAT},,,,nobody@example.org,active"
    (settings.root / "producers.csv").write_text("\n".join([",".join(COLUMNS[:-1]), line, ""]), encoding="utf-8")
    target = settings.landing / "pharmacy" / PRODUCER / DELIVERY
    shutil.copytree(folder, target)
    entries = tuple(describe_file(path, None) for path in sorted(target.glob("*.csv")))
    told = (DELIVERY, PRODUCER, "pharmacy", FORMAT, f"{NIGHT}T01:00:00+01:00", FIRST, LAST, "replace", entries, None)
    write_manifest(target, Manifest(*told))


def stage(settings: Settings, name: str) -> Cost:
    """What one command of the pipeline costs."""
    command = [sys.executable, "-m", f"jobs.{name}", "--night", NIGHT, "--source", "pharmacy"]
    return measured(command, {"VEILLEE_ROOT": str(settings.root)})[0]


def ours(settings: Settings, truth: Truth) -> dict[str, Any]:
    """What standardise made of it, against the truth."""
    proposal = read_json(proposal_path(settings, "pharmacy", NIGHT))
    found = files(proposal, "claim_line")
    database = duckdb.connect()
    database.execute(f"create view line as from read_parquet({paths(standard_pool(settings, 'pharmacy'), found)})")
    key = key_bytes(settings, "collector")
    people = {person for person, _, _ in truth.boxes}
    token = {text_hex(key, "beneficiary", PRODUCER, f"study\x1f{person}"): person for person in people}
    counted = "from line where counts_boxes and cip13 is not null group by all"
    rows = database.execute(f"select beneficiary_id, cip13, care_on, sum(quantity) {counted}").fetchall()
    boxes: Boxes = Counter({(token[who], code, dmy(day)): int(count) for who, code, day, count in rows})
    amount = database.execute("select sum(amount_insurance) from line").fetchall()[0][0]
    entry, told = proposal["producers"][PRODUCER], truth.net()
    net = files(proposal, "claim_net")
    database.execute(f"create view net as from read_parquet({paths(standard_pool(settings, 'pharmacy'), net)})")
    return {
        "read": entry["read"], "accepted": entry["accepted"], "rows": sum(file.rows for file in found),
        "amount": str(amount), "amount_exact": amount == truth.amount, "net_boxes_that_differ": differing(boxes, truth),
        "net_rows": len(told), "net_rows_that_differ": differing_net(database, token, told),
        "net_that_duckdb_sums_otherwise": database.execute(AGAIN).fetchall()[0][0],
    }  # fmt: skip


NET = "gross_quantity, reversed_quantity, unmatched_quantity, net_quantity, gross_amount, reversal_amount, net_amount"
# claim_net once more, from claim_line, in SQL: rows that only one of the two has
AGAIN = f"""
with matched as (
  select producer, period, beneficiary_id, coalesce(cip13, ucd13) as product, unit,
    sum(greatest(quantity, 0)) as given, sum(greatest(-quantity, 0)) as back,
    count(*) filter (where quantity >= 0) as lines,
    count(*) filter (where quantity < 0) as reversal_lines,
    sum(amount_total) filter (where quantity >= 0) as gross_amount,
    sum(amount_total) filter (where quantity < 0) as reversal_amount, sum(amount_total) as net_amount,
    sum(amount_base) as net_amount_base, sum(amount_insurance) as net_amount_insurance,
    sum(quantity * unit_price) as priced
  from line where counts_boxes and coalesce(cip13, ucd13) is not null
  group by 1, 2, 3, 4, 5, care_on, pharmacy_id, prescriber_id, service_nature, unit_price
), again as (
  select producer, period, beneficiary_id, product, unit, sum(given)::bigint as gross_quantity,
    sum(least(given, back))::bigint as reversed_quantity, sum(back - least(given, back))::bigint as unmatched_quantity,
    sum(given - back)::bigint as net_quantity, coalesce(sum(gross_amount), 0) as gross_amount,
    coalesce(sum(reversal_amount), 0) as reversal_amount, coalesce(sum(net_amount), 0) as net_amount,
    coalesce(sum(net_amount_base), 0) as net_amount_base,
    coalesce(sum(net_amount_insurance), 0) as net_amount_insurance,
    coalesce(sum(priced), 0) as net_priced_amount, sum(lines)::bigint as lines,
    sum(reversal_lines)::bigint as reversal_lines
  from matched group by 1, 2, 3, 4, 5
), ours as (
  select producer, period, beneficiary_id, product, unit, {NET}, net_amount_base, net_amount_insurance,
    net_priced_amount, lines, reversal_lines from net
)
select (select count(*) from (from again except from ours)) + (select count(*) from (from ours except from again))
"""


def differing_net(database: duckdb.DuckDBPyConnection, token: dict[str, str], told: dict[Any, list[Decimal]]) -> int:
    """How many of (person, month, drug) have another row in ``claim_net`` than the truth says."""
    query = f"select beneficiary_id, period, product, {NET}, net_priced_amount from net"
    found = {(token[who], month, code): list(own) for who, month, code, *own in database.execute(query).fetchall()}
    return sum(found.get(one) != told.get(one) for one in {*found, *told})


def theirs(out: Path, said: str, truth: Truth) -> dict[str, Any]:
    """What the flattening made of it, against the truth."""
    told = json.loads(said.strip().splitlines()[-1])
    rows = duckdb.execute(f"select * from read_parquet('{out}/net/*.parquet')").fetchall()
    boxes: Boxes = Counter({(who, f"{int(code):013d}", dmy(day)): int(count) for who, code, day, count in rows})
    return {
        **told, "amount_exact": Decimal(str(told["amount"])) == truth.amount,
        "amount_ratio": round(told["amount"] / float(truth.amount), 3),
        "net_boxes_that_differ": differing(boxes, truth),
    }  # fmt: skip


def dmy(day: date) -> str:
    """A day as the delivery writes it."""
    return day.strftime("%d/%m/%Y")


def differing(boxes: Boxes, truth: Truth) -> int:
    """How many of (person, drug, day) have another net."""
    return sum(boxes[one] != truth.boxes[one] for one in {*boxes, *truth.boxes})


def main() -> int:
    """Run both; one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    services, drugs, acts = SIZES["full" if parser.parse_args().full else "small"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = make(folder / "made", services, drugs, acts)
        size = sum(path.stat().st_size for path in (folder / "made").iterdir())
        print(json.dumps({"delivery": truth.rows, "mb": round(size / 1e6, 1), "amount": str(truth.amount)}), flush=True)
        settings = prepare_root(folder / "root", "synthetic")
        ensure_key(settings, "collector")
        deposit(settings, folder / "made")
        pulled, standardised = stage(settings, "pull"), stage(settings, "standardise")
        mine = ours(settings, truth)
        print(json.dumps({"ours": mine, "pull": pulled.shown(), "standardise": standardised.shown()}), flush=True)
        command = [sys.executable, "-m", "bench.dcir_flat", str(folder / "made"), str(folder / "flat")]
        cost, said = measured(command, {})
        print(json.dumps({"flattening": theirs(folder / "flat", said, truth), "cost": cost.shown()}), flush=True)
        ratio = {"wall": standardised.wall / cost.wall, "cpu": standardised.cpu / cost.cpu}
        print(json.dumps({"ours_to_theirs": {name: round(value, 2) for name, value in ratio.items()}}))
    wrong = ("net_boxes_that_differ", "net_rows_that_differ", "net_that_duckdb_sums_otherwise")
    exact = mine["amount_exact"] and not any(mine[name] for name in wrong)
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
