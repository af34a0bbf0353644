"""What a registry says of documents, typed: when they were submitted, who may see them, what is only asked of them.

Identifiers of entries become tokens of the same kind as those of documents: a replacement may name any of them.
"""

from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.tables import small_frame
from jobs.core.tokens import token_hex
from jobs.standardise.context import Context
from jobs.standardise.shared_record.refuse import add_warning, judge
from jobs.standardise.shared_record.times import moment

PUBLISH, WITHHOLD = "publish", "withhold"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
PULLED = "06:00:00"  # UTC; when a night has surely read what it loads


def visibility_policy(policy: dict[str, Any]) -> dict[str, str]:
    """Code -> ``publish`` or ``withhold``. Raises ConfigError on any other word."""
    found = {str(code): str(word) for code, word in policy["visibility"].items()}
    if set(found.values()) - {PUBLISH, WITHHOLD}:
        raise ConfigError("config/policy.toml, [visibility]: a code is either published or withheld.")
    return found


def codes_of(*columns: str | Column) -> Column:
    """Visibility codes of some columns, each with blanks between its codes, as one array."""
    return F.filter(F.split(F.concat_ws(" ", *columns), " "), lambda code: code != "")


def hidden(policy: dict[str, str], *columns: str | Column) -> Column:
    """Whether a code of the registry or of the document itself is not one to publish; no code at all hides nothing."""
    sent = codes_of(*(columns or ("visibility", "confidentiality")))
    published = sorted(code for code, word in policy.items() if word == PUBLISH)
    return F.size(F.array_except(sent, F.array(*map(F.lit, published)))) > 0


def order_table(context: Context) -> DataFrame:
    """Tonight's deliveries: producer, delivery_id, ``rank`` (later ones greater), ``pulled_at``."""
    rows = [
        (one.producer, one.delivery_id, context.order[one.producer, one.delivery_id], date.fromisoformat(one.night))
        for one in context.deliveries
    ]
    frame = small_frame(context.spark, rows, "producer string, delivery_id string, rank bigint, pulled_on date")
    pulled = F.to_timestamp(F.concat(F.col("pulled_on").cast("string"), F.lit(f" {PULLED}")))
    return frame.select("producer", "delivery_id", "rank", pulled.alias("pulled_at"))


def with_order(frame: DataFrame, context: Context) -> DataFrame:
    """Adds ``submitted_at`` and ``rank`` (see registered), by which what was said later counts."""
    frame = frame.join(F.broadcast(order_table(context)), ["producer", "delivery_id"], how="left")
    unsaid = F.col("pulled_at") - F.expr("INTERVAL 1 DAY")
    time = submission()
    told = F.least(time, F.when(time.isNotNull(), F.col("pulled_at")))
    return frame.withColumn("submitted_at", F.coalesce(told, unsaid)).drop("pulled_at")


def submission() -> Column:
    """The time of submission as sent."""
    submitted = moment(F.col("submitted_text"))
    return F.coalesce(submitted.instant, submitted.day.cast("timestamp"))


def registered(frame: DataFrame, context: Context) -> DataFrame:
    """Typed documents with the column ``key``: adds ``seq`` and what a registry said; refuses what is unreadable.

    ``seq`` is the order in which records count: time of submission, delivery, file name, place. A time after the night
    that read it is a wrong clock and counts as that night; a document without any counts as sent a day before, so that
    of two documents of one night the one that says when it was submitted is the later one.
    ``is_request``: a record without content that deletes a document or changes its metadata. ``said``: it has metadata.
    """
    policy = visibility_policy(context.settings.policy)
    frame = with_order(frame, context)
    said = F.concat_ws("", "visibility", "availability", "logical_id", "entry_id") != ""
    frame = frame.withColumns(
        {
            "said": said,
            "visibility": F.upper("visibility"),
            "confidentiality": F.upper("confidentiality"),
            "entry_id": entry_token("entry_id", F.lower("entry_id").rlike(UUID) | F.col("logical_id").isNotNull()),
            "logical_id": entry_token("logical_id"),
            "organisation_token": token_hex("organisation", F.col("producer"), F.lower("organisation_id")),
            "is_delete": F.col("is_delete") | F.coalesce(F.col("availability") == "deleted", F.lit(False)),
            "is_request": F.col("content_sha256").isNull() & F.coalesce(F.col("action").isin("D", "M"), F.lit(False)),
        }
    )
    frame = frame.withColumns(request_columns())
    itself = F.array_contains(F.array_compact(F.array("document_id", "entry_id", "logical_id")), F.col("replaces_id"))
    frame = frame.withColumn("replaces_id", F.when(~itself, F.col("replaces_id")))  # some name the document itself
    unreadable = F.col("submitted_text").isNotNull() & submission().isNull()
    frame = judge(frame, "DOC-304", unreadable, "submissionTime")
    frame = judge(frame, "DOC-014", F.col("is_request") & F.col("document_id").isNull(), "id")
    frame = add_warning(frame, "DOC-313", unknown_codes(policy))
    return add_warning(frame, "DOC-314", F.col("availability") == "unknown")


def request_columns() -> dict[str, Column]:
    """A request is about nobody by itself, and belongs to the month of the document, else to that of its submission."""
    asks = F.col("is_request")
    submitted = F.date_format("submitted_at", "yyyy-MM")
    return {
        "document_id": F.when(asks, F.coalesce("document_id", "logical_id")).otherwise(F.col("document_id")),
        "subject_id": F.when(~asks, F.col("subject_id")),
        "patient_token": F.when(~asks, F.col("patient_token")),
        "period": F.when(asks, F.coalesce("period", submitted)).otherwise(F.col("period")),
        "seq": F.struct("submitted_at", F.coalesce("rank", F.lit(0).cast("bigint")).alias("rank"), *PLACE_IN_NIGHT),
    }


PLACE_IN_NIGHT = ("delivery_id", "file", "record")


def entry_token(name: str, usable: Column | None = None) -> Column:
    """The token of an entry's or logical identifier, comparable with that of a document."""
    bare = F.regexp_replace(F.lower(name), "^(urn:uuid:|urn:oid:)+", "")
    token = token_hex("document", F.col("producer"), bare, "")
    return token if usable is None else F.when(usable, token)


def unknown_codes(policy: dict[str, str]) -> Column:
    """Whether a visibility code is none that the policy knows."""
    known = F.array(*[F.lit(code) for code in sorted(policy)])
    return F.size(F.array_except(codes_of("visibility", "confidentiality"), known)) > 0
