"""Frames that are computed once and read again."""

from pathlib import Path

from pyspark.sql import DataFrame

from jobs.core.attempt import new_name
from jobs.core.session import SHARES
from jobs.standardise.context import Context

LEAST_SHARES = 2
SHARE_BYTES = 8_388_608  # of settled frames, packed; as rows they take some ten times as much


def settled(context: Context, frame: DataFrame, name: str) -> DataFrame:
    """The frame, computed once into the attempt folder: what follows starts from a short plan, and memory stays free.

    The folder lies in the closed work zone and is gone at the end of the job.
    """
    path = str(context.attempt / new_name(name))
    frame.write.parquet(path)
    return context.spark.read.schema(frame.schema).parquet(path)


def fitting_shares(context: Context) -> None:
    """From here on shuffles of as many parts as what is settled asks for: most bytes of documents are read no further.

    Only ever fewer than the deposited bytes ask for. The driver puts the session's own number back; no result depends
    on it.
    """
    size = sum(path.stat().st_size for path in Path(context.attempt).rglob("*.parquet"))
    now = int(context.spark.conf.get(SHARES) or LEAST_SHARES)
    context.spark.conf.set(SHARES, str(min(now, max(LEAST_SHARES, -(-size // SHARE_BYTES)))))
