"""Returns and cancellations netted: what of each product a patient kept, with what took the rest back.

The netting key is pharmacy, care month, person, product and unit. Within it what comes back is matched with what was
handed out, whatever the ticket: a counter takes a box back from the patient, not from a line. A box that comes back in
another month than it was handed out stays *unmatched* there, so that a late line touches its own month alone.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

KEY = ["producer", "period", "person_id", "product", "unit"]


def net_dispensations(rows: DataFrame) -> DataFrame:
    """One row per KEY of complete months of ``standard/dispensation`` with the person of each row, drugs only.

    gross - reversed - unmatched = net holds for quantities in every row by construction: what comes back is reversed
    up to what was handed out and unmatched beyond it; amounts are plain sums of signed lines.
    """
    out = F.greatest(F.col("quantity"), F.lit(0))
    back = F.greatest(-F.col("quantity"), F.lit(0))
    is_back = F.col("quantity") < 0
    latest = F.max_by("atc", F.struct("dispensed_on", "dispensation_id"))
    groups = (
        rows.withColumn("product", F.coalesce("cip13", "ucd13"))
        .where(F.col("code_class").isin("drug", "hospital_drug"))
        .groupBy(*KEY)
        .agg(
            F.min("code_class").alias("code_class"),
            latest.alias("atc"),
            F.sum(out).alias("gross_quantity"),
            F.sum(back).alias("_back"),
            total(F.when(~is_back, F.col("amount_total"))).alias("gross_amount"),
            total(F.when(is_back, F.col("amount_total"))).alias("reversal_amount"),
            total(F.col("amount_total")).alias("net_amount"),
            total(F.col("amount_base")).alias("net_amount_base"),
            total(F.col("amount_insurance")).alias("net_amount_insurance"),
            F.count_if(~is_back).alias("lines"),
            F.count_if(is_back).alias("reversal_lines"),
            F.max("department").alias("department"),
        )
    )
    reversed_quantity = F.least("gross_quantity", "_back")
    return groups.withColumns(
        {
            "reversed_quantity": reversed_quantity,
            "unmatched_quantity": F.col("_back") - reversed_quantity,
            "net_quantity": F.col("gross_quantity") - F.col("_back"),
        }
    )


def total(amount: Column) -> Column:
    """An exact sum of decimal euros; zero when no line tells an amount."""
    return F.coalesce(F.sum(amount), F.lit(0)).cast("decimal(14,2)")
