"""Under what a night looks into the index: hashes of keys, of which a night has few and the index many."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.link.normalise import name_key
from jobs.link.traits import DECLARES_DISTINCT, is_own, key_parts

LETTERS = 3  # of a name, in a block with the birth date


def block_parts() -> list[tuple[str, list[Column]]]:
    """What the score's candidates have in common, one of these at least: kind and columns.

    A date stands with day and month in order of size, so that a swapped one falls into the same block.
    """
    given, date = F.col("given_key"), F.col("birth_date")
    day, month, year = F.dayofmonth(date), F.month(date), F.year(date)
    sorted_date = [year, F.least(day, month), F.greatest(day, month)]
    joined = name_key(given)  # a family name among the given names still has its particles and spaces
    found: list[tuple[str, list[Column]]] = [
        ("date_given", [*sorted_date, F.substring(given, 1, LETTERS)]),
        ("number", [F.col("number")]),
    ]
    for name in ("family_key", "used_key"):
        one = F.col(name)
        found += [
            ("date_family", [*sorted_date, F.substring(one, 1, LETTERS)]),
            ("date_names", [date, F.least(one, joined), F.greatest(one, joined)]),  # swapped, in either kind of name
            ("names_year", [one, given, F.col("birth_year")]),
            ("names_day", [one, given, month, day]),
        ]
    return found


def hashes(parts: list[tuple[str, list[Column]]]) -> Column:
    """An array of 64-bit hashes, one per key that is known whole. Kinds do not meet."""
    found = []
    for kind, columns in parts:
        known = F.lit(True)
        for column in columns:
            known = known & column.isNotNull()
        found.append(F.when(known, F.xxhash64(F.lit(kind), *columns)))
    return F.array(*found)


def met_persons(rows: DataFrame, base_traits: DataFrame, parts: list[tuple[str, list[Column]]]) -> DataFrame:
    """All trait rows of the persons of the index that share a key with ``rows``, as nodes.

    The index is read twice and never shuffled: the night's hashes, then the persons found, go to where it lies. Two
    keys with one hash bring in a person too many, whom the keys themselves then do not meet.
    """
    wanted = rows.select(F.explode(hashes(parts)).alias("hash")).where("hash is not null").distinct()
    asked = base_traits.select("person_id", F.explode(hashes(parts)).alias("hash"))
    met = asked.join(F.broadcast(wanted), "hash", how="left_semi").select("person_id").distinct()
    persons = base_traits.join(F.broadcast(met), "person_id", how="left_semi")
    return persons.withColumn("node_id", F.col("person_id")).withColumn("is_person", F.lit(True))


def key_persons(rows: DataFrame, base_traits: DataFrame) -> DataFrame:
    """The persons of the index that the rules could tie to ``rows``."""
    return met_persons(rows, base_traits, key_parts()).select(rows.columns)


def candidate_rows(rows: DataFrame, units: DataFrame, base_traits: DataFrame | None) -> DataFrame:
    """What the score reads: trait rows of every unit of a night, and of persons that share a block with its residue.

    ``rows`` are the trait rows of all nodes that the tiers saw; ``units``: node_id, unit, is_person (of the unit).
    """
    mine = rows.drop("is_person").join(units.select("node_id", "unit", "is_person"), "node_id", how="inner")
    if base_traits is not None:
        residue = mine.where("not is_person")
        found = met_persons(residue, base_traits, block_parts()).withColumn("unit", F.col("person_id"))
        known = units.where("is_person").select("unit").distinct()
        more = found.join(known, "unit", how="left_anti")
        mine = mine.unionByName(more.select(mine.columns))
    declared = F.when(F.col("source") == DECLARES_DISTINCT, F.col("producer"))
    return mine.select(
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
        F.array_compact(hashes(block_parts())).alias("blocks"),
    )
