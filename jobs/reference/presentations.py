"""Drug presentations with what each release of the drug database said of their ATC class, and the last price."""

from decimal import Decimal

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.settings import Settings
from jobs.reference.lists import releases

PRICES = ("price_eur", "public_price_eur")
MONEY = pa.decimal128(12, 2)
ATCS = pa.list_(pa.struct([("since", pa.string()), ("atc", pa.string())]))


def presentations(spark: SparkSession, settings: Settings) -> DataFrame:
    """``code`` (CIP13), ``atcs``, ``price_eur`` and ``public_price_eur``, the price with the dispensing fee.

    ``atcs``: since which release (YYYY-MM or YYYY-MM-DD) which ATC class, oldest first. A release that names no class
    says nothing: the database leaves two boxes in five without, some only at times. Prices, euros of one box, are those
    of the newest loaded release that names one; the embedded list has none.
    """
    found, prices = history(settings), last_prices(settings)
    codes = sorted(found)
    columns = {"code": pa.array(codes, pa.string()), "atcs": pa.array([found[code] for code in codes], ATCS)}
    for name in PRICES:
        columns[name] = pa.array([prices[name].get(code) for code in codes], MONEY)
    return spark.createDataFrame(pa.table(columns))


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


def last_prices(settings: Settings | None) -> dict[str, dict[str, Decimal]]:
    """Each price of each presentation that a release names, the newest one, by kind of price."""
    found: dict[str, dict[str, Decimal]] = {name: {} for name in PRICES}
    for release in releases(settings, "cip13"):
        for row in release:
            for name in PRICES:
                if row.get(name):
                    found[name][str(row["code"])] = Decimal(str(row[name]))
    return found


def atc_on(atcs: Column, day: Column) -> Column:
    """The class in force on a day: of the newest release not after it, else of the oldest; null without any."""
    before = F.filter(atcs, lambda one: one["since"] <= day.cast("string"))
    newest, oldest = F.try_element_at(before, F.lit(-1)), F.try_element_at(atcs, F.lit(1))
    return F.coalesce(newest["atc"], oldest["atc"])
