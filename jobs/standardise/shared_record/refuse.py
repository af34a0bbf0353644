"""Refusals that take more than one document to see: another patient's id, cycles, a broken package."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

DOCUMENT = ("producer", "document_id")


def refuse(frame: DataFrame, known: DataFrame) -> DataFrame:
    """Fills ``rule`` of records that contradict each other or what is known; all in a conflict are refused.

    Adds ``known_content``, ``known_status`` of the same document id, null when it was never seen.
    """
    same = known.select(
        *DOCUMENT,
        F.col("content_token").alias("known_content"),
        F.col("status").alias("known_status"),
        F.col("patient_token").alias("known_patient"),
    )
    frame = frame.join(same, list(DOCUMENT), how="left")
    frame = judge(frame, "DOC-009", other_patient()).drop("known_patient")
    frame = refuse_relations(frame, known)
    package = Window.partitionBy("producer", "delivery_id", "file")
    broken = (F.col("carrier") == "xdm") & (F.max(F.col("rule").isNotNull()).over(package))
    return judge(frame, "DOC-016", broken)


def judge(frame: DataFrame, code: str, condition: Column) -> DataFrame:
    """Give a rule to records that have none and meet a condition; a refused record has no warnings."""
    hit = F.col("rule").isNull() & F.coalesce(condition, F.lit(False))
    return frame.withColumn("rule", F.when(hit, F.lit(code)).otherwise(F.col("rule"))).withColumn(
        "warnings", F.when(~hit, F.col("warnings"))
    )


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
    return F.col("document_id").isNotNull() & (tonight | F.coalesce(against_base, F.lit(False)))


def refuse_relations(frame: DataFrame, known: DataFrame) -> DataFrame:
    """DOC-017: replaces another patient's document. DOC-021: two documents that replace each other."""
    columns = [*DOCUMENT, "replaces_id", "subject_id", "patient_token"]
    parents = frame.where(F.col("rule").isNull()).select(*columns).unionByName(known.select(*columns))
    # both sides of a disagreement count: a parent sent twice may name two parents of its own
    own = (
        parents.groupBy(*DOCUMENT)
        .agg(
            F.collect_set("subject_id").alias("parent_subjects"),
            F.collect_set("patient_token").alias("parent_patients"),
            F.collect_set("replaces_id").alias("grandparents"),
        )
        .withColumnRenamed("document_id", "replaces_id")
    )
    joined = frame.join(own, ["producer", "replaces_id"], how="left")
    stranger = ~F.array_contains("parent_subjects", F.col("subject_id")) & ~F.array_contains(
        "parent_patients", F.col("patient_token")
    )
    cycle = F.array_contains("grandparents", F.col("document_id")) & (F.col("replaces_id") != F.col("document_id"))
    joined = judge(judge(joined, "DOC-017", stranger), "DOC-021", cycle)
    return joined.drop("parent_subjects", "parent_patients", "grandparents")
