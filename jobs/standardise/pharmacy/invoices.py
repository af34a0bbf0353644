"""One sale told twice: by the pharmacy's software and by its invoice; or by two invoices."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def told_by_invoice(rows: DataFrame) -> DataFrame:
    """An extract's sale whose invoice came as an invoice too, which then counts alone: not ``_current``, and ``_lost``.

    What comes back stays: an invoice has no sign, so no invoice tells of a return.
    """
    own = Window.partitionBy("invoice_id", "producer")
    invoiced = F.max(F.col("_current") & (F.col("feed") == "invoice")).over(own)
    extract = (F.col("feed") == "extract") & (F.col("event_type") == "sale")
    told = F.coalesce(F.col("_current") & F.col("invoice_id").isNotNull() & extract & invoiced, F.lit(False))
    lost = F.when(told, "told by its invoice").otherwise(F.col("_lost"))
    return rows.withColumn("_lost", lost).withColumn("_current", F.col("_current") & ~told)


def with_possible_duplicates(rows: DataFrame) -> DataFrame:
    """Sets ``possible_duplicate``: the same subject, day, products, quantities and amounts under two invoice numbers.

    A rejected invoice comes back corrected under a new number; without the return file nothing tells it from a second
    sale, so both are kept and marked.
    """
    line = F.xxhash64("cip13", "ucd13", "code_raw", "quantity", "unit", "amount_total", "service_code")
    patient = ["producer", "subject_id", "dispensed_on"]
    # the lines of an invoice as a bag, whatever their order; hashed, so that no wide row is sorted for it
    bag = {
        "_lines": F.count(F.lit(1)),
        "_mixed": F.bit_xor(line),
        "_summed": F.sum(F.pmod(line, F.lit(2**31))),
    }
    by_invoice = rows.where(F.col("invoice_id").isNotNull()).groupBy(*patient, "invoice_id")
    invoices = by_invoice.agg(*[one.alias(name) for name, one in bag.items()])
    twice = invoices.groupBy(*patient, *bag).agg(F.count(F.lit(1)).alias("_invoices")).where("_invoices > 1")
    marked = invoices.join(twice, [*patient, *bag], how="left_semi").select(*patient, "invoice_id")
    known = F.broadcast(marked.withColumn("_alike", F.lit(True)))
    sale = F.col("event_type") == "sale"
    told = rows.join(known, [*patient, "invoice_id"], how="left")
    return told.withColumn("possible_duplicate", sale & F.coalesce("_alike", F.lit(False))).drop("_alike")
