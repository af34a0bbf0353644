"""What earlier nights know of documents, and what of it tonight's documents must be compared with."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.core.tables import small_frame
from jobs.standardise.context import Context

VERSION = "document_version"


def known_versions(context: Context) -> DataFrame:
    """Every document ever accepted of the producers that deposited tonight.

    Columns of standard/document_version, and ``rank``: the order of the delivery it came with, 0 when older than all
    that count tonight.

    A replaced or re-sent document may lie in any period, so this reads small columns of a producer's whole history:
    about 150 bytes a document, in files that did not change since. Documents and results are read only where touched.
    """
    producers = sorted({one.producer for one in context.deliveries})
    partitions = [(owner, period) for owner in producers for period in context.base_periods(VERSION, owner)]
    if not partitions:
        empty = small_frame(context.spark, [], load_schema(f"standard/{VERSION}").spark)
        return empty.withColumn("rank", F.lit(0).cast("bigint"))
    table = context.base_table(VERSION, partitions)
    if not any(one.replayed for one in context.deliveries):
        return table.withColumn("rank", F.lit(0).cast("bigint"))
    order = [(producer, delivery, rank) for (producer, delivery), rank in sorted(context.order.items())]
    ranks = small_frame(context.spark, order, "producer string, delivery_id string, sequence bigint")
    joined = table.join(F.broadcast(ranks), ["producer", "delivery_id"], how="left")
    return joined.withColumn("rank", F.coalesce("sequence", F.lit(0).cast("bigint"))).drop("sequence")
