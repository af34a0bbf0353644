"""One night of pharmacy extracts: records with their outcome, dispensations merged into their month, claims."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.schema import load_schema
from jobs.reference import codes
from jobs.standardise.claims import complete_claims
from jobs.standardise.context import Context, Standardised
from jobs.standardise.delimited import read_delimited
from jobs.standardise.dialects import Dialect, load_dialects
from jobs.standardise.merge import PLACE, merge_append
from jobs.standardise.pharmacy.columns import COLUMNS, SHAPE
from jobs.standardise.pharmacy.fields import service
from jobs.standardise.pharmacy.products import carried
from jobs.standardise.pharmacy.rows import IGNORED, typed_rows
from jobs.standardise.pharmacy.traits import claims_of, with_tokens

TABLE = "dispensation"
# Where a row came from does not make it another one; who the patient is does.
NOT_CONTENT = ("producer", "period", "dispensation_id", "delivery_id", "file", "record")


def standardise(context: Context) -> Standardised:
    """Parse the night's extracts. Three Spark jobs (the merge's) before the driver writes its outputs.

    Raises ConfigError when a producer's dialect is not described in ``config/dialects``.
    """
    dialects = dialects_of(context)
    raw = read_delimited(context.packs(), dialects, SHAPE)
    cip13 = codes(context.spark, context.settings, "cip13").select("code")
    typed = context.cache(with_tokens(typed_rows(raw, dialects, cip13, context.night), context.key("collector")))
    accepted = typed.where(F.col("rule").isNull())
    # A correction may move a dispensation to another month: its former place must be found and left.
    merged = merge_append(
        context, TABLE, dispensations(accepted), key=["dispensation_id"], content=content(), across_periods=True
    )
    return Standardised(
        records=records(typed, merged.outcomes),
        tables={TABLE: merged.rows},
        claims=complete_claims(context, claims_of(accepted)),
        scope={TABLE: merged.scope},
        events=merged.events,
    )


def dialects_of(context: Context) -> dict[str, Dialect]:
    """The dialect of each producer of the night."""
    known = load_dialects(context.settings.repo / "config" / "dialects", COLUMNS)
    found: dict[str, Dialect] = {}
    for producer in sorted({one.producer for one in context.deliveries}):
        name = context.register[producer].dialect
        if name not in known:
            raise ConfigError(f"{producer}: its dialect {name!r} is not described in config/dialects.")
        found[producer] = known[name]
    return found


def content() -> list[str]:
    """Columns that make a row another version of its dispensation."""
    return [name for name in load_schema(f"standard/{TABLE}").names if name not in NOT_CONTENT]


def dispensations(rows: DataFrame) -> DataFrame:
    """Accepted records in the shape of the standard table: no identity, no free text."""
    schema = load_schema(f"standard/{TABLE}")
    own: dict[str, Column] = {
        "period": F.date_format("dispensed_on", "yyyy-MM"),
        "ticket_id": F.col("ticket_token"),
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
    }
    shaped = [own.get(name, F.col(name)).cast(schema[name].spark).alias(name) for name in schema.names]
    return schema.select(rows.select(*shaped))


def age(born: str, on: str) -> Column:
    """Completed years; a birthday on 29 February is completed on 1 March of other years."""
    before = F.date_format(on, "MMdd") < F.date_format(born, "MMdd")
    return (F.year(on) - F.year(born) - F.when(before, 1).otherwise(0)).cast("bigint")


def records(typed: DataFrame, outcomes: DataFrame) -> DataFrame:
    """Every record read with its outcome; only the refused ones keep their bytes."""
    refused = F.when(F.col("rule") == IGNORED, "ignored").otherwise("quarantined")
    return typed.join(outcomes, PLACE, how="left").select(
        *PLACE,
        "offset",
        F.lit("dispensation").alias("kind"),
        F.when(F.col("rule").isNotNull(), F.col("bytes")).alias("bytes"),
        F.when(F.col("rule").isNotNull(), refused).otherwise(F.col("outcome")).alias("outcome"),
        "rule",
        "field",
        "warnings",
    )
