"""What earlier nights know of resources: which document each is part of, so that one that comes alone finds its row."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.core.tables import small_frame
from jobs.core.tokens import token_hex, with_key
from jobs.standardise.context import Context
from jobs.standardise.shared_record.columns import PLACE
from jobs.standardise.shared_record.entries import UNREADABLE
from jobs.standardise.shared_record.fhir.documents import CARRIER, INCOMPLETE, WHOLE
from jobs.standardise.shared_record.fhir.lines import asked_deletes, empty
from jobs.standardise.shared_record.refuse import DOCUMENT
from jobs.standardise.shared_record.registry import with_order

TABLE = "document_resource"
SCHEMA = load_schema(f"standard/{TABLE}")


def resource_token() -> Column:
    """The keyed name of a resource; needs ``producer``, ``resource`` and the collector's ``key``."""
    return token_hex("logical", F.col("producer"), F.col("resource"))


def is_known(context: Context, producers: list[str]) -> bool:
    """Whether earlier nights took exports of some producers."""
    return any(context.base_periods(TABLE, owner) for owner in producers)


def known_resources(context: Context, producers: list[str]) -> DataFrame:
    """Rows of standard/document_resource of some producers, all periods."""
    partitions = [(owner, period) for owner in producers for period in context.base_periods(TABLE, owner)]
    if not partitions:
        return small_frame(context.spark, [], SCHEMA.spark)
    return context.base_table(TABLE, partitions)


def told_before(context: Context, documents: DataFrame, known: DataFrame, versions: DataFrame) -> DataFrame:
    """Adds ``told_before``: a resource that comes alone and says what it said as part of a document brings nothing.

    The same of one that another document told since: an old delivery that is taken again moves nothing back. One that
    says something else stands alone, and is hidden while the document that it was part of is: a code that nobody
    knows, hence the most restrictive, is added to what it says of its visibility.
    """
    content = F.filter("resources", lambda one: one["fact"] == WHOLE)[0]
    keyed = with_key(documents.withColumns({"resource": content["resource"]}), context.key("collector"))
    keyed = keyed.withColumns(
        {"resource_id": resource_token(), "resource_content": token_hex("content", content["content"])}
    )
    same = known.where(F.col("fact") != WHOLE).select(
        "producer", "resource_id", F.col("content_token").alias("resource_content"), F.lit(True).alias("same")
    )
    joined = keyed.join(same.distinct(), ["producer", "resource_id", "resource_content"], how="left")
    since = (
        with_told_at(known, versions)
        .groupBy("producer", "resource_id")
        .agg(F.max_by("document_id", "told_at").alias("teller"), F.max("told_at").alias("since"))
    )
    joined = with_order(joined.join(since, ["producer", "resource_id"], how="left"), context)
    own = token_hex("document", F.col("producer"), F.col("id_root"), F.col("id_extension"))
    overtaken = (F.col("teller") != own) & (F.col("since") > F.struct("submitted_at", "rank"))
    joined = joined.withColumn("same", F.coalesce("same", F.when(overtaken, F.lit(True))))
    joined = joined.drop("teller", "since", "submitted_at", "rank")
    masked = versions.where(F.col("status") == "masked").select(*DOCUMENT)
    parts = known.where(F.col("fact") != WHOLE).join(masked, list(DOCUMENT), how="left_semi")
    parts = parts.select("producer", "resource_id", F.lit(True).alias("hidden_part")).distinct()
    joined = joined.join(parts, ["producer", "resource_id"], how="left")
    hides = F.col("alone") & F.coalesce("hidden_part", F.lit(False))
    more = F.concat_ws(" ", F.lit(UNREADABLE), "visibility")
    joined = joined.withColumn("visibility", F.when(hides, more).otherwise(F.col("visibility"))).drop("hidden_part")
    flag = F.col("alone") & F.col("same").isNotNull() & F.col("action").isNull() & F.col("rule").isNull()
    return joined.withColumn("told_before", flag).drop("key", "resource", "resource_id", "resource_content", "same")


def metadata_only(context: Context, documents: DataFrame, versions: DataFrame) -> DataFrame:
    """Documents that lack resources they name become requests about what is known: their metadata count alone.

    One that is not known and would be shown is refused (FHR-011); of one that would not, the metadata wait for it.
    """
    token = token_hex("document", F.col("producer"), F.col("id_root"), F.col("id_extension"))
    keyed = with_key(documents, context.key("collector")).withColumn("document_id", token).drop("key")
    held = versions.where(F.col("content_token").isNotNull()).select(*DOCUMENT, F.lit(True).alias("held"))
    joined = keyed.join(held, list(DOCUMENT), how="left")
    lacks = F.col("incomplete") & F.col("rule").isNull() & F.col("action").isNull()
    refused = lacks & F.col("held").isNull() & F.col("stands")
    asks = lacks & ~refused
    return joined.withColumns(
        {
            "rule": F.when(refused, F.lit(INCOMPLETE)).otherwise(F.col("rule")),
            "field": F.when(refused, F.lit("context.related")).otherwise(F.col("field")),
            "action": F.when(asks, F.lit("M")).otherwise(F.col("action")),
            "content_sha256": F.when(~asks, F.col("content_sha256")),
            "resources": F.when(~asks, F.col("resources")),
        }
    ).drop("held", "document_id", "incomplete", "stands")


def requests(lines: DataFrame) -> DataFrame:
    """Rows of PARSED without content, one per resource that a line deletes: they know it by its name alone."""
    asked = asked_deletes(lines)
    return asked.select(
        *PLACE,
        "record",
        F.lit("Bundle").alias("kind"),
        empty().alias("warnings"),
        F.lit(CARRIER).alias("carrier"),
        F.lit("D").alias("action"),
        F.col("resource").alias("logical_id"),
        F.lit(False).alias("told_before"),
    )


def named(frame: DataFrame, known: DataFrame) -> DataFrame:
    """Typed rows with ``key``: a request about a known resource is about its document, whatever else names it since."""
    own = (F.col("carrier") == CARRIER) & F.col("content_sha256").isNull() & F.col("document_id").isNull()
    resource = token_hex("logical", F.col("producer"), F.when(own, F.col("logical_id")))
    whole = known.where(F.col("fact") == WHOLE).select(
        "producer", "resource_id", F.col("document_id").alias("meant"), F.col("period").alias("known_month")
    )
    joined = frame.withColumn("resource_id", resource).join(whole, ["producer", "resource_id"], how="left")
    columns = {"document_id": F.coalesce("document_id", "meant"), "period": F.coalesce("period", "known_month")}
    return joined.withColumns(columns).drop("resource_id", "meant", "known_month")


def entries(context: Context, documents: DataFrame) -> DataFrame:
    """Rows of document_resource of some typed documents with ``resources``, and ``told_at``: their order."""
    exploded = documents.select(
        "producer", "period", "document_id", "subject_id", "delivery_id", F.col("shown").alias("file"), "record",
        F.struct("seq.submitted_at", "seq.rank").alias("told_at"), F.explode("resources").alias("one"),
    ).select("*", "one.*")  # fmt: skip
    keyed = with_key(exploded, context.key("collector"))
    tokens = {"resource_id": resource_token(), "content_token": token_hex("content", F.col("content"))}
    return keyed.withColumns(tokens).select(*SCHEMA.names, "told_at")


def with_told_at(known: DataFrame, versions: DataFrame) -> DataFrame:
    """Known rows of facts with ``told_at``, the order of the documents that they are part of. ``versions``: known."""
    order = versions.select(*DOCUMENT, F.struct("submitted_at", "rank").alias("told_at"))
    return known.where(F.col("fact") != WHOLE).join(order, list(DOCUMENT), how="inner")
