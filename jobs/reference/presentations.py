"""Drug presentations with what each release of the drug database said of their ATC class."""

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.settings import Settings
from jobs.reference.lists import releases

ATCS = pa.list_(pa.struct([("since", pa.string()), ("atc", pa.string())]))


def presentations(spark: SparkSession, settings: Settings) -> DataFrame:
    """``code`` (CIP13) and ``atcs``: since which release (YYYY-MM or YYYY-MM-DD) which ATC class, oldest first.

    A release that names no class says nothing: the database leaves two boxes in five without, some only at times.
    """
    found = history(settings)
    codes = sorted(found)
    return spark.createDataFrame(
        pa.table({"code": pa.array(codes, pa.string()), "atcs": pa.array([found[code] for code in codes], ATCS)})
    )


def history(settings: Settings | None) -> dict[str, list[dict[str, str]]]:
    """Each presentation's classes, one entry per change."""
    found: dict[str, list[dict[str, str]]] = {}
    for release in releases(settings, "cip13"):
        for row in release:
            code, atc = row["code"], row.get("atc")
            assert code is not None
            told = found.setdefault(code, [])
            if atc and (not told or told[-1]["atc"] != atc):
                told.append({"since": row["valid_on"] or "", "atc": atc})
    return found


def atc_on(atcs: Column, day: Column) -> Column:
    """The class in force on a day: of the newest release not after it, else of the oldest; null without any."""
    before = F.filter(atcs, lambda one: one["since"] <= day.cast("string"))
    newest, oldest = F.try_element_at(before, F.lit(-1)), F.try_element_at(atcs, F.lit(1))
    return F.coalesce(newest["atc"], oldest["atc"])
