"""Validity in time, and reference tables gathered so that one join answers several questions."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

VALIDITY = ("valid", "not_yet", "ended", "undated", "unknown")


def validity(valid_from: Column, valid_to: Column, first: Column, last: Column) -> Column:
    """valid, not_yet, ended or undated: does a period meet a validity, both ends of it included?

    ``first`` and ``last`` are the entry and exit of a unit stay, or one date twice. The rule is that of the grouper's
    controls 078, 079, 193 and 194: a code has ended when the unit was entered after its last day, and is not yet valid
    when the unit was left before its first. A missing end is open; a period without any date is ``undated``.
    """
    return (
        F.when(F.coalesce(first, last).isNull(), "undated")
        .when(F.coalesce(F.coalesce(first, last) > valid_to, F.lit(False)), "ended")
        .when(F.coalesce(F.coalesce(last, first) < valid_from, F.lit(False)), "not_yet")
        .otherwise("valid")
    )


def gathered(table: DataFrame, key: Column, alias: str, columns: list[str]) -> DataFrame:
    """One row per key with the rows that share it as an array of structs: columns ``<alias>_key`` and ``<alias>``."""
    return table.groupBy(key.alias(f"{alias}_key")).agg(F.collect_list(F.struct(*columns)).alias(alias))


def joined(frame: DataFrame, table: DataFrame, key: Column, alias: str) -> DataFrame:
    """A frame with the gathered array of its key, null where there is none. The table is small enough to broadcast."""
    return frame.join(F.broadcast(table), key == F.col(f"{alias}_key"), "left").drop(f"{alias}_key")
