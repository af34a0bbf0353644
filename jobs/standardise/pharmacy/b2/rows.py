"""Units and rows of invoices in the shapes that the feeds of dispensations share."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.ages import age
from jobs.core.schema import load_schema
from jobs.core.tokens import token_hex, with_key
from jobs.standardise.merge import PLACE
from jobs.standardise.pharmacy.b2.lines import WHOLE
from jobs.standardise.pharmacy.b2.reader import FRAME
from jobs.standardise.pharmacy.feeds import RECORD
from jobs.standardise.pharmacy.products import carried
from jobs.standardise.pharmacy.traits import TELLING, invoice_token, subject_by_number

UNKNOWN_CODE = "PHA-101"
MAJORITY = 18  # years; a child is insured under either parent until then


def with_tokens(frame: DataFrame, key: DataFrame) -> DataFrame:
    """Add subject_id and the tokens of child, dispensation, ticket, invoice and prescriber, by the collector's key.

    The same number, birth date and rank make the same subject as in the extract. A number that tells nobody apart
    makes a subject of its invoice alone. The year of care is part of an invoice, as its numbers begin again.
    """
    producer, invoice = F.col("producer"), F.col("invoice_no")
    number = F.when(F.col("insured_state").isin(*TELLING), F.col("insured"))
    born, rank = F.coalesce("birth_text", F.lit("")), F.coalesce("rank", F.lit(""))
    partly = token_hex("pharmacy", "partly", producer, number, born, rank)
    by_invoice = token_hex("pharmacy", "invoice", producer, F.year("first_on").cast("string"), invoice)
    year = F.year("dispensed_on")
    minor = age(F.col("born_on"), F.col("first_on")) < MAJORITY
    line = token_hex("dispensation", producer, year.cast("string"), invoice, F.col("line"))
    return (
        with_key(frame, key)
        .withColumns(
            {
                "subject_id": F.coalesce(
                    subject_by_number(producer, number, F.col("born_on"), F.col("rank")), partly, by_invoice
                ),
                "child_id": F.when(minor, token_hex("pharmacy", "child", producer, born, rank)),
                "dispensation_id": line,
                "ticket_id": token_hex("ticket", producer, year.cast("string"), invoice),
                "invoice_id": invoice_token(producer, year, invoice),
                "prescriber_id": token_hex("prescriber", F.col("prescriber")),
            }
        )
        .drop("key")
    )


def is_unit() -> Column:
    """Whether a row is a unit's own: neither one of its lines nor told by the frame."""
    return F.col("line").isNull() & (F.col("kind") != FRAME)


def records_of(frame: DataFrame) -> DataFrame:
    """One row per unit, columns of RECORD; a unit with a code that no list knows is warned of."""
    found = (F.col("code_class") == "unknown") & F.col("product").isNotNull()
    found = found | ((F.col("code_class") == "drug") & ~F.col("code_known"))
    told = frame.groupBy(*PLACE).agg(F.bool_or(F.coalesce(found, F.lit(False))).alias("_unknown"))
    warnings = F.concat_ws(",", F.nullif("warned", F.lit("")), F.when(F.col("_unknown"), F.lit(UNKNOWN_CODE)))
    units = frame.where(is_unit()).join(told, PLACE, how="left")
    return units.withColumn("warnings", F.nullif(warnings, F.lit(""))).select(*RECORD)


def dispensations(frame: DataFrame) -> DataFrame:
    """Rows of sound invoices as the standard table declares them: no identity, no free text."""
    schema = load_schema("standard/dispensation")
    kind = F.when(F.col("fee"), "fee").when(F.col("device").isNotNull(), "other_product").otherwise(F.col("code_class"))
    own: dict[str, Column] = {
        "period": F.date_format("dispensed_on", "yyyy-MM"),
        "feed": F.lit("invoice"),
        "event_type": F.lit("sale"),
        "code_raw": F.coalesce(carried(F.col("product")), "device"),
        "code_class": kind,
        "amount_total": euros("total_cents"),
        "amount_base": euros("base_cents"),
        "amount_insurance": euros("insurance_cents"),
        "fraction": F.when(F.coalesce("product", "device").isNotNull(), parts_of_a_box()),
        "service_code": F.col("act"),
        "age_years": age(F.col("born_on"), F.col("dispensed_on")),
        "sex": F.substring("own_nir", 1, 1),
        "pharmacy_id": F.lit(None),
        "department": F.lit(None),
        "told_by_sale": F.lit(None),
        "possible_duplicate": F.lit(False),
    }
    shaped = [own.get(name, F.col(name)).cast(schema[name].spark).alias(name) for name in schema.names]
    return schema.select(frame.where(F.col("line").isNotNull()).select(*shaped))


def parts_of_a_box() -> Column:
    """The fraction of a box or unit, told in ten-thousandths."""
    whole = F.lit(WHOLE).cast("decimal(5,0)")
    return (F.col("ten_thousandths").cast("decimal(9,0)") / whole).cast("decimal(9,4)")


def euros(cents: str) -> Column:
    """Whole centimes as exact euros."""
    return (F.col(cents).cast("decimal(12,0)") / F.lit(100).cast("decimal(3,0)")).cast("decimal(12,2)")


def claims_of(frame: DataFrame) -> DataFrame:
    """The columns of a claim that an invoice can state, one row per sound invoice."""
    return frame.where(is_unit() & F.col("rule").isNull()).select(
        "subject_id",
        "producer",
        "delivery_id",
        "own_nir",
        "holder_nir",
        "number_status",
        F.col("born_on").alias("birth_date"),
        F.col("birth_text").alias("birth_date_text"),
        F.substring("own_nir", 1, 1).alias("sex"),
        F.col("rank").cast("bigint").alias("birth_rank"),
    )
