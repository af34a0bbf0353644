"""Controls on the codes of diagnoses: their shape, their chapter, and what the PMSI allows in each position."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.hospital.controls.model import CIM10, Control, blocking, found, some_starts, starts

EXTERNAL = ("V", "W", "X", "Y")  # chapter XX: circumstances, never what a patient is treated for
BIRTH_OUTCOME = ("O", "Z37")  # of the mother
NEWBORN = ("P", "Z38")  # of the child


def shape_controls() -> list[Control]:
    """Codes that are no CIM-10 code at all."""
    blank_or_wrong = F.exists("associated", lambda code: code.isNull() | ~code.rlike(CIM10))
    return [
        blocking("041", ~F.col("principal_diagnosis").rlike(CIM10), "principal_diagnosis"),
        blocking("042", blank_or_wrong, "associated"),
        blocking("051", ~F.col("related_diagnosis").rlike(CIM10), "related_diagnosis"),
    ]


def position_controls() -> list[Control]:
    """Codes in a position where the PMSI refuses them. The types of ``cim10_type`` decide only for codes it holds.

    Type 2 is told as an external cause outside of chapter XX: that is our reading of the published types.
    """
    return [
        blocking("113", found("principal_vague"), "principal_diagnosis"),
        blocking("114", starts("principal_diagnosis", *EXTERNAL) | found("principal_external"), "principal_diagnosis"),
        blocking("115", found("principal_parent"), "principal_diagnosis"),
        blocking("116", found("related_vague"), "related_diagnosis"),
        blocking("117", starts("related_diagnosis", *EXTERNAL) | found("related_external"), "related_diagnosis"),
        blocking("118", found("related_parent"), "related_diagnosis"),
        blocking("119", found("associated_parent"), "associated"),
    ]


def age_controls() -> list[Control]:
    """Deliveries by children, and newborns' codes after the second birthday; age in completed years at entry."""
    child, grown = F.col("age_years") <= 10, F.col("age_years") >= 2
    return [
        blocking("130", child & starts("principal_diagnosis", *BIRTH_OUTCOME), "principal_diagnosis"),
        blocking("131", child & starts("related_diagnosis", *BIRTH_OUTCOME), "related_diagnosis"),
        blocking("132", child & some_starts("associated", *BIRTH_OUTCOME), "associated"),
        blocking("133", grown & starts("principal_diagnosis", *NEWBORN), "principal_diagnosis"),
        blocking("134", grown & starts("related_diagnosis", *NEWBORN), "related_diagnosis"),
        blocking("135", grown & some_starts("associated", *NEWBORN), "associated"),
    ]


def stillbirth_controls() -> list[Control]:
    """P95: a stillborn child is born and dies on one day in one unit, weighed and dated."""
    stillborn = starts("principal_diagnosis", "P95")
    return [
        blocking("143", stillborn & (F.col("exit_mode") != "9"), "exit_mode"),
        blocking("147", stillborn & ~F.coalesce(stillborn_stay(), F.lit(False)), "principal_diagnosis"),
    ]


def stillborn_stay() -> Column:
    """Whether a line has all that a stillborn child's must have."""
    one_day = (F.col("length") == 0) & (F.col("age_days") == 0)
    modes = (F.col("entry_mode") == "8") & (F.col("exit_mode") == "9")
    return one_day & modes & (F.col("weight") > 0) & (F.col("gestation") > 0)
