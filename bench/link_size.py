"""The link stage at national size: one night's new subjects against a large index, in the plain and in the grown shape.

``python -m bench.link_size [--persons N] [--subjects N] [--nights N]``. The index is invented by hashes: a tenth of the
country unless told otherwise, with three subjects for 68 persons. Of the subjects 75 % carry their own
number, 22 % agree in their traits, 2 % have a mistyped name and 1 % is nobody in the index. Prints one JSON line a
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
from jobs.core.session import spark_session
from jobs.core.settings import prepare_root
from jobs.link.decide import decide
from jobs.link.keep import Keep
from jobs.link.lookup import Index
from jobs.link.traits import TRAITS

NIGHT = "2026-11-22"
# Names of six letters from a hash, the low places borne by many; a family name in 200,000, a given name in 400.
NAMES = """
CREATE OR REPLACE MACRO word(n) AS array_to_string(list_transform(range(6), lambda p:
    substr('ABCDEFGILMNOPRSTUV', 1 + CAST(hash(n * 7 + p) % 18 AS INT), 1)), '');
CREATE OR REPLACE MACRO skewed(h, most) AS CAST(floor(most * pow((h % 1000003) / 1000003.0, 2.2)) AS INT);
CREATE TABLE family AS SELECT CAST(n AS INT) AS f, word(n) AS family FROM range(200000) t(n);
CREATE TABLE given AS SELECT CAST(n AS INT) AS g, word(1000000 + n) AS given FROM range(400) t(n);
"""
# Person ids rise with the person, as the rows of a night's file do.
ROWS = """
COPY (
    SELECT {person}md5('{mark}' || i) AS subject_id, md5('c{mark}' || i) AS claim_id, $night AS night,
        '{source}' AS source, 'P' || i % 20000 AS producer,
        CASE WHEN kind < 75 THEN sex || strftime(birth, '%y%m') || '99' || lpad(CAST(ordinal AS VARCHAR), 6, '0') END
            AS number, CASE WHEN kind < 75 THEN 'own' END AS number_role,
        CASE WHEN kind >= 97 AND kind < 99 THEN substr(family, 2, 1) || substr(family, 1, 1) || substr(family, 3)
        ELSE family END AS family_key, CAST(NULL AS VARCHAR) AS used_key, given AS given_key,
        birth AS birth_date, CAST(year(birth) AS BIGINT) AS birth_year, sex,
        CAST(NULL AS VARCHAR) AS birth_place, CAST(NULL AS BIGINT) AS birth_rank
    FROM (
        SELECT i, n, kind, CAST(1 + hash(n) % 2 AS VARCHAR) AS sex, hash(n + 4) % 900000 AS ordinal,
            DATE '1926-01-01' + CAST(hash(n + 1) % 36500 AS INT) AS birth,
            skewed(hash(n + 2), 200000) AS f, skewed(hash(n + 3), 400) AS g
        FROM (SELECT i, {kind} AS kind, {number} AS n FROM range($low, $high) t(i))
    ) JOIN family USING (f) JOIN given USING (g)
) TO '{path}' (COMPRESSION zstd, ROW_GROUP_SIZE 131072)
"""
PERSON = "printf('%08x', CAST(n AS BIGINT) * 63) || substr(md5('p' || n), 1, 24) AS person_id, "
KIND = "hash(i + 9) % 100"  # of a subject: what it has in common with the index


def make(folder: Path, persons: int, subjects: int, nights: int) -> None:
    """Write the index, one file a night, and the trait rows of the night after these.

    The first file has all persons once. Each further one has as many subjects as the night to come, about persons
    spread over the country.
    """
    step = persons // subjects
    (folder / "index").mkdir()
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as engine:
        engine.execute(NAMES)
        for place in range(nights):
            bounds = {"low": subjects * (place - 1), "high": subjects * place, "night": f"2026-10-{1 + place:02d}"}
            query = {"kind": KIND, "number": f"CAST(i % {subjects} * {step} + {place % step} AS BIGINT)"}
            if not place:
                bounds |= {"low": 0, "high": persons}
                query = {"kind": "0", "number": "i"}
            path = folder / "index" / f"{place:03d}.parquet"
            shape = {"person": PERSON, "mark": f"s{place}.", "source": "shared_record" if not place else "hospital"}
            engine.execute(ROWS.format(path=path, **query, **shape), bounds)
        nobody = f"CASE WHEN {KIND} = 99 THEN {persons} + i ELSE i * {step} END"
        shape = {"person": "", "mark": "n", "source": "pharmacy", "kind": KIND, "number": f"CAST({nobody} AS BIGINT)"}
        engine.execute(
            ROWS.format(path=folder / "night.parquet", **shape), {"low": 0, "high": subjects, "night": NIGHT}
        )


def inside(folder: Path) -> dict[str, Any]:
    """Decide the night; seconds of the rules (until every unit is known) and of the score."""
    settings = prepare_root(folder / "root", "synthetic")
    keep = Keep(settings.work)
    with spark_session(settings, "bench link size", (folder / "night.parquet").stat().st_size) as spark:
        rows = spark.read.parquet(str(folder / "night.parquet")).select(*TRAITS)
        base = Index([str(path) for path in sorted((folder / "index").iterdir())])
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
