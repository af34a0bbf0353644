"""Frames that are computed once and read again."""

from collections.abc import Iterable
from pathlib import Path

from pyspark.sql import DataFrame

from jobs.core.attempt import new_name
from jobs.core.session import SHARES
from jobs.standardise.context import Context

LEAST_SHARES = 2
SHARE_BYTES = 8_388_608  # of settled frames, packed; as rows they take some ten times as much
SPAN_BYTES, SPANNED = 33_554_432, 2  # packed bytes that a task may hold as rows; letters of a token: 256 spans


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
    size = settled_bytes(context)
    now = int(context.spark.conf.get(SHARES) or LEAST_SHARES)
    context.spark.conf.set(SHARES, str(min(now, max(LEAST_SHARES, -(-size // SHARE_BYTES)))))


def settled_bytes(context: Context) -> int:
    """Bytes of what was settled so far, packed."""
    return sum(path.stat().st_size for path in Path(context.attempt).rglob("*.parquet"))


def span_letters(context: Context, tables: Iterable[str], partitions: list[tuple[str, str]]) -> int:
    """In spans of how many letters tables are written: a task of a large night holds a part of a partition only."""
    size = settled_bytes(context) + context.base_bytes(tables, partitions)
    return SPANNED if size > SPAN_BYTES else 0
