"""Row rules of hospital lines that one line alone decides: whether it can be read, whose it is, when it was."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.identifiers.ins import ins_status
from jobs.identifiers.nir import nir_status
from jobs.standardise.hospital.fields import FIELDS_OF, is_unit_stay

UNREADABLE = {  # what the reader of fixed-width lines says, and the rule that it breaks
    "packed": "HOS-018",
    "endless": "HOS-047",
    "converted": "HOS-013",
    "unknown": "HOS-010",
    "left_out": "HOS-045",
    "known_version": "HOS-016",
    "unknown_version": "HOS-001",
    "short": "HOS-002",
    "counter": "HOS-005",
    "length": "HOS-002",
}
NO_DATE = r"^(X{8}|0{8})$"  # declared missing
FIRST_YEAR, LAST_YEAR = 1850, 2100  # a date outside is a typing error, whatever the calendar allows
OUT_OF_SCOPE = ("HOS-045", "HOS-046", "HOS-019")  # such a line is left out by its name, it is not at fault
Rule = tuple[str, Column, Column]


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
    content = content_rules()
    said = F.struct(reason().alias("rule"), F.col("unreadable_at").alias("field"))
    fired = F.coalesce(
        F.when(F.col("unreadable").isNotNull(), said),
        *[F.when(broken, F.struct(F.lit(code).alias("rule"), at.alias("field"))) for code, broken, at in content],
    )
    judged = known.withColumn("fired", fired)
    return judged.withColumns(
        {"rule": F.col("fired.rule"), "field": F.col("fired.field"), "warnings": line_warnings()}
    ).drop("fired", "unreadable", "unreadable_at")


def at_fault() -> Column:
    """Whether a line is rejected; one that is left out by its name is not."""
    return F.col("rule").isNotNull() & ~F.col("rule").isin(*OUT_OF_SCOPE)


def reason() -> Column:
    """The rule of a line that cannot be read."""
    rules = F.create_map(*[F.lit(text) for pair in UNREADABLE.items() for text in pair])
    return F.element_at(rules, F.col("unreadable"))


def day(text: Column) -> Column:
    """A DDMMYYYY date; null when it is none, or outside of any patient's life."""
    value = F.try_to_date(F.when(text.rlike(r"^\d{8}$"), text), "ddMMyyyy")
    return F.when(F.year(value).between(FIRST_YEAR, LAST_YEAR), value)


def content_rules() -> list[Rule]:
    """(code, condition, field at fault): what a readable line says of itself. A null condition does not fire."""
    of_this_file = [name for name, fields in FIELDS_OF.items() if "finess" in fields]
    of_a_stay = [name for name, fields in FIELDS_OF.items() if "stay" in fields]
    kind = F.col("kind")
    broken_date, date_name = broken_dates()
    no_number = [
        F.when((kind == "drug") & ~F.coalesce(F.col(name).rlike(r"^\d{1,10}$"), F.lit(False)), F.lit(name))
        for name in ("quantity_text", "amount_text")
    ]
    return [
        (
            "HOS-011",
            kind.isin(of_this_file) & (F.col("finess").isNull() | (F.col("finess") != F.col("producer"))),
            F.lit("finess"),
        ),
        ("HOS-008", kind.isin(of_a_stay) & F.col("stay").isNull(), F.lit("stay")),
        ("HOS-003", broken_date, date_name),
        ("HOS-004", F.col("exit_date") < F.col("entry_date"), F.lit("exit")),
        ("HOS-006", F.col("birth_date") > F.col("entry_date"), F.lit("birth")),
        ("HOS-009", is_unit_stay() & F.col("principal_diagnosis").isNull(), F.lit("principal_diagnosis")),
        ("HOS-034", F.coalesce(*no_number).isNotNull(), F.coalesce(*no_number)),
        ("HOS-036", (kind == "unit") & F.col("unit_code").isNull(), F.lit("unit_code")),
    ]


def broken_dates() -> tuple[Column, Column]:
    """Whether a date of the line is impossible, and which. Only the birth date may be declared missing, in VID-HOSP."""
    stay, vid = is_unit_stay(), F.col("kind") == "vid_hosp"
    sent = F.col("birth_text").isNotNull() & ~F.coalesce(F.col("birth_text").rlike(NO_DATE), F.lit(False))
    broken = [
        F.when(F.col("birth_date").isNull() & (stay | (vid & sent)), F.lit("birth")),
        F.when(F.col("entry_date").isNull() & stay, F.lit("entry")),
        F.when(F.col("exit_date").isNull() & stay, F.lit("exit")),
        F.when(F.col("entry_date").isNull() & (F.col("kind") == "drug"), F.lit("administration")),
        F.when(F.col("entry_date").isNull() & (F.col("kind") == "unit"), F.lit("effective")),
    ]
    name = F.coalesce(*broken)
    return name.isNotNull(), name


def line_warnings() -> Column:
    """Numbers of an identity line that are barred as identifiers, and beds that are no number; the line is kept."""
    statuses = F.array("holder_status", "own_status", "ins_status")
    barred = F.array(*map(F.lit, ("sentinel", "provisional", "passing")))
    vid = F.col("kind") == "vid_hosp"
    beds = (F.col("kind") == "unit") & ~F.col("bed_count").rlike(r"^\d+$")
    found = F.array(
        F.when(vid & F.array_contains(statuses, "key_wrong"), F.lit("IDE-001")),
        F.when(vid & F.arrays_overlap(statuses, barred), F.lit("IDE-002")),
        F.when(vid & F.array_contains(statuses, "malformed"), F.lit("IDE-004")),
        F.when(beds, F.lit("HOS-037")),
    )
    return F.filter(found, lambda code: code.isNotNull())
