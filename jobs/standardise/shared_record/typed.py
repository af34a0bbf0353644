"""Text to types and tokens, in columns. A value that cannot be typed is counted by a warning, never invented."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key
from jobs.identifiers.ins import ins13, ins_status
from jobs.standardise.shared_record.oids import INS, INS_TEST, PROFESSIONAL, STRUCTURE
from jobs.standardise.shared_record.parties import PATIENT
from jobs.standardise.shared_record.times import Moment, moment
from jobs.standardise.shared_record.told import arrays, fact_warnings

SOURCE = "shared_record"
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
            "local_id": token_hex(SOURCE, F.col("producer"), F.col("local")),
            "patient_token": token_hex("patient", F.coalesce(F.col("traits"), F.col("patient"))),
            "version_number": F.regexp_extract("version", r"^\d{1,9}$", 0).try_cast("bigint"),
            "replaces_set": F.coalesce(F.col("action") == "C", F.lit(False)),
            "is_delete": F.coalesce(F.col("action") == "D", F.lit(False)),
            "sex": F.try_element_at(mapping(SEXES), F.upper("gender")),
            **time_columns(created, birth),
        }
    )
    frame = frame.withColumns(parties()).withColumns(refusals())
    helpers = arrays()
    frame = frame.withColumns(helpers).withColumn("warnings", warning_codes(created, birth, night))
    return frame.drop("key", "patient", "local", "traits", *helpers)


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
        "local": local,
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


def parties() -> dict[str, Column]:
    """Who wrote the document, as keyed tokens, the same at every producer. A patient's own number is never one."""
    author, house = F.col("author_id"), F.col("organisation_id")
    own = (author == PATIENT) | F.substring_index(author, "^", 1).isin(*INS, *INS_TEST)
    return {
        "author_kind": F.when(own, PATIENT).when(author.isNotNull(), "professional"),
        "author_id": F.when(~own, token_hex("professional", numbered(author, PROFESSIONAL, {11: "8", 9: "0"}))),
        "organisation_id": F.when(
            house != PATIENT, token_hex("structure", numbered(house, STRUCTURE, {9: "1", 14: "3"}))
        ),
    }


def numbered(party: Column, system: str, prefixes: dict[int, str]) -> Column:
    """``root^extension`` in one spelling: when a national number lacks its first digit, its length tells the kind."""
    text = F.upper(F.regexp_replace(party, r"\s", ""))
    number = F.substring_index(text, "^", -1)
    prefix = F.try_element_at(
        F.create_map(*[F.lit(item) for pair in prefixes.items() for item in pair]), F.length(number)
    )
    bare = F.startswith(text, F.lit(f"{system}^")) & number.rlike(r"^\d[\dAB]?\d+$") & prefix.isNotNull()
    return F.when(bare, F.concat(F.lit(f"{system}^"), prefix, number)).otherwise(text)


def contradicted(birth: Moment) -> Column:
    """A valid INS that says another sex or birth month than the traits. Month codes beyond 12 say nothing."""
    number, day = F.col("valid_ins"), birth.month
    other_sex = F.translate(F.substring(number, 1, 1), "78", "12") != F.try_element_at(
        mapping(SEXES), F.upper("gender")
    )
    known_sex = F.upper("gender").isin("M", "F")
    other_year = F.substring(number, 2, 2) != F.substring(day, 3, 2)
    sent, told = F.substring(number, 4, 2), F.substring(day, 6, 2)
    other_month = sent.between("01", "12") & (sent != told) & (birth.precision != "year")
    return (known_sex & other_sex) | other_year | other_month


def warning_codes(created: Moment, birth: Moment, night: str) -> Column:
    """What is told of a record that is read: codes in a fixed order, null without any."""
    tomorrow = F.date_add(F.lit(night).cast("date"), 1)
    facts = fact_warnings(tomorrow)
    told = facts | {
        "IDE-001": F.col("status_of_number") == "key_wrong",
        "IDE-002": F.col("status_of_number") == "sentinel",
        "IDE-004": F.col("status_of_number") == "malformed",
        "DOC-102": created.bad_zone | facts["DOC-102"],
        "DOC-111": created.day > tomorrow,
        "DOC-207": created.clock_change | facts["DOC-207"],
        "DOC-214": contradicted(birth),
    }
    codes = F.array(*[F.when(condition, F.lit(code)) for code, condition in told.items()])
    every = F.array_sort(F.array_distinct(F.array_compact(F.concat(F.col("warnings"), codes))))
    return F.when(F.col("rule").isNull() & (F.size(every) > 0), F.array_join(every, ","))
