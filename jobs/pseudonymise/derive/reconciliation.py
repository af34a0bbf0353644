"""What pharmacies say they dispensed beside what the insurance says it paid, by pharmacy, care month and product.

The two never meet by person: claims arrive under pseudonyms of their own. Boxes and bases of reimbursement are
compared; what the insurance pays is not, since a claim of several products tells it once.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

KEY = ["pharmacy_id", "period", "product"]


def reconcile(dispensed: DataFrame, claimed: DataFrame) -> DataFrame:
    """One row per KEY of ``standard/dispensation`` and ``standard/claim_line``, of months that have claims at all.

    ``status``: ``matched`` when boxes and base agree to the cent, ``differs`` when one does not, ``only_dispensed``,
    ``only_claimed``. Boxes of drugs alone; sales of which the insurance pays nothing are left out.
    """
    theirs = claimed_boxes(claimed)
    months = theirs.select("period").distinct()
    ours = dispensed_boxes(dispensed).join(F.broadcast(months), "period", how="left_semi")
    other = theirs.withColumnsRenamed({name: f"_{name}" for name in KEY})
    same = [F.col(name).eqNullSafe(F.col(f"_{name}")) for name in KEY]
    both = ours.join(other, same, how="full")
    told = both.withColumns({name: F.coalesce(name, f"_{name}") for name in KEY})
    return told.withColumns({"atc": F.coalesce("_atc", "_atc_claimed"), "status": status()})


def status() -> Column:
    """How the two sides of a row agree."""
    agree = (F.col("dispensed_quantity") == F.col("claimed_quantity")) & (
        F.col("dispensed_base") == F.col("claimed_base")
    )
    return (
        F.when(F.col("claimed_quantity").isNull(), "only_dispensed")
        .when(F.col("dispensed_quantity").isNull(), "only_claimed")
        .when(agree, "matched")
        .otherwise("differs")
    )


def dispensed_boxes(rows: DataFrame) -> DataFrame:
    """Net boxes and base of what pharmacies told, fully or partly paid by compulsory insurance."""
    paid = F.coalesce(F.col("amount_insurance"), F.lit(0)) != 0
    return (
        rows.where((F.col("code_class") == "drug") & (F.col("unit") == "box") & paid)
        .groupBy("pharmacy_id", "period", F.col("cip13").alias("product"))
        .agg(
            F.max("producer").alias("producer"),
            F.max("department").alias("department"),
            F.max("atc").alias("_atc"),
            F.sum("quantity").alias("dispensed_quantity"),
            F.coalesce(F.sum("amount_base"), F.lit(0)).cast("decimal(14,2)").alias("dispensed_base"),
        )
    )


def claimed_boxes(rows: DataFrame) -> DataFrame:
    """Net boxes and base (boxes times unit price, in cents) of what the insurance tells."""
    base = F.sum(F.col("quantity") * F.col("unit_price"))
    return (
        rows.where(F.col("counts_boxes") & F.col("cip13").isNotNull() & (F.col("unit") == "box"))
        .groupBy("pharmacy_id", "period", F.col("cip13").alias("product"))
        .agg(
            F.max("atc").alias("_atc_claimed"),
            F.sum("quantity").alias("claimed_quantity"),
            F.coalesce(base, F.lit(0)).cast("decimal(14,2)").alias("claimed_base"),
        )
    )
