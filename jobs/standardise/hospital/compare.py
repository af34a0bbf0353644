"""Tonight's lines against the last snapshot: what is as it was costs one token a line, what differs is read anew.

A transmission repeats a whole year. A stay all of whose lines the snapshot holds byte for byte, and none of whose lines
is missing, is left as it is; every other stay is *touched*: its lines are parsed, judged and rebuilt together.

What is kept and compared is tokens and places. The text of a line is read a second time when it is wanted: in a night
that changes little this costs less than to hold the year.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.standardise.context import Context
from jobs.standardise.hospital.transmissions import (
    DELIVERY,
    FAST_TRACK,
    TRIAL,
    VALIDATED,
    Pairs,
    delivery_table,
    in_force,
    is_trial,
    transmission_of,
)

PLACE = ["delivery_id", "file", "record"]
GROUP = ["producer", "stay_id"]
WHAT_IS_COMPARED = (
    "producer", "delivery_id", "file", "record", "offset", "kind", "line_id", "stay_id", "transmission", "last", "late",
)  # fmt: skip


FEW = 50_000  # stays with all their lines as tokens: so few that every task may hold them


@dataclass(frozen=True)
class Compared:
    """Tonight's lines in two parts, and what of the snapshot they leave behind.

    ``work``: lines to be read. ``rest``: lines with their outcome. ``touched``: GROUP of what is rebuilt. ``gone``:
    lines of the snapshot that are not repeated, or belong to a stay that is told anew by another circuit. ``base``:
    the snapshot's lines of the years in question; None before the first snapshot. ``count`` of the touched; None
    before the first snapshot, when nobody asks. ``idle``: there is no work.
    """

    work: DataFrame
    rest: DataFrame | None
    touched: DataFrame
    gone: DataFrame | None
    base: DataFrame | None
    count: int | None = None
    idle: bool = False

    def near(self, frame: DataFrame) -> DataFrame:
        """A frame of touched stays to join with, handed to every task when they are few."""
        return F.broadcast(frame) if self.count is not None and self.count <= FEW else frame


def at_first(context: Context, read: DataFrame) -> Compared:
    """The lines of a night whose years have no snapshot yet: all of them are work, but for those of trials."""
    lines = with_late(context, of_deliveries(context, read).withColumns(nothing_known()), None)
    touched = lines.where(in_force()).select(*GROUP).distinct()
    if all(transmission_of(one) != TRIAL for one in context.deliveries):
        return Compared(lines, None, touched, None, None)
    lines = context.cache(lines)
    rest = as_it_was(lines.withColumn("copy", F.lit(False)), F.lit(True))
    return Compared(lines.where(~is_trial()), rest, touched, None, None)


def compare(context: Context, told: DataFrame, again: DataFrame, pairs: Pairs) -> Compared:
    """Part the lines of a night by the snapshot's partitions of its years. Raises nothing: what is unreadable is work.

    ``told``: the lines' tokens and places. ``again``: the lines with their text, which nobody reads when all is as it
    was.
    """
    base = context.base_table("hospital_line", pairs)
    met = context.cache(meet(with_late(context, of_deliveries(context, told), base), base))
    lines = met.where(F.col("held").isNull()).drop("held")
    anew = lines.where(in_force() & ~F.col("known")).select(*GROUP).distinct()
    lost = met.where(F.col("held").isNotNull()).select("held.*")
    gone = context.cache(left_behind(context, lost, anew))
    groups = anew.unionByName(gone.select(*GROUP)).where(F.col("stay_id").isNotNull()).distinct()
    touched = context.cache(groups)
    count = touched.count()
    few = F.broadcast(touched) if count <= FEW else touched
    reread = F.coalesce("touched", F.lit(False)) | F.col("stay_id").isNull() | ~in_force()
    parts = with_touched(lines, few)
    rest, wanted = as_it_was(parts, reread), with_touched(as_late(context, again, lines), few)
    held = base.join(few, GROUP, how="left_semi").select("producer", "line_id", F.struct(*base.columns).alias("known"))
    work = (
        wanted.where(reread & ~is_trial())
        .join(F.broadcast(held) if count <= FEW else held, ["producer", "line_id"], how="left")
        .withColumns(known_line())
        .drop("known", "touched")
    )
    idle = count == 0 and parts.where(reread & ~is_trial()).isEmpty()
    return Compared(work, rest, touched, gone, base, count, idle)


def of_deliveries(context: Context, lines: DataFrame) -> DataFrame:
    """Lines with what their delivery says of itself."""
    return lines.join(F.broadcast(delivery_table(context)), DELIVERY, how="left")


def as_late(context: Context, again: DataFrame, lines: DataFrame) -> DataFrame:
    """Lines that are read again, with what their delivery says, and ``late`` as it was found for the same ``lines``."""
    told = of_deliveries(context, again)
    if no_fast_track(context):
        return told.withColumn("late", F.lit(False))
    late = lines.where("late").select(*GROUP, "delivery_id", "late").distinct()
    joined = told.join(late, [*GROUP, "delivery_id"], how="left")
    return joined.withColumn("late", F.coalesce("late", F.lit(False)))


def no_fast_track(context: Context) -> bool:
    """Whether nothing of tonight is provisional."""
    return all(one.transmission != FAST_TRACK for one in context.deliveries)


def with_touched(lines: DataFrame, touched: DataFrame) -> DataFrame:
    """Adds ``touched``, null where it is not true."""
    return lines.join(touched.withColumn("touched", F.lit(True)), GROUP, how="left")


def with_late(context: Context, lines: DataFrame, base: DataFrame | None) -> DataFrame:
    """Adds ``late``: a provisional line of a stay that is validated already, or that a later fast track tells again."""
    if no_fast_track(context):
        return lines.withColumn("late", F.lit(False))
    lines = context.cache(lines)  # looked at twice
    fast = F.col("transmission") == FAST_TRACK
    groups = lines.where(F.col("last") & (F.col("transmission") == VALIDATED)).select(*GROUP)
    if base is not None:
        groups = groups.unionByName(base.where(~F.col("provisional")).select(*GROUP))
    validated = groups.where(F.col("stay_id").isNotNull()).distinct().withColumn("validated", F.lit(True))
    latest = F.max(F.when(fast, F.col("sequence"))).over(Window.partitionBy(*GROUP))
    joined = lines.join(validated, GROUP, how="left").withColumn("latest", latest)
    overtaken = F.coalesce("validated", F.lit(False)) | (F.col("sequence") < F.col("latest"))
    late = fast & F.col("stay_id").isNotNull() & overtaken
    return joined.withColumn("late", late).drop("validated", "latest")


def meet(lines: DataFrame, base: DataFrame) -> DataFrame:
    """Tonight's lines and the snapshot's, side by side in one shuffle of tokens and places.

    Tonight's come with ``known`` (the snapshot has the same line, by the same circuit), its ``base_warnings``, and
    ``copy``: an equal line stands before it in its delivery. Of the snapshot's those stay, as ``held``, that tonight's
    do not repeat in the same circuit.
    """
    theirs = base.select("producer", "line_id", F.struct(*base.columns).alias("held"))
    in_order = Window.partitionBy("line_id", "producer").orderBy("delivery_id", "file", "record")
    same_line = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    fast, provisional = F.col("transmission") == FAST_TRACK, F.col("held.provisional")
    repeat = F.when(provisional, F.max(in_force() & fast).over(same_line)).otherwise(
        F.max(in_force() & ~fast).over(same_line)
    )
    of_base = F.col("held").isNotNull()
    as_taken = F.when(of_base, F.struct("held.provisional", "held.warnings"))
    met = (
        lines.select(*WHAT_IS_COMPARED)
        .unionByName(theirs, allowMissingColumns=True)
        .withColumns(
            {
                "copy": F.coalesce(F.lag("delivery_id").over(in_order) == F.col("delivery_id"), F.lit(False)),
                "taken": F.max(as_taken).over(same_line),
                "repeat": F.coalesce(repeat, F.lit(False)),
            }
        )
    )
    told = {
        "known": F.coalesce(F.col("taken.provisional") == fast, F.lit(False)),
        "base_warnings": F.col("taken.warnings"),
    }
    return met.where(~of_base | ~F.col("repeat")).withColumns(told).drop("taken", "repeat")


def known_line() -> dict[str, Column]:
    """What the snapshot's line ``known`` says of the same line of tonight; no subject when circuits differ."""
    same = F.col("known.provisional") == (F.col("transmission") == FAST_TRACK)
    places = {f"base_{name}": F.col(f"known.{name}") for name in PLACE}
    return places | {
        "base_subject": F.when(same, F.col("known.subject_id")),
        "base_warnings": F.col("known.warnings"),
    }


def nothing_known() -> dict[str, Column]:
    """The columns of ``known_line`` when there is no snapshot."""
    text = {name: F.lit(None).cast("string") for name in ("base_subject", "base_delivery_id", "base_file")}
    return text | {"base_record": F.lit(None).cast("bigint"), "base_warnings": F.lit(None).cast("string")}


def left_behind(context: Context, lost: DataFrame, anew: DataFrame) -> DataFrame:
    """Those of the lines that are not repeated which leave the snapshot.

    A validated transmission replaces its years, but for provisional stays that ended after the last day it covers. A
    stay that is told anew leaves all its other lines behind, whichever circuit they came by.
    """
    table = delivery_table(context).where(F.col("last") & (F.col("transmission") == VALIDATED))
    replaced = table.select(
        F.col("producer").alias("by"), "first_year", "last_year", F.to_date("covers_to").alias("replaced_to")
    )
    year = F.substring("period", 1, 4)
    within = (F.col("producer") == F.col("by")) & year.between(F.col("first_year"), F.col("last_year"))
    dated = lost.join(F.broadcast(replaced), within, how="left").join(
        anew.withColumn("anew", F.lit(True)), GROUP, how="left"
    )
    out_of_reach = F.col("provisional") & (F.col("exit_date") > F.col("replaced_to"))
    leaves = F.col("replaced_to").isNotNull() & ~F.coalesce(out_of_reach, F.lit(False))
    return dated.where(leaves | F.coalesce("anew", F.lit(False))).select(lost.columns)


def as_it_was(lines: DataFrame, reread: Column) -> DataFrame:
    """Lines of untouched stays with their outcome, and lines of trials."""
    rest = lines.where(~reread | is_trial())
    return rest.withColumns(
        {
            "outcome": F.when(is_trial(), "ignored").when(F.col("copy"), "duplicate").otherwise("unchanged"),
            "rule": F.when(is_trial(), "HOS-019"),
            "field": F.lit(None).cast("string"),
            "warnings": F.when(~is_trial(), F.col("base_warnings")),
        }
    )
