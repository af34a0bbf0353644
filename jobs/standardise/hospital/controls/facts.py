"""What the controls look at beyond the fields of a line: its ages and numbers, and the stay that it belongs to."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.standardise.hospital.controls.model import some_starts
from jobs.standardise.hospital.fields import whole_number
from jobs.standardise.hospital.rules import day

STAY = ["producer", "delivery_id", "stay"]
ORDER = ["entry_date", "exit_date", "rum_id", "file", "record"]


def with_facts(units: DataFrame) -> DataFrame:
    """Adds the facts of each line, then those of its stay. ``units`` has the columns of ``with_references``."""
    return with_stay_facts(units.withColumns(line_facts()))


def line_facts() -> dict[str, Column]:
    """Ages at entry (completed years, days), length in days, and numbers whose blanks are null.

    ``weight``, ``gestation`` and ``sessions`` are null when they are blank or no number.
    """
    years = F.year("entry_date") - F.year("birth_date")
    before_birthday = F.date_format("entry_date", "MMdd") < F.date_format("birth_date", "MMdd")
    return {
        "age_years": years - before_birthday.cast("int"),
        "age_days": F.datediff("entry_date", "birth_date"),
        "length": F.datediff("exit_date", "entry_date"),
        "weight": whole_number(F.col("newborn_weight")),
        "gestation": whole_number(F.col("gestational_age")),
        "sessions": F.col("session_count").try_cast("int"),
        "menses_date": day(F.col("last_menses")),
        "delivers": some_starts("associated", "Z37"),
    }


def with_stay_facts(units: DataFrame) -> DataFrame:
    """Adds ``unit_rank``, ``unit_count``, ``before`` (the unit before), and what all units of the stay say together.

    Every column uses one order of one partition, so that the stay is shuffled and sorted once.
    """
    in_order = Window.partitionBy(*STAY).orderBy(*ORDER)
    whole = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    return units.withColumns(
        {
            "unit_rank": F.row_number().over(in_order),
            "before": F.lag(F.struct("rss_id", "birth_date", "sex", "exit_date")).over(in_order),
            "unit_count": F.count(F.lit(1)).over(whole),
            "stay_entry": F.min("entry_date").over(whole),
            "stay_exit": F.max("exit_date").over(whole),
            "stay_entry_mode": F.first("entry_mode").over(whole),
            "stay_exit_mode": F.last("exit_mode").over(whole),
            "stay_gestation": F.max("gestation").over(whole),
            "stay_delivers": F.max("delivers").over(whole),
            "stay_menses": F.first("last_menses", ignorenulls=True).over(whole),
            "stay_unscheduled": F.first("unscheduled", ignorenulls=True).over(whole),
            "stay_main_act": F.max("main_act").over(whole),
        }
    )


def first_unit() -> Column:
    """The unit on which a fault of the whole stay is told."""
    return F.col("unit_rank") == 1


def last_unit() -> Column:
    """The unit that the stay ends in."""
    return F.col("unit_rank") == F.col("unit_count")


def several_units() -> Column:
    """Whether the stay has more than one unit."""
    return F.col("unit_count") > 1
