"""One sale told twice: by the pharmacy's software and by its invoice; or by two invoices."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def told_by_invoice(rows: DataFrame) -> DataFrame:
    """Adds ``_replaced``: an extract's sale whose invoice came as an invoice too, which then counts alone.

    What comes back stays: an invoice has no sign, so no invoice tells of a return.
    """
    own = Window.partitionBy("invoice_id", "producer")
    invoiced = F.max(F.col("feed") == "invoice").over(own)
    extract = (F.col("feed") == "extract") & (F.col("event_type") == "sale")
    told = F.col("invoice_id").isNotNull() & extract & invoiced
    return rows.withColumn("_replaced", F.coalesce(told, F.lit(False)))


def with_possible_duplicates(rows: DataFrame) -> DataFrame:
    """Sets ``possible_duplicate``: the same subject, day, products, quantities and amounts under two invoice numbers.

    A rejected invoice comes back corrected under a new number; without the return file nothing tells it from a second
    sale, so both are kept and marked.
    """
    line = F.struct("cip13", "ucd13", "code_raw", "quantity", "unit", "amount_total", "service_code")
    patient = ["subject_id", "producer", "dispensed_on"]
    invoice = Window.partitionBy(*patient, "invoice_id")
    told = rows.withColumn("_told", F.sort_array(F.collect_list(line).over(invoice)).cast("string"))
    alike = Window.partitionBy(*patient, "_told")
    numbers = F.size(F.collect_set("invoice_id").over(alike))
    sale = F.col("invoice_id").isNotNull() & (F.col("event_type") == "sale")
    return told.withColumn("possible_duplicate", sale & (numbers > 1)).drop("_told")
