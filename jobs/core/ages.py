"""Completed years on a day; a birthday on 29 February is completed on 1 March of other years."""

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F


def age(birth: Column, on: Column) -> Column:
    """Completed years between two dates; null when one is."""
    years = F.year(on) - F.year(birth)
    return F.when(F.date_format(on, "MMdd") < F.date_format(birth, "MMdd"), years - 1).otherwise(years)


def ages(birth: pa.Array, on: pa.Array) -> pa.Array:
    """The same for Arrow columns of days."""
    years = pc.subtract(pc.year(on), pc.year(birth))
    return pc.subtract(years, pc.if_else(pc.less(month_and_day(on), month_and_day(birth)), 1, 0))


def month_and_day(days: pa.Array) -> pa.Array:
    """A number that grows through the year, as 1231."""
    return pc.add(pc.multiply(pc.month(days), 100), pc.day(days))
