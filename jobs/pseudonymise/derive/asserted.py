"""Of facts that documents tell, those that they say are so."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def asserted(rows: DataFrame) -> DataFrame:
    """Rows without the negated ones: a vaccination that was not given is no vaccination, "no allergy" no allergy."""
    return rows.where(~F.col("negated"))
