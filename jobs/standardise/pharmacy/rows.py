"""From cells to typed rows: every record gets its values, or the first rule that refuses it, and its warnings."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.identifiers.nir import nir_status
from jobs.standardise.dialects import Values
from jobs.standardise.pharmacy import fields
from jobs.standardise.pharmacy.columns import AMOUNTS
from jobs.standardise.pharmacy.products import damaged, with_product
from jobs.standardise.pharmacy.warn import Terms, warnings

PROBLEMS = {
    "header": "PHA-010",
    "json": "PHA-011",
    "list": "PHA-012",
    "keys": "PHA-013",
    "months": "PHA-014",
    "encoding": "PHA-006",
    "total": "PHA-020",
    "empty": "PHA-021",
    "columns": "PHA-001",
}
IGNORED = ("PHA-020", "PHA-021")


def typed_rows(raw: DataFrame, dialects: Mapping[str, Values], boxes: DataFrame, terms: Terms) -> DataFrame:
    """Add typed columns, ``rule`` and ``field`` (null when nothing refuses the record) and ``warnings``.

    ``raw``: what read_files returns for the canonical columns. ``boxes``: what jobs.reference.presentations gives.
    """
    parsed = with_product(with_dates(with_values(raw, dialects), dialects), boxes)
    fee = F.col("product").isNull() & fields.is_fee(fields.service(F.col("service_code")))
    classed = parsed.withColumn("code_class", F.when(fee, "fee").otherwise(F.col("code_class")))
    judged = classed.withColumn("_refusal", refusal(terms))
    noted = F.when(F.col("_refusal").isNull(), warnings(dialects, terms))
    return (
        judged.withColumn("rule", F.substring_index("_refusal", " ", 1))
        .withColumn("field", F.nullif(F.expr("substring(_refusal, 9)"), F.lit("")))  # a code has seven characters
        .withColumn("warnings", F.nullif(F.concat_ws(",", noted, "noted"), F.lit("")))
        .drop("_refusal")
    )


def with_values(texts: DataFrame, dialects: Mapping[str, Values]) -> DataFrame:
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
    each = [one.name for one in dialects.values() if one.priced("per") == "unit"]
    of_units = (amounts["amount_total_read"] * F.col("quantity_read")).try_cast("decimal(12,2)")
    of_line = F.when(F.col("dialect").isin(*each), of_units).otherwise(amounts["amount_total_read"])
    # A software that has no kinds of line tells what comes back by its sign alone.
    signed = [one.name for one in dialects.values() if "event_type" in one.constants]
    back = F.col("dialect").isin(*signed) & (F.col("quantity_read") < 0)
    event = F.when(F.coalesce(back, F.lit(False)), "return").otherwise(F.col("event"))
    return turned(frame.withColumns(amounts | {"amount_total_read": of_line, "event": event}))


def turned(frame: DataFrame) -> DataFrame:
    """Add the canonical signs: what comes back is negative, also where the software writes it without a sign."""
    turn = F.col("event").isin("return", "cancel") & (F.col("quantity_read") > 0)
    sign = F.when(F.coalesce(turn, F.lit(False)), F.lit(-1)).otherwise(F.lit(1))
    columns = {"turned": sign < 0, "quantity": F.col("quantity_read") * sign}
    for name in AMOUNTS:
        value = F.col(f"{name}_read")
        columns[f"{name}_value"] = F.when(value > 0, value * sign).otherwise(value).cast("decimal(12,2)")
    return frame.withColumns(columns)


def with_dates(frame: DataFrame, dialects: Mapping[str, Values]) -> DataFrame:
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


def refusal(terms: Terms) -> Column:
    """The first rule that refuses the record, a blank and its field if there is one; null when none does.

    One text, not a struct: Spark would write out all the checks for each field of a struct that is used.
    """
    checks: list[tuple[str, Column | str, Column]] = [
        (rule, F.col("field"), F.col("problem") == problem) for problem, rule in PROBLEMS.items()
    ]
    checks += [
        ("PHA-008", "ticket_id", F.col("ticket").isNull()),
        ("PHA-008", "line_id", F.col("line").isNull()),
        ("PHA-007", "event_type", F.col("event").isNull()),
        ("PHA-009", "unit", F.col("unit_kind").isNull()),
        ("PHA-003", "event_ts_local", F.col("dispensed_on").isNull()),
        ("PHA-015", "event_ts_local", terms.months_late(F.col("dispensed_on")) > terms.reopen_months),
        ("PHA-003", "prescription_date", unreadable_day("prescription_date", "prescribed_on", "prescribed_at")),
        ("PHA-003", "birth_date", unreadable_day("birth_date", "born_read", "born_at")),
        ("PHA-004", "quantity_signed", F.col("quantity_read").isNull()),
        ("PHA-005", "code_raw", damaged(F.col("code_raw"))),
        *[("PHA-002", name, fields.unreadable(F.col(name), F.col(f"{name}_read"))) for name in AMOUNTS],
        ("PHA-002", "rate", fields.unreadable_rate(F.col("rate"), F.col("rate_read"))),
    ]
    column = F.lit(None).cast("string")
    for rule, name, wrong in reversed(checks):
        found = F.concat_ws(" ", F.lit(rule), F.lit(name) if isinstance(name, str) else name)
        column = F.when(F.coalesce(wrong, F.lit(False)), found).otherwise(column)
    return column


def unreadable_day(text: str, value: str, moment: str) -> Column:
    """A date that is there, says something else than "none", and is none."""
    return F.col(value).isNull() & ~fields.no_date(F.col(text), F.col(moment))
