"""What a suite costs: Spark jobs and seconds per table, against the same counts written by hand as one aggregation.

``python -m bench.suites [--rows 200000]``. Ends with code 1 when a suite needs more than six Spark jobs: that number
does not depend on the machine, seconds do.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.catalogue import EXPECTATIONS, Suite, suite_of
from jobs.check.attribute import failing
from jobs.core.schema import TableSchema, load_schema
from jobs.core.session import spark_session
from jobs.core.settings import prepare_root
from jobs.suites import judge
from tests.spec.suite_frames import perfect

MOST_JOBS = 6


def big(spark: SparkSession, schema: TableSchema, rows: int, folder: Path) -> DataFrame:
    """A valid table of about ``rows`` rows, read from Parquet like the real ones; repeated keys cost the same."""
    seed = spark.createDataFrame(perfect(schema), schema.spark)
    path = str(folder / schema.name)
    seed.crossJoin(spark.range(max(rows // seed.count(), 1))).select(*schema.names).write.mode("overwrite").parquet(
        path
    )
    return spark.read.schema(schema.spark).parquet(path)


def by_hand(frame: DataFrame, suite: Suite) -> None:
    """The row rules of the suite as one aggregation: the least that the judgement can cost."""
    wide = frame.select("*", *[F.expr(sql).alias(name) for name, sql in suite.columns.items()])
    checks = [check for check in suite.checks if check.by_row]
    wide.agg(*[F.sum(failing(check).cast("bigint")).alias(f"n{place}") for place, check in enumerate(checks)]).collect()


def measure(spark: SparkSession, zone: str, table: str, rows: int, folder: Path) -> tuple[int, float, float]:
    """Spark jobs, seconds of the suite, seconds by hand."""
    schema, suite = load_schema(f"{zone}/{table}"), suite_of(zone, table)
    frame = big(spark, schema, rows, folder)
    group = f"{zone} {table}"
    spark.sparkContext.setJobGroup(group, group)
    started = time.monotonic()
    judge(frame, suite, schema)
    judged = time.monotonic() - started
    jobs = len(spark.sparkContext.statusTracker().getJobIdsForGroup(group))
    spark.sparkContext.setJobGroup("", "")
    started = time.monotonic()
    by_hand(frame, suite)
    return jobs, judged, time.monotonic() - started


def main() -> int:
    """Print one line per suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    worst = 0
    with tempfile.TemporaryDirectory() as name:
        settings = prepare_root(Path(name) / "root", "synthetic")
        with spark_session(settings, "bench suites") as spark:
            print(f"{'suite':34} {'rules':>5} {'jobs':>5} {'seconds':>8} {'by hand':>8}   ({rows} rows)")
            for path in sorted(EXPECTATIONS.glob("[sp][tu]*_*.json")):
                zone, table = path.stem.split("_", 1)
                jobs, judged, hand = measure(spark, zone, table, rows, Path(name))
                rules = len(suite_of(zone, table).checks)
                print(f"{path.stem:34} {rules:>5} {jobs:>5} {judged:>8.2f} {hand:>8.2f}", flush=True)
                worst = max(worst, jobs)
    return 0 if worst <= MOST_JOBS else 1


if __name__ == "__main__":
    sys.exit(main())
