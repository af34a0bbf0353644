"""Outcomes of records, and the status of documents after tonight. Nothing here depends on partitions or clocks."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.standardise.shared_record.refuse import DOCUMENT

SCHEMA = load_schema("standard/document_version")


def outcomes(frame: DataFrame) -> DataFrame:
    """Adds ``outcome``: quarantined when a rule fired, duplicate when nothing changed, else accepted.

    A document is a duplicate when its canonical content is that of the one before it (tonight, else known); a request
    to delete is one when the document is known as deleted or an earlier record of tonight asked the same.
    """
    valid = F.col("rule").isNull()
    chain = Window.partitionBy("producer", "document_id", "is_delete", valid).orderBy("seq")
    before = F.coalesce(F.lag("content_token").over(chain), F.col("known_content"))
    asked = (F.row_number().over(chain) > 1) | (F.col("known_status") == "deleted")
    repeated = F.when(F.col("is_delete"), asked).otherwise(before == F.col("content_token"))
    outcome = F.when(~valid, "quarantined").when(F.coalesce(repeated, F.lit(False)), "duplicate").otherwise("accepted")
    # a repeated document was told of when it came first
    told = F.when(F.col("outcome") == "accepted", F.col("warnings"))
    return frame.withColumn("outcome", outcome).withColumn("warnings", told)


def versions(decided: DataFrame, known: DataFrame) -> DataFrame:
    """One row per document known before or accepted tonight: columns of standard/document_version, and what changed.

    Adds ``seq`` (null when tonight brought no content), ``known_period``, ``known_status``, ``known_delivery``, and
    ``cause`` of a status that is not current. Status depends only on the set of documents and requests ever accepted,
    not on the order in which they came: a parent that arrives after its child is superseded at once, and a deleted
    document stays deleted whoever sends it again.
    """
    new = decided.where(F.col("outcome") == "accepted")
    latest = merged(newest(new), known)
    return with_status(latest)


def newest(new: DataFrame) -> DataFrame:
    """Per document of tonight the last content accepted, and whether a deletion was asked; one row per document.

    A request to delete carries the document it deletes: that content counts only when no other came.
    """
    priority = F.struct(~F.col("is_delete"), "seq")
    names = [name for name in SCHEMA.names if name not in (*DOCUMENT, "status")]
    return (
        new.groupBy(*DOCUMENT)
        .agg(
            F.max_by(F.struct(*names, "seq"), priority).alias("last"),
            F.max("is_delete").alias("asked"),
            F.min("is_delete").alias("only_asked"),
        )
        .select(*DOCUMENT, "asked", "only_asked", "last.*")
    )


def merged(new: DataFrame, known: DataFrame) -> DataFrame:
    """Known documents with tonight's content laid over them; deleting a known document changes no content."""
    names = [name for name in SCHEMA.names if name not in (*DOCUMENT, "status")]
    old = known.select(*DOCUMENT, F.col("status").alias("known_status"), "rank", F.struct(*names).alias("old"))
    joined = new.select(*DOCUMENT, "asked", "only_asked", "seq", F.struct(*names).alias("new")).join(
        old, list(DOCUMENT), how="full"
    )
    # a record that is taken again must not win over what came since
    overtaken = F.col("only_asked") | (F.col("rank") > F.col("seq.rank"))
    keep_old = F.col("new").isNull() | (F.col("old").isNotNull() & overtaken)
    return joined.select(
        *DOCUMENT,
        *[F.when(keep_old, F.col(f"old.{name}")).otherwise(F.col(f"new.{name}")).alias(name) for name in names],
        F.coalesce("asked", F.lit(False)).alias("asked"),
        F.when(~keep_old, F.col("seq")).alias("seq"),
        F.coalesce("only_asked", F.lit(False)).alias("only_asked"),
        "known_status",
        F.col("old.period").alias("known_period"),
        F.col("old.delivery_id").alias("known_delivery"),
    )


def with_status(latest: DataFrame) -> DataFrame:
    """``status`` and ``cause`` from deletions, replacements by id, versions of a set and corrections of a set."""
    named = (
        latest.where(F.col("replaces_id").isNotNull() & (F.col("replaces_id") != F.col("document_id")))
        .select("producer", F.col("replaces_id").alias("document_id"))
        .distinct()
        .withColumn("named", F.lit(True))
    )
    # a set is one patient's: some systems give every document of the house the same set
    family = Window.partitionBy("producer", "set_id", "subject_id")
    in_set = F.col("set_id").isNotNull()
    later = in_set & (F.max("version_number").over(family) > F.col("version_number"))
    corrected = F.max(F.when(F.col("replaces_set"), F.col("seq"))).over(family)
    # of the known documents none has a place in tonight's order: all came before it
    before = F.col("seq").isNull() | (F.col("seq") < corrected)
    by_set = in_set & corrected.isNotNull() & before
    marked = latest.withColumns({"later": F.coalesce(later, F.lit(False)), "by_set": F.coalesce(by_set, F.lit(False))})
    marked = marked.join(named, list(DOCUMENT), how="left")
    cause = (
        F.when(F.col("asked"), "delete")
        .when(F.col("named"), "replaced")
        .when(F.col("later"), "set_version")
        .when(F.col("by_set"), "set_correction")
    )
    return marked.withColumn("cause", cause).withColumn("status", status()).drop("named", "later", "by_set", "asked")


def status() -> Column:
    """Deleted for ever once asked; superseded for ever once replaced; else current."""
    return (
        F.when((F.col("known_status") == "deleted") | (F.col("cause") == "delete"), "deleted")
        .when((F.col("known_status") == "superseded") | F.col("cause").isNotNull(), "superseded")
        .otherwise("current")
    )
