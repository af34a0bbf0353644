"""The PMSI files of a hospital night: lines to stays, drugs, units, claims, and what changed since the last snapshot.

Spark jobs: the comparison settles first, one small job tells which months are rebuilt, at most two count events; the
driver adds one count and one write per table. Everything reads lines that were parsed once.
"""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.blocks import BLOCKS
from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.reference.lists import codes
from jobs.reference.tables import table
from jobs.standardise.context import RECORDS, Context, Standardised
from jobs.standardise.hospital import build
from jobs.standardise.hospital.apply_controls import UNIT_TABLE, controlled
from jobs.standardise.hospital.changes import altered, change_rows, with_earlier
from jobs.standardise.hospital.claims import claims_of
from jobs.standardise.hospital.compare import GROUP, Compared, at_first, compare, has_fast_track, with_touched
from jobs.standardise.hospital.decide import among_lines, decide
from jobs.standardise.hospital.files import Files
from jobs.standardise.hospital.rules import judge_line
from jobs.standardise.hospital.side_files import drug_table, unit_table
from jobs.standardise.hospital.tokens import line_bytes, with_tokens
from jobs.standardise.hospital.transmissions import Pairs, base_pairs, in_force
from jobs.standardise.intake import pack_records

TABLES = (
    "hospital_stay",
    "hospital_unit_stay",
    "hospital_diagnosis",
    "hospital_procedure",
    "hospital_drug",
    "hospital_line",
    "hospital_stay_change",
    UNIT_TABLE,
)


def standardise_transmissions(context: Context) -> Standardised:
    """Parse, judge and rebuild what tonight's transmissions changed of the years that they repeat."""
    compared = parted(context)
    if compared.work is None:
        return as_before(context, compared.rest, compared.rest_blocks, [])
    # the one shuffle of whole lines: every window that follows looks at a stay
    judged = context.cache(among_lines(judge_line(compared.work).repartition("stay_id")))
    decided = context.cache(
        build.placed_in_snapshot(with_tokens(context, decide(controlled(context, judged, compared))))
    )
    compared, lines = altered(context, build.snapshot_lines(decided), compared)
    pairs, unit_pairs = touched_pairs(lines, compared)
    if not pairs:
        records = records_of(decided, compared)
        return as_before(
            context, with_rest(records, compared), blocks_of(records, compared), overtaken(context, decided)
        )
    units = context.cache(build.units_of(lines))
    diagnoses = build.diagnoses_of(units, cim10_codes(context))
    procedures = build.procedures_of(units, codes(context.spark, context.settings, "ccam"))
    unknown = context.cache(unknown_codes(diagnoses, procedures))
    rebuilt = {
        "hospital_stay": build.stay_table(units, build.mothers_of(lines)),
        "hospital_unit_stay": build.unit_stay_table(units),
        "hospital_diagnosis": build.shaped(diagnoses, "hospital_diagnosis"),
        "hospital_procedure": build.shaped(procedures, "hospital_procedure"),
        "hospital_drug": drug_table(lines),
        "hospital_line": build.line_table(with_unknown(lines, unknown)),
    }
    tables = {name: with_untouched(context, name, rows, pairs, compared) for name, rows in rebuilt.items()}
    records = records_of(with_unknown(decided, unknown), compared)
    told = change_rows(context, lines, compared)
    tables["hospital_stay_change"] = with_earlier(told, context.base_table("hospital_stay_change", pairs))
    tables[UNIT_TABLE] = unit_table(lines)
    return Standardised(
        records=with_rest(records, compared),
        record_blocks=blocks_of(records, compared),
        tables=tables,
        claims=claims_of(context, lines, compared),
        scope=dict.fromkeys(tables, pairs) | {UNIT_TABLE: unit_pairs},
        events=left_behind(decided, compared) + overtaken(context, decided),
    )


def parted(context: Context) -> Compared:
    """Tonight's lines against the last snapshot. A fast track is compared with what there is, be it nothing."""
    pairs, files = base_pairs(context), Files.of(context)
    return compare(context, files, pairs) if pairs or has_fast_track(context) else at_first(context, files)


def as_before(
    context: Context, records: DataFrame | None, blocks: DataFrame | None, events: list[dict[str, Any]]
) -> Standardised:
    """A night that changes no stay: the outcomes of its lines, and no partition to replace.

    To plan the rebuilding of nothing costs as much as to plan that of a year.
    """
    assert records is not None
    return Standardised(
        records=records,
        record_blocks=blocks,
        tables={name: context.base_table(name, []) for name in TABLES},
        claims=context.spark.createDataFrame([], load_schema("identity/claim").spark).where(F.lit(False)),
        scope={name: [] for name in TABLES},
        events=events,
    )


def cim10_codes(context: Context) -> DataFrame:
    """CIM-10 codes that are known: the loaded list, and the codes of the PMSI whose type is known."""
    typed = table(context.spark, context.settings, "cim10_pmsi_type")
    return codes(context.spark, context.settings, "cim10").select("code").union(typed.select("code")).distinct()


def touched_pairs(lines: DataFrame, compared: Compared) -> tuple[Pairs, Pairs]:
    """The (producer, period) pairs that are rebuilt: those of stays, and those of unit files."""
    where = lines.select("producer", "period", "kind")
    if compared.base is not None:
        where = where.unionByName(
            compared.base.join(compared.touched, GROUP, how="left_semi").select("producer", "period", "kind")
        )
    rows = where.select("producer", "period", (F.col("kind") == "unit").alias("unit")).distinct().collect()
    pairs = {(row.producer, row.period) for row in rows}
    return sorted(pairs), sorted({(row.producer, row.period) for row in rows if row.unit})


def with_untouched(context: Context, table: str, rows: DataFrame, pairs: Pairs, compared: Compared) -> DataFrame:
    """The rebuilt rows and those of the same months that no line touched."""
    if compared.base is None:
        return rows
    return rows.unionByName(context.base_table(table, pairs).join(compared.touched, GROUP, how="left_anti"))


def unknown_codes(diagnoses: DataFrame, procedures: DataFrame) -> DataFrame:
    """Lines with a code that the loaded nomenclature does not have: producer, line_id, ``unknown`` warnings."""
    strange = diagnoses.where(~F.col("code_known")).select("producer", "line_id", F.lit("HOS-021").alias("code"))
    acts = procedures.where(~F.col("code_known")).select("producer", "line_id", F.lit("HOS-022").alias("code"))
    both = strange.unionByName(acts).groupBy("producer", "line_id")
    return both.agg(F.sort_array(F.collect_set("code")).alias("unknown"))


def with_unknown(lines: DataFrame, unknown: DataFrame) -> DataFrame:
    """The lines' warnings with those of unknown codes."""
    joined = lines.join(unknown, ["producer", "line_id"], how="left")
    both = F.concat("warnings", F.coalesce("unknown", F.array().cast("array<string>")))
    return joined.withColumn("warnings", both).drop("unknown")


def records_of(decided: DataFrame, compared: Compared) -> DataFrame:
    """One row per line that was work, as the driver wants it; bytes of the rejected ones only.

    A line of a stay that is as it was keeps the warnings that it was taken in with.
    """
    rejected = F.col("outcome") == "quarantined"
    warnings = F.nullif(F.when(~rejected, F.concat_ws(",", "warnings")), F.lit(""))
    if compared.base is not None:
        decided = with_touched(decided, compared.near(compared.touched))
        as_taken = F.col("touched").isNull() & (F.col("outcome") == "unchanged")
        warnings = F.when(as_taken, F.col("base_warnings")).otherwise(warnings)
    columns: dict[str, Column] = {"bytes": F.when(rejected, line_bytes(F.col("line"))), "warnings": warnings}
    return decided.withColumns(columns).select(*RECORDS.names)


def with_rest(records: DataFrame, compared: Compared) -> DataFrame:
    """Records of the lines that were work, and of all others."""
    return records if compared.rest is None else records.unionByName(compared.rest)


def blocks_of(records: DataFrame, compared: Compared) -> DataFrame | None:
    """The same as blocks, where most of them come so."""
    blocks = compared.rest_blocks
    return None if blocks is None else blocks.unionByName(records.mapInArrow(pack_records, BLOCKS))


def left_behind(decided: DataFrame, compared: Compared) -> list[dict[str, Any]]:
    """Lines of the base that the new snapshot no longer holds: superseded when it tells the same unit anew.

    They are not repeated, or they are and their stay is rejected now.
    """
    if compared.gone is None:
        return []
    retold = decided.where("current").select("producer", "key_id").distinct().withColumn("retold", F.lit(True))
    refused = decided.where(F.col("base_subject").isNotNull() & in_force() & (F.col("outcome") == "quarantined"))
    gone = compared.gone.select("producer", "delivery_id", "key_id").unionByName(
        refused.select("producer", F.col("base_delivery_id").alias("delivery_id"), "key_id")
    )
    told = gone.join(retold, ["producer", "key_id"], how="left")
    event = F.when(F.col("retold"), "superseded").otherwise("withdrawn").alias("event")
    rows = told.groupBy("producer", "delivery_id", event).count().collect()
    return [
        line(
            row["count"],
            producer=row.producer,
            delivery_id=row.delivery_id,
            event=row.event,
            cause="told anew by a later transmission" if row.event == "superseded" else "not repeated, or rejected now",
        )
        for row in rows
    ]


def overtaken(context: Context, decided: DataFrame) -> list[dict[str, Any]]:
    """Accepted lines of a transmission that another one of the same night, for the same years, has replaced."""
    once = {(one.producer, one.covers_from[:4], one.covers_to[:4]) for one in context.deliveries}
    if len(once) == len(context.deliveries):
        return []
    late = decided.where((F.col("outcome") == "accepted") & ~F.col("current"))
    return [
        line(
            row["count"],
            producer=row.producer,
            delivery_id=row.delivery_id,
            event="superseded",
            cause="a later transmission of the same night",
        )
        for row in late.groupBy("producer", "delivery_id").count().collect()
    ]
