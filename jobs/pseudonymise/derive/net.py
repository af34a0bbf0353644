"""Returns and cancellations netted: what of each product a patient kept, with what took the rest back.

The netting key is pharmacy, care month, person, product and unit. Within it what comes back is matched with what was
handed out, whatever the ticket: a counter takes a box back from the patient, not from a line. A box that comes back in
another month than it was handed out stays *unmatched* there, so that a late line touches its own month alone.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.netting import netted

KEY = ["producer", "period", "person_id", "product", "unit"]
AMOUNTS = ("gross_amount", "reversal_amount", "net_amount", "net_amount_base", "net_amount_insurance")


def net_dispensations(rows: DataFrame) -> DataFrame:
    """One row per KEY of complete months of ``standard/dispensation`` with the person of each row, drugs only."""
    drugs = rows.where(F.col("code_class").isin("drug", "hospital_drug"))
    net = netted(
        drugs.withColumn("product", F.coalesce("cip13", "ucd13")),
        KEY,
        code_class=F.min("code_class"),
        atc=F.max_by("atc", F.struct("dispensed_on", "dispensation_id")),
        department=F.max("department"),
    )
    return net.withColumns({name: F.col(name).cast("decimal(14,2)") for name in AMOUNTS})
