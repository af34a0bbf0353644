"""What earlier nights know of documents, and what of it tonight's documents must be compared with."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.standardise.context import Context

VERSION = "document_version"


def known_versions(context: Context) -> DataFrame:
    """Every document ever accepted of the producers that deposited tonight: columns of standard/document_version.

    A replaced or re-sent document may lie in any period, so this reads small columns of a producer's whole history:
    about 150 bytes a document, in files that did not change since. Documents and results are read only where touched.
    """
    producers = sorted({one.producer for one in context.deliveries})
    partitions = [(owner, period) for owner in producers for period in context.base_periods(VERSION, owner)]
    if not partitions:
        return context.spark.createDataFrame([], load_schema(f"standard/{VERSION}").spark)
    return context.base_table(VERSION, partitions)


def ordered(typed: DataFrame, deliveries: DataFrame) -> DataFrame:
    """Adds ``seq``, the order in which records count: deliveries by their sequence, then file name and place."""
    ranks = deliveries.select("producer", "delivery_id", "sequence")
    joined = typed.join(F.broadcast(ranks), ["producer", "delivery_id"], how="left")
    rank = F.coalesce("sequence", F.lit(0).cast("bigint"))
    return joined.withColumn("seq", F.struct(rank.alias("rank"), "delivery_id", "file", "record")).drop("sequence")
