"""From subjects to persons as they are now: the crosswalk, and over it the moves of merges and splits.

Rows of ``crosswalk`` never change; ``move`` is small, and of a subject's moves the latest holds.
"""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.nights import base_night
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import Partitions, Pool, files_of, read_json, tables_from_json
from jobs.core.tables import read_files

CROSSWALK, MOVE = "crosswalk", "move"
Tables = dict[str, Partitions]


def crosswalk_pool(settings: Settings) -> Pool:
    """Where the files of both tables lie."""
    return Pool(settings.crosswalk / "pool")


def people(spark: SparkSession, settings: Settings, tables: Tables) -> DataFrame:
    """subject_id, person_id: one row per subject, with the person that it has now. ``tables`` as the pointer says."""
    pool = crosswalk_pool(settings)
    first = read_files(spark, pool, files_of(tables.get(CROSSWALK, {})), load_schema("crosswalk/crosswalk"))
    return moved(spark, settings, first, tables.get(MOVE, {}))


def moved(spark: SparkSession, settings: Settings, rows: DataFrame, moves: Partitions) -> DataFrame:
    """Rows with subject_id and person_id, each with the person that its subject has now."""
    if not files_of(moves):
        return rows
    told = read_files(spark, crosswalk_pool(settings), files_of(moves), load_schema("crosswalk/move"))
    now = told.groupBy("subject_id").agg(F.max_by("person_id", "night").alias("now"))
    found = rows.join(F.broadcast(now), "subject_id", how="left")
    return found.withColumn("person_id", F.coalesce("now", "person_id")).drop("now")


def moves_of(settings: Settings, moves: Partitions) -> list[dict[str, Any]]:
    """All moves, oldest night first; outside Spark, since they are few."""
    pool = crosswalk_pool(settings)
    rows = [row for file in files_of(moves) for row in pq.read_table(pool.path(file)).to_pylist()]
    return sorted(rows, key=lambda row: (row["night"], row["subject_id"]))


def persons_now(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The person of each subject that ever moved, from its moves oldest first."""
    return {row["subject_id"]: row["person_id"] for row in rows}


def pointer(settings: Settings, night: str) -> Path:
    """The pointer of a night's crosswalk."""
    return settings.crosswalk / night / "crosswalk.json"


def published_walk(settings: Settings, before: str = "9999") -> Tables:
    """Crosswalk and moves of the newest published night; empty before the first one."""
    night = base_night(settings, before)
    path = pointer(settings, night) if night else None
    return tables_from_json(read_json(path)["tables"]) if path and path.is_file() else {}
