"""Claims: one dated version of a subject's traits, named by what it says."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.standardise.context import Context

# A claim is the same claim when a subject's traits are the same, whichever delivery and night repeat them.
NOT_TRAITS = ("claim_id", "night", "source", "producer", "delivery_id")


def complete_claims(context: Context, frame: DataFrame) -> DataFrame:
    """Claims in their declared shape from the columns a source has.

    ``frame`` holds subject_id, producer, delivery_id, number_status and any other column of the claim; those that it
    lacks are null. ``claim_id`` is made here: the first 32 hexadecimal characters of SHA-256 over subject and traits.
    """
    schema = load_schema("identity/claim")
    given = set(frame.columns) - {"claim_id", "night", "source"}
    columns: dict[str, Column] = {
        item.name: (F.col(item.name) if item.name in given else F.lit(None)).cast(item.spark) for item in schema.fields
    }
    columns |= {"night": F.lit(context.night), "source": F.lit(context.source)}
    shaped = frame.select(*[columns[name].alias(name) for name in schema.names])
    return schema.select(shaped.withColumn("claim_id", claim_id(schema.names)))


def claim_id(names: list[str]) -> Column:
    """The name of a claim by its content; an absent trait differs from an empty one."""
    traits = [F.coalesce(F.col(name).cast("string"), F.lit("\x00")) for name in names if name not in NOT_TRAITS]
    return F.substring(F.sha2(F.concat_ws("\x1f", *traits), 256), 1, 32)


def new_claims(context: Context, claims: DataFrame) -> DataFrame:
    """Each claim once (the one of the first delivery in text order), without those that the base state holds."""
    schema = load_schema("identity/claim")
    # a subject is one producer's: grouped by producer too, rows that lie together by producer are not moved; grouping
    # sorts, and what comes first in it tells two rows apart by its first bytes
    keys = ("claim_id", "subject_id", "producer")
    rest = [name for name in schema.names if name not in keys]
    once = (
        schema.select(claims)
        .groupBy(*keys)
        .agg(F.min(F.struct("delivery_id", *[name for name in rest if name != "delivery_id"])).alias("row"))
        .select(*keys, *[F.col(f"row.{name}").alias(name) for name in rest])
    )
    if context.base and context.base.get("claims"):
        once = once.join(context.base_claims(), ["subject_id", "claim_id"], how="left_anti")
    return schema.select(once)
