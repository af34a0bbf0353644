"""One night of dispensations: every feed's rows merged into their month, each sale told once."""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.core.tables import small_frame
from jobs.core.tokens import token_hex, with_key
from jobs.standardise.claims import complete_claims
from jobs.standardise.context import Context, Standardised
from jobs.standardise.formats import of_formats
from jobs.standardise.merge import merge_append
from jobs.standardise.pharmacy import b2, extract
from jobs.standardise.pharmacy.b2 import sequence
from jobs.standardise.pharmacy.b2.rules import LOT_MISSING
from jobs.standardise.pharmacy.feeds import Dispensed, united, with_outcomes
from jobs.standardise.pharmacy.invoices import CARRIED, own_word, told_by_invoice, with_possible_duplicates
from jobs.standardise.pharmacy.judge import IGNORED

TABLE = "dispensation"
INVOICES = b2.FORMAT
FEEDS = {
    (extract.FORMAT,): extract.read_extracts,
    (extract.FORMAT_JSON,): extract.read_json_extracts,
    (b2.FORMAT,): b2.read_invoices,
}
FORMATS = tuple(name for names in FEEDS for name in names)
# Where a row came from does not make it another one, nor what others tell; who the patient is does.
NOT_CONTENT = (
    "producer", "period", "dispensation_id", "child_id", "delivery_id", "file", "record", "told_by_sale",
    "possible_duplicate",
)  # fmt: skip


def standardise_dispensing(context: Context) -> Standardised:
    """The night's dispensations. Two Spark jobs (the merge's), a third with invoices, before the driver writes."""
    whole = united(feeds(context))
    rows = with_pharmacy(context, whole.rows)
    invoiced = any(INVOICES in context.register[one.producer].formats for one in context.deliveries)
    # A correction may move a dispensation to another month: its former place must be found and left.
    merged = merge_append(
        context,
        TABLE,
        rows,
        key=["dispensation_id"],
        content=content(),
        across_periods=True,
        related=("invoice_id",),
        since=first_open_month(context),
        together=True,
        told_elsewhere=told_by_invoice if invoiced else None,
    )
    current = load_schema(f"standard/{TABLE}").select(with_possible_duplicates(merged.rows))
    lots = lots_after(context, whole.lots) if whole.lots is not None else {}
    return Standardised(
        records=with_outcomes(whole.records, merged.outcomes, IGNORED),
        tables={TABLE: current},
        claims=complete_claims(context, whole.claims),
        scope={TABLE: merged.scope},
        events=merged.events,
        by_producer=(TABLE,),
        remembered={producer: {"lots": one} for producer, one in lots.items()},
        warned={producer: {LOT_MISSING: len(one["missing"])} for producer, one in lots.items() if one["missing"]},
    )


def lots_after(context: Context, told: DataFrame) -> dict[str, Any]:
    """What is known of each pharmacy's lots after this night. One small Spark job, on rows that are kept."""
    seen: dict[str, list[int]] = {}
    for row in told.collect():
        seen.setdefault(row.producer, []).append(row.lot)
    known = (context.base or {}).get("producers", {})
    before = {name: one.get("remembered", {}).get("lots") for name, one in known.items()}
    days = context.settings.policy["pharmacy"]["lot_days"]
    return {
        producer: sequence.after(before.get(producer), numbers, context.night, days)
        for producer, numbers in sorted(seen.items())
    }


def first_open_month(context: Context) -> str:
    """The oldest care month, YYYY-MM, in which a dispensation's former place or its invoice is still looked for."""
    months = (
        int(context.night[:4]) * 12 + int(context.night[5:7]) - 1 - context.settings.policy["pharmacy"]["reopen_months"]
    )
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


def feeds(context: Context) -> list[Dispensed]:
    """Each format's deliveries through its reader."""
    given = {one.format for one in context.deliveries}
    return [read(of_formats(context, names)) for names, read in FEEDS.items() if given & set(names)]


def with_pharmacy(context: Context, rows: DataFrame) -> DataFrame:
    """What the register says of each row's pharmacy: its department, and its number as claims tell it, as a token.

    A health-insurance number has nine digits; claims leave the last one out.
    """
    producers = sorted({one.producer for one in context.deliveries})
    told = [(one, context.register[one].department or None) for one in producers]
    table = small_frame(context.spark, told, "producer string, department string")
    number = F.when(F.col("producer").rlike(r"^\d{9}$"), F.substring("producer", 1, 8))
    token = token_hex("pharmacy number", number).alias("pharmacy_id")
    known = with_key(table, context.key("collector")).select("producer", "department", token)
    return rows.drop("department", "pharmacy_id").join(F.broadcast(known), "producer", how="left")


def content() -> list[Column]:
    """What makes a row another version of its dispensation: what it tells itself."""
    names = [name for name in load_schema(f"standard/{TABLE}").names if name not in NOT_CONTENT]
    return [own_word(name) if name in CARRIED else F.col(name) for name in names]
