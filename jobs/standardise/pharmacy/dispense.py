"""One night of dispensations: every feed's rows merged into their month, told once, and netted."""

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.standardise.claims import complete_claims
from jobs.standardise.context import Context, Standardised
from jobs.standardise.formats import of_formats
from jobs.standardise.merge import merge_append
from jobs.standardise.pharmacy import b2, extract
from jobs.standardise.pharmacy.feeds import Dispensed, united, with_outcomes
from jobs.standardise.pharmacy.invoices import told_by_invoice, with_possible_duplicates
from jobs.standardise.pharmacy.net import net_dispensations
from jobs.standardise.pharmacy.rows import IGNORED

TABLE, NET = "dispensation", "dispensation_net"
INVOICES = b2.FORMAT
FEEDS = {
    (extract.FORMAT,): extract.read_extracts,
    (extract.FORMAT_JSON,): extract.read_json_extracts,
    (b2.FORMAT,): b2.read_invoices,
}
FORMATS = tuple(name for names in FEEDS for name in names)
# Where a row came from does not make it another one, nor what others tell; who the patient is does.
NOT_CONTENT = ("producer", "period", "dispensation_id", "delivery_id", "file", "record", "possible_duplicate")


def standardise_dispensing(context: Context) -> Standardised:
    """The night's dispensations. Three Spark jobs (the merge's) before the driver writes its outputs, four with B2."""
    whole = united(feeds(context))
    rows = with_department(context, whole.rows)
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
    )
    events = merged.events
    current = merged.rows
    if any(INVOICES in context.register[one.producer].formats for one in context.deliveries):
        told = context.cache(told_by_invoice(current))
        events = events + replaced(context, told)
        current = told.where(~F.col("_replaced"))
    current = context.cache(load_schema(f"standard/{TABLE}").select(with_possible_duplicates(current)))
    return Standardised(
        records=with_outcomes(whole.records, merged.outcomes, IGNORED),
        tables={TABLE: current, NET: net_dispensations(current)},
        claims=complete_claims(context, whole.claims),
        scope={TABLE: merged.scope, NET: merged.scope},
        events=events,
    )


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


def with_department(context: Context, rows: DataFrame) -> DataFrame:
    """The department of each row's pharmacy, as the register says."""
    producers = sorted({one.producer for one in context.deliveries})
    known = [(one, context.register[one].department or None) for one in producers]
    table = context.spark.createDataFrame(known, "producer string, department string")
    return rows.drop("department").join(F.broadcast(table), "producer", how="left")


def content() -> list[str]:
    """Columns that make a row another version of its dispensation."""
    return [name for name in load_schema(f"standard/{TABLE}").names if name not in NOT_CONTENT]


def replaced(context: Context, told: DataFrame) -> list[dict[str, Any]]:
    """Ledger lines for the extract's sales whose invoice counts instead."""
    rows = told.where("_replaced").groupBy("producer", "delivery_id").count().collect()
    return [
        line(
            row["count"],
            stage="standardise",
            source=context.source,
            producer=row.producer,
            delivery_id=row.delivery_id,
            table=TABLE,
            event="superseded",
            cause="told by its invoice",
        )
        for row in rows
    ]
