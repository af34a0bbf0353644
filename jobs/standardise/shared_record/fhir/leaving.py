"""What leaves documents which stand: rows of resources that are gone, or that another document told later."""

from dataclasses import replace
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.core.tokens import with_key
from jobs.standardise.context import Context
from jobs.standardise.shared_record.facts import TABLES
from jobs.standardise.shared_record.fhir.documents import WHOLE
from jobs.standardise.shared_record.fhir.lines import asked_deletes
from jobs.standardise.shared_record.fhir.members import SCHEMA, TABLE, entries, resource_token, with_told_at
from jobs.standardise.shared_record.refuse import DOCUMENT
from jobs.standardise.shared_record.withheld import WITHHELD, Scope, recounted


def left(
    context: Context, known: DataFrame, versions: DataFrame, lines: DataFrame, decided: DataFrame, moved: DataFrame
) -> DataFrame:
    """Rows that leave documents which stand: their resource is gone, or another document told it later.

    Columns of document_resource and ``cause``. ``moved``: versions.changes; ``versions``: what is known of before.
    """
    stays = with_told_at(known, versions).join(made_anew(moved), list(DOCUMENT), how="left_anti")
    stands = moved.where(F.col("seq").isNotNull() & F.col("status").isin("current", "masked"))
    fresh = decided.where(F.col("resources").isNotNull()).join(
        stands.select("producer", "seq"), ["producer", "seq"], how="left_semi"
    )
    told = entries(context, fresh).where(F.col("fact") != WHOLE)
    elsewhere = overtaken(stays, told, F.col("told_at") <= F.col("since")).unionByName(
        overtaken(told, stays, F.col("told_at") < F.col("since"))
    )
    gone = stays.join(gone_tonight(context, lines), ["producer", "resource_id"], how="left_semi")
    gone = SCHEMA.select(gone).withColumn("cause", F.lit("gone"))
    others = elsewhere.join(gone.select(*SCHEMA.primary_key), list(SCHEMA.primary_key), how="left_anti")
    return gone.unionByName(others)


def overtaken(rows: DataFrame, others: DataFrame, later: Column) -> DataFrame:
    """Rows whose resource some others tell ``later``: a condition on ``told_at`` and ``since``, the others' newest."""
    newest = others.groupBy("producer", "resource_id").agg(F.max("told_at").alias("since"))
    found = rows.join(newest, ["producer", "resource_id"], how="inner").where(later)
    return SCHEMA.select(found).withColumn("cause", F.lit("told_elsewhere"))


def gone_tonight(context: Context, lines: DataFrame) -> DataFrame:
    """``producer`` and ``resource_id`` of what tonight deletes or says to be entered in error."""
    gone = lines.where(F.col("resource").isNotNull() & F.col("rule").isNull() & F.col("gone"))
    asked = gone.select("producer", "resource").unionByName(asked_deletes(lines).select("producer", "resource"))
    return with_key(asked, context.key("collector")).select("producer", resource_token().alias("resource_id"))


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
        found = found.unionByName(SCHEMA.select(entries(context, fresh)))
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
    found[WITHHELD] = recounted(found[WITHHELD], fewer)
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
