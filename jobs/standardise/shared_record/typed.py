"""Text to types and tokens, in columns. A value that cannot be typed is counted by a warning, never invented."""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key
from jobs.identifiers.ins import ins13, ins_status
from jobs.standardise.shared_record.times import Moment, moment
from jobs.standardise.shared_record.units import is_ucum

SOURCE = "shared_record"
NUMBER = r"^[+-]?\d{1,12}(?:\.\d{1,12})?$"
DECIMAL = "decimal(18,6)"
SEXES = {"M": "1", "F": "2", "U": "3", "UN": "3", "O": "3"}


def typed(parsed: DataFrame, key: DataFrame, night: str) -> DataFrame:
    """Columns of PARSED plus: tokens, ``period``, typed times, ``valid_ins``, ``status_of_number``, ``warnings``.

    A document without a readable date is refused here (DOC-014): it would belong to no period; one whose patient
    has neither a usable number nor a name and birth date is nobody's (DOC-008).
    """
    created, birth = moment(F.col("created_text")), moment(F.col("birth_text"))
    frame = with_key(parsed, key)
    frame = frame.withColumns(identity_columns(birth))
    frame = frame.withColumns(
        {
            "document_id": token_hex("document", F.col("producer"), F.col("id_root"), F.col("id_extension")),
            "set_id": token_hex("set", F.col("producer"), F.col("set_root"), F.col("set_extension")),
            "replaces_id": token_hex(
                "document", F.col("producer"), F.col("replaces_root"), F.col("replaces_extension")
            ),
            "content_token": token_hex("content", F.col("content_sha256")),
            "subject_id": token_hex(SOURCE, F.col("producer"), F.col("patient")),
            "patient_token": token_hex("patient", F.coalesce(F.col("traits"), F.col("patient"))),
            "version_number": F.regexp_extract("version", r"^\d{1,9}$", 0).try_cast("bigint"),
            "replaces_set": F.coalesce(F.col("action") == "C", F.lit(False)),
            "is_delete": F.coalesce(F.col("action") == "D", F.lit(False)),
            "sex": F.try_element_at(mapping(SEXES), F.upper("gender")),
            **time_columns(created, birth),
        }
    )
    frame = frame.withColumns(refusals())
    return frame.withColumn("warnings", warning_codes(created, night)).drop("key", "patient", "traits")


def mapping(values: dict[str, str]) -> Column:
    """A small dictionary as a column."""
    return F.create_map(*[F.lit(item) for pair in values.items() for item in pair])


def identity_columns(birth: Moment) -> dict[str, Column]:
    """Whose document it is: by valid INS, else by the producer's own number, else by traits."""
    name = F.upper(F.col("family_name"))
    traits = F.concat_ws(
        "\x1e", name, F.upper(F.coalesce("first_given_name", F.lit(""))), F.substring("birth_text", 1, 8)
    )
    known = F.when(F.col("family_name").isNotNull() & birth.precision.isNotNull(), traits)
    valid = ins13(F.col("ins"))
    local = F.concat(F.lit("local:"), F.col("local_root"), F.lit("^"), F.col("local_number"))
    return {
        "status_of_number": ins_status(F.col("ins")),
        "valid_ins": valid,
        "traits": known,
        "patient": F.coalesce(F.concat(F.lit("ins:"), valid), local, F.concat(F.lit("traits:"), known)),
    }


def time_columns(created: Moment, birth: Moment) -> dict[str, Column]:
    """Times of the document and the patient's age at its date, when both are complete."""
    months = F.months_between(created.day, birth.day, roundOff=False)
    whole = birth.precision.isin("day", "hour", "minute", "second") & (months >= 0)
    return {
        "period": created.month,
        "created_on": created.day,
        "created_at": created.instant,
        "created_precision": created.precision,
        "birth_date": birth.day,
        "age_years": F.when(whole, F.floor(months / 12).cast("bigint")),
    }


def refusals() -> dict[str, Column]:
    """Rules that only typing can see; what was refused before keeps its reason."""
    request = F.col("content_sha256").isNull() & F.coalesce(F.col("action").isin("D", "M"), F.lit(False))
    judged = F.col("rule").isNull() & ~request  # a request has the date and patient of the document it is about
    dateless = judged & F.col("period").isNull()
    nobody = judged & F.col("subject_id").isNull()
    return {
        "field": F.when(dateless & ~nobody, F.lit("effectiveTime")).otherwise(F.col("field")),
        "rule": F.when(nobody, F.lit("DOC-008")).when(dateless, F.lit("DOC-014")).otherwise(F.col("rule")),
    }


def warning_codes(created: Moment, night: str) -> Column:
    """What is told of a record that is read: codes in a fixed order, null without any."""
    results = F.coalesce(F.col("results"), F.array())
    tomorrow = F.date_add(F.lit(night).cast("date"), 1)
    told = {
        "IDE-001": F.col("status_of_number") == "key_wrong",
        "IDE-002": F.col("status_of_number") == "sentinel",
        "IDE-004": F.col("status_of_number") == "malformed",
        "DOC-101": F.exists(results, lambda one: one["unit"].isNotNull() & ~is_ucum(one["unit"])),
        "DOC-102": created.bad_zone | F.exists(results, lambda one: moment(one["time"]).bad_zone),
        "DOC-103": F.exists(results, lambda one: one["code_kind"] != "loinc"),
        "DOC-109": F.exists(results, unreadable_value),
        "DOC-110": F.exists(results, inverted_range),
        "DOC-111": created.day > tomorrow,
    }
    codes = F.array(*[F.when(condition, F.lit(code)) for code, condition in told.items()])
    every = F.array_sort(F.array_distinct(F.array_compact(F.concat(F.col("warnings"), codes))))
    return F.when(F.col("rule").isNull() & (F.size(every) > 0), F.array_join(every, ","))


def decimal(text: Column) -> Column:
    """A number as sent: blanks between thousands and a decimal comma are read, anything else is null."""
    plain = F.translate(F.regexp_replace(text, "[\\s\u00a0\u202f\u2009]", ""), ",", ".")
    return F.when(plain.rlike(NUMBER), plain.try_cast(DECIMAL))


def unreadable_value(one: Column) -> Column:
    """A numeric value was sent but is no number."""
    return one["value_number"].isNotNull() & decimal(one["value_number"]).isNull()


def inverted_range(one: Column) -> Column:
    """The low end of the reference range lies above the high end."""
    return F.coalesce(decimal(one["reference_low"]) > decimal(one["reference_high"]), F.lit(False))


def typed_results(documents: DataFrame) -> DataFrame:
    """One row per observation of some documents, columns of ``standard/lab_result``."""
    place = ("producer", "period", "subject_id", "document_id", "delivery_id", "file", "record")
    exploded = documents.select(*place, F.posexplode("results").alias("position", "one"))
    at = moment(F.col("one.time"))
    columns: dict[str, Any] = {
        "result_rank": (F.col("position") + 1).cast("bigint"),
        "observed_on": at.day,
        "observed_at": at.instant,
        "value_number": decimal(F.col("one.value_number")),
        "unit_ucum": is_ucum(F.col("one.unit")),
        "reference_low": decimal(F.col("one.reference_low")),
        "reference_high": decimal(F.col("one.reference_high")),
    }
    texts = (
        "code", "code_system", "code_kind", "status", "value_type", "value_comparator", "value_code", "value_system",
        "unit", "interpretation", "null_flavor",
    )  # fmt: skip
    columns |= {name: F.col(f"one.{name}") for name in texts}
    return exploded.withColumns(columns)
