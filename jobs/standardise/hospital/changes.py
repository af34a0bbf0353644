"""What a transmission changed: the stays it told for the first time, told otherwise, or no longer told."""

from dataclasses import replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.context import Context
from jobs.standardise.hospital.build import shaped
from jobs.standardise.hospital.compare import FEW, GROUP, Compared
from jobs.standardise.hospital.fields import UNIT_STAYS
from jobs.standardise.hospital.transmissions import delivery_table, is_trial


def change_rows(context: Context, lines: DataFrame, compared: Compared) -> DataFrame:
    """Rows of ``hospital_stay_change``: one per touched stay that has or had a coded unit. ``lines``: the snapshot."""
    now = lines.groupBy(*GROUP).agg(
        F.max("period").alias("period_now"),
        F.max("delivery_told").alias("delivery"),
        F.max(F.col("kind").isin(*UNIT_STAYS)).alias("coded_now"),
        F.count_if(F.col("base_subject").isNull()).alias("lines_added"),
        F.count_if(F.col("base_subject").isNotNull()).alias("lines_kept"),
    )
    if compared.base is None:
        told = now.withColumns(
            {"coded_before": F.lit(False), "period_before": F.lit(None).cast("string"), "lines_before": F.lit(0)}
        )
    else:
        told = now.join(before(compared), GROUP, how="full").join(
            F.broadcast(last_delivery(context)), "producer", how="left"
        )
        told = told.withColumn("delivery", F.coalesce("delivery", "last_delivery"))
    was, is_ = (F.coalesce(name, F.lit(False)) for name in ("coded_before", "coded_now"))
    change = F.when(was & is_, "changed").when(is_, "new").when(was, "withdrawn")
    rows = told.withColumns(
        {
            "change": change,
            "night": F.to_date(F.lit(context.night)),
            "period": F.coalesce("period_now", "period_before"),
            "lines_added": none_is_zero("lines_added"),
            "lines_removed": none_is_zero("lines_before") - none_is_zero("lines_kept"),
        }
    )
    # stays that are as they were are among many that were touched, see altered
    differs = (F.col("change") != "changed") | (F.col("lines_added") > 0) | (F.col("lines_removed") > 0)
    return shaped(rows.where(F.col("change").isNotNull() & differs), "hospital_stay_change")


def altered(context: Context, lines: DataFrame, compared: Compared) -> tuple[Compared, DataFrame]:
    """The comparison and the new snapshot's lines, both without touched stays that are as they were.

    A line that is rejected every night touches its stay every night, and changes nothing.
    """
    if compared.base is None or compared.count is None or compared.count > FEW:
        return compared, lines  # most of them differ: to ask would cost more than to rebuild them
    line_of = ["line_id", "producer"]
    kept = lines.where(F.col("base_subject").isNotNull()).select(*line_of)
    held = compared.base.join(compared.near(compared.touched), GROUP, how="left_semi")
    removed = held.join(compared.near(kept), line_of, how="left_anti").select(*GROUP)
    added = lines.where(F.col("base_subject").isNull()).select(*GROUP)
    changed = context.cache(added.unionByName(removed).distinct())
    return replace(compared, touched=changed), lines.join(compared.near(changed), GROUP, how="left_semi")


def with_earlier(rows: DataFrame, earlier: DataFrame) -> DataFrame:
    """Tonight's changes and those of the nights before.

    A delivery that is taken in again may change a stay that it told as new: told once, as new, in the later night.
    """
    key = ["stay_id", "delivery"]
    first = earlier.where(F.col("change") == "new").select(*key, F.lit(True).alias("told_new"))
    named = rows.join(first, key, how="left")
    change = F.when(F.col("told_new") & (F.col("change") == "changed"), "new").otherwise(F.col("change"))
    told = named.withColumn("change", change).drop("told_new").select(rows.columns)
    return told.unionByName(earlier.join(rows.select(*key), key, how="left_anti"))


def before(compared: Compared) -> DataFrame:
    """The touched stays as the snapshot had them."""
    assert compared.base is not None
    held = compared.base.join(compared.touched, GROUP, how="left_semi")
    return held.groupBy(*GROUP).agg(
        F.max("period").alias("period_before"),
        F.max(F.col("kind").isin(*UNIT_STAYS)).alias("coded_before"),
        F.count(F.lit(1)).alias("lines_before"),
    )


def last_delivery(context: Context) -> DataFrame:
    """The newest delivery of each producer, which a withdrawn stay is missing from."""
    table = delivery_table(context).where(F.col("last") & ~is_trial())
    newest = F.max_by("delivery_id", "sequence").alias("last_delivery")
    return table.groupBy("producer").agg(newest)


def none_is_zero(name: str) -> Column:
    """A count, zero where there is nothing to count."""
    return F.coalesce(F.col(name), F.lit(0)).cast("bigint")
