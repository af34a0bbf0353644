"""What earlier nights know of resources: which document each is part of, so that one that comes alone finds its row."""

from dataclasses import replace
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.core.tokens import token_hex, with_key
from jobs.standardise.context import Context
from jobs.standardise.shared_record.columns import PLACE
from jobs.standardise.shared_record.entries import UNREADABLE
from jobs.standardise.shared_record.facts import TABLES
from jobs.standardise.shared_record.fhir.documents import CARRIER, INCOMPLETE, WHOLE
from jobs.standardise.shared_record.fhir.lines import asked_deletes, empty
from jobs.standardise.shared_record.refuse import DOCUMENT
from jobs.standardise.shared_record.withheld import WITHHELD, Scope

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


def told_before(context: Context, documents: DataFrame, known: DataFrame, versions: DataFrame) -> DataFrame:
    """Adds ``told_before``: a resource that comes alone and says what it said as part of a document brings nothing.

    One that says something else stands alone, and is hidden while the document that it was part of is: a code that
    nobody knows, hence the most restrictive, is added to what it says of its visibility.
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
    """Rows of document_resource of some typed documents with ``resources``."""
    exploded = documents.select(
        "producer", "period", "document_id", "subject_id", "delivery_id", F.col("shown").alias("file"), "record",
        F.explode("resources").alias("one"),
    ).select("*", "one.*")  # fmt: skip
    keyed = with_key(exploded, context.key("collector"))
    tokens = {"resource_id": resource_token(), "content_token": token_hex("content", F.col("content"))}
    return SCHEMA.select(keyed.withColumns(tokens))


def left(context: Context, known: DataFrame, lines: DataFrame, decided: DataFrame, moved: DataFrame) -> DataFrame:
    """Known rows that leave documents which stay: their resource is gone, or was told anew in another document.

    Columns of document_resource and ``cause``. ``moved``: versions.changes.
    """
    accepted = decided.where((F.col("outcome") == "accepted") & F.col("resources").isNotNull() & F.col("brings"))
    told = entries(context, accepted).where(F.col("fact") != WHOLE)
    told = told.select("producer", "resource_id", F.lit("told_elsewhere").alias("cause"))
    gone = lines.where(F.col("resource").isNotNull() & F.col("rule").isNull() & F.col("gone"))
    asked = gone.select("producer", "resource").unionByName(asked_deletes(lines).select("producer", "resource"))
    keyed = with_key(asked, context.key("collector")).select("producer", resource_token().alias("resource_id"))
    both = told.unionByName(keyed.withColumn("cause", F.lit("gone")))
    once = both.groupBy("producer", "resource_id").agg(F.min("cause").alias("cause"))
    stays = known.where(F.col("fact") != WHOLE).join(made_anew(moved), list(DOCUMENT), how="left_anti")
    return stays.join(once, ["producer", "resource_id"], how="inner")


def made_anew(moved: DataFrame) -> DataFrame:
    """Documents whose rows are other ones after tonight, or are there no more."""
    return moved.where(F.col("seq").isNotNull() | F.col("status").isin("superseded", "deleted")).select(*DOCUMENT)


def widened(scope: Scope, rows: DataFrame | None) -> Scope:
    """What tonight touches, the periods of documents that lose single rows among it."""
    if rows is None:
        return scope
    pairs = {(row.producer, row.period) for row in rows.select("producer", "period").distinct().collect()}
    return replace(scope, pairs=sorted(pairs | set(scope.pairs)))


def with_resources(
    context: Context,
    tables: dict[str, DataFrame],
    decided: DataFrame,
    moved: DataFrame,
    rows: DataFrame | None,
    pairs: list[tuple[str, str]],
) -> dict[str, DataFrame]:
    """Tables without the rows of resources that left, and document_resource beside them, where it says anything."""
    known = any(period in context.base_periods(TABLE, producer) for producer, period in pairs)
    if "resources" not in decided.columns and not known:
        return tables
    found = context.base_table(TABLE, pairs).join(made_anew(moved), list(DOCUMENT), how="left_anti")
    if "resources" in decided.columns:
        stands = moved.where(F.col("status").isin("current", "masked") & F.col("seq").isNotNull())
        own = decided.where(F.col("resources").isNotNull())
        fresh = own.join(stands.select("producer", "seq"), ["producer", "seq"], how="left_semi")
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
            place = F.get_json_object("row", f"$.{rank}").cast("bigint")
            aside = rows.select(*DOCUMENT, F.lit(table).alias("table"), F.col(rank).alias("place"))
            held = found[WITHHELD].withColumn("place", F.when(F.col("table") == table, place))
            found[WITHHELD] = held.join(aside, [*DOCUMENT, "table", "place"], how="left_anti").drop("place")
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
