"""Tables of the files beside the stays: drugs given during a stay, and the medical units of a hospital."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.hospital.build import shaped
from jobs.standardise.hospital.fields import whole_number


def drug_table(lines: DataFrame) -> DataFrame:
    """One row per line of the drug file; quantities and amounts have three implied decimals."""
    drugs = lines.where(F.col("kind") == "drug")
    return shaped(
        drugs.withColumns(
            {
                "administration_date": F.col("entry_date"),
                "ucd13": F.col("ucd.ucd13"),
                "ucd_sent": F.col("drug_code"),
                "ucd_status": F.col("ucd.status"),
                "quantity": thousandths(F.col("quantity_text")),
                "amount": thousandths(F.col("amount_text")),
                "attached": F.col("coded"),
            }
        ),
        "hospital_drug",
    )


def unit_table(lines: DataFrame) -> DataFrame:
    """One row per line of the unit file: a unit, its site and authorisation from a day on."""
    units = lines.where(F.col("kind") == "unit")
    columns = {"effective_date": F.col("entry_date"), "bed_count": whole_number(F.col("bed_count"))}
    return shaped(units.withColumns(columns), "hospital_unit")


def thousandths(text: Column) -> Column:
    """A number of at most ten digits whose last three are decimals, exact."""
    return (text.cast("decimal(13,3)") / F.lit(1000).cast("decimal(4,0)")).cast("decimal(13,3)")
