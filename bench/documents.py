"""What a night of documents costs from the raw zone to the standard tables, beside lxml alone on the same bytes.

``python -m bench.documents [--documents 2000] [--mean 255000]``: documents of all kinds (see bench.documents_made) are
deposited, pulled and standardised by the real jobs with two cores. One JSON line. ``two_cores`` is documents a second
that two busy cores make of the CPU seconds of ``jobs.standardise``, start of session and workers included; ``wall`` is
what the clock said. lxml parses every tenth document on one core. Ends with code 1 when a table has not as many rows as
the simulator's truth has facts, or when a document is not accepted.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.documents_lxml import Rates, rates
from bench.documents_made import MEAN_BYTES, documents
from bench.measure import Cost, measured
from jobs.core.manifest import Manifest, describe_file, write_manifest
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile, read_json, tables_from_json
from jobs.standardise.pools import proposal_path, standard_pool
from tests.deposits import register

NIGHT, OPERATOR = "2026-11-22", "DMP1"
DELIVERY = 5_000  # documents of one delivery
SAMPLED = 10  # lxml parses one document of so many
DRIVER = "2g"


def send(settings: Settings, count: int, mean: int) -> tuple[Rates, Counter[str], int]:
    """Deposit documents; lxml's rates on a part of them, the facts that they tell, their bytes."""
    register(settings, (OPERATOR, "shared_record"))
    facts: Counter[str] = Counter()
    size = 0

    def deposited() -> Iterator[bytes]:
        nonlocal size
        for number, one in enumerate(documents(count, mean=mean)):
            folder = settings.landing / "shared_record" / OPERATOR / f"bench-{number // DELIVERY:03d}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / one.name).write_bytes(one.content)
            facts.update(one.facts)
            size += len(one.content)
            if number % SAMPLED == number // SAMPLED % SAMPLED:  # kinds come in turns: not always the same place
                yield one.document

    alone = rates(deposited())
    for folder in sorted((settings.landing / "shared_record" / OPERATOR).iterdir()):
        entries = tuple(describe_file(path, None) for path in sorted(folder.iterdir()))
        told = (folder.name, OPERATOR, "shared_record", "shared-record", "2026-11-21T20:00:00+01:00")
        write_manifest(folder, Manifest(*told, "2026-11-21", "2026-11-21", "append", entries, None))
    return alone, facts, size


def stage(settings: Settings, name: str) -> Cost:
    """What one command of the pipeline costs."""
    command = [sys.executable, "-m", f"jobs.{name}", "--night", NIGHT, "--source", "shared_record"]
    return measured(command, {"VEILLEE_ROOT": str(settings.root), "VEILLEE_DRIVER_MEMORY": DRIVER})[0]


def rows(settings: Settings, proposal: dict[str, Any]) -> Counter[str]:
    """Rows of the standard tables that a night proposes."""
    pool, found = standard_pool(settings, "shared_record"), Counter[str]()
    for producer in proposal["producers"].values():
        for table, parts in tables_from_json(producer["tables"]).items():
            for file in (file for group in parts.values() for file in group):
                path = pool.path(DataFile.from_json(file.to_json()))
                found[table] += pq.read_metadata(path).num_rows
    return found


def measure(settings: Settings, count: int, mean: int) -> dict[str, Any]:
    """One night of documents; ``failed`` says whether its tables are not the truth's."""
    alone, facts, size = send(settings, count, mean)
    pulled, standardised = stage(settings, "pull"), stage(settings, "standardise")
    proposal = read_json(proposal_path(settings, "shared_record", NIGHT))
    accepted = sum(one["accepted"] for one in proposal["producers"].values())
    found = rows(settings, proposal)
    wrong = {
        table: found[table] - told for table, told in (facts | {"document": count}).items() if found[table] != told
    }
    two_cores = 2 * count / standardised.cpu
    return {
        "bench": "documents", "documents": count, "mean_bytes": round(size / count), "facts": facts.total(),
        "lxml_bare": round(alone.bare), "lxml_observed": round(alone.observed),
        "pull": pulled.shown(), "standardise": standardised.shown(),
        "two_cores": round(two_cores), "wall": round(count / standardised.wall),
        "to_bare": round(two_cores / alone.bare, 2), "to_observed": round(two_cores / alone.observed, 2),
        "rows_that_differ": wrong, "failed": bool(wrong) or accepted != count,
    }  # fmt: skip


def main() -> int:
    """Make, load, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--mean", type=int, default=MEAN_BYTES, help="bytes of a document")
    parser.add_argument(
        "--root", type=Path, help="where to work, and leave everything; a folder that is removed if not given"
    )
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = prepare_root((wanted.root or Path(scratch)) / "root", "synthetic")
        found = measure(settings, wanted.documents, wanted.mean)
    print(json.dumps(found), flush=True)
    return int(found["failed"])


if __name__ == "__main__":
    sys.exit(main())
