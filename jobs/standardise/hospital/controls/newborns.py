"""Controls on births: weight, gestational age, and the mother's last menses."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.hospital.controls.facts import first_unit
from jobs.standardise.hospital.controls.model import DIGITS, Control, blocking, given, signal, starts

LONGEST_PREGNANCY = 305  # days
NOT_BORN_HERE = ("Z762", "Z381", "Z384", "Z387")  # a child in care, or born outside of a hospital


def entry_controls() -> list[Control]:
    """Entry mode N: the child is born in this hospital, on that day."""
    born_here = F.col("entry_mode") == "N"
    return [
        blocking("190", born_here & (F.col("age_days") != 0), "entry_mode"),
        blocking("191", born_here & F.col("principal_diagnosis").isin(*NOT_BORN_HERE), "principal_diagnosis"),
    ]


def weight_controls() -> list[Control]:
    """The newborn's weight stands on the first unit of the stay, in grams."""
    missing = F.coalesce("weight", F.lit(0)) == 0
    return [
        blocking("082", first_unit() & ~F.col("newborn_weight").rlike(DIGITS), "newborn_weight"),
        blocking("128", first_unit() & F.col("weight").between(1, 99), "newborn_weight"),
        blocking("168", first_unit() & (F.col("age_days") < 29) & missing, "newborn_weight"),
    ]


def gestation_controls() -> list[Control]:
    """Gestational age in weeks; blank and 00 both say that it is missing."""
    return [
        blocking("125", ~F.col("gestational_age").rlike(DIGITS), "gestational_age"),
        blocking("126", first_unit() & gestation_missing(), "gestational_age"),
        blocking("127", gestation_impossible(), "gestational_age"),
        blocking("129", weight_against_gestation(), "newborn_weight"),
    ]


def gestation_missing() -> Column:
    """No unit gives it though the child was born on entry, or the mother's outcome of delivery is coded.

    Delivery acts ask for it as well; no open list names them.
    """
    missing = F.coalesce("stay_gestation", F.lit(0)) == 0
    return missing & ((F.col("birth_date") == F.col("stay_entry")) | F.col("stay_delivers"))


def gestation_impossible() -> Column:
    """Above 44 weeks, or below 22 for a child that lives. A death ends the stay, maybe in a later unit."""
    weeks = F.col("gestation")
    return (weeks > 44) | (weeks.between(1, 21) & (F.col("age_years") == 0) & (F.col("stay_exit_mode") != "9"))


def weight_against_gestation() -> Column:
    """Too light for a child at term (unless stillborn), too heavy for a premature one."""
    weeks, grams = F.col("gestation"), F.col("weight")
    light = (weeks >= 37) & grams.between(1, 999) & ~starts("principal_diagnosis", "P95")
    return light | (weeks.between(1, 32) & (grams > 4000)) | (weeks.between(1, 28) & (grams > 2500))


def menses_controls() -> list[Control]:
    """The date of the last menses: a date, one per stay, before the stay and not long before."""
    date, text = F.col("menses_date"), F.col("last_menses")
    return [
        blocking("160", ~text.rlike(DIGITS), "last_menses"),
        blocking("161", text.rlike(DIGITS) & date.isNull(), "last_menses"),
        blocking("162", first_unit() & F.col("stay_menses").isNull() & menses_needed(), "last_menses"),
        blocking("163", text != F.col("stay_menses"), "last_menses"),
        signal("164", given("last_menses") & (F.col("sex") == "1"), "last_menses"),
        signal("165", date > F.col("stay_entry"), "last_menses"),
        signal("166", F.datediff("stay_entry", date) > LONGEST_PREGNANCY, "last_menses"),
    ]


def menses_needed() -> Column:
    """The outcome of delivery is coded, or the group is obstetric but for two. Delivery acts: as for the weeks."""
    group = F.concat("ghm_cmd", F.coalesce("ghm_suffix", F.lit("")))
    obstetric = group.rlike("^14") & ~group.rlike("^14(C04|M02)")
    return F.col("stay_delivers") | obstetric
