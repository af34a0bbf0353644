"""The hospital night as a whole.

Spark jobs: at most two count events; the driver adds one count and one write per table. All of them read the cached
lines, which the first one parses.
"""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.reference.lists import codes
from jobs.standardise.context import RECORDS, Context, Standardised
from jobs.standardise.fixed_width import line_bytes
from jobs.standardise.hospital import build
from jobs.standardise.hospital.claims import claims_of
from jobs.standardise.hospital.decide import base_lines, decide, scope_of
from jobs.standardise.hospital.lines import read_lines
from jobs.standardise.hospital.rules import judge_line

TABLES = ("hospital_stay", "hospital_unit_stay", "hospital_diagnosis", "hospital_procedure", "hospital_line")


def standardise_hospital(context: Context) -> Standardised:
    """Parse, judge and rebuild the years that tonight's transmissions repeat."""
    part = context.settings.policy["pull"]["part_bytes"]
    several = any(item["bytes"] > part for one in context.deliveries for item in one.files)
    decided = context.cache(decide(context, judge_line(read_lines(context.packs(), several_parts=several))))
    lines = context.cache(build.snapshot_lines(decided))
    units = context.cache(build.units_of(lines))
    diagnoses = build.diagnoses_of(units, codes(context.spark, context.settings, "cim10"))
    procedures = build.procedures_of(units, codes(context.spark, context.settings, "ccam"))
    return Standardised(
        records=records_of(decided, unknown_codes(diagnoses, procedures)),
        tables={
            "hospital_stay": build.stay_table(units, build.mothers_of(lines)),
            "hospital_unit_stay": build.unit_stay_table(units),
            "hospital_diagnosis": build.shaped(diagnoses, "hospital_diagnosis"),
            "hospital_procedure": build.shaped(procedures, "hospital_procedure"),
            "hospital_line": build.line_table(lines),
        },
        claims=claims_of(context, lines),
        scope=dict.fromkeys(TABLES, scope_of(context)),
        events=left_behind(context, lines) + overtaken(context, decided),
    )


def unknown_codes(diagnoses: DataFrame, procedures: DataFrame) -> DataFrame:
    """Lines with a code that the loaded nomenclature does not have: producer, line_id, ``unknown`` warnings."""
    strange = diagnoses.where(~F.col("code_known")).select("producer", "line_id", F.lit("HOS-021").alias("code"))
    acts = procedures.where(~F.col("code_known")).select("producer", "line_id", F.lit("HOS-022").alias("code"))
    both = strange.unionByName(acts).groupBy("producer", "line_id")
    return both.agg(F.sort_array(F.collect_set("code")).alias("unknown"))


def records_of(decided: DataFrame, unknown: DataFrame) -> DataFrame:
    """One row per line read, as the driver wants it; bytes of the rejected ones only."""
    rejected = F.col("outcome") == "quarantined"
    warned = decided.join(unknown, ["producer", "line_id"], how="left")
    columns: dict[str, Column] = {
        "bytes": F.when(rejected, line_bytes(F.col("line"))),
        "warnings": F.nullif(
            F.when(~rejected, F.concat_ws(",", "warnings", F.coalesce("unknown", F.array().cast("array<string>")))),
            F.lit(""),
        ),
    }
    return warned.withColumns(columns).select(*RECORDS.names)


def left_behind(context: Context, lines: DataFrame) -> list[dict[str, Any]]:
    """Lines of the base that the new snapshot no longer holds: superseded when it tells the same unit anew."""
    if not context.base:
        return []
    now = lines.select("producer", "line_id").distinct()
    retold = lines.select("producer", "key_id").distinct().withColumn("retold", F.lit(True))
    gone = base_lines(context).join(now, ["producer", "line_id"], how="left_anti")
    told = gone.join(retold, ["producer", "key_id"], how="left")
    event = F.when(F.col("retold"), "superseded").otherwise("withdrawn").alias("event")
    rows = told.groupBy("producer", "delivery_id", event).count().collect()
    return [
        line(
            row["count"],
            producer=row.producer,
            delivery_id=row.delivery_id,
            event=row.event,
            cause="told anew by a later transmission" if row.event == "superseded" else "not repeated",
        )
        for row in rows
    ]


def overtaken(context: Context, decided: DataFrame) -> list[dict[str, Any]]:
    """Accepted lines of a transmission that another one of the same night, for the same years, has replaced."""
    once = {(one.producer, one.covers_from[:4], one.covers_to[:4]) for one in context.deliveries}
    if len(once) == len(context.deliveries):
        return []
    late = decided.where((F.col("outcome") == "accepted") & ~F.col("current"))
    return [
        line(
            row["count"],
            producer=row.producer,
            delivery_id=row.delivery_id,
            event="superseded",
            cause="a later transmission of the same night",
        )
        for row in late.groupBy("producer", "delivery_id").count().collect()
    ]
