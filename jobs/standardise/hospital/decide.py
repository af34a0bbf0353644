"""From judged lines to one outcome each: twins inside the delivery, the covered years, and the base snapshot."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.core.tokens import hmac_column, message, with_key
from jobs.standardise.context import Context
from jobs.standardise.fixed_width import line_bytes

DELIVERY = ["producer", "delivery_id"]
PLACE = ["delivery_id", "file", "record"]


def decide(context: Context, judged: DataFrame) -> DataFrame:
    """Adds ``outcome``, ``current`` (the line is part of the new snapshot), its tokens, and what the base knows of it.

    A line that the base holds has ``base_subject`` and the place where it was first accepted.
    """
    delivered = judged.join(F.broadcast(current_deliveries(context)), DELIVERY, how="left")
    return against_base(context, with_tokens(context, within_years(among_lines(delivered))))


def current_deliveries(context: Context) -> DataFrame:
    """Deliveries with ``last``: no later one of this night holds the same producer's same years."""
    table = context.delivery_table()
    years = [F.substring("covers_from", 1, 4).alias("first_year"), F.substring("covers_to", 1, 4).alias("last_year")]
    later = Window.partitionBy("producer", "first_year", "last_year").orderBy(F.desc("sequence"))
    ranked = table.select(*DELIVERY, "sequence", *years).withColumn("rank", F.row_number().over(later))
    return ranked.select(*DELIVERY, "first_year", "last_year", (F.col("rank") == 1).alias("last"))


def among_lines(lines: DataFrame) -> DataFrame:
    """Within one delivery, the same line again is a ``duplicate``.

    The same unit stay, or the identity of a stay, told in two ways is rejected both times: nothing says which is right.
    """
    clean = F.col("rule").isNull()
    # lines that were rejected already share no key with anything
    unit = F.concat_ws("\x1f", "kind", "stay", F.coalesce("rss_id", F.lit("")), F.coalesce("rum_id", F.lit("")))
    own = F.when(clean, unit).otherwise(F.concat_ws("\x1f", F.lit("rejected"), "file", F.col("record").cast("string")))
    keyed = lines.withColumn("line_key", own)
    same_key = Window.partitionBy(*DELIVERY, "line_key")
    in_order = same_key.orderBy("line", "file", "record")
    told_twice = clean & (F.min("line").over(same_key) != F.max("line").over(same_key))
    repeated = clean & F.coalesce(F.lag("line").over(in_order) == F.col("line"), F.lit(False))
    marked = keyed.withColumn("told_twice", told_twice).withColumn("repeated", repeated)
    code = F.when(F.col("kind") == "rss", "HOS-012").otherwise("HOS-015")
    return marked.withColumn("rule", F.when(F.col("told_twice"), code).otherwise(F.col("rule"))).drop("told_twice")


def within_years(lines: DataFrame) -> DataFrame:
    """A stay belongs to the year of its last exit, which the delivery must cover.

    Also warns of a stay without an identity line in its delivery (IDE-003), and of the reverse (HOS-020).
    """
    clean = F.col("rule").isNull()
    counts = clean & (F.col("kind") == "rss")
    stay = Window.partitionBy(*DELIVERY, "stay")
    exit_ = F.max(F.when(counts, F.col("exit_date"))).over(stay)
    year = F.date_format(exit_, "yyyy")
    outside = counts & ~year.between(F.col("first_year"), F.col("last_year"))
    identified = F.max(clean & (F.col("kind") == "vid_hosp")).over(stay)
    alone = F.when(F.col("kind") == "rss", F.when(~identified, "IDE-003")).when(exit_.isNull(), "HOS-020")
    seen = lines.withColumns({"outside": F.coalesce(outside, F.lit(False)), "alone": F.when(clean, alone)})
    warned = F.when(F.col("alone").isNull(), F.col("warnings")).otherwise(F.array_append("warnings", F.col("alone")))
    return seen.withColumns(
        {"rule": F.when(F.col("outside"), "HOS-014").otherwise(F.col("rule")), "warnings": warned}
    ).drop("outside", "alone")


def with_tokens(context: Context, lines: DataFrame) -> DataFrame:
    """Adds ``line_id`` (of the exact bytes), ``key_id`` (of what the line is about), stays and subjects as tokens.

    All tokens are made here, so that the key is gone before anything is cached or written.
    """
    keyed = with_key(lines, context.key("collector"))
    return keyed.withColumns(
        {
            "line_id": short(hmac_column_bytes(F.col("key"), line_bytes(F.col("line")))),
            "key_id": token("line", "producer", "line_key"),
            "stay_id": stay_token("producer", "stay"),
            "mother_stay_id": stay_token("producer", "mother_stay"),
            "patient_id": token("patient", "producer", "patient_number"),
            "stay_subject_id": token("patient of stay", "producer", "stay"),
        }
    ).drop("key")


def token(domain: str, *names: str) -> Column:
    """32 hexadecimal characters of a keyed hash; the frame has the column ``key``. Null when a part is null."""
    return short(hmac_column(F.col("key"), message("hospital", domain, *[F.col(name) for name in names])))


def stay_token(producer: str, stay: str) -> Column:
    """The token of a local stay number."""
    return token("stay", producer, stay)


def hmac_column_bytes(key: Column, content: Column) -> Column:
    """HMAC-SHA-256 of bytes that are no text."""
    return F.call_function("hmac", key, content, F.lit("SHA256"))


def short(digest: Column) -> Column:
    """The first 16 bytes as hexadecimal text."""
    return F.lower(F.hex(F.substring(digest, 1, 16)))


def against_base(context: Context, lines: DataFrame) -> DataFrame:
    """Adds ``outcome`` and ``current``. A line that the base holds byte for byte is ``unchanged``."""
    base = base_lines(context).select(
        "producer",
        "line_id",
        F.col("subject_id").alias("base_subject"),
        F.lit(True).alias("known"),
        *[F.col(name).alias(f"base_{name}") for name in PLACE],
    )
    joined = lines.join(base, ["producer", "line_id"], how="left")
    fine = F.col("rule").isNull() & ~F.col("repeated")
    outcome = (
        F.when(F.col("rule").isNotNull(), "quarantined")
        .when(F.col("repeated"), "duplicate")
        .when(F.col("known") & F.col("last"), "unchanged")
        .otherwise("accepted")
    )
    return joined.withColumn("outcome", outcome).withColumn("current", fine & F.coalesce("last", F.lit(False)))


def base_lines(context: Context) -> DataFrame:
    """The base snapshot's lines of the periods that this night's deliveries replace, each token once per producer."""
    held = [pair for pair in scope_of(context) if pair[1] in context.base_periods("hospital_line", pair[0])]
    return context.base_table("hospital_line", held)


def scope_of(context: Context) -> list[tuple[str, str]]:
    """Every month of the years that the deliveries cover, by producer: a transmission replaces whole years."""
    found = set()
    for one in context.deliveries:
        for year in range(int(one.covers_from[:4]), int(one.covers_to[:4]) + 1):
            found |= {(one.producer, f"{year:04d}-{month:02d}") for month in range(1, 13)}
    return sorted(found)
