"""The grouper's controls applied to tonight's lines, with the lists and unit files that they are judged against."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.codes.finess import twice_until
from jobs.reference.tables import table
from jobs.standardise.context import Context
from jobs.standardise.hospital.compare import Compared
from jobs.standardise.hospital.controls import References, identity_warnings, judge_units
from jobs.standardise.hospital.decide import STAY
from jobs.standardise.hospital.fields import is_unit_stay
from jobs.standardise.hospital.rules import at_fault
from jobs.standardise.hospital.transmissions import DELIVERY, delivery_table

UNIT_TABLE = "hospital_unit"


def controlled(context: Context, lines: DataFrame, compared: Compared) -> DataFrame:
    """Lines with ``rule``, ``field`` and ``warnings`` as the controls of unit lines and of identities leave them."""
    spoilt = F.max(is_unit_stay() & at_fault()).over(Window.partitionBy(*STAY)) & F.col("stay").isNotNull()
    lines = lines.withColumn("spoilt", F.coalesce(spoilt, F.lit(False)))  # what its neighbour lacks is not its fault
    plain = is_unit_stay() & F.col("rule").isNull() & ~F.col("repeated") & ~F.col("spoilt")
    units = lines.where(plain).withColumn("covers_to", F.to_date("covers_to"))
    judged = judge_units(units, references(context, lines, compared))
    told = judged.withColumns(
        {
            "rule": F.col("control"),
            "field": F.col("control_field"),
            "warnings": F.concat("warnings", "signals"),
            "covers_to": F.col("covers_to").cast("string"),
        }
    )
    identity = F.when(F.col("kind") == "vid_hosp", identity_warnings()).otherwise(F.array().cast("array<string>"))
    rest = lines.where(~plain | plain.isNull()).withColumn("warnings", F.concat("warnings", identity))
    return told.select(lines.columns).unionByName(rest).drop("spoilt")


def references(context: Context, lines: DataFrame, compared: Compared) -> References:
    """The loaded lists, and the units that each delivery's hospital declares."""
    lists = {name: table(context.spark, context.settings, name) for name in ("ccam", "ccam_extension")}
    types = table(context.spark, context.settings, "cim10_pmsi_type").select("code", "mco_type")
    twice = tuple(number for _, numbers in twice_until() for number in numbers)
    return References(**lists, cim10_type=types, units=declared_units(context, lines, compared), counted_twice=twice)


def declared_units(context: Context, lines: DataFrame, compared: Compared) -> DataFrame:
    """Units of tonight's unit files; of the last snapshot where a hospital's unit file is as it was."""
    tonight = lines.where((F.col("kind") == "unit") & F.col("rule").isNull()).select(*DELIVERY, "unit_code")
    if compared.base is None:
        return tonight
    pairs = [
        (one.producer, period)
        for one in context.deliveries
        for period in context.base_periods(UNIT_TABLE, one.producer)
    ]
    held = context.base_table(UNIT_TABLE, sorted(set(pairs))).select("producer", "unit_code").distinct()
    same = held.join(tonight.select("producer").distinct(), "producer", how="left_anti")
    return tonight.unionByName(
        same.join(delivery_table(context).select(*DELIVERY), "producer", how="inner").select(*DELIVERY, "unit_code")
    )
