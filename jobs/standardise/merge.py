"""Merge for sources that append: the same record again changes nothing, a corrected one takes the place of the old."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.core.tables import small_frame
from jobs.standardise.context import Context

PLACE = ["producer", "delivery_id", "file", "record"]


@dataclass
class Merged:
    """What became of new rows.

    ``rows``: complete new content of the partitions in ``scope``, columns as declared. ``outcomes``: PLACE of every
    new row and its ``outcome``, accepted or duplicate. ``events``: superseded rows, per delivery they came with.
    """

    rows: DataFrame
    outcomes: DataFrame
    events: list[dict[str, Any]]
    scope: list[tuple[str, str]]


def merge_append(
    context: Context,
    table: str,
    new_rows: DataFrame,
    *,
    key: list[str],
    content: Sequence[str | Column],
    across_periods: bool = False,
    related: tuple[str, ...] = (),
    since: str = "",
    together: bool = False,
    told_elsewhere: Callable[[DataFrame], DataFrame] | None = None,
) -> Merged:
    """Merge new rows of a standard table with what the base state holds of the partitions they touch.

    ``new_rows`` has the declared columns, one row per accepted record. A row is a *duplicate* when the row that holds
    its ``key`` (in the base, or earlier tonight) has the same ``content``; otherwise it is accepted, and the row that
    held the key, if any, is superseded. Later deliveries win, then later files and records. A record that is taken in
    again keeps the place of its own delivery in that order. ``across_periods`` also looks for the keys in the
    producers' other periods, at the cost of reading their key columns, and for values of the ``related`` columns: such
    periods are in scope though no new row falls into them; periods before ``since`` are not looked at.
    ``together``: the new rows lie together by producer already and are kept, so that they can be read again cheaply.
    ``told_elsewhere`` takes the place of rows that hold their key from what another source of the table says: it is
    given rows with ``_current`` and ``_lost`` (see classify) and changes both. Two Spark jobs, besides the outputs.
    """
    schema = load_schema(f"standard/{table}")
    # by producer once: every window below, and what the caller joins by producer, finds its rows together
    new = schema.select(new_rows).repartition("producer")
    new = new if together else context.cache(new)
    scope = touched(context, table, new, key, across_periods, related, since)
    base = context.base_table(table, scope).repartition("producer")
    both = new.withColumn("_new", F.lit(True)).unionByName(base.withColumn("_new", F.lit(False)))
    taken_again = any(one.replayed for one in context.deliveries)
    ranked = classify(both, sequence_table(context), key, content, taken_again=taken_again)
    ranked = told_elsewhere(ranked) if told_elsewhere else ranked
    ranked = context.cache(ranked.select(*schema.names, "_new", "_change", "_current", "_lost"))
    rows = schema.select(ranked.where("_current"))
    outcome = F.when(F.col("_change"), "accepted").otherwise("duplicate")
    outcomes = ranked.where("_new").select(*PLACE, outcome.alias("outcome"))
    return Merged(rows, outcomes, superseded_lines(context, table, ranked), scope)


def touched(
    context: Context,
    table: str,
    new: DataFrame,
    key: list[str],
    across_periods: bool,
    related: tuple[str, ...] = (),
    since: str = "",
) -> list[tuple[str, str]]:
    """The (producer, period) pairs that the new rows fall into, whose rows they may supersede or are related to."""
    pairs = {(row.producer, row.period) for row in new.select("producer", "period").distinct().collect()}
    if across_periods:
        producers = sorted({producer for producer, _ in pairs})
        every = [(one, period) for one in producers for period in context.base_periods(table, one)]
        rest = [pair for pair in every if pair not in pairs and pair[1] >= since]
        for names in ([*key], *[[name] for name in related]) if rest else ():
            keys = new.select("producer", *[name for name in names if name != "producer"]).distinct()
            found = context.base_table(table, rest).join(keys, keys.columns, how="left_semi")
            pairs |= {(row.producer, row.period) for row in found.select("producer", "period").distinct().collect()}
    return sorted(pairs)


def sequence_table(context: Context) -> DataFrame:
    """Delivery order as a small frame: producer, delivery_id, _sequence."""
    rows = [(producer, delivery, rank) for (producer, delivery), rank in sorted(context.order.items())]
    return small_frame(context.spark, rows, "producer string, delivery_id string, _sequence long")


def fingerprint(content: Sequence[str | Column]) -> Column:
    """Equal for rows of equal content; an absent value differs from an empty one."""
    columns = [F.col(one) if isinstance(one, str) else one for one in content]
    parts = [F.coalesce(one.cast("string"), F.lit("\x00")) for one in columns]
    return F.sha2(F.concat_ws("\x1f", *parts), 256)


def classify(
    both: DataFrame, order: DataFrame, key: list[str], content: Sequence[str | Column], *, taken_again: bool
) -> DataFrame:
    """Adds ``_change`` (it brought new content), ``_current`` (it also kept its key) and ``_lost`` (why it did not).

    ``taken_again``: whether a record among the rows is one that is taken in again. Most keys come once: their rows are
    neither sorted nor compared with anything.
    """
    # rows lie together by producer: sorted by the rest of the key first, two rows are told apart by their first bytes
    keys = [*[name for name in key if name != "producer"], "producer"]
    several = both.groupBy(*keys).count().where("count > 1").select(*keys).hint("shuffle_hash")
    alone = both.join(several, keys, how="left_anti").withColumns(
        {"_change": F.lit(True), "_current": F.lit(True), "_lost": F.lit(None).cast("string")}
    )
    contested = in_turn(both.join(several, keys, how="left_semi"), order, keys, content, taken_again=taken_again)
    return alone.unionByName(contested.select(*alone.columns))


def in_turn(
    both: DataFrame, order: DataFrame, keys: list[str], content: Sequence[str | Column], *, taken_again: bool
) -> DataFrame:
    """What classify adds, for rows whose key comes several times."""
    placed = (
        both.join(F.broadcast(order), ["producer", "delivery_id"], how="left")
        .withColumn("_sequence", F.coalesce("_sequence", F.lit(0)))
        .withColumn("_print", fingerprint(content))
    )
    in_order = Window.partitionBy(*keys).orderBy("_sequence", "_new", "file", "record", "delivery_id")
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    after = in_order.rowsBetween(1, Window.unboundedFollowing)
    # A record taken in again may be older than the base row that says the same: it must not take that row's place.
    said_later = F.max(F.when(~F.col("_new"), F.col("_sequence"))).over(Window.partitionBy(*keys, "_print"))
    stale = F.col("_new") & F.coalesce(said_later > F.col("_sequence"), F.lit(False)) if taken_again else F.lit(False)
    last_said = F.last(F.when(~F.col("_stale"), F.col("_print")), ignorenulls=True).over(before)
    change = ~F.col("_stale") & (last_said.isNull() | (last_said != F.col("_print")))
    by = F.first(F.when(F.col("_change"), F.col("delivery_id")), ignorenulls=True).over(after)
    return (
        placed.withColumn("_stale", stale)
        .withColumn("_change", change)
        .withColumn("_by", by)
        .withColumn("_current", F.col("_change") & F.col("_by").isNull())
        .withColumn("_lost", F.when(F.col("_change"), F.concat(F.lit("replaced by "), "_by")))
    )


def superseded_lines(context: Context, table: str, ranked: DataFrame) -> list[dict[str, Any]]:
    """Ledger lines for rows that no longer count, by delivery and by why they are ``_lost``. One Spark job."""
    rows = ranked.where(F.col("_lost").isNotNull()).groupBy("producer", "delivery_id", "_lost").count().collect()
    return [
        line(
            row["count"],
            stage="standardise",
            source=context.source,
            producer=row.producer,
            delivery_id=row.delivery_id,
            table=table,
            event="superseded",
            cause=row["_lost"],
        )
        for row in rows
    ]
