"""Row rules of hospital lines: each record gets exactly one outcome, and one rule when it is rejected."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.identifiers.ins import ins_status
from jobs.identifiers.nir import nir_status
from jobs.standardise.layouts import load_layouts

DIAGNOSIS = r"^[A-Z]\d\d[\d+]{0,3}$"
NO_DATE = r"^(X{8}|0{8})$"  # declared missing
BLOCKS = {"rss": ("da_repeat", "dad_repeat", "act_repeat"), "vid_hosp": ("dmt_repeat",)}
FIRST_YEAR, LAST_YEAR = 1850, 2100  # a date outside is a typing error, whatever the calendar allows


def judge_line(lines: DataFrame) -> DataFrame:
    """Adds dates, ``rule`` (the first that fires, in declared order), ``field`` and ``warnings`` (an array)."""
    known = lines.withColumns(
        {
            **{f"{name}_date": day(F.col(f"{name}_text")) for name in ("birth", "entry", "exit")},
            "holder_status": nir_status(F.col("holder_number"), F.col("holder_key")),
            "own_status": nir_status(F.col("own_number"), F.col("own_key")),
            "ins_status": ins_status(F.col("ins_number")),
        }
    )
    # one array of what fires: the first non-null entry is the rule, and the fault carries its field
    fired = F.coalesce(
        *[F.when(broken, F.struct(F.lit(code).alias("rule"), at.alias("field"))) for code, broken, at in line_rules()]
    )
    judged = known.withColumn("fired", fired)
    warnings = F.when(F.col("kind") == "vid_hosp", number_warnings()).otherwise(no_warning())
    return judged.withColumns({"rule": F.col("fired.rule"), "field": F.col("fired.field"), "warnings": warnings}).drop(
        "fired"
    )


def day(text: Column) -> Column:
    """A DDMMYYYY date; null when it is none, or outside of any patient's life."""
    value = F.try_to_date(F.when(text.rlike(r"^\d{8}$"), text), "ddMMyyyy")
    return F.when(F.year(value).between(FIRST_YEAR, LAST_YEAR), value)


def line_rules() -> list[tuple[str, Column, Column]]:
    """(code, condition, field at fault), in the order in which they are tried. A null condition does not fire."""
    layouts = load_layouts("hospital")
    kind = F.col("kind")
    none = F.lit(None).cast("string")
    known = F.lit(False)
    too_short = F.lit(False)
    for name, one in layouts.items():
        known = known | ((kind == name) & F.col("version").isin(list(one.layouts)))
        too_short = too_short | ((kind == name) & (F.col("length") < one.min_length))
    bad_counter, counter_name = bad_counters()
    broken_date, date_name = broken_dates()
    return [
        ("HOS-013", F.col("converted"), none),
        ("HOS-010", kind == "unknown", none),
        ("HOS-001", ~known, F.lit("version")),
        ("HOS-002", too_short, none),
        ("HOS-005", bad_counter, counter_name),
        ("HOS-002", (F.col("rest") > 0) | cut_inside(), none),
        ("HOS-011", F.col("finess").isNull() | (F.col("finess") != F.col("producer")), F.lit("finess")),
        ("HOS-008", F.col("stay").isNull(), F.lit("stay")),
        ("HOS-003", broken_date, date_name),
        ("HOS-004", F.col("exit_date") < F.col("entry_date"), F.lit("exit")),
        ("HOS-006", F.col("birth_date") > F.col("entry_date"), F.lit("birth")),
        ("HOS-009", (kind == "rss") & F.col("principal_diagnosis").isNull(), F.lit("principal_diagnosis")),
    ]


def bad_counters() -> tuple[Column, Column]:
    """Whether a counter of the line's kind is no number, and the block that it counts."""
    broken = [
        F.when((F.col("kind") == kind) & F.col(block).isNull(), F.lit(block))
        for kind, names in BLOCKS.items()
        for block in names
    ]
    name = F.coalesce(*broken)
    return name.isNotNull(), name


def cut_inside() -> Column:
    """A line shorter than announced: only blanks that end a diagnosis can have been lost, never part of an act."""
    missing = -F.col("rest")
    last_is_diagnosis = (F.col("kind") == "rss") & (F.col("act_repeat") == 0)
    last = F.rtrim(F.col("zone").substr(((F.col("da_repeat") + F.col("dad_repeat") - 1) * 8 + 1), F.lit(8)))
    forgiven = last_is_diagnosis & (missing < 8) & last.rlike(DIAGNOSIS)
    dialysis = (F.col("kind") == "rss") & (F.col("version") == "123") & (F.col("act_repeat") > 0) & (missing <= 3)
    return (missing > 0) & ~F.coalesce(forgiven | dialysis, F.lit(False))


def broken_dates() -> tuple[Column, Column]:
    """Whether a date of the line is impossible, and which. Only the birth date may be declared missing, in VID-HOSP."""
    rss, vid = F.col("kind") == "rss", F.col("kind") == "vid_hosp"
    sent = F.col("birth_text").isNotNull() & ~F.coalesce(F.col("birth_text").rlike(NO_DATE), F.lit(False))
    broken = [
        F.when(F.col("birth_date").isNull() & (rss | (vid & sent)), F.lit("birth")),
        F.when(F.col("entry_date").isNull() & rss, F.lit("entry")),
        F.when(F.col("exit_date").isNull() & rss, F.lit("exit")),
    ]
    name = F.coalesce(*broken)
    return name.isNotNull(), name


def number_warnings() -> Column:
    """Numbers of an identity line that are barred as identifiers; the line itself is kept."""
    statuses = F.array("holder_status", "own_status", "ins_status")
    found = F.array(
        F.when(F.array_contains(statuses, "key_wrong"), F.lit("IDE-001")),
        F.when(F.arrays_overlap(statuses, F.array(*map(F.lit, ("sentinel", "provisional", "passing")))), "IDE-002"),
        F.when(F.array_contains(statuses, "malformed"), F.lit("IDE-004")),
    )
    return F.filter(found, lambda code: code.isNotNull())


def no_warning() -> Column:
    """An empty list of warnings."""
    return F.array().cast("array<string>")
