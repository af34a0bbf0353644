"""Tonight's lines against the last snapshot: what is as it was costs one token a line, what differs is read anew.

A transmission repeats a whole year. A stay all of whose lines the snapshot holds byte for byte, and none of whose lines
is missing, is left as it is; every other stay is *touched*: its lines are parsed, judged and rebuilt together.
"""

import re
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.standardise.context import Context
from jobs.standardise.deliveries import Delivery
from jobs.standardise.hospital.tokens import with_line_tokens

DELIVERY = ["producer", "delivery_id"]
PLACE = ["delivery_id", "file", "record"]
GROUP = ["producer", "stay_id"]
PERIOD_ZERO = re.compile(r"[0-9A-Z]{9}\.\d{4}\.0{1,2}\.")  # <FINESS>.<year>.<month>.<timestamp>…
DELIVERIES = (
    "producer string, transmission string, first_year string, last_year string, delivery_id string, covers_to string, "
    "sequence long, last boolean"
)
VALIDATED, FAST_TRACK, TRIAL = "validated", "fast_track", "trial"


@dataclass(frozen=True)
class Compared:
    """Tonight's lines in two parts, and what of the snapshot they leave behind.

    ``work``: lines to be read. ``rest``: lines with their outcome. ``touched``: GROUP of what is rebuilt. ``gone``:
    lines of the snapshot that are not repeated, or belong to a stay that is told anew by another circuit. ``base``:
    the snapshot's lines of the years in question; None before the first snapshot.
    """

    work: DataFrame
    rest: DataFrame | None
    touched: DataFrame
    gone: DataFrame | None
    base: DataFrame | None


def compare(context: Context, told: DataFrame) -> Compared:
    """Part the lines of a night. Raises nothing: what cannot be read is work."""
    sent = told.join(F.broadcast(delivery_table(context)), DELIVERY, how="left")
    tokens = with_line_tokens(context, sent)
    pairs = base_pairs(context)
    if not pairs:
        lines = context.cache(with_late(context, tokens.withColumns(nothing_known()), None))
        groups = lines.where(in_force()).select(*GROUP).distinct()
        return Compared(lines.where(~is_trial()), trials(context, lines), groups, None, None)
    base = context.cache(context.base_table("hospital_line", pairs))
    known = tokens.join(known_lines(base), ["producer", "line_id"], how="left").withColumns(matched())
    lines = context.cache(with_late(context, known, base))
    anew = lines.where(in_force() & F.col("base_subject").isNull()).select(*GROUP).distinct()
    gone = context.cache(left_behind(context, base, lines, anew))
    groups = anew.unionByName(gone.select(*GROUP)).where(F.col("stay_id").isNotNull()).distinct()
    touched = context.cache(groups)
    flagged = lines.join(touched.withColumn("touched", F.lit(True)), GROUP, how="left")
    reread = F.coalesce("touched", F.lit(False)) | F.col("stay_id").isNull() | ~in_force()
    work = flagged.where(reread & ~is_trial()).drop("touched", "copy")
    return Compared(work, as_it_was(flagged, reread), touched, gone, base)


def transmission_of(delivery: Delivery) -> str:
    """What a delivery is: as its manifest says, or a trial when one of its files is named after period 0."""
    trial = any(PERIOD_ZERO.match(item["name"]) for item in delivery.files)
    return TRIAL if trial else delivery.transmission


def delivery_table(context: Context) -> DataFrame:
    """Tonight's deliveries with ``transmission`` and ``last``: no later one tells the same producer's same years.

    Fast tracks add to each other: each of them is the last of its own.
    """
    newest: dict[tuple[str, ...], int] = {}
    for one in context.deliveries:
        years = years_of(one)
        newest[years] = max(newest.get(years, 0), context.order[one.producer, one.delivery_id])
    rows = []
    for one in context.deliveries:
        rank, kind = context.order[one.producer, one.delivery_id], transmission_of(one)
        last = kind == FAST_TRACK or rank == newest[years_of(one)]
        rows.append((*years_of(one), one.delivery_id, one.covers_to, rank, last))
    return context.spark.createDataFrame(rows, DELIVERIES)


def years_of(delivery: Delivery) -> tuple[str, ...]:
    """What a later delivery must share with this one to stand in its place."""
    return delivery.producer, transmission_of(delivery), delivery.covers_from[:4], delivery.covers_to[:4]


def base_pairs(context: Context) -> list[tuple[str, str]]:
    """Partitions of the snapshot in the years that tonight's deliveries tell of (a trial tells of nothing)."""
    wanted = set()
    for one in context.deliveries:
        if transmission_of(one) != TRIAL:
            years = range(int(one.covers_from[:4]), int(one.covers_to[:4]) + 1)
            held = context.base_periods("hospital_line", one.producer)
            wanted |= {(one.producer, period) for period in held if int(period[:4]) in years}
    return sorted(wanted)


def is_trial() -> Column:
    """A line of a trial transmission (period 0), which is never published."""
    return F.col("transmission") == TRIAL


def in_force() -> Column:
    """A line that speaks for its producer tonight."""
    return F.col("last") & ~is_trial() & ~F.col("late")


def with_late(context: Context, lines: DataFrame, base: DataFrame | None) -> DataFrame:
    """Adds ``late``: a provisional line of a stay that is validated already, or that a later fast track tells again."""
    if all(one.transmission != FAST_TRACK for one in context.deliveries):
        return lines.withColumn("late", F.lit(False))
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


def known_lines(base: DataFrame) -> DataFrame:
    """What the snapshot knows of a line, under names of its own."""
    places = [F.col(name).alias(f"base_{name}") for name in PLACE]
    return base.select(
        "producer",
        "line_id",
        F.col("subject_id").alias("held_subject"),
        F.col("provisional").alias("held_provisional"),
        F.col("warnings").alias("base_warnings"),
        *places,
    )


def matched() -> dict[str, Column]:
    """``base_subject`` when the snapshot holds this line in the same circuit; ``copy`` counts equal lines."""
    same = F.col("held_provisional") == (F.col("transmission") == FAST_TRACK)
    copies = Window.partitionBy("producer", "line_id", "delivery_id").orderBy("file", "record")
    return {"base_subject": F.when(same, F.col("held_subject")), "copy": F.row_number().over(copies)}


def nothing_known() -> dict[str, Column]:
    """The columns of ``matched`` and ``known_lines`` when there is no snapshot."""
    text = {name: F.lit(None).cast("string") for name in ("base_subject", "base_delivery_id", "base_file")}
    return text | {"base_record": F.lit(None).cast("bigint"), "base_warnings": F.lit(None).cast("string")}


def left_behind(context: Context, base: DataFrame, lines: DataFrame, anew: DataFrame) -> DataFrame:
    """Lines of the snapshot that tonight's do not repeat.

    A validated transmission replaces its years, but for provisional stays that ended after the last day it covers. A
    stay that is told anew leaves all its other lines behind, whichever circuit they came by.
    """
    seen = lines.where(in_force() & F.col("base_subject").isNotNull()).select("producer", "line_id").distinct()
    missing = base.join(seen, ["producer", "line_id"], how="left_anti")
    table = delivery_table(context).where(F.col("last") & (F.col("transmission") == VALIDATED))
    replaced = table.select(
        F.col("producer").alias("by"), "first_year", "last_year", F.to_date("covers_to").alias("replaced_to")
    )
    year = F.substring("period", 1, 4)
    within = (F.col("producer") == F.col("by")) & year.between(F.col("first_year"), F.col("last_year"))
    dated = missing.join(F.broadcast(replaced), within, how="left").join(
        anew.withColumn("anew", F.lit(True)), GROUP, how="left"
    )
    out_of_reach = F.col("provisional") & (F.col("exit_date") > F.col("replaced_to"))
    leaves = F.col("replaced_to").isNotNull() & ~F.coalesce(out_of_reach, F.lit(False))
    return dated.where(leaves | F.coalesce("anew", F.lit(False))).select(base.columns)


def as_it_was(lines: DataFrame, reread: Column) -> DataFrame:
    """Lines of untouched stays with their outcome, and lines of trials."""
    rest = lines.where(~reread | is_trial())
    return rest.withColumns(
        {
            "outcome": F.when(is_trial(), "ignored").when(F.col("copy") > 1, "duplicate").otherwise("unchanged"),
            "rule": F.when(is_trial(), "HOS-019"),
            "field": F.lit(None).cast("string"),
            "warnings": F.when(~is_trial(), F.col("base_warnings")),
        }
    )


def trials(context: Context, lines: DataFrame) -> DataFrame | None:
    """Lines of trial transmissions; None when there is none tonight."""
    if all(transmission_of(one) != TRIAL for one in context.deliveries):
        return None
    return as_it_was(lines.withColumn("copy", F.lit(1)), F.lit(True))
