"""One sale told twice: by the pharmacy's software and by its invoice; or by two invoices."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

CARRIED = ("prescribed_on", "sex")  # what software tells of a sale and its invoice does not, or seldom
TONIGHT, BEFORE = 1, 0  # a sale that is replaced tonight tells better than one that was replaced in an earlier night


def told_by_invoice(rows: DataFrame) -> DataFrame:
    """An extract's sale whose invoice came as an invoice too, which then counts alone: not ``_current``, and ``_lost``.

    What comes back stays: an invoice has no sign, so no invoice tells of a return. The invoice's rows take over what
    only the sale told (``with_carried``), whichever came first.
    """
    own = Window.partitionBy("invoice_id", "producer")
    invoiced = F.max(F.col("_current") & (F.col("feed") == "invoice")).over(own)
    extract = (F.col("feed") == "extract") & (F.col("event_type") == "sale")
    told = F.coalesce(F.col("_current") & F.col("invoice_id").isNotNull() & extract & invoiced, F.lit(False))
    marked = with_carried(rows.withColumn("_told", told))
    lost = F.when(F.col("_told"), "told by its invoice").otherwise(F.col("_lost"))
    return marked.withColumns({"_lost": lost, "_current": F.col("_current") & ~F.col("_told")}).drop("_told")


def with_carried(rows: DataFrame) -> DataFrame:
    """Rows of invoices with the columns of CARRIED that a replaced sale of the same invoice told (``_told``).

    The prescription's day goes to the rows of the same product, the sex to all: an invoice has one patient. What the
    invoice tells itself stands. A later sale wins over an earlier one; what an earlier night took over stays with the
    invoice, also when it is sent again or corrected.
    """
    own = Window.partitionBy("invoice_id", "producer")
    invoice = (F.col("feed") == "invoice") & F.col("invoice_id").isNotNull()
    rank = F.when(F.col("_told"), TONIGHT).when(invoice & F.col("told_by_sale").isNotNull(), BEFORE)
    product = F.coalesce("cip13", "ucd13", "code_raw")
    taken = {
        "prescribed_on": of_product(F.col("_days"), F.col("_product")),
        "sex": F.col("_sexes")["sex"],
    }
    found = rows.withColumn("_product", product).withColumns(
        {
            "_days": F.collect_list(whole(rank, "prescribed_on", product.alias("product"))).over(own),
            "_sexes": F.max(whole(rank, "sex")).over(own),
        }
    )
    value = {name: F.when(invoice, F.coalesce(own_word(name), taken[name])).otherwise(F.col(name)) for name in CARRIED}
    names = [F.when(invoice & own_word(name).isNull() & taken[name].isNotNull(), name) for name in CARRIED]
    told_by_sale = F.nullif(F.concat_ws(",", *names), F.lit(""))
    return found.withColumns(value | {"told_by_sale": told_by_sale}).drop("_product", "_days", "_sexes")


def whole(rank: Column, name: str, *more: Column) -> Column:
    """What a row tells of a column, with how well it tells it; null when it tells nothing."""
    told = (rank == TONIGHT) | carries(name)
    return F.when(told & F.col(name).isNotNull(), F.struct(rank.alias("rank"), F.col(name).alias(name), *more))


def of_product(days: Column, product: Column) -> Column:
    """The best told day of a product: of the best rank, then the latest."""
    return F.array_max(F.filter(days, lambda one: one["product"] == product))["prescribed_on"]


def carries(name: str) -> Column:
    """Whether a row has a column from a sale."""
    return F.coalesce(F.array_contains(F.split("told_by_sale", ","), F.lit(name)), F.lit(False))


def own_word(name: str) -> Column:
    """What a row tells of a column itself."""
    return F.when(~carries(name), F.col(name))


def with_possible_duplicates(rows: DataFrame) -> DataFrame:
    """Sets ``possible_duplicate``: the same subject, day, products, quantities and amounts under two invoice numbers.

    A rejected invoice comes back corrected under a new number; without the return file nothing tells it from a second
    sale, so both are kept and marked. A minor may come back under the other parent's number, and is then two
    subjects unless an own number is told: minors are compared by ``child_id``.
    """
    line = F.xxhash64("cip13", "ucd13", "code_raw", "quantity", "unit", "amount_total", "service_code")
    patient = ["producer", "_patient", "dispensed_on"]
    rows = rows.withColumn("_patient", F.coalesce("child_id", "subject_id"))
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
    return told.withColumn("possible_duplicate", sale & F.coalesce("_alike", F.lit(False))).drop("_alike", "_patient")
