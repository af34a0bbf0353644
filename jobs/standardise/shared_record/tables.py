"""New content of the partitions that tonight touches, ledger events, claims."""

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.identifiers.nir import nir13
from jobs.standardise.claims import complete_claims
from jobs.standardise.context import Context
from jobs.standardise.shared_record.refuse import DOCUMENT
from jobs.standardise.shared_record.typed_facts import fact_tables

Scope = list[tuple[str, str]]


def changed(versions: DataFrame) -> DataFrame:
    """Documents whose content or status is not what it was before tonight."""
    return versions.where(F.col("seq").isNotNull() | ~F.col("status").eqNullSafe(F.col("known_status")))


def touched(changes: DataFrame) -> Scope:
    """The (producer, period) pairs that hold a changed document, before or after tonight; one Spark job."""
    pairs = changes.select("producer", F.explode(F.array("period", "known_period")).alias("period"))
    rows = pairs.where(F.col("period").isNotNull()).distinct().collect()
    return sorted((row.producer, row.period) for row in rows)


def standard_tables(context: Context, decided: DataFrame, changes: DataFrame, scope: Scope) -> dict[str, DataFrame]:
    """Complete new content of every touched partition of document, of the facts' tables and of document_version."""
    ids = changes.select(*DOCUMENT)
    current = changes.where((F.col("status") == "current") & F.col("seq").isNotNull()).select("producer", "seq")
    fresh = decided.join(current, ["producer", "seq"], how="left_semi").withColumn("file", F.col("shown"))
    told = F.filter("results", lambda one: ~one["negated"].eqNullSafe("true"))  # as many as are published
    tables = {"document": fresh.withColumn("result_count", F.size(told).cast("bigint"))}
    tables |= fact_tables(fresh)
    tables["document_version"] = changes
    return {
        name: kept(context, name, ids, scope).unionByName(load_schema(f"standard/{name}").select(frame))
        for name, frame in tables.items()
    }


def kept(context: Context, table: str, ids: DataFrame, scope: Scope) -> DataFrame:
    """Rows of the touched partitions that stay as they are."""
    return context.base_table(table, scope).join(ids, list(DOCUMENT), how="left_anti")


def ledger_events(decided: DataFrame, versions: DataFrame) -> list[dict[str, Any]]:
    """What befell accepted documents tonight: superseded or deleted, counted by the delivery that brought them."""
    was_current = F.col("known_status") == "current"
    replaced = was_current & F.col("seq").isNotNull()
    left_base = versions.where(was_current & (F.col("seq").isNotNull() | (F.col("status") != "current"))).select(
        "producer",
        F.col("known_delivery").alias("delivery_id"),
        F.when(replaced, F.lit("superseded")).otherwise(F.col("status")).alias("event"),
        F.when(replaced, F.lit("same_id")).otherwise(F.col("cause")).alias("cause"),
    )
    # seq names one record: the accepted ones that are not the last content of their document were overtaken tonight
    last = versions.where(F.col("seq").isNotNull()).select("producer", "seq", "status", F.col("cause").alias("why"))
    accepted = decided.where((F.col("outcome") == "accepted") & ~F.col("is_delete"))
    tonight = accepted.join(last, ["producer", "seq"], how="left").where(F.coalesce("status", F.lit("")) != "current")
    left_tonight = tonight.select(
        "producer",
        "delivery_id",
        F.coalesce("status", F.lit("superseded")).alias("event"),
        F.when(F.col("status").isNull(), "same_id").otherwise(F.coalesce("why", F.lit("earlier_night"))).alias("cause"),
    )
    rows = left_base.unionByName(left_tonight).groupBy("producer", "delivery_id", "event", "cause").count().collect()
    return [
        line(
            row["count"],
            producer=row.producer,
            delivery_id=row.delivery_id,
            table="document",
            event=row.event,
            cause=row.cause,
        )
        for row in sorted(rows, key=lambda row: (row.producer, row.delivery_id, row.event, row.cause))
    ]


def claims(context: Context, decided: DataFrame) -> DataFrame:
    """One claim per accepted document; the driver keeps each distinct one once. Requests to delete claim nothing."""
    accepted = decided.where((F.col("outcome") == "accepted") & ~F.col("is_delete"))
    columns = {
        "ins_oid": F.when(F.col("valid_ins").isNotNull(), F.col("ins_oid")),
        "ins": F.col("valid_ins"),
        "holder_nir": nir13(F.col("holder_number")),
        "number_status": F.col("status_of_number"),
        "birth_date_text": F.col("birth_text"),
    }
    return complete_claims(context, accepted.withColumns(columns))
