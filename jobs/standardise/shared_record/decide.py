"""Outcomes of records: refused, told before, or accepted; and which of these bring content. No clocks in here."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.standardise.shared_record.refuse import DOCUMENT, add_warning

NOT_SAID = {"visibility": "N", "availability": "approved"}  # what a document is of which no registry said anything


def outcomes(frame: DataFrame, known: DataFrame) -> DataFrame:
    """Adds ``outcome`` and ``brings``: quarantined when a rule fired, duplicate when nothing changed, else accepted.

    A document is a duplicate when its canonical content is that of the one before it (tonight, else known) and its
    metadata say nothing new; a request to delete is one when the document is known as deleted or an earlier record of
    tonight asked the same. An accepted record ``brings`` a document unless it is a request, or repeats a content with
    other metadata: those only change what is there. ``visibility`` and ``availability`` not said stay as they were.
    """
    frame = frame.withColumn("valid", F.col("rule").isNull())
    chain = Window.partitionBy(*DOCUMENT, "valid").orderBy("seq")
    before = chain.rowsBetween(Window.unboundedPreceding, -1)

    def last(column: Column, known_column: str) -> Column:
        return F.coalesce(F.last(column, ignorenulls=True).over(before), F.col(known_column))

    sent = ~F.col("is_delete") & ~F.col("is_request")
    asked = F.coalesce(F.max("is_delete").over(before), F.lit(False)) | F.col("known_status").eqNullSafe("deleted")
    frame = frame.withColumns(
        {
            "last_content": last(F.when(sent, F.col("content_token")), "known_content"),
            "last_visibility": last(F.col("visibility"), "known_visibility"),
            "last_availability": last(F.col("availability"), "known_availability"),
            "last_entry": last(F.col("entry_id"), "known_entry"),
            "asked": asked,
        }
    )
    same = ~sent | F.coalesce(F.col("content_token") == F.col("last_content"), F.lit(False))
    repeated = F.when(F.col("is_delete"), F.col("asked")).otherwise(same & ~metadata_moved())
    outcome = F.when(~F.col("valid"), "quarantined").when(repeated, "duplicate").otherwise("accepted")
    frame = frame.withColumns(
        {
            "outcome": outcome,
            "brings": F.col("valid") & sent & ~same,
            "visibility": F.coalesce("visibility", "last_visibility"),
            "availability": F.coalesce("availability", "last_availability"),
        }
    )
    frame = with_version_warnings(frame, known)
    # a repeated document was told of when it came first
    told = F.when(F.col("outcome") == "accepted", F.col("warnings"))
    return frame.withColumn("warnings", told).drop(
        "valid", "asked", "last_content", "last_visibility", "last_availability", "last_entry"
    )


def metadata_moved() -> Column:
    """Whether a record's metadata say something else than what was said before; who says nothing moves nothing."""
    moved = F.lit(False)
    for name, default in NOT_SAID.items():
        was = F.coalesce(f"last_{name}", F.lit(default))
        moved = moved | F.coalesce(F.col(name) != was, F.lit(False))
    # a registry gives a new entry with every change; packages without a logical identifier number theirs anyhow
    entry = F.col("logical_id").isNotNull() & ~F.col("entry_id").eqNullSafe(F.col("last_entry"))
    return moved | entry


def with_version_warnings(frame: DataFrame, known: DataFrame) -> DataFrame:
    """DOC-311: not above the versions known of its set. DOC-312: a version is missing between it and a lower one."""
    family = ["producer", "set_id", "subject_id"]
    earlier = known.where(F.col("set_id").isNotNull() & F.col("version_number").isNotNull())
    earlier = earlier.groupBy(*family).agg(F.collect_set("version_number").alias("known_versions"))
    frame = frame.join(earlier, family, how="left").withColumn(
        "known_versions", F.coalesce("known_versions", F.array().cast("array<bigint>"))
    )
    number = F.when(F.col("brings"), F.col("version_number"))
    frame = frame.withColumn("new_versions", F.collect_list(number).over(Window.partitionBy(*family)))
    versioned = F.col("brings") & F.col("set_id").isNotNull() & F.col("version_number").isNotNull()
    own = F.col("version_number")
    not_above = F.exists("known_versions", lambda one: one >= own)
    twice = F.size(F.filter("new_versions", lambda one: one == own)) > 1
    every = F.array_union("known_versions", "new_versions")
    gap = F.exists(every, lambda one: one < own) & ~F.array_contains(every, own - 1)
    frame = add_warning(frame, "DOC-311", versioned & (not_above | twice))
    return add_warning(frame, "DOC-312", versioned & gap).drop("known_versions", "new_versions")
