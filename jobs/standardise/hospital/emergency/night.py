"""The emergency night as a whole: parse, judge, name, merge with what is known, and the three tables."""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.reference.lists import codes
from jobs.standardise.context import RECORDS, Context
from jobs.standardise.documents import Limits
from jobs.standardise.hospital.emergency import FORMAT, TABLES
from jobs.standardise.hospital.emergency.judge import judge_visits
from jobs.standardise.hospital.emergency.keys import with_ranks, with_tokens
from jobs.standardise.hospital.emergency.parse import PARSED, parser
from jobs.standardise.merge import PLACE, Merged, merge_append, touched
from jobs.standardise.shared_record import settled, small_batches, spread
from jobs.standardise.shared_record.files import whole_files

VISIT, DIAGNOSIS, PROCEDURE = TABLES
UNKNOWN_DIAGNOSIS, UNKNOWN_ACT, AMBIGUOUS = "RPU-028", "RPU-029", "RPU-030"


def visits_of_night(context: Context) -> dict[str, Any]:
    """The fields of Standardised."""
    judged = context.cache(judge_visits(context, parsed_visits(context)))
    visits = context.cache(named_visits(context, judged.where(F.col("rule").isNull())))
    merged = merge_append(context, VISIT, shaped(visits, VISIT), key=["visit_id"], content=["content_id"])
    rows = context.cache(merged.rows)
    accepted = merged.outcomes.where(F.col("outcome") == "accepted")
    diagnoses = flagged(diagnoses_of(visits), codes(context.spark, context.settings, "cim10"))
    acts = flagged(acts_of(visits), codes(context.spark, context.settings, "ccam"))
    details = {DIAGNOSIS: diagnoses, PROCEDURE: acts}
    tables = {name: detail_table(context, name, frame, rows, accepted, merged) for name, frame in details.items()}
    told = late_warnings(visits, diagnoses, acts)
    return {
        "records": records_of(judged, merged, told),
        "tables": {VISIT: rows, **tables},
        "claims": context.spark.createDataFrame([], load_schema("identity/claim").spark),
        "scope": dict.fromkeys(TABLES, merged.scope),
        "events": merged.events,
    }


def parsed_visits(context: Context) -> DataFrame:
    """Columns of PARSED, one row per visit or unreadable file; settled on disk, in the closed work zone."""
    limit = Limits.of(context.settings.policy).max_document_bytes
    part = context.settings.policy["pull"]["part_bytes"]
    cut = any(one.replayed or item["bytes"] > part for one in context.deliveries for item in one.files)
    packs = context.packs().where(F.col("format") == FORMAT)
    files = whole_files(packs, limit, cut=cut).select("producer", "delivery_id", "file", "oversize", "bytes")
    with small_batches(context):
        return settled(context, spread(context, files).mapInArrow(parser(limit), PARSED), "visits")


def named_visits(context: Context, clean: DataFrame) -> DataFrame:
    """Visits with their tokens; those of the months they fall into decide which rank a content has."""
    tokens = context.cache(with_tokens(clean, context.key("collector")))
    held = context.base_table(VISIT, touched(context, VISIT, tokens, ["visit_id"], False))
    return with_ranks(tokens, held).drop("key")


def diagnoses_of(visits: DataFrame) -> DataFrame:
    """Every diagnosis of every visit, with its position; the same code told twice stays twice."""
    main = F.transform(F.array_compact(F.array("principal")), lambda one: placed("principal", one, F.lit(0)))
    others = F.transform(F.col("associated"), lambda one, rank: placed("associated", one, rank))
    told = visits.select(*PLACE, "period", "visit_id", F.explode(F.concat(main, others)).alias("told"))
    return told.select("*", "told.*").drop("told")


def placed(kind: str, code: Column, place: Column) -> Column:
    """A diagnosis with its kind and 1-based rank within it."""
    rank = (place + 1).cast("bigint")
    return F.struct(F.lit(kind).alias("kind"), code.alias("code"), rank.alias("diagnosis_rank"))


def acts_of(visits: DataFrame) -> DataFrame:
    """Every act of every visit, in the order sent."""
    told = visits.select(*PLACE, "period", "visit_id", F.posexplode("acts").alias("place", "act"))
    return told.select("*", "act.*", (F.col("place") + 1).cast("bigint").alias("procedure_rank")).drop("act", "place")


def flagged(rows: DataFrame, known: DataFrame) -> DataFrame:
    """Adds ``code_known``: whether the loaded list has the code."""
    listed = known.select("code", F.lit(True).alias("listed"))
    joined = rows.join(F.broadcast(listed), "code", how="left")
    return joined.withColumn("code_known", F.coalesce("listed", F.lit(False)))


def detail_table(
    context: Context, table: str, new: DataFrame, visits: DataFrame, accepted: DataFrame, merged: Merged
) -> DataFrame:
    """Diagnoses or acts of the visits that the touched months hold now: of the base's as they were, of tonight's anew.

    A record that is taken in again may hold a place that the base has too: tonight's reading replaces it.
    """
    taken = accepted.select(*PLACE)
    base = context.base_table(table, merged.scope).join(taken, PLACE, how="left_anti")
    fresh = shaped(new, table).join(taken, PLACE, how="left_semi")
    both = base.unionByName(fresh)
    return both.join(visits.select(*PLACE, "visit_id"), [*PLACE, "visit_id"], how="left_semi")


def late_warnings(visits: DataFrame, diagnoses: DataFrame, acts: DataFrame) -> DataFrame:
    """PLACE and ``late``: warnings that only the code lists or the known visits can give."""
    found = [
        (diagnoses.where(~F.col("code_known")), UNKNOWN_DIAGNOSIS),
        (acts.where(~F.col("code_known")), UNKNOWN_ACT),
        (visits.where("ambiguous"), AMBIGUOUS),
    ]
    frames = [frame.select(*PLACE, F.lit(code).alias("code")) for frame, code in found]
    joined = frames[0].unionByName(frames[1]).unionByName(frames[2])
    return joined.groupBy(*PLACE).agg(F.sort_array(F.collect_set("code")).alias("late"))


def records_of(judged: DataFrame, merged: Merged, told: DataFrame) -> DataFrame:
    """One row per visit or unreadable file, columns of RECORDS; only the refused ones keep their bytes."""
    refused = F.col("rule").isNotNull()
    joined = judged.join(merged.outcomes, PLACE, how="left").join(told, PLACE, how="left")
    every = F.concat_ws(",", "warnings", F.coalesce("late", F.array().cast("array<string>")))
    columns = {
        "offset": F.lit(None).cast("bigint"),  # an element has no place in bytes once it is parsed
        "bytes": F.when(refused, F.col("bytes")),
        "outcome": F.when(refused, "quarantined").otherwise(F.col("outcome")),
        "warnings": F.when(~refused, F.nullif(every, F.lit(""))),
    }
    return joined.withColumns(columns).select(*RECORDS.names)


def shaped(frame: DataFrame, table: str) -> DataFrame:
    """The declared columns with their declared types."""
    schema = load_schema(f"standard/{table}")
    return schema.select(frame.select(*[F.col(item.name).cast(item.spark) for item in schema.fields]))
