"""What became of each line: its own outcome, or that of the documents it is part of."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.context import RECORDS
from jobs.standardise.shared_record.columns import PLACE
from jobs.standardise.shared_record.fhir.documents import CARRIER
from jobs.standardise.shared_record.fhir.files import EMPTY
from jobs.standardise.shared_record.fhir.lines import ERROR_LINE, RESOURCE
from jobs.standardise.shared_record.fhir.resources import IGNORED, SUBMISSION

UNUSED = "FHR-053"
NOT_TAKEN = (*IGNORED, ERROR_LINE, EMPTY, UNUSED)
OUTCOMES = ("accepted", "duplicate", "quarantined")  # the best of several documents is that of the line
OWN = [*PLACE, "record"]


def records(raw: DataFrame, lines: DataFrame, documents: DataFrame, decided: DataFrame) -> DataFrame:
    """One row per line with its outcome, columns of RECORDS; refused ones carry their bytes."""
    joined = lines.join(fates(documents, decided), OWN, how="left").join(used(lines), list(RESOURCE), how="left")
    own = F.col("rule").isNotNull()
    rule = F.coalesce("rule", F.when(~F.col("repeated"), F.coalesce("fate.rule", F.when(unused(), F.lit(UNUSED)))))
    outcome = (
        F.when(rule.isin(*NOT_TAKEN), "ignored")
        .when(rule.isNotNull(), "quarantined")
        .when(F.col("repeated"), "duplicate")
        .otherwise(F.when(F.col("fate.order") == OUTCOMES.index("duplicate") + 1, "duplicate").otherwise("accepted"))
    )
    warnings = F.coalesce(
        F.col("told"), F.when(F.col("kind").isin("manifest", "Bundle"), F.array_join("warnings", ","))
    )
    judged = joined.withColumns(
        {
            "outcome": outcome,
            "field": F.when(own, F.col("field")).otherwise(F.col("fate.field")),
            "warnings": F.when(outcome == "accepted", F.nullif(warnings, F.lit(""))),
            "rule": rule,
            "offset": F.lit(0).cast("bigint"),
        }
    )
    refused = judged.where(F.col("outcome") == "quarantined").select(*OWN)
    kept = raw.select(*OWN, F.col("raw").alias("bytes")).join(refused, OWN, how="left_semi")
    return judged.join(kept, OWN, how="left").select(*RECORDS.names)


def fates(documents: DataFrame, decided: DataFrame) -> DataFrame:
    """``fate`` (order, rule, field) and ``told`` warnings of each place that is part of a document or deletes one."""
    own = decided.where(F.col("carrier") == CARRIER).select(
        *OWN, F.array_position(F.array(*map(F.lit, OUTCOMES)), F.col("outcome")).cast("int").alias("order"),
        "rule", "field", "warnings", F.col("kind").alias("of"),
    )  # fmt: skip
    places = documents.select(*OWN, "told_before", F.explode("lines").alias("line"))
    of_lines = places.join(own.where(F.col("of") != "Bundle"), OWN, how="left").select(
        "producer",
        "delivery_id",
        F.col("line.file").alias("file"),
        F.col("line.record").alias("record"),
        F.when(F.col("told_before"), F.lit(2)).otherwise(F.col("order")).alias("order"),
        "rule",
        "field",
        F.when(
            (F.col("line.file") == F.col("file")) & (F.col("line.record") == F.col("record")), F.col("warnings")
        ).alias("warnings"),
    )
    requests = own.where(F.col("of") == "Bundle").drop("of")
    return (
        of_lines.unionByName(requests)
        .groupBy(*OWN)
        .agg(F.min(F.struct("order", "rule", "field")).alias("fate"), F.max("warnings").alias("told"))
    )


def used(lines: DataFrame) -> DataFrame:
    """Resources that a readable line of their delivery refers to."""
    valid = lines.where(F.col("rule").isNull())
    targets = valid.select("producer", "delivery_id", F.explode("refs.target").alias("resource")).distinct()
    return targets.withColumn("used", F.lit(True))


def unused() -> Column:
    """A resource that is part of nothing: nobody's patient, a panel alone."""
    own = F.col("resource").isNotNull() & (F.col("kind") != SUBMISSION)
    return F.col("fate").isNull() & own & F.col("used").isNull()
