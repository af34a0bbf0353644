"""What earlier nights know of resources: which document each is part of, so that one that comes alone finds its row."""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.core.tokens import token_hex, with_key
from jobs.standardise.context import Context
from jobs.standardise.shared_record.columns import PLACE
from jobs.standardise.shared_record.facts import TABLES
from jobs.standardise.shared_record.fhir.documents import WHOLE
from jobs.standardise.shared_record.fhir.lines import asked_deletes
from jobs.standardise.shared_record.refuse import DOCUMENT
from jobs.standardise.shared_record.tables import kept

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
        return context.spark.createDataFrame([], SCHEMA.spark)
    return context.base_table(TABLE, partitions)


def told_before(context: Context, documents: DataFrame, known: DataFrame) -> DataFrame:
    """Adds ``told_before``: a resource that comes alone and says what it said as part of a document brings nothing."""
    content = F.filter("resources", lambda one: one["fact"] == WHOLE)[0]
    keyed = with_key(documents.withColumns({"resource": content["resource"]}), context.key("collector"))
    keyed = keyed.withColumns(
        {"resource_id": resource_token(), "resource_content": token_hex("content", content["content"])}
    )
    same = known.where(F.col("fact") != WHOLE).select(
        "producer", "resource_id", F.col("content_token").alias("resource_content"), F.lit(True).alias("same")
    )
    joined = keyed.join(same.distinct(), ["producer", "resource_id", "resource_content"], how="left")
    flag = F.col("alone") & F.col("same").isNotNull() & F.col("action").isNull() & F.col("rule").isNull()
    return joined.withColumn("told_before", flag).drop("key", "resource", "resource_id", "resource_content", "same")


def requests(context: Context, lines: DataFrame, known: DataFrame, versions: DataFrame) -> DataFrame:
    """Requests to delete known documents: typed rows, the place of the line that asks, all else as it is known."""
    asked = with_key(asked_deletes(lines), context.key("collector")).withColumn("resource_id", resource_token())
    whole = known.where(F.col("fact") == WHOLE).select(*DOCUMENT, "resource_id")
    found = asked.select(*PLACE, "record", "resource_id").join(whole, ["producer", "resource_id"], how="inner")
    columns = [name for name in versions.columns if name not in ("delivery_id", "file", "record", "rank", "status")]
    return (
        found.drop("resource_id")
        .join(versions.select(*columns), list(DOCUMENT), how="inner")
        .withColumns(
            {
                "kind": F.lit("Bundle"),
                "carrier": F.lit("fhir"),
                "action": F.lit("D"),
                "is_delete": F.lit(True),
            }
        )
    )


def entries(context: Context, documents: DataFrame) -> DataFrame:
    """Rows of document_resource of some typed documents with ``resources``."""
    exploded = documents.select(
        "producer", "period", "document_id", "delivery_id", F.col("shown").alias("file"), "record",
        F.explode("resources").alias("one"),
    ).select("*", "one.*")  # fmt: skip
    keyed = with_key(exploded, context.key("collector"))
    tokens = {"resource_id": resource_token(), "content_token": token_hex("content", F.col("content"))}
    return SCHEMA.select(keyed.withColumns(tokens))


def left(context: Context, known: DataFrame, lines: DataFrame, decided: DataFrame, changes: DataFrame) -> DataFrame:
    """Known rows that leave documents which stay: their resource is gone, or was told anew in another document.

    Columns of document_resource and ``cause``.
    """
    accepted = decided.where((F.col("outcome") == "accepted") & F.col("resources").isNotNull() & ~F.col("is_delete"))
    told = entries(context, accepted).where(F.col("fact") != WHOLE)
    told = told.select("producer", "resource_id", F.lit("told_elsewhere").alias("cause"))
    gone = lines.where(F.col("resource").isNotNull() & F.col("rule").isNull() & F.col("gone"))
    asked = gone.select("producer", "resource").unionByName(asked_deletes(lines).select("producer", "resource"))
    named = with_key(asked, context.key("collector")).select("producer", resource_token().alias("resource_id"))
    both = told.unionByName(named.withColumn("cause", F.lit("gone")))
    once = both.groupBy("producer", "resource_id").agg(F.min("cause").alias("cause"))
    stays = known.where(F.col("fact") != WHOLE).join(changes.select(*DOCUMENT), list(DOCUMENT), how="left_anti")
    return stays.join(once, ["producer", "resource_id"], how="inner")


def with_left(changes: DataFrame, rows: DataFrame | None) -> DataFrame:
    """What decides which periods are touched: changed documents, and documents that lose single rows."""
    columns = ("producer", "period", "known_period")
    if rows is None:
        return changes.select(*columns)
    return changes.select(*columns).unionByName(
        rows.select("producer", "period", F.col("period").alias("known_period"))
    )


def with_resources(
    context: Context,
    tables: dict[str, DataFrame],
    decided: DataFrame,
    changes: DataFrame,
    rows: DataFrame | None,
    scope: list[tuple[str, str]],
) -> dict[str, DataFrame]:
    """Tables without the rows of resources that left, and document_resource beside them, where it says anything."""
    known = any(period in context.base_periods(TABLE, producer) for producer, period in scope)
    if "resources" not in decided.columns and not known:
        return tables
    found = kept(context, TABLE, changes.select(*DOCUMENT), scope)
    if "resources" in decided.columns:
        stands = changes.where((F.col("status") == "current") & F.col("seq").isNotNull()).select("producer", "seq")
        fresh = decided.where(F.col("resources").isNotNull()).join(stands, ["producer", "seq"], how="left_semi")
        found = found.unionByName(entries(context, fresh))
    tables = tables | {TABLE: found}
    return tables if rows is None else without(tables, rows)


def without(tables: dict[str, DataFrame], left: DataFrame) -> dict[str, DataFrame]:
    """Tables without the rows of resources that left; the counts of a document follow."""
    found = dict(tables)
    found[TABLE] = found[TABLE].join(left.select(*SCHEMA.primary_key), list(SCHEMA.primary_key), how="left_anti")
    for fact, table in TABLES.items():
        if table in found:
            rank = next(name for name in load_schema(f"standard/{table}").primary_key if name != "document_id")
            rows = left.where(F.col("fact") == fact).select(*DOCUMENT, F.col("rank").alias(rank))
            found[table] = found[table].join(rows, rows.columns, how="left_anti")
    fewer = left.where(F.col("fact") == "results").groupBy(*DOCUMENT).agg(F.count(F.lit(1)).alias("fewer"))
    shown = found["document"].join(fewer, list(DOCUMENT), how="left")
    count = (F.col("result_count") - F.coalesce("fewer", F.lit(0))).alias("result_count")
    names = [count if name == "result_count" else F.col(name) for name in found["document"].columns]
    return found | {"document": shown.select(*names)}


def events(left: DataFrame | None) -> list[dict[str, Any]]:
    """What befell single rows of documents that stay, by the delivery that brought them."""
    if left is None:
        return []
    rows = left.groupBy("producer", "delivery_id", "fact", "cause").count().collect()
    return [
        line(
            row["count"],
            producer=row.producer,
            delivery_id=row.delivery_id,
            table=TABLES[row.fact],
            event="deleted" if row.cause == "gone" else "superseded",
            cause=row.cause,
        )
        for row in sorted(rows)
    ]
