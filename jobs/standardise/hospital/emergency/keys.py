"""What a visit is known by. The format has no number for it, so its own content must do.

A visit is named by site, minute of entry, birth date, sex and postcode. Two visits may share all five (twins brought
together): within one file, different contents on one key are different visits, numbered by ``key_rank``. The same key
in a later file is the same visit told again; a content that the base knows keeps its rank.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key
from jobs.standardise.hospital.emergency.parse import ELEMENTS, LISTS

KEY = ("producer", "key_id")
FILE = ("producer", "delivery_id", "file", "key_id")
DOMAIN = "emergency"


def with_tokens(visits: DataFrame, key: DataFrame) -> DataFrame:
    """Adds ``key_id`` and ``content_id`` as keyed tokens; the content is all that was sent, times to the second."""
    named = [F.date_format("entry_wall", "yyyy-MM-dd HH:mm"), F.date_format("birth_date", "yyyy-MM-dd")]
    parts: list[Column | str] = ["producer", "site", *named, F.upper("sex_text"), F.upper("residence_text")]
    sent = [name for name in ELEMENTS.values() if name not in ("entry_text", "exit_text")]
    content = F.struct("site", "commune_given", "entry_wall", "exit_wall", *sent, *[name for _, name in LISTS.values()])
    return (
        with_key(visits, key)
        .withColumn("key_id", token_hex(DOMAIN, "key", *[F.coalesce(column(one), F.lit("")) for one in parts]))
        .withColumn("content_id", token_hex(DOMAIN, "content", F.to_json(content)))
    )


def column(name: Column | str) -> Column:
    """A column by name, or as it is."""
    return F.col(name) if isinstance(name, str) else name


def with_ranks(visits: DataFrame, base: DataFrame) -> DataFrame:
    """Adds ``key_rank``, ``visit_id`` and ``ambiguous``.

    ``base``: visits that the state holds. A content known there keeps its rank; the others of a file take the free
    ranks in the order of their contents. ``ambiguous``: fewer visits were told on the key than are known, and this one
    is none of them as it was, so that which one it corrects is a guess.
    """
    told_before = base.groupBy(*KEY).agg(F.collect_list(F.struct("content_id", "key_rank")).alias("known"))
    joined = visits.join(told_before, list(KEY), how="left")
    same = F.filter("known", lambda one: one["content_id"] == F.col("content_id"))
    found = joined.withColumn("known_rank", F.array_min(F.transform(same, lambda one: one["key_rank"])))
    group = Window.partitionBy(*FILE)
    new = Window.partitionBy(*FILE, F.col("known_rank").isNull()).orderBy("content_id")
    place = F.dense_rank().over(new)
    counted = found.withColumns(
        {
            "taken": F.collect_set("known_rank").over(group),
            "place": place,
            "told": F.size(F.collect_set("content_id").over(group)),
        }
    )
    numbers = F.sequence(F.lit(1).cast("bigint"), (F.col("place") + F.size("taken")).cast("bigint"))
    free = F.try_element_at(F.array_except(numbers, F.col("taken")), F.col("place"))
    ranked = counted.withColumn("key_rank", F.coalesce("known_rank", free))
    guessed = F.col("known_rank").isNull() & (F.coalesce(F.size("known"), F.lit(0)) > F.col("told"))
    return ranked.withColumns(
        {
            "visit_id": token_hex(DOMAIN, "visit", F.col("key_id"), F.col("key_rank").cast("string")),
            "ambiguous": guessed,
        }
    ).drop("known", "known_rank", "taken", "place", "told")
