"""One night of DCIR deliveries: flux months told anew, the care months that they touch, and the references.

Spark jobs before the driver writes: the base's flux months (when it has claims), the care months of new lines, and what
a flux month told anew no longer holds (when the base told of it).
"""

from dataclasses import replace
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.reference.lists import merged
from jobs.reference.presentations import presentations
from jobs.standardise.context import Context, Standardised
from jobs.standardise.pharmacy.dcir.fate import IGNORED, with_fate
from jobs.standardise.pharmacy.dcir.layout import BENEFICIARIES, LONG_TERM
from jobs.standardise.pharmacy.dcir.months import REFERENCE_TABLES, TABLE, Flux, Pair, among, covered, flux_of
from jobs.standardise.pharmacy.dcir.net import net_claims
from jobs.standardise.pharmacy.dcir.parts import read_lines
from jobs.standardise.pharmacy.dcir.people import beneficiaries, long_term_illnesses
from jobs.standardise.pharmacy.dcir.rows import claim_lines

NET = "claim_net"
LISTS = {  # columns whose codes are looked up in a list
    "service_nature": "service_nature",
    "rate": "reimbursement_rate",
    "scheme": "insurance_scheme",
    "exemption": "exemption",
}


def standardise_claims(context: Context) -> Standardised:
    """The night's deliveries as claim lines, net quantities, beneficiaries and long-term illnesses."""
    flux = flux_of(context)
    judged = context.cache(judged_lines(context, flux))
    flux, periods = settled(judged, flux)
    rows = new_rows(context, judged, flux)
    events = overtaken(context, judged, flux)
    if flux.known:
        old = context.cache(flux.told(context.base_table(TABLE, sorted({(one[0], one[1]) for one in flux.held}))))
        rows = context.cache(with_old_places(rows, old))
        events += replaced(context, among(old, flux.replaced), rows)
    scope = sorted(periods | {(one[0], one[1]) for one in flux.held if (one[0], one[2]) in flux.replaced})
    current = rows
    if any(period in context.base_periods(TABLE, producer) for producer, period in scope):
        current = rows.unionByName(flux.kept(context.base_table(TABLE, scope)))
    current = context.cache(load_schema(f"standard/{TABLE}").select(current))
    key = context.key("collector")
    return Standardised(
        records=with_outcomes(judged, flux),
        tables={
            TABLE: current,
            NET: net_claims(current),
            REFERENCE_TABLES[BENEFICIARIES]: beneficiaries(judged, flux, key),
            REFERENCE_TABLES[LONG_TERM]: long_term_illnesses(judged, flux, key),
        },
        claims=context.spark.createDataFrame([], load_schema("identity/claim").spark),
        scope={TABLE: scope, NET: scope}
        | {REFERENCE_TABLES[name]: reference_scope(context, flux, name) for name in REFERENCE_TABLES},
        events=events,
    )


def judged_lines(context: Context, flux: Flux) -> DataFrame:
    """Every line of the night with its fate."""
    months = {(one.producer, one.delivery_id): covered(one) for one in context.deliveries}
    known = {column: frozenset(merged(context.settings, name)) for column, name in LISTS.items()}
    order = [(*pair, rank) for pair, rank in context.order.items()]
    sequence = context.spark.createDataFrame(order, "producer string, delivery_id string, sequence long")
    read = read_lines(context.packs(), dict(months), known)
    lines = read.join(F.broadcast(sequence), ["producer", "delivery_id"], how="left")
    told = claims = None
    if flux.known:
        old = flux.told(context.base_table(TABLE, sorted({(one[0], one[1]) for one in flux.held})))
        prints = F.concat(F.array("claim_line_id", "claim_print"), F.split(F.coalesce("facilities", F.lit("")), ","))
        told = old.select("producer", F.explode(prints).alias("print")).distinct().withColumn("told", F.lit(True))
        if flux.appended:
            claims = among(old, flux.appended).select("producer", "claim_id").distinct()
    return with_fate(lines, flux, context.key("collector"), told, claims)


def settled(judged: DataFrame, flux: Flux) -> tuple[Flux, set[Pair]]:
    """The flux with only those months replaced that new lines tell of, and the care months of these lines.

    A month is never emptied by a delivery whose services were all refused.
    """
    told = F.coalesce("service.care_month", "flux_month")
    period = F.coalesce(F.date_format("service.care_on", "yyyy-MM"), told).alias("period")
    made = judged.where("makes_row").select("producer", "flux_month", period).distinct().collect()
    months = {(row.producer, row.flux_month) for row in made}
    return replace(flux, replaced=flux.replaced & months), {(row.producer, row.period) for row in made}


def repeated(flux: Flux) -> Column:
    """Lines that an appending delivery repeats: the base has them already, and keeps them."""
    appended = F.lit(False)
    for producer, month in sorted(flux.appended):
        appended = appended | ((F.col("producer") == producer) & (F.col("flux_month") == month))
    return F.col("told") & F.coalesce(appended, F.lit(False))


def new_rows(context: Context, judged: DataFrame, flux: Flux) -> DataFrame:
    """The rows that tonight's lines make."""
    listed = merged(context.settings, "service_nature")
    first = {
        code: (row.get("b2_codes") or "").split("/")[0].split(" ")[0] or None for code, row in sorted(listed.items())
    }
    codes = {
        "service_nature": pa.array(list(first), pa.string()),
        "service_code": pa.array(first.values(), pa.string()),
    }
    natures = context.spark.createDataFrame(pa.table(codes))
    boxes = presentations(context.spark, context.settings)
    return claim_lines(judged.where(~repeated(flux)), context.key("collector"), boxes, natures)


def with_old_places(rows: DataFrame, old: DataFrame) -> DataFrame:
    """New rows; those that say what the base said keep the place where it was first accepted, and so their bytes."""
    place = ["delivery_id", "file", "record"]
    said = old.select("producer", "claim_line_id", "claim_print", *[F.col(name).alias(f"_{name}") for name in place])
    found = rows.join(said, ["producer", "claim_line_id", "claim_print"], how="left")
    return found.withColumns({name: F.coalesce(f"_{name}", name) for name in place}).select(*rows.columns)


def replaced(context: Context, old: DataFrame, rows: DataFrame) -> list[dict[str, Any]]:
    """Ledger lines for rows that a month told anew no longer holds: superseded if their claim still is told."""
    same = rows.select("producer", "claim_line_id", "claim_print").distinct()
    claims = rows.select("producer", "claim_id").distinct().withColumn("_told", F.lit(True))
    gone = old.join(same, same.columns, how="left_anti").join(claims, ["producer", "claim_id"], how="left")
    counts = gone.groupBy("producer", "delivery_id", F.coalesce("_told", F.lit(False)).alias("told")).count().collect()
    events = {True: ("superseded", "told otherwise"), False: ("withdrawn", "no longer told")}
    return [
        event(
            context,
            row.producer,
            row.delivery_id,
            row["count"],
            events[row.told][0],
            f"flux month {events[row.told][1]}",
        )
        for row in counts
    ]


def overtaken(context: Context, judged: DataFrame, flux: Flux) -> list[dict[str, Any]]:
    """Ledger lines for accepted lines of deliveries that another one overtook. A job only when there is such a one."""
    covers = {(one.producer, one.delivery_id, month) for one in context.deliveries for month in covered(one)}
    if covers <= set(flux.active) and len(context.deliveries) == len({one.producer for one in context.deliveries}):
        return []
    counted = judged.where(~F.col("active") & F.col("rule").isNull() & ~F.col("duplicate"))
    return [
        event(context, row.producer, row.delivery_id, row["count"], "superseded", "another delivery tells the same")
        for row in counted.groupBy("producer", "delivery_id").count().collect()
    ]


def event(context: Context, producer: str, delivery: str, count: int, name: str, cause: str) -> dict[str, Any]:
    """One ledger line about rows of claims."""
    own = {"stage": "standardise", "source": context.source, "producer": producer, "delivery_id": delivery}
    return line(count, **own, table=TABLE, event=name, cause=cause)


def reference_scope(context: Context, flux: Flux, table: str) -> list[Pair]:
    """The months of a reference that are told anew: it is told whole, so earlier ones are emptied."""
    standard = REFERENCE_TABLES[table]
    told = {producer: month for (producer, name), (_, month) in flux.references.items() if name == table}
    periods = {(one, period) for one in told for period in context.base_periods(standard, one)}
    return sorted(periods | set(told.items()))


def with_outcomes(judged: DataFrame, flux: Flux) -> DataFrame:
    """Every line with its one outcome."""
    outcome = (
        F.when(F.col("rule").isin(*IGNORED), "ignored")
        .when(F.col("rule").isNotNull(), "quarantined")
        .when(F.col("duplicate") | repeated(flux), "duplicate")
        .when(F.col("told"), "unchanged")
        .otherwise("accepted")
    )
    place = ("producer", "delivery_id", "file", "record", "offset")
    kind = F.coalesce(F.nullif(F.lower("table"), F.lit("")), F.lit("unknown")).alias("kind")
    return judged.select(*place, kind, "bytes", outcome.alias("outcome"), "rule", "field", "warnings")
