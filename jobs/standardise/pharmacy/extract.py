"""Extracts of pharmacy software, in each producer's dialect: records, dispensations and traits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.schema import load_schema
from jobs.reference.presentations import presentations
from jobs.standardise.context import Context
from jobs.standardise.delimited import read_delimited
from jobs.standardise.dialects import Values, load_dialects
from jobs.standardise.pharmacy.columns import COLUMNS, SHAPE
from jobs.standardise.pharmacy.feeds import RECORD, Dispensed
from jobs.standardise.pharmacy.fields import service
from jobs.standardise.pharmacy.nested import read_nested
from jobs.standardise.pharmacy.nested_dialect import load_nested
from jobs.standardise.pharmacy.products import carried
from jobs.standardise.pharmacy.rows import typed_rows
from jobs.standardise.pharmacy.traits import claims_of, with_tokens
from jobs.standardise.pharmacy.warn import Terms

FORMAT, FORMAT_JSON = "pharmacy-csv", "pharmacy-json"
Written = TypeVar("Written", bound=Values)


def read_extracts(context: Context) -> Dispensed:
    """The night's delimited extracts. No Spark job.

    Raises ConfigError when a producer's dialect is not described in ``config/dialects``.
    """
    dialects = dialects_of(context, load_dialects(context.settings.repo / "config" / "dialects", COLUMNS))
    covers = {(one.producer, one.delivery_id): (one.covers_from, one.covers_to) for one in context.deliveries}
    return dispensed(context, read_delimited(context.packs(), dialects, SHAPE, covers), dialects)


def read_json_extracts(context: Context) -> Dispensed:
    """The night's extracts in nested JSON; as read_extracts."""
    dialects = dialects_of(context, load_nested(context.settings.repo / "config" / "dialects", COLUMNS))
    return dispensed(context, read_nested(context.packs(), dialects, SHAPE), dialects)


def dispensed(context: Context, raw: DataFrame, dialects: Mapping[str, Values]) -> Dispensed:
    """Records, rows and traits of records as read; ``dialects`` by producer."""
    boxes = presentations(context.spark, context.settings)
    typed = typed_rows(raw, dialects, boxes, Terms.of(context.settings, context.night))
    with small_methods(context.spark):
        typed = context.cache(with_tokens(typed, context.key("collector")))
    accepted = typed.where(F.col("rule").isNull())
    return Dispensed(
        records=typed.withColumn("kind", F.lit("dispensation")).select(*RECORD),
        rows=dispensations(accepted),
        claims=claims_of(accepted),
    )


@contextmanager
def small_methods(spark: SparkSession) -> Iterator[None]:
    """Plan what is cached within as one projection after the other, each cut into methods of its own.

    Fused into one stage the checks of a record make a single method of 60 KB: the JVM refuses one above 64 KB, and
    compiles none above 8 KB to machine code.
    """
    name = "spark.sql.codegen.wholeStage"
    before = spark.conf.get(name) or "true"
    spark.conf.set(name, "false")
    try:
        yield
    finally:
        spark.conf.set(name, before)


def dialects_of(context: Context, known: Mapping[str, Written]) -> dict[str, Written]:
    """The dialect of each producer of the night: that one of the dialects in its register that is of the right kind."""
    found: dict[str, Written] = {}
    for producer in sorted({one.producer for one in context.deliveries}):
        names = context.register[producer].dialect.split()
        own = [known[name] for name in names if name in known]
        if len(own) != 1:
            told = " ".join(names)
            raise ConfigError(
                f"{producer}: its dialect {told!r} is not described in config/dialects, or described twice."
            )
        found[producer] = own[0]
    return found


def dispensations(rows: DataFrame) -> DataFrame:
    """Accepted records in the shape of the standard table: no identity, no free text."""
    schema = load_schema("standard/dispensation")
    own: dict[str, Column] = {
        "period": F.date_format("dispensed_on", "yyyy-MM"),
        "ticket_id": F.col("ticket_token"),
        "feed": F.lit("extract"),
        "invoice_id": F.col("invoice_token"),
        "event_type": F.col("event"),
        "code_raw": carried(F.col("product")),
        "unit": F.col("unit_kind"),
        "amount_total": F.col("amount_total_value"),
        "amount_base": F.col("amount_base_value"),
        "amount_insurance": F.col("amount_insurance_value"),
        "rate": F.col("rate_read"),
        "service_code": service(F.col("service_code")),
        "prescriber_id": F.col("prescriber_token"),
        "age_years": age("born_on", "dispensed_on"),
        "sex": F.col("sex_code"),
        "pharmacy_id": F.lit(None),
        "department": F.lit(None),
        "possible_duplicate": F.lit(False),
    }
    shaped = [own.get(name, F.col(name)).cast(schema[name].spark).alias(name) for name in schema.names]
    return schema.select(rows.select(*shaped))


def age(born: str, on: str) -> Column:
    """Completed years; a birthday on 29 February is completed on 1 March of other years."""
    before = F.date_format(on, "MMdd") < F.date_format(born, "MMdd")
    return (F.year(on) - F.year(born) - F.when(before, 1).otherwise(0)).cast("bigint")
