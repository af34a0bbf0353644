"""Bytes that a night takes in again: single records from quarantine, or whole deliveries from the raw zone."""

import importlib

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, read_json
from jobs.core.tables import read_files
from jobs.replay.memory import released_before
from jobs.replay.requests import Replay
from jobs.standardise.context import PACKS, shaped
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pools import quarantine_path, quarantine_pool

HEAD_BYTES = 65_536  # enough for the header line of any delimited file


def replays_whole(source: str, format: str) -> bool:
    """Whether a format's records only make sense together (a stay is several lines), so that files are read again.

    A source says so of all its formats, or names those of which it is true.
    """
    whole = getattr(importlib.import_module(f"jobs.standardise.{source}"), "REPLAY_WHOLE", False)
    return format in whole if isinstance(whole, tuple) else bool(whole)


def whole_file_rules(source: str) -> list[str]:
    """Rules that refuse a file as one record: how many it holds is known when it is read again, from the raw zone."""
    return list(getattr(importlib.import_module(f"jobs.standardise.{source}"), "WHOLE_FILE_RULES", ()))


def replayed_packs(
    spark: SparkSession, settings: Settings, source: str, night: str, replays: list[Replay]
) -> DataFrame | None:
    """Parts to parse again, columns of PACKS, ``replayed`` true; None when nothing is asked for."""
    frames = []
    for replay in replays:
        if replay.whole or replays_whole(source, replay.delivery.format):
            frames.append(raw_parts(spark, settings, source, replay.delivery))
        else:
            frames.append(record_parts(spark, settings, source, night, replay))
    if not frames:
        return None
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.unionByName(frame)
    return joined


def raw_parts(spark: SparkSession, settings: Settings, source: str, delivery: Delivery) -> DataFrame:
    """A delivery as pull kept it."""
    from jobs.pull import read_packs

    packs = read_packs(spark, settings, source, delivery.night, [delivery.delivery_id])
    own = packs.where(F.col("producer") == delivery.producer)
    return shaped(own).withColumn("replayed", F.lit(True)).select(*PACKS.names)


def quarantined(spark: SparkSession, settings: Settings, source: str, replay: Replay) -> DataFrame:
    """The rejected records of a delivery that a replay is about, with their bytes."""
    schema = load_schema("quarantine/quarantined_record")
    path = quarantine_path(settings, source, replay.delivery.night)
    files = [DataFile.from_json(item) for item in read_json(path)["files"]] if path.is_file() else []
    rows = read_files(spark, quarantine_pool(settings), files, schema)
    own = (F.col("producer") == replay.delivery.producer) & (F.col("delivery_id") == replay.delivery.delivery_id)
    return rows.where(own if replay.rule is None else own & (F.col("rule") == replay.rule))


def pending(spark: SparkSession, settings: Settings, source: str, night: str, replay: Replay) -> DataFrame:
    """The rejected records of a delivery that no earlier night has let through."""
    before = spark.createDataFrame(
        sorted(released_before(settings, source, night)),
        "producer string, delivery_id string, file string, record long",
    )
    places = ["producer", "delivery_id", "file", "record"]
    return quarantined(spark, settings, source, replay).join(before, places, how="left_anti")


def record_parts(spark: SparkSession, settings: Settings, source: str, night: str, replay: Replay) -> DataFrame:
    """Each rejected record not released yet as a part of its own, with its number and the first bytes of its file.

    A file that was refused as one record comes as its own parts.
    """
    wanted, raw = pending(spark, settings, source, night, replay), raw_parts(spark, settings, source, replay.delivery)
    refused_whole = F.col("rule").isin(whole_file_rules(source))
    heads = raw.where(F.col("part") == 0).select("file", "format", F.substring("bytes", 1, HEAD_BYTES).alias("head"))
    records = (
        wanted.where(~refused_whole)
        .join(heads, "file", how="left")
        .select(
            "producer",
            "delivery_id",
            F.coalesce("format", F.lit(replay.delivery.format)).alias("format"),
            "file",
            F.lit(0).cast("bigint").alias("part"),
            "offset",
            (F.col("record") - 1).alias("first_record"),
            "bytes",
            F.lit(True).alias("replayed"),
            "record",
            "head",
        )
    )
    if not whole_file_rules(source):
        return records
    return records.unionByName(
        raw.join(wanted.where(refused_whole).select("file"), "file", how="left_semi").select(*PACKS.names)
    )
