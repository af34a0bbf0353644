"""The link stage at national size: one night's new subjects against a large index, in the plain and in the grown shape.

``python -m bench.link_size [--persons N] [--subjects N] [--nights N]``. The index is invented by hashes: a tenth of the
country unless told otherwise, with three subjects for 68 persons. Of the subjects 75 % carry their own
number, 22 % agree in their traits, 2 % have a mistyped name and 3 % are nobody in the index. Prints one JSON line a
shape with wall and CPU seconds of the rules and of the score, the memory peak, and what was linked.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import measured
from jobs.core.schema import load_schema
from jobs.core.session import spark_session
from jobs.core.settings import prepare_root
from jobs.link.decide import decide
from jobs.link.keep import Keep
from jobs.link.traits import TRAITS

NIGHT = "2026-11-22"
# Names of six letters from a hash, the low places borne by many; a family name in 200,000, a given name in 400.
PERSON = """
CREATE OR REPLACE MACRO word(n) AS array_to_string(list_transform(range(6), lambda p:
    substr('ABCDEFGILMNOPRSTUV', 1 + CAST(hash(n * 7 + p) % 18 AS INT), 1)), '');
CREATE OR REPLACE MACRO skewed(h, most) AS CAST(floor(most * pow((h % 1000003) / 1000003.0, 2.2)) AS BIGINT);
CREATE OR REPLACE MACRO person(i) AS {
    'sex': CAST(1 + hash(i) % 2 AS VARCHAR),
    'birth': DATE '1926-01-01' + CAST(hash(i + 1) % 36500 AS INT),
    'family': word(skewed(hash(i + 2), 200000)),
    'given': word(1000000 + skewed(hash(i + 3), 400)),
    'order': lpad(CAST(hash(i + 4) % 900000 AS VARCHAR), 6, '0')
};
"""
INDEX = """
COPY (
    SELECT md5('p' || i) AS person_id, md5('s' || i) AS subject_id, md5('c' || i) AS claim_id, $night AS night,
        'shared_record' AS source, 'D1' AS producer, p.sex || strftime(p.birth, '%y%m') || '99' || p.order AS number,
        'ins' AS number_role, p.family AS family_key, CAST(NULL AS VARCHAR) AS used_key, p.given AS given_key,
        p.birth AS birth_date, CAST(year(p.birth) AS BIGINT) AS birth_year, p.sex AS sex,
        CAST(NULL AS VARCHAR) AS birth_place, CAST(NULL AS BIGINT) AS birth_rank
    FROM (SELECT i, person(i) AS p FROM range($low, $high) t(i))
) TO '{path}' (COMPRESSION zstd)
"""
SUBJECTS = """
COPY (
    SELECT md5('n' || i) AS subject_id, md5('d' || i) AS claim_id, $night AS night, 'pharmacy' AS source,
        'P' || i % 20000 AS producer,
        CASE WHEN kind < 75 THEN p.sex || strftime(p.birth, '%y%m') || '99' || p.order END AS number,
        CASE WHEN kind < 75 THEN 'own' END AS number_role,
        CASE WHEN kind >= 97 AND kind < 99 THEN substr(p.family, 2, 1) || substr(p.family, 1, 1) || substr(p.family, 3)
        ELSE p.family END AS family_key, CAST(NULL AS VARCHAR) AS used_key, p.given AS given_key,
        p.birth AS birth_date, CAST(year(p.birth) AS BIGINT) AS birth_year, p.sex AS sex,
        CAST(NULL AS VARCHAR) AS birth_place, CAST(NULL AS BIGINT) AS birth_rank
    FROM (
        SELECT i, person(CASE WHEN hash(i + 9) % 100 = 99 THEN $persons + i ELSE i * ($persons // $subjects) END) AS p,
            hash(i + 9) % 100 AS kind FROM range($subjects) t(i)
    )
) TO '{path}' (COMPRESSION zstd)
"""


def make(folder: Path, persons: int, subjects: int, nights: int) -> None:
    """Write the index as so many files, and the night's trait rows."""
    (folder / "index").mkdir()
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as engine:
        engine.execute(PERSON)
        for place in range(nights):
            low, high = persons * place // nights, persons * (place + 1) // nights
            path = folder / "index" / f"{place:03d}.parquet"
            engine.execute(
                INDEX.format(path=path), {"low": low, "high": high, "night": f"2026-10-{1 + place % 30:02d}"}
            )
        path = folder / "night.parquet"
        engine.execute(SUBJECTS.format(path=path), {"persons": persons, "subjects": subjects, "night": NIGHT})


def inside(folder: Path) -> dict[str, Any]:
    """Decide the night; seconds of the rules (until every unit is known) and of the score."""
    settings = prepare_root(folder / "root", "synthetic")
    keep = Keep(settings.work)
    with spark_session(settings, "bench link size") as spark:
        rows = spark.read.parquet(str(folder / "night.parquet")).select(*TRAITS)
        base = spark.read.schema(load_schema("identity/person_trait").spark).parquet(str(folder / "index"))
        mothers = keep(rows.selectExpr("subject_id", "claim_id AS mother_subject_id").limit(0))
        started = time.time()
        done = decide(rows, base, mothers, keep)
        decided = time.time()
        tiers = {row["tier"]: row["count"] for row in done.subjects.groupBy("tier").count().collect()}
    ruled = max(Path(path).stat().st_mtime for path in Keep.files(done.steps.units))
    return {"rules_s": round(ruled - started, 1), "score_s": round(decided - ruled, 1), "tiers": tiers}


def main() -> int:
    """Parse and run both shapes, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.link_size", description=__doc__)
    parser.add_argument("--persons", type=int, default=6_800_000)
    parser.add_argument("--subjects", type=int, default=300_000)
    parser.add_argument("--nights", type=int, nargs="*", default=[1, 30])
    parser.add_argument("--memory", default="6g", help="of the JVM, and of the score's engine")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(inside(options.inside)))
        return 0
    for nights in options.nights:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), options.persons, options.subjects, nights)
            size = sum(path.stat().st_size for path in (Path(folder) / "index").iterdir()) // 2**20
            command = [sys.executable, "-m", "bench.link_size", "--inside", folder]
            cost, output = measured(command, {"VEILLEE_DRIVER_MEMORY": options.memory})
        shape = {"persons": options.persons, "subjects": options.subjects, "nights": nights, "index_mb": size}
        print(json.dumps(shape | cost.shown() | json.loads(output.splitlines()[-1])), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
