"""Controls that compare the units of a stay, and those on sessions."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.hospital.controls.facts import first_unit, several_units
from jobs.standardise.hospital.controls.model import Control, blocking, signal

SESSION_CMD = "28"
SESSION_DIAGNOSES = ("Z511",)  # chemotherapy, the only one that the reference names; others are not guessed
UNSCHEDULED_FROM = 75  # years


def sequence_controls() -> list[Control]:
    """Each unit against the one before."""
    before = F.col("before")
    return [
        blocking("010", F.col("rss_id") != before["rss_id"], "rss_id"),
        blocking("023", F.col("entry_date") != before["exit_date"], "entry"),
        blocking("045", F.col("birth_date") != before["birth_date"], "birth"),
        blocking("046", F.col("sex") != before["sex"], "sex"),
    ]


def session_controls() -> list[Control]:
    """Sessions: a number, in a stay of one unit, as many as the days allow."""
    sessions, length = F.col("sessions"), F.col("length")
    none = F.coalesce(sessions, F.lit(0)) == 0
    return [
        blocking("036", ~F.col("session_count").rlike(r"^-?\d+$"), "session_count"),
        blocking("037", several_units() & (sessions > 0), "session_count"),
        signal("066", (sessions < 0) | (sessions > 31), "session_count"),
        blocking("145", session_diagnosis() & ~several_units() & (length == 0) & none, "session_count"),
        signal("146", session_diagnosis() & (sessions > length + 1), "session_count"),
        blocking("150", several_units() & (F.col("ghm_cmd") == SESSION_CMD), "ghm_cmd"),
        blocking("187", related_missing(), "related_diagnosis"),
    ]


def session_diagnosis() -> Column:
    """A principal diagnosis that means sessions."""
    return F.col("principal_diagnosis").isin(*SESSION_DIAGNOSES)


def related_missing() -> Column:
    """A session group whose principal diagnosis asks what is treated."""
    return (F.col("ghm_cmd") == SESSION_CMD) & session_diagnosis() & F.col("related_diagnosis").isNull()


def unscheduled_controls() -> list[Control]:
    """Whether care was unscheduled: asked of patients of 75 and more, told once per stay."""
    flag, told = F.col("unscheduled"), F.col("stay_unscheduled")
    return [
        signal("252", first_unit() & (F.col("age_years") >= UNSCHEDULED_FROM) & told.isNull(), "unscheduled"),
        signal("253", flag != told, "unscheduled"),
    ]
