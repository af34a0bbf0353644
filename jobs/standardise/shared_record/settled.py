"""Frames that are computed once and read again."""

from pyspark.sql import DataFrame

from jobs.core.attempt import new_name
from jobs.standardise.context import Context


def settled(context: Context, frame: DataFrame, name: str) -> DataFrame:
    """The frame, computed once into the attempt folder: what follows starts from a short plan, and memory stays free.

    The folder lies in the closed work zone and is gone at the end of the job.
    """
    path = str(context.attempt / new_name(name))
    frame.write.parquet(path)
    return context.spark.read.schema(frame.schema).parquet(path)
