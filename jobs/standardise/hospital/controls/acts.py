"""Controls on the acts of a unit line. Acts are an array of structs of text; blanks are null."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.hospital.controls.model import CCAM, Control, blocking, found, signal

EXTENSION = r"^-\d\d$"
DOCUMENTARY = "^[A-HJ-NP-Za-hj-np-z0-9]$"  # neither O nor I: they look like digits
ANAESTHESIA = "4"


def act_controls() -> list[Control]:
    """Shape of each part of an act zone, and its day."""
    return [
        blocking("043", some(lambda act: unlike(act["ccam_code"], CCAM)), "acts.ccam_code"),
        blocking("052", some(lambda act: unlike(act["execution_count"], r"^\d*[1-9]\d*$")), "acts.execution_count"),
        signal("102", on_another_day(), "acts.act_date"),
        blocking("103", some(lambda act: unlike(act["activity"], "^[1-5]$")), "acts.activity"),
        signal("167", alone(), "acts.activity"),
        signal("170", some(undocumented), "acts.documentary_extension"),
        blocking("173", some(lambda act: ~act["documentary_extension"].rlike(DOCUMENTARY)), "documentary_extension"),
        blocking("185", some(lambda act: ~act["pmsi_extension"].rlike(EXTENSION)), "acts.pmsi_extension"),
    ]


def listed_act_controls() -> list[Control]:
    """What the dated lists of acts and extensions decide, for the acts that they hold; see ``reference``."""
    return [
        blocking("078", found("act_ended"), "acts.ccam_code"),
        blocking("079", found("act_not_begun"), "acts.ccam_code"),
        signal("112", F.col("added_act") & ~F.col("stay_main_act"), "acts.ccam_code"),
        signal("148", found("act_of_other_sex"), "acts.ccam_code"),
        signal("186", found("extension_unknown"), "acts.pmsi_extension"),
        signal("192", found("extension_left_out"), "acts.pmsi_extension"),
        blocking("193", found("extension_ended"), "acts.pmsi_extension"),
        blocking("194", found("extension_not_begun"), "acts.pmsi_extension"),
    ]


def some(broken: Callable[[Column], Column]) -> Column:
    """Whether one of the line's acts is broken."""
    return F.exists("acts", broken)


def unlike(text: Column, pattern: str) -> Column:
    """Blank, or of another shape."""
    return text.isNull() | ~text.rlike(pattern)


def on_another_day() -> Column:
    """An act whose date is none, or lies outside of the unit."""
    days = F.transform("acts", lambda act: act_day(act["act_date"]))
    return F.exists(days, lambda day: ~F.coalesce(day.between(F.col("entry_date"), F.col("exit_date")), F.lit(False)))


def act_day(text: Column) -> Column:
    """A DDMMYYYY date. Inside an array nothing is compiled, and the plain cast is many times faster than a pattern."""
    iso = F.concat_ws("-", F.substring(text, 5, 4), F.substring(text, 3, 2), F.substring(text, 1, 2))
    return F.when(text.rlike(r"^\d{8}$"), iso.try_cast("date"))


def undocumented(act: Column) -> Column:
    """Anaesthesia without its documentary extension."""
    return (act["activity"] == ANAESTHESIA) & act["documentary_extension"].isNull()


def alone() -> Column:
    """An act in activity 2 to 5 whose activity 1 the line does not tell.

    The grouper blocks it but for some acts; their list is not open, so here it only tells.
    """
    first = F.filter("acts", lambda act: act["activity"] == "1")["ccam_code"]
    other = F.filter("acts", lambda act: act["activity"].rlike("^[2-5]$"))["ccam_code"]
    return F.size(F.array_except(other, first)) > 0
