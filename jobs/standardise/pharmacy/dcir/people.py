"""The two references: beneficiaries, several rows of one person resolved, and long-term illnesses."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.core.tokens import token_hex, with_key
from jobs.standardise.pharmacy.dcir.layout import BENEFICIARIES, LONG_TERM
from jobs.standardise.pharmacy.dcir.months import Flux
from jobs.standardise.pharmacy.dcir.rows import beneficiary_id

RESOLVED = ("sex", "birth_year", "department")  # the value that most rows of a person have; ties go to the smallest


def reference_rows(judged: DataFrame, flux: Flux, table: str) -> DataFrame:
    """Accepted lines of a reference, with ``period``: the month as of which it is told."""
    period: Column = F.lit(None).cast("string")
    for (producer, name), (_, month) in sorted(flux.references.items()):
        if name == table:
            period = F.when(F.col("producer") == producer, month).otherwise(period)
    counted = F.col("rule").isNull() & ~F.col("duplicate") & F.col("active")
    return judged.where((F.col("table") == table) & counted).withColumn("period", period)


def beneficiaries(judged: DataFrame, flux: Flux, key: DataFrame) -> DataFrame:
    """One row per beneficiary of ``standard/beneficiary``."""
    schema = load_schema("standard/beneficiary")
    named = with_key(reference_rows(judged, flux, BENEFICIARIES), key).withColumns(
        {
            "beneficiary_id": beneficiary_id(),
            "beneficiary_group_id": token_hex("beneficiary group", F.col("producer"), F.col("person_group")),
        }
    )
    grouped = named.groupBy("producer", "period", "beneficiary_id").agg(
        *[F.mode(name, True).alias(name) for name in (*RESOLVED, "nir_status", "beneficiary_group_id")],
        F.date_format(F.max("died_on"), "yyyy-MM").alias("death_month"),
        F.count(F.lit(1)).alias("record_count"),
        *[(F.count_distinct(name) > 1).alias(f"{name}_differs") for name in RESOLVED],
    )
    differs = [F.when(F.col(f"{name}_differs"), F.lit(f"{name}_differs")) for name in RESOLVED]
    missing = [F.when(F.col(name).isNull(), F.lit(f"{name}_not_told")) for name in RESOLVED]
    odd = F.when(F.col("nir_status") != "00", "number_not_ordinary")
    told = grouped.withColumns(
        {
            "age_years": F.substring("period", 1, 4).cast("bigint") - F.col("birth_year"),
            "flags": F.nullif(
                F.concat_ws(",", F.array_sort(F.array_compact(F.array(*differs, *missing, odd)))), F.lit("")
            ),
        }
    )
    return schema.select(told.select(*[F.col(name).cast(schema[name].spark).alias(name) for name in schema.names]))


def long_term_illnesses(judged: DataFrame, flux: Flux, key: DataFrame) -> DataFrame:
    """One row per line of the reference."""
    schema = load_schema("standard/long_term_illness")
    named = with_key(reference_rows(judged, flux, LONG_TERM), key).withColumns(
        {"beneficiary_id": beneficiary_id(), "illness_id": F.col("print")}
    )
    return schema.select(named.select(*[F.col(name).cast(schema[name].spark).alias(name) for name in schema.names]))
