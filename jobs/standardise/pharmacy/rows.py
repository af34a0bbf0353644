"""From cells to typed rows: every record gets its values, or the first rule that refuses it, and its warnings."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.identifiers.nir import nir_status
from jobs.standardise.dialects import Dialect
from jobs.standardise.pharmacy import fields
from jobs.standardise.pharmacy.columns import AMOUNTS, COLUMNS
from jobs.standardise.pharmacy.products import damaged, with_product

PROBLEMS = {"header": "PHA-010", "encoding": "PHA-006", "total": "PHA-020", "columns": "PHA-001"}
IGNORED = "PHA-020"
LARGE_QUANTITY = 100
CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"


def typed_rows(raw: DataFrame, dialects: dict[str, Dialect], boxes: DataFrame, night: str) -> DataFrame:
    """Add typed columns, ``rule`` and ``field`` (null when nothing refuses the record) and ``warnings``.

    ``raw``: what read_delimited returns for the canonical columns. ``boxes``: presentations with their ATC classes.
    """
    texts = raw.withColumns({name: fields.clean(F.col(name)) for name in COLUMNS})
    parsed = with_product(with_dates(with_values(texts, dialects), dialects), boxes)
    judged = parsed.withColumn("_refusal", refusal())
    return (
        judged.withColumn("rule", F.col("_refusal.rule"))
        .withColumn("field", F.col("_refusal.field"))
        .withColumn("warnings", F.when(F.col("_refusal.rule").isNull(), warnings(dialects, night)))
        .drop("_refusal")
    )


def with_values(texts: DataFrame, dialects: dict[str, Dialect]) -> DataFrame:
    """Add the values that need no other column."""
    frame = texts.withColumns(
        {
            "ticket": fields.filled(F.col("ticket_id")),
            "line": fields.filled(F.col("line_id")),
            "event": fields.chosen(F.col("event_type"), fields.EVENTS),
            "unit_kind": fields.chosen(F.col("unit"), fields.UNITS),
            "sex_code": fields.chosen(F.col("sex"), fields.SEXES),
            "rank": F.when(F.col("birth_rank").rlike("^[1-9]$"), F.col("birth_rank")),
            "quantity_read": fields.quantity(F.col("quantity_signed")),
            "rate_read": fields.rate(F.col("rate")),
            "nir_state": nir_status(F.col("patient_nir"), F.col("patient_nir_key")),
        }
    )
    amounts = {f"{name}_read": fields.amount(F.col(name), dialects) for name in AMOUNTS}
    return turned(frame.withColumns(amounts))


def turned(frame: DataFrame) -> DataFrame:
    """Add the canonical signs: what comes back is negative, also where the software writes it without a sign."""
    turn = F.col("event").isin("return", "cancel") & (F.col("quantity_read") > 0)
    sign = F.when(F.coalesce(turn, F.lit(False)), F.lit(-1)).otherwise(F.lit(1))
    columns = {"turned": sign < 0, "quantity": F.col("quantity_read") * sign}
    for name in AMOUNTS:
        value = F.col(f"{name}_read")
        columns[f"{name}_value"] = F.when(value > 0, value * sign).otherwise(value).cast("decimal(12,2)")
    return frame.withColumns(columns)


def with_dates(frame: DataFrame, dialects: dict[str, Dialect]) -> DataFrame:
    """Add the three dates, and the moments they were read from."""
    moments = {
        "dispensed_at": fields.moment(F.col("event_ts_local"), dialects, lambda one: one.timestamp_format),
        "prescribed_at": fields.moment(F.col("prescription_date"), dialects, lambda one: one.date_format),
        "born_at": fields.moment(F.col("birth_date"), dialects, lambda one: one.date_format),
    }
    short = [one.name for one in dialects.values() if "%y" in one.date_format]
    read = frame.withColumns(moments).withColumns(
        {
            "dispensed_on": fields.day(F.col("dispensed_at")),
            "prescribed_on": fields.day(F.col("prescribed_at")),
        }
    )
    born = fields.birth_day(F.col("born_at"), F.col("dialect").isin(*short), F.col("dispensed_on"))
    dated = read.withColumn("born_read", born)
    later = F.coalesce(F.col("born_read") > F.col("dispensed_on"), F.lit(False))
    return dated.withColumn("born_on", F.when(~later, F.col("born_read"))).withColumn("born_later", later)


def refusal() -> Column:
    """The first rule that refuses the record, with its field; a struct of nulls when none does."""
    checks: list[tuple[str, Column | str, Column]] = [
        (rule, F.col("field"), F.col("problem") == problem) for problem, rule in PROBLEMS.items()
    ]
    checks += [
        ("PHA-008", "ticket_id", F.col("ticket").isNull()),
        ("PHA-008", "line_id", F.col("line").isNull()),
        ("PHA-007", "event_type", F.col("event").isNull()),
        ("PHA-009", "unit", F.col("unit_kind").isNull()),
        ("PHA-003", "event_ts_local", F.col("dispensed_on").isNull()),
        ("PHA-003", "prescription_date", unreadable_day("prescription_date", "prescribed_on", "prescribed_at")),
        ("PHA-003", "birth_date", unreadable_day("birth_date", "born_read", "born_at")),
        ("PHA-004", "quantity_signed", F.col("quantity_read").isNull()),
        ("PHA-005", "code_raw", damaged(F.col("code_raw"))),
        *[("PHA-002", name, fields.unreadable(F.col(name), F.col(f"{name}_read"))) for name in AMOUNTS],
        ("PHA-002", "rate", fields.unreadable_rate(F.col("rate"), F.col("rate_read"))),
    ]
    none = F.struct(F.lit(None).cast("string").alias("rule"), F.lit(None).cast("string").alias("field"))
    column = none
    for rule, name, wrong in reversed(checks):
        found = F.struct(F.lit(rule).alias("rule"), (F.lit(name) if isinstance(name, str) else name).alias("field"))
        column = F.when(F.coalesce(wrong, F.lit(False)), found).otherwise(column)
    return column


def unreadable_day(text: str, value: str, moment: str) -> Column:
    """A date that is there, says something else than "none", and is none."""
    return F.col(value).isNull() & ~fields.no_date(F.col(text), F.col(moment))


def warnings(dialects: dict[str, Dialect], night: str) -> Column:
    """Codes of what is odd and accepted all the same, comma separated; null when nothing is."""
    text = F.concat_ws("\n", "family_name", "given_name", "label", "code_raw")
    comma = [one.name for one in dialects.values() if one.decimal == ","]
    other = F.when(F.col("dialect").isin(*comma), F.lit(r"\.\d{1,2}\D*$")).otherwise(F.lit(r",\d{1,2}\D*$"))
    marks = [F.regexp_like(F.col(name), other) for name in AMOUNTS]
    emptied = [
        fields.filled(F.col(name)).isNotNull() & F.col(value).isNull()
        for name, value in (("prescription_date", "prescribed_on"), ("birth_date", "born_read"))
    ]
    unknown = (F.col("code_class") == "unknown") & F.col("product").isNotNull()
    checks = {
        "IDE-001": F.col("nir_state") == "key_wrong",
        "IDE-002": F.col("nir_state").isin("provisional", "passing", "sentinel", "malformed"),
        "PHA-101": unknown | ((F.col("code_class") == "drug") & ~F.col("code_known")),
        "PHA-102": text.rlike(CONTROLS),
        "PHA-103": emptied[0] | emptied[1],
        "PHA-104": marks[0] | marks[1] | marks[2],
        "PHA-105": F.col("dispensed_on") > F.lit(night).cast("date"),
        "PHA-106": (F.abs("quantity") >= LARGE_QUANTITY) | (F.col("quantity") == 0),
        "PHA-107": F.col("turned"),
        "PHA-108": F.col("sex_code").isNull() & ~F.lower(F.col("sex")).isin(*fields.NO_SEX),
        "PHA-109": F.col("born_later"),
        "PHA-110": fields.unreadable(F.col("service_code"), fields.service(F.col("service_code"))),
    }
    codes = [F.when(F.coalesce(found, F.lit(False)), F.lit(code)) for code, found in checks.items()]
    return F.nullif(F.concat_ws(",", *codes), F.lit(""))
