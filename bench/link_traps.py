"""The French traps: a night's records linked to a register by the bare number, by Splink alone and by the link stage.

``python -m bench.link_traps [--spread] [--seed N] [--records N] [--register N]``. Dense unless ``--spread``: one birth
date a year. Ends with code 1 when the link stage misses its bars, which hold for the dense set of the default size.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from bench.link_french import SOURCES, TODAY, Column, People, records, register, register_claims
from bench.link_splink import best_links
from jobs.core.session import spark_session
from jobs.core.settings import Settings, prepare_root
from jobs.link.decide import decide
from jobs.link.keep import Keep
from jobs.link.lookup import Index
from jobs.link.refusals import told
from jobs.link.run import mothers_of
from jobs.link.traits import trait_rows

# What a set of other make with the same traps gave; wrong links per 18,000 records.
BARS = {"hospital": (0.9961, 17), "pharmacy": (0.9981, 15)}
Links = dict[str, str]


def measures(links: Links, truth: Column, births: Column) -> dict[str, Any]:
    """Wrong links (of newborns, of children), precision, recall and F1 of record -> person of the register."""
    right, wrong, newborn, child = 0, 0, 0, 0
    for subject, person in links.items():
        place = int(subject[1:], 16)
        if int(person[1:], 16) == truth[place]:
            right += 1
            continue
        wrong += 1
        age = TODAY - births[place]
        newborn, child = newborn + (age < 366), child + (366 <= age < 16 * 366)
    precision, recall = right / max(right + wrong, 1), right / int((truth >= 0).sum())
    f1 = 2 * precision * recall / (precision + recall)
    found = {"wrong": wrong, "newborn": newborn, "child": child}
    return found | {name: round(value, 4) for name, value in zip("PRF", (precision, recall, f1), strict=True)}


def by_number(claims: pa.Table, people: People) -> Links:
    """The bare join on the number."""
    where = {number: f"r{place:031x}" for place, number in enumerate(people.number)}
    numbers = [
        own or holder for own, holder in zip(*(claims[n].to_pylist() for n in ("own_nir", "holder_nir")), strict=True)
    ]
    return {s: where[n] for s, n in zip(claims["subject_id"].to_pylist(), numbers, strict=True) if n in where}


def ours(spark: SparkSession, folder: Path, source: str) -> tuple[Links, dict[str, Any]]:
    """The link stage's own decisions, with the tiers and the time they took."""
    known = trait_rows(spark.read.parquet(str(folder / "register.parquet"))).withColumn(
        "person_id", F.col("subject_id")
    )
    claims = spark.read.parquet(str(folder / f"{source}.parquet"))
    steps = folder / f"steps-{source}"
    steps.mkdir()
    keep = Keep(steps)
    base = Index(Keep.files(keep(known)))
    started = time.monotonic()
    done = decide(keep(trait_rows(claims)), base, mothers_of(claims, keep), keep)
    rows = keep(done.subjects).collect()
    seconds = round(time.monotonic() - started, 1)
    refused = told(done, "2026-11-22", "bench")
    with duckdb.connect() as engine:
        engine.register("refusal", refused["refusal"])
        guards = dict(engine.execute("SELECT guard, count(*) FROM refusal GROUP BY guard ORDER BY guard").fetchall())
    tiers: dict[str, int] = {}
    for row in rows:
        tiers[row.tier] = tiers.get(row.tier, 0) + 1
    mixed = len(rows) - len({row.label for row in rows})  # subjects that share a label: of one person of the register
    told_too = {"tiers": tiers, "guards": guards, "review": refused["review_item"].num_rows, "seconds": seconds}
    links = {row.subject_id: row.person_id for row in rows if row.person_id}
    groups: dict[str, list[str]] = {}
    for row in rows:
        if not row.person_id:
            groups.setdefault(row.label, []).append(row.subject_id)
    merged = sum(len(members) > 1 for members in groups.values())
    return links, told_too | {"sharing": mixed, "merged_within": merged}


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Both sources; 0 when every bar is met."""
    people = register(options.register, options.seed, not options.spread)
    folder, missed = settings.work, 0
    pq.write_table(register_claims(people), folder / "register.parquet")
    with spark_session(settings, "bench link traps") as spark:
        for source in SOURCES:
            claims, truth, births = records(people, options.records, source, options.seed, not options.spread)
            pq.write_table(claims, folder / f"{source}.parquet")
            links, more = ours(spark, folder, source)
            told_of = {"number": measures(by_number(claims, people), truth, births)}
            if not options.fast:
                told_of["splink"] = measures(best_links(spark, folder, source), truth, births)
            told_of["ours"] = measures(links, truth, births)
            wrong, f1 = told_of["ours"]["wrong"], told_of["ours"]["F"]
            missed += f1 < BARS[source][0] or wrong > BARS[source][1]
            print(json.dumps({"source": source, **told_of, **more}))
            if options.show:
                show(claims, people, links, truth)
    return missed


def show(claims: pa.Table, people: People, links: Links, truth: np.ndarray) -> None:
    """Wrong and missed links of invented people, for who works on the rules."""
    rows = claims.to_pylist()
    names = (
        "own_nir",
        "holder_nir",
        "family_name",
        "used_name",
        "first_given_name",
        "birth_date",
        "sex",
        "birth_place",
    )
    missing = 0
    for place, row in enumerate(rows):
        found = links.get(row["subject_id"])
        at = int(found[1:], 16) if found else -1
        if at == truth[place] or (at < 0 and (missing := missing + 1) > 40):
            continue
        print("WRONG" if found else "MISSED", [str(row[name]) for name in names])
        for kind, one in (("is", truth[place]), ("got", at)):
            if one >= 0:
                born = np.datetime64(int(people.birth[one]), "D")
                who = (people.number, people.family, people.used, people.given, people.sex, people.place)
                print("   ", kind, *[column[one] for column in who], born)


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.link_traps", description=__doc__)
    parser.add_argument("--spread", action="store_true", help="birth dates over the whole year")
    parser.add_argument("--fast", action="store_true", help="without Splink alone")
    parser.add_argument("--show", action="store_true", help="print wrong and missed links")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=int, default=18_000)
    parser.add_argument("--register", type=int, default=126_251)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(prepare_root(Path(folder) / "root", "synthetic"), options)


if __name__ == "__main__":
    sys.exit(main())
