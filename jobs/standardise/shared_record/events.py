"""What befell accepted documents tonight, as ledger lines that balance.

documents in force now = before + accepted − applied − superseded − deleted − masked + restored, table ``document``;
rows of table ``withheld_row`` tell of masked documents that are replaced or deleted before they could come back.
"""

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.standardise.shared_record.withheld import restored

SHOWN, WITHHELD = "document", "withheld_row"
COLUMNS = ("producer", "delivery_id", "table", "event", "cause")


def ledger_events(decided: DataFrame, changes: DataFrame) -> list[dict[str, Any]]:
    """Ledger lines, each counted by the delivery that brought the document or the request; one Spark job."""
    accepted = decided.where(F.col("outcome") == "accepted")
    told = left_base(changes).unionByName(left_tonight(accepted, changes)).unionByName(applied(accepted))
    rows = told.unionByName(came_back(changes)).groupBy(*COLUMNS).count().collect()
    lines = [(tuple(row[name] for name in COLUMNS), row["count"]) for row in rows]
    return [line(count, **dict(zip(COLUMNS, keys, strict=True))) for keys, count in sorted(lines)]


def left_base(changes: DataFrame) -> DataFrame:
    """Documents of earlier nights that no longer stand, or stand with another content, by their own delivery."""
    again = F.col("seq").isNotNull()
    was_current, was_masked = (F.col("known_status").eqNullSafe(F.lit(name)) for name in ("current", "masked"))
    left_shown = was_current & (again | (F.col("status") != "current"))
    left_aside = was_masked & (again | F.col("status").isin("superseded", "deleted"))
    return changes.where(left_shown | left_aside).select(
        "producer",
        F.col("known_delivery").alias("delivery_id"),
        F.when(was_current, SHOWN).otherwise(WITHHELD).alias("table"),
        F.when(again, "superseded").otherwise(F.col("status")).alias("event"),
        F.when(again, "same_id").otherwise(F.col("cause")).alias("cause"),
    )


def left_tonight(accepted: DataFrame, changes: DataFrame) -> DataFrame:
    """Documents accepted tonight that do not stand: overtaken under their own id, or not current at once."""
    # seq names one record: the accepted ones that are not the last content of their document were overtaken tonight
    last = changes.where(F.col("seq").isNotNull()).select("producer", "seq", "status", F.col("cause").alias("why"))
    joined = accepted.where("brings").join(last, ["producer", "seq"], how="left")
    return joined.where(F.coalesce("status", F.lit("")) != "current").select(
        "producer",
        "delivery_id",
        F.lit(SHOWN).alias("table"),
        F.coalesce("status", F.lit("superseded")).alias("event"),
        F.when(F.col("status").isNull(), "same_id").otherwise(F.coalesce("why", F.lit("earlier_night"))).alias("cause"),
    )


def applied(accepted: DataFrame) -> DataFrame:
    """Accepted records that brought no document: requests to delete, and changes of metadata."""
    return accepted.where(~F.col("brings")).select(
        "producer",
        "delivery_id",
        F.lit(SHOWN).alias("table"),
        F.lit("applied").alias("event"),
        F.when(F.col("is_delete"), "delete").otherwise("metadata").alias("cause"),
    )


def came_back(changes: DataFrame) -> DataFrame:
    """Masked documents that stand again with the content they had."""
    return changes.where(restored()).select(
        "producer",
        F.col("known_delivery").alias("delivery_id"),
        F.lit(SHOWN).alias("table"),
        F.lit("restored").alias("event"),
        F.lit("metadata").alias("cause"),
    )
