"""INSEE commune codes at a date: closed, merged and renumbered communes, arrondissements, and what is no commune.

A code is followed forward only: what was 20004 in 1970 is 2A004 today, but 2A004 in 1970 is ``not_yet``. The code is
always kept: a status says what it is. The rules of each change are those of INSEE's official geographic code.
"""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.codes.commune_history import arrow_paths
from jobs.core.settings import Settings

STATUSES = (
    "current",  # in force at the date
    "moved",  # merged into or renumbered as another, which is given
    "arrondissement",  # of Paris, Lyon or Marseille: kept, the city is given beside it
    "split",  # ended by being shared among several: no single successor
    "not_yet",  # the code begins after the date
    "abroad",  # 99 and a country
    "pmsi_area",  # ATIH's group of small postcodes, C in third place
    "postcode_like",  # no commune ever had this code, and it looks like a postcode
    "unknown",
    "malformed",
    "missing",
    "undated",  # the code changed once and there is no date to tell before from after
)
SHAPE = r"^(\d\d|2[AB])\d{3}$"
PMSI_AREA = r"^(\d\d|2[AB])C\d\d$"
# Postcodes mostly end with 0; those of Paris, Lyon and Marseille end with the number of the arrondissement.
POSTCODE = r"^((0[1-9]|[1-8]\d|9[0-578])\d\d0|750(0[1-9]|1\d|20)|75116|6900[1-9]|130(0[1-9]|1[0-6]))$"


def normalise(text: Column) -> Column:
    """Upper case without blanks; null only for nothing at all."""
    return F.nullif(F.upper(F.regexp_replace(text, "[\\s\u00a0]", "")), F.lit(""))


def department(commune: Column) -> Column:
    """The department of a commune, PMSI area or postcode: two characters, three overseas; null for no such code.

    A postcode of Corsica begins with 20 and says neither 2A nor 2B.
    """
    known = commune.rlike(SHAPE) | commune.rlike(PMSI_AREA)
    return F.when(known, F.substring(commune, 1, F.when(commune.rlike("^9[78]"), 3).otherwise(2)))


def commune_paths(spark: SparkSession, settings: Settings) -> DataFrame:
    """What each code stands for in each interval of time; see ``arrow_paths``. Made once, on the driver."""
    return spark.createDataFrame(arrow_paths(settings))


def resolve(frame: DataFrame, paths: DataFrame, *, code: str, on: str) -> DataFrame:
    """Adds ``commune_at`` (the code in force on the date ``on``), ``commune_status`` and ``commune_city``.

    ``code`` is normalised. ``commune_at`` is the code itself when it cannot be followed. ``commune_city`` is the whole
    city of an arrondissement (75056, 69123, 13055), else ``commune_at``. Changes made after the loaded release of the
    official code are not known. A postcode that is or was a commune's code (13001, 75012) is read as that commune: see
    ``looks_like_postcode``.
    """
    here, date, begin, end = F.col(code), F.col(on), F.col("_from"), F.col("_until")
    named = paths.select(*[F.col(name).alias(f"_{name}") for name in paths.columns])
    during = (begin.isNull() | (date >= begin)) & (end.isNull() | (date < end))
    # without a date the last interval tells that the code exists, and whether it ever changed
    match = (here == F.col("_code")) & (during | (date.isNull() & end.isNull()))
    found = frame.join(F.broadcast(named), match, "left")
    undated = date.isNull() & begin.isNotNull()
    at = F.when(undated, here).otherwise(F.coalesce("_at", code))
    status = F.when(undated, "undated").otherwise(F.coalesce("_status", unlisted(here)))
    return found.withColumns(
        {"commune_at": at, "commune_status": status, "commune_city": F.coalesce("_city", at)}
    ).drop(*[f"_{name}" for name in paths.columns])


def unlisted(code: Column) -> Column:
    """The status of a code that no list has."""
    return (
        F.when(code.isNull(), "missing")
        .when(code.rlike(r"^99\d{3}$"), "abroad")
        .when(code.rlike(PMSI_AREA), "pmsi_area")
        .when(~code.rlike(SHAPE), "malformed")
        .when(looks_like_postcode(code), "postcode_like")
        .otherwise("unknown")
    )


def looks_like_postcode(code: Column) -> Column:
    """True when a code may be a postcode. It may be a commune as well: 75012 was Boulogne-Billancourt until 1968.

    So a residence that comes out as ``moved`` and looks like a postcode is rather one; a place of birth is not.
    """
    return F.coalesce(code.rlike(POSTCODE), F.lit(False))
