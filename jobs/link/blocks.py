"""Under what a night looks into the index, and what the score's candidates have in common.

Parts of keys are texts that Spark and DuckDB read alike, over the columns of trait rows and ``joined_name``.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.link.normalise import name_key
from jobs.link.traits import DECLARES_DISTINCT, is_own

JOINED = "joined_name"  # the given name as a family name's key: one that stands there has its particles and spaces
# Keys by kind, each as its parts; no key where a part is unknown. Keys of one kind meet: a birth name and a used name.
Kinds = dict[str, tuple[tuple[str, ...], ...]]

FAMILIES = ("family_key", "used_key")
TOLD = """CASE WHEN NOT (month(birth_date) = 1 AND day(birth_date) = 1 OR month(birth_date) = 12
    AND day(birth_date) = 31) THEN birth_date END"""
# The keys of the rules (``traits.key_parts``), those that hold others in them once: who shares a number and a birth
# date shares the number.
RULED: Kinds = {
    "number": (("number",),),
    "exact": tuple((name, "given_key", TOLD, "sex") for name in FAMILIES),
}

# Day and month stand in order of size, so that a swapped date falls into the same block.
DATE = (
    "year(birth_date)",
    "least(day(birth_date), month(birth_date))",
    "greatest(day(birth_date), month(birth_date))",
)
LETTERS = 3  # of a name, in a block with the birth date


def first_letters(name: str) -> str:
    """The first letters of a column."""
    return f"substring({name}, 1, {LETTERS})"


# What the score's candidates have in common, one of these at least.
BLOCKS: Kinds = {
    "date_given": ((*DATE, first_letters("given_key")),),
    "date_names": tuple(("birth_date", f"least({name}, {JOINED})", f"greatest({name}, {JOINED})") for name in FAMILIES),
    "number": (("number",),),
    "date_family": tuple((*DATE, first_letters(name)) for name in FAMILIES),
    "names_year": tuple((name, "given_key", "birth_year") for name in FAMILIES),
    "names_day": tuple((name, "given_key", "month(birth_date)", "day(birth_date)") for name in FAMILIES),
}


def hashes(kinds: Kinds) -> Column:
    """An array of 64-bit hashes, one per key that is known whole, of rows with ``joined_name``. Kinds do not meet."""
    found = []
    for kind, keys in kinds.items():
        for parts in keys:
            columns = [F.expr(part) for part in parts]
            known = F.lit(True)
            for column in columns:
                known = known & column.isNotNull()
            found.append(F.when(known, F.xxhash64(F.lit(kind), *columns)))
    return F.array_compact(F.array(*found))


def scored_rows(rows: DataFrame) -> DataFrame:
    """Trait rows with ``unit`` and ``is_person`` as the score reads them."""
    declared = F.when(F.col("source") == DECLARES_DISTINCT, F.col("producer"))
    return rows.withColumn(JOINED, name_key(F.col("given_key"))).select(
        "unit",
        "is_person",
        "night",
        "number",
        is_own().alias("own_number"),
        "family_key",
        "used_key",
        "given_key",
        "birth_date",
        "birth_year",
        "sex",
        "birth_rank",
        "birth_place",
        declared.alias("declared"),
        hashes(BLOCKS).alias("blocks"),
    )
