"""What was handed out, what came back of it and beyond it, and what is left: of sales and of claims alike."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def netted(rows: DataFrame, key: list[str], **more: Column) -> DataFrame:
    """One row per ``key``: quantities and amounts gross, taken back and net, and ``more`` aggregates.

    ``rows`` have a signed ``quantity`` and signed ``amount_total``, ``amount_base``, ``amount_insurance`` in euros.
    What comes back is *reversed* up to what was handed out and *unmatched* beyond it, so that gross - reversed -
    unmatched = net in every row; amounts are plain sums of signed lines.
    """
    quantity, back = F.col("quantity"), F.col("quantity") < 0
    amount = F.col("amount_total")
    groups = rows.groupBy(*key).agg(
        F.sum(F.greatest(quantity, F.lit(0))).alias("gross_quantity"),
        F.sum(F.greatest(-quantity, F.lit(0))).alias("_back"),
        total(F.when(~back, amount)).alias("gross_amount"),
        total(F.when(back, amount)).alias("reversal_amount"),
        total(amount).alias("net_amount"),
        total(F.col("amount_base")).alias("net_amount_base"),
        total(F.col("amount_insurance")).alias("net_amount_insurance"),
        F.count_if(~back).alias("lines"),
        F.count_if(back).alias("reversal_lines"),
        *[column.alias(name) for name, column in more.items()],
    )
    matched = F.least("gross_quantity", "_back")
    return groups.withColumns(
        {
            "reversed_quantity": matched,
            "unmatched_quantity": F.col("_back") - matched,
            "net_quantity": F.col("gross_quantity") - F.col("_back"),
        }
    )


def total(amount: Column) -> Column:
    """An exact sum of decimal euros; zero when no line tells an amount."""
    return F.coalesce(F.sum(amount), F.lit(0))
