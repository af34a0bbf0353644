"""GHM, the groups that the grouper puts a stay in: major category, kind, counter, and a last character of severity.

Shape read on all 2,639 codes of 2025. Groups of major category 90 are errors: the stay is kept and not valued.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

SHAPE = r"^\d{2}[CKMZH]\d{2}[1234ABCDEJTZ]$"
ERROR_CATEGORY = "90"
KINDS = {"C": "surgical", "K": "non_surgical_act", "M": "medical", "Z": "undifferentiated", "H": "error_90H"}


def normalise(text: Column) -> Column:
    """Upper case without blanks; null only for nothing at all."""
    return F.nullif(F.upper(F.regexp_replace(text, "[\\s\u00a0]", "")), F.lit(""))


def has_shape(code: Column) -> Column:
    """True when a normalised code has the shape of a group."""
    return F.coalesce(code.rlike(SHAPE), F.lit(False))


def cmd(code: Column) -> Column:
    """The major category (CMD), two digits; null without the shape."""
    return F.when(has_shape(code), F.substring(code, 1, 2))


def root(code: Column) -> Column:
    """The group without its severity, five characters; null without the shape."""
    return F.when(has_shape(code), F.substring(code, 1, 5))


def is_error(code: Column) -> Column:
    """True for a group of CMD 90: the grouper refused the stay. Keep it and flag it, never drop it."""
    return F.coalesce(cmd(code) == ERROR_CATEGORY, F.lit(False))


def severity(code: Column) -> Column:
    """The last character: 1 to 4 and A to D levels, J day case, T very short, E death, Z not divided; null without shape."""  # noqa: E501
    return F.when(has_shape(code), F.substring(code, 6, 1))


def severity_level(code: Column) -> Column:
    """The level 1 to 4 that a last character 1-4 or A-D stands for; null for the others, which are no levels."""
    return F.translate(severity(code), "ABCD", "1234").try_cast("int")


def with_ghm(frame: DataFrame, ghm: DataFrame, *, year: str, code: str = "ghm") -> DataFrame:
    """Adds ``ghm_known`` (true, false, or null when no release of that year is loaded) from the table ``ghm``.

    A group is judged by the release of its year, and not at all when no release of that year is loaded. The day on
    which a version begins is not in the table: early in a year the version before may be the right one.
    """
    listed = ghm.select(F.col("code").alias("_ghm"), F.col("valid_year").cast("int").alias("_year"))
    years = F.broadcast(listed.select(F.col("_year").alias("_loaded")).distinct())
    found = frame.join(F.broadcast(listed), (F.col(code) == F.col("_ghm")) & (F.col(year) == F.col("_year")), "left")
    found = found.join(years, F.col(year) == F.col("_loaded"), "left")
    return found.withColumn("ghm_known", F.when(F.col("_loaded").isNotNull(), F.col("_ghm").isNotNull())).drop(
        "_ghm", "_year", "_loaded"
    )
