"""Refusals that take more than one document to see: another patient's id, a forbidden replacement, a broken package."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

DOCUMENT = ("producer", "document_id")


def refuse(frame: DataFrame, known: DataFrame) -> DataFrame:
    """Fills ``rule`` of records that contradict each other or what is known; all in a conflict are refused.

    Adds of the document of the same id, null when it was never seen: ``known_content``, ``known_status``,
    ``known_visibility``, ``known_availability``, ``known_entry``.
    """
    same = known.select(
        *DOCUMENT,
        F.col("content_token").alias("known_content"),
        F.col("status").alias("known_status"),
        F.col("visibility").alias("known_visibility"),
        F.col("availability").alias("known_availability"),
        F.col("entry_id").alias("known_entry"),
        F.col("patient_token").alias("known_patient"),
    )
    frame = frame.join(same, list(DOCUMENT), how="left")
    return judge(frame, "DOC-009", other_patient()).drop("known_patient")


def refuse_packages(frame: DataFrame) -> DataFrame:
    """DOC-016: a package is taken whole or not at all."""
    package = Window.partitionBy("producer", "delivery_id", "file")
    broken = (F.col("carrier") == "xdm") & (F.max(F.col("rule").isNotNull()).over(package))
    return judge(frame, "DOC-016", broken)


def judge(frame: DataFrame, code: str, condition: Column, field: str | None = None) -> DataFrame:
    """Give a rule to records that have none and meet a condition; a refused record has no warnings."""
    hit = F.col("rule").isNull() & F.coalesce(condition, F.lit(False))
    columns = {
        "rule": F.when(hit, F.lit(code)).otherwise(F.col("rule")),
        "warnings": F.when(~hit, F.col("warnings")),
    }
    if field:
        columns["field"] = F.when(hit, F.lit(field)).otherwise(F.col("field"))
    return frame.withColumns(columns)


def add_warning(frame: DataFrame, code: str, condition: Column) -> DataFrame:
    """Tell of records that are not refused and meet a condition; codes stay in order."""
    hit = F.col("rule").isNull() & F.coalesce(condition, F.lit(False))
    codes = F.array_sort(F.split(F.concat_ws(",", "warnings", F.lit(code)), ","))
    return frame.withColumn("warnings", F.when(hit, F.array_join(codes, ",")).otherwise(F.col("warnings")))


def other_patient() -> Column:
    """One document id for several patients, tonight or against what is known.

    Names and birth date decide, not numbers: sets exist where hundreds of patients share every number. A request to
    delete contradicts nobody as long as its patient is one of those the document was sent for.
    """
    group = Window.partitionBy(*DOCUMENT)
    sent = (F.col("rule").isNull()) & ~F.col("is_delete")
    patients = F.collect_set(F.when(sent, F.col("patient_token"))).over(group)
    stranger = (F.size(patients) > 0) & ~F.array_contains(patients, F.col("patient_token"))
    tonight = F.when(F.col("is_delete"), stranger).otherwise(F.size(patients) > 1)
    against_base = F.col("known_patient") != F.col("patient_token")
    by_document = F.col("document_id").isNotNull() & ~F.col("is_request")
    return by_document & (tonight | F.coalesce(against_base, F.lit(False)))
