"""Regularisations netted: what of each product a beneficiary kept, with what took the rest back.

A claim is cancelled by a later line that is the same but for the sign of quantity and amounts. So what comes back is
matched with what was handed out of the same beneficiary, care day, product, pharmacy, prescriber, service and unit
price; what finds nothing there is *unmatched*: its original lies outside of what was delivered. Both lines have the
same care day, so a late reversal changes the month of care and no other.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.netting import netted, total
from jobs.core.schema import load_schema

MATCH = [
    "producer", "period", "beneficiary_id", "care_on", "product", "pharmacy_id", "prescriber_id", "service_nature",
    "unit_price", "unit",
]  # fmt: skip
KEY = ["producer", "period", "beneficiary_id", "product", "unit"]
AMOUNTS = (
    "gross_amount",
    "reversal_amount",
    "net_amount",
    "net_amount_base",
    "net_amount_insurance",
    "net_priced_amount",
)
COUNTS = ("gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity", "lines", "reversal_lines")


def net_claims(rows: DataFrame) -> DataFrame:
    """One row per KEY of complete care months of ``standard/claim_line``: drugs whose boxes count.

    gross - reversed - unmatched = net holds for quantities in every row by construction. Amounts are those of the
    claims on their primary lines; ``net_priced_amount`` is boxes times unit price, of every line.
    """
    schema = load_schema("standard/claim_net")
    matched = matched_lines(rows)
    latest = F.struct("care_on", "atc")
    netted = matched.groupBy(*KEY).agg(
        F.min("code_class").alias("code_class"),
        F.max(latest)["atc"].alias("atc"),
        F.max("department").alias("department"),
        *[F.sum(name).alias(name) for name in (*COUNTS, *AMOUNTS)],
    )
    return schema.select(netted.select(*[F.col(name).cast(schema[name].spark).alias(name) for name in schema.names]))


def matched_lines(rows: DataFrame) -> DataFrame:
    """One row per MATCH: what was handed out, what came back, and how much of that was matched."""
    products = rows.withColumn("product", F.coalesce("cip13", "ucd13"))
    return netted(
        products.where(F.col("counts_boxes") & F.col("product").isNotNull()),
        MATCH,
        code_class=F.min("code_class"),
        atc=F.max("atc"),
        department=F.max("department"),
        net_priced_amount=total(F.col("quantity") * F.col("unit_price")),
    )
