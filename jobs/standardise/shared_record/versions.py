"""The status of every document after tonight. It depends on what was ever accepted, not on the nights it came in.

Precedence: asked to be deleted > replaced by identifier > higher version of the set, or correction of the set > same
identifier submitted later. Deleted and superseded are for ever; masked lasts as long as the metadata say so.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.standardise.shared_record.refuse import DOCUMENT
from jobs.standardise.shared_record.registry import hidden
from jobs.standardise.shared_record.relations import PARENT, aliases, may_replace, named_documents

SCHEMA = load_schema("standard/document_version")
METADATA = ("visibility", "availability", "entry_id", "logical_id", "metadata_at")
CONTENT = tuple(name for name in SCHEMA.names if name not in (*DOCUMENT, *METADATA, "status"))
FAMILY = ("producer", "set_id", "subject_id")


def latest(decided: DataFrame, known: DataFrame) -> DataFrame:
    """One row per document known before or accepted tonight, with the content and metadata that count now.

    Columns of standard/document_version without ``status``, and ``seq`` (null when tonight brought no content),
    ``known_period``, ``known_status``, ``known_delivery``, ``moved`` (its row changes), ``asked`` (to be deleted).
    """
    return merged(newest(decided.where(F.col("outcome") == "accepted")), known)


def changes(found: DataFrame, policy: dict[str, str]) -> DataFrame:
    """Of ``latest`` the documents whose row changes tonight, with ``status`` and the ``cause`` of one not current.

    ``policy``: see visibility_policy; a code that is judged otherwise from tonight on changes what bears it.
    """
    other = ~F.col("status").eqNullSafe(F.col("known_status"))
    return with_status(with_registry(found), policy).where(F.col("moved") | other)


def newest(new: DataFrame) -> DataFrame:
    """Per document of tonight the last content accepted, the last metadata, and whether a deletion was asked.

    A request to delete carries the document it deletes: that content counts only when no other came. Of metadata
    submitted at one time an entry in force counts before a deprecated one, which only says that it was replaced.
    """
    has_content = F.col("content_token").isNotNull()
    weight = F.when(F.col("brings"), 2).when(has_content & F.col("is_delete"), 1).otherwise(0)
    in_force = ~F.coalesce(F.col("availability") == "deprecated", F.lit(False))
    metadata = F.struct(*METADATA[:-1], F.col("submitted_at").alias("metadata_at"))
    when_said = F.when(F.col("said"), F.struct("submitted_at", in_force.alias("in_force"), "seq"))
    return (
        new.groupBy(*DOCUMENT)
        .agg(
            F.max_by(F.struct(*CONTENT, "seq"), F.struct(weight.alias("weight"), "seq")).alias("content"),
            F.max_by(metadata, when_said).alias("metadata"),
            F.max("is_delete").alias("asked"),
            F.max("brings").alias("brings"),
        )
        .select(*DOCUMENT, "asked", "brings", "content", "metadata")
    )


def merged(new: DataFrame, known: DataFrame) -> DataFrame:
    """Known documents with tonight's content and metadata laid over them, each unless what is known is newer."""
    old = known.select(
        *DOCUMENT,
        F.col("status").alias("known_status"),
        F.struct(*CONTENT, "rank").alias("old"),
        F.struct(*METADATA).alias("old_metadata"),
    )
    joined = new.join(old, list(DOCUMENT), how="full")
    # a record that is taken again, or was submitted earlier, must not win over what came since
    since = F.struct("old.submitted_at", "old.rank") > F.struct("content.seq.submitted_at", "content.seq.rank")
    held = F.col("old.content_token").isNotNull()
    keep = F.col("content").isNull() | (held & (~F.coalesce("brings", F.lit(False)) | since))
    later = F.col("metadata.metadata_at") >= F.coalesce(
        "old_metadata.metadata_at", F.lit("1900-01-01").cast("timestamp")
    )
    said = F.col("metadata").isNotNull() & F.coalesce(later, F.lit(False))
    logical = F.coalesce("metadata.logical_id", "old_metadata.logical_id")
    frame = joined.select(
        *DOCUMENT,
        *[F.when(keep, F.col(f"old.{name}")).otherwise(F.col(f"content.{name}")).alias(name) for name in CONTENT],
        *[
            F.when(said, F.col(f"metadata.{name}")).otherwise(F.col(f"old_metadata.{name}")).alias(name)
            for name in METADATA
        ],
        logical.alias("any_logical"),
        F.coalesce("asked", F.lit(False)).alias("asked"),
        F.when(~keep & F.col("content.content_token").isNotNull(), F.col("content.seq")).alias("seq"),
        (F.col("content").isNotNull() & ~keep | said).alias("moved"),
        "known_status",
        F.col("old.period").alias("known_period"),
        F.col("old.delivery_id").alias("known_delivery"),
        F.struct(
            F.when(keep, F.col("old.submitted_at")).otherwise(F.col("content.submitted_at")).alias("submitted_at"),
            F.when(keep, F.col("old.rank")).otherwise(F.col("content.seq.rank")).alias("rank"),
            F.when(~keep, F.col("content.seq")).alias("seq"),
        ).alias("order"),
    )
    return frame.withColumn("logical_id", F.col("any_logical")).drop("any_logical")


def with_registry(latest: DataFrame) -> DataFrame:
    """Lets a request that knew only the logical identifier reach its document: both share it; metadata and deletion."""
    same = Window.partitionBy("producer", F.coalesce("logical_id", "document_id"))
    asked = F.max(F.col("asked") | F.col("known_status").eqNullSafe("deleted")).over(same)
    last = F.max_by(F.struct(*METADATA[:3], "metadata_at"), "metadata_at").over(same)
    spread = latest.withColumns({"asked": asked, "last": last})
    said = F.col("last.metadata_at") > F.col("metadata_at")
    newer = F.coalesce(said, F.col("metadata_at").isNull() & F.col("last.metadata_at").isNotNull())
    columns = {
        name: F.when(newer, F.col(f"last.{name}")).otherwise(F.col(name)) for name in (*METADATA[:3], "metadata_at")
    }
    return spread.withColumns(columns | {"moved": F.col("moved") | newer}).drop("last")


def with_status(latest: DataFrame, policy: dict[str, str]) -> DataFrame:
    """``status`` and ``cause`` from deletions, replacements by identifier, versions and corrections of a set, masks."""
    frame = with_replaced(latest)
    # a set is one patient's: some systems give every document of the house the same set
    family = Window.partitionBy(*FAMILY)
    in_set = F.col("set_id").isNotNull() & F.col("subject_id").isNotNull()
    replaced = F.collect_set(F.when(in_set, F.col("replaces_id"))).over(family)
    members = F.flatten(F.collect_list(F.when(in_set, aliases())).over(family))
    frame = frame.withColumns(
        {
            "named_inside": F.coalesce(F.arrays_overlap(aliases(), replaced), F.lit(False)),
            "parent_inside": F.coalesce(F.array_contains(members, F.col("replaces_id")), F.lit(False)),
        }
    )
    # who replaces by identifier yields only to what is not itself replaced: the identifier counts before the number
    highest = F.max("version_number").over(family)
    standing = F.max(F.when(~F.col("named_inside"), F.col("version_number"))).over(family)
    bar = F.when(F.col("parent_inside"), standing).otherwise(highest)
    corrected = F.max(F.when(F.col("replaces_set"), F.col("order"))).over(family)
    frame = frame.withColumns(
        {
            "later": F.coalesce(in_set & (bar > F.col("version_number")), F.lit(False)),
            "by_set": F.coalesce(in_set & (F.col("order") < corrected), F.lit(False)),
        }
    )
    gone = gone_cause()
    mask = mask_cause(policy)
    marked = frame.withColumn("cause", F.coalesce(gone, mask)).withColumn("status", status(gone, mask))
    return marked.drop("named", "named_inside", "parent_inside", "later", "by_set", "asked", "order")


def with_replaced(latest: DataFrame) -> DataFrame:
    """Adds ``named``: whether a document that may replace it says that it does."""
    replacers = latest.where(F.col("replaces_id").isNotNull()).select(
        "producer", "replaces_id", F.struct("document_id", *PARENT).alias("child")
    )
    meant = named_documents(replacers, latest)
    children = (
        replacers.join(meant, ["producer", "replaces_id"], how="inner")
        .where(F.col("child.document_id") != F.col("document_id"))
        .groupBy(*DOCUMENT)
        .agg(F.collect_set("child").alias("children"))
    )
    own = F.struct(*PARENT)
    named = F.coalesce(F.exists("children", lambda child: may_replace(child, own)), F.lit(False))
    return latest.join(children, list(DOCUMENT), how="left").withColumn("named", named).drop("children")


def gone_cause() -> Column:
    """Why a document is gone for good, by precedence; null when it is not."""
    return (
        F.when(F.col("asked"), F.when(~F.col("known_status").eqNullSafe("deleted"), "delete"))
        .when(F.col("named"), "replaced")
        .when(F.col("later"), "set_version")
        .when(F.col("by_set"), "set_correction")
    )


def mask_cause(policy: dict[str, str]) -> Column:
    """Why a document that stands may not be shown; null when it may."""
    status = F.col("availability")
    return F.when(hidden(policy), "visibility").when(status.isNotNull() & (status != "approved"), status)


def status(gone: Column, mask: Column) -> Column:
    """Deleted for ever once asked; superseded for ever once replaced; masked while it is; else current.

    A request about a document that never came is ``announced``.
    """
    return (
        F.when(F.col("asked"), "deleted")
        .when(F.col("content_token").isNull(), "announced")
        .when(F.col("known_status").eqNullSafe("superseded") | gone.isNotNull(), "superseded")
        .when(mask.isNotNull(), "masked")
        .otherwise("current")
    )
