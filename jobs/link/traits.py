"""From claims to trait rows, and from trait rows to nodes and the keys under which nodes meet."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import message
from jobs.link.normalise import agrees, contradicts, first_of, given_key, is_default_date, name_key, sure

# Sources that number their patients: two numbers of one producer are two persons unless an own number proves a
# double record. A pharmacy's subject is made of traits, so that two of them may well be one patient.
DECLARES_DISTINCT = "hospital"
SHARED = 12  # birth dates under one number in one source; no family has more

TRAITS = (
    "subject_id",
    "claim_id",
    "night",
    "source",
    "producer",
    "number",
    "number_role",
    "family_key",
    "used_key",
    "given_key",
    "birth_date",
    "birth_year",
    "sex",
    "birth_place",
    "birth_rank",
)
# of 1975, 197503, 1975-03 and 1975-00-15: they tell no day, but a year
YEAR_FIRST = r"^((?:18|19|20)\d{2})(?:\d{2}|-\d{2}(?:-\d{2})?)?$"


def trait_rows(claims: DataFrame) -> DataFrame:
    """One row per claim and number (one without number when there is none), with normalised traits.

    A claim whose best number is not ``valid`` has no number here: a wrong key or a provisional number bars it.
    """
    given = F.coalesce(F.col("first_given_name"), first_of(F.col("given_names")))
    text_year = F.regexp_extract(F.coalesce(F.col("birth_date_text"), F.lit("")), YEAR_FIRST, 1)
    year = F.coalesce(F.year("birth_date").cast("bigint"), text_year.try_cast("bigint"))
    rows = claims.select(
        "subject_id",
        "claim_id",
        "night",
        "source",
        "producer",
        F.explode_outer(numbers()).alias("n"),
        name_key(F.col("family_name")).alias("family_key"),
        name_key(F.col("used_name")).alias("used_key"),
        given_key(given).alias("given_key"),
        "birth_date",
        year.alias("birth_year"),
        F.when(F.col("sex").isin("1", "2", "3"), F.col("sex")).alias("sex"),
        F.upper(F.trim("birth_place")).alias("birth_place"),
        F.when(F.col("birth_rank") > 0, F.col("birth_rank")).alias("birth_rank"),
    )
    return rows.withColumn("number", F.col("n.number")).withColumn("number_role", F.col("n.role")).select(*TRAITS)


def numbers() -> Column:
    """The different numbers of a claim with the role in which the producer sent them; the best role first."""
    valid = F.col("number_status") == "valid"
    ins, own, holder = F.col("ins"), F.col("own_nir"), F.col("holder_nir")
    own = F.when(~sure(own == ins), own)
    holder = F.when(~sure(holder == ins) & ~sure(holder == F.col("own_nir")), holder)
    pairs = [
        F.struct(F.upper(F.when(valid, number)).alias("number"), F.lit(role).alias("role"))
        for number, role in ((ins, "ins"), (own, "own"), (holder, "holder"))
    ]
    return F.filter(F.array(*pairs), lambda pair: pair["number"].isNotNull())


def is_own() -> Column:
    """The number of a trait row is the person's own: sent as such and not contradicted, or a holder's that agrees."""
    number, sex, birth = F.col("number"), F.col("sex"), F.col("birth_date")
    sent = F.col("number_role").isin("ins", "own") & ~contradicts(number, sex, birth, F.col("birth_year"))
    return sure(F.when(F.col("number").isNotNull(), sent | agrees(number, sex, birth)))


def without_shared(rows: DataFrame) -> DataFrame:
    """Trait rows without the numbers that one source gives to more birth dates than a family has.

    Such a number is a clerk's or a test's; it neither identifies nor says who is related. Its role is then ``shared``.
    """
    by_number = rows.where("number is not null").groupBy("number", "source")
    dates = by_number.agg(F.count_distinct("birth_date").alias("dates")).where(F.col("dates") > SHARED)
    shared = dates.select("number", F.lit(True).alias("shared")).distinct()
    joined = rows.join(F.broadcast(shared), "number", how="left")
    role = F.when(F.col("shared"), "shared").otherwise(F.col("number_role"))
    kept = {"number": F.when(F.col("shared").isNull(), F.col("number")), "number_role": role}
    return joined.withColumns(kept).select(*rows.columns)


def nodes(rows: DataFrame) -> DataFrame:
    """One row per node (a new subject, or a person of the index) with the set of values of each trait.

    ``rows`` are trait rows with ``node_id`` and ``is_person``. Undetermined sex (3) counts as unknown.
    """
    families = F.collect_set(F.array_compact(F.array("family_key", "used_key")))
    return rows.groupBy("node_id", "is_person").agg(
        F.collect_set(F.when(is_own(), F.col("number"))).alias("own"),
        F.collect_set("number").alias("numbers"),
        F.array_distinct(F.flatten(families)).alias("families"),
        F.collect_set("given_key").alias("given"),
        F.collect_set(F.when(F.col("sex") != "3", F.col("sex"))).alias("sexes"),
        F.collect_set("birth_rank").alias("ranks"),
        F.collect_set("birth_date").alias("dates"),
        F.collect_set("birth_year").alias("years"),
        F.collect_set("birth_place").alias("places"),
        F.collect_set(F.when(F.col("source") == DECLARES_DISTINCT, F.col("producer"))).alias("declared"),
        F.to_date(F.min("night")).alias("since"),
        F.max(sure(F.col("number_role") == "shared")).alias("shared"),
    )


def key_parts() -> list[tuple[str, list[Column]]]:
    """The keys of a trait row: kind and what it is made of; no key where a part is unknown."""
    number, given, born, sex = (F.col(name) for name in ("number", "given_key", "birth_date", "sex"))
    told = F.when(~is_default_date(born), born)
    exact = [("exact", [F.col(name), given, told, sex]) for name in ("family_key", "used_key")]
    first = [number, given, F.col("birth_year")]
    return [("birth", [number, born]), ("first", first), *exact, ("number", [number])]


def keys(rows: DataFrame, *ids: str) -> DataFrame:
    """Every key under which a node may meet another: ``ids``, kind, key, and whether its number is its own.

    ``birth``: number and birth date; ``first``: number, given name, birth year; ``exact``: a family name (birth or
    used), given name, birth date and sex, unless the date is a default one; ``number``: the number alone, which
    identifies nobody but tells relatives.
    """
    found = F.array(
        *[
            F.struct(F.lit(kind).alias("kind"), message(*[one.cast("string") for one in parts]).alias("key"))
            for kind, parts in key_parts()
        ]
    )
    exploded = rows.select(
        *ids, F.explode(F.filter(found, lambda pair: pair["key"].isNotNull())).alias("k"), is_own().alias("own_number")
    )
    return exploded.groupBy(*ids, F.col("k.kind").alias("kind"), F.col("k.key").alias("key")).agg(
        F.max("own_number").alias("own_number")
    )
