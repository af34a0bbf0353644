"""From claims to trait rows, and from trait rows to nodes and the keys under which nodes meet.

The latter are queries for ``engine.run``.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import UNIT_SEPARATOR
from jobs.link.normalise import AGREES, CONTRADICTS, DEFAULT_DATE, first_of, given_key, name_key, sure

# ruff: noqa: S608 - the queries are put together from the names and texts of the rules, never from data
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


# The number of a trait row is the person's own: sent as such and not contradicted, or a holder's that agrees.
IS_OWN = f"""coalesce(CASE WHEN number IS NOT NULL
    THEN number_role IN ('ins', 'own') AND NOT {CONTRADICTS} OR {AGREES} END, false)"""


def is_own() -> Column:
    """The same as a column."""
    return F.expr(IS_OWN)


def met(*sides: tuple[str, str, bool]) -> str:
    """All trait rows of some tables, each with the column that names its nodes, and whether these are persons.

    A number that one source gives to more birth dates than a family has is a clerk's or a test's; it neither identifies
    nor says who is related, and is left out. The role of such a row is then ``shared``.
    """
    columns = ", ".join(TRAITS)
    every = " UNION ALL ".join(
        f"SELECT {columns}, {name} AS node_id, {str(person).lower()} AS is_person FROM {table}"
        for table, name, person in sides
    )
    kept = {"number": "CASE WHEN shared IS NULL THEN number END"}
    kept |= {"number_role": "CASE WHEN shared IS NULL THEN number_role ELSE 'shared' END"}
    told = ", ".join(f"{kept[name]} AS {name}" if name in kept else name for name in TRAITS)
    return f"""
WITH every AS ({every}), busy AS (  -- counted first: few numbers have that many rows, and dates are dear to count
    SELECT number, source FROM every WHERE number IS NOT NULL GROUP BY number, source HAVING count(*) > {SHARED}
), crowd AS (
    SELECT DISTINCT number AS shared FROM (
        SELECT number, source FROM every JOIN busy USING (number, source)
        GROUP BY number, source HAVING count(DISTINCT birth_date) > {SHARED}
    ) AS counted
)
SELECT {told}, node_id, is_person
FROM every LEFT JOIN crowd ON number = shared
"""


# One row per node (a new subject, or a person of the index) with the set of values of each trait. Undetermined sex (3)
# counts as unknown.
NODES = f"""
SELECT node_id, is_person,
    collect_set(CASE WHEN {IS_OWN} THEN number END) AS own,
    collect_set(number) AS numbers,
    array_union(collect_set(family_key), collect_set(used_key)) AS families,
    collect_set(given_key) AS given,
    collect_set(CASE WHEN sex <> '3' THEN sex END) AS sexes,
    collect_set(birth_rank) AS ranks,
    collect_set(birth_date) AS dates,
    collect_set(birth_year) AS years,
    collect_set(birth_place) AS places,
    collect_set(CASE WHEN source = '{DECLARES_DISTINCT}' THEN producer END) AS declared,
    CAST(min(night) AS DATE) AS since,
    bool_or(coalesce(number_role = 'shared', false)) AS shared
FROM rows GROUP BY node_id, is_person
"""

TOLD = f"CASE WHEN NOT {DEFAULT_DATE} THEN birth_date END"
# The keys of a trait row: kind and what it is made of; no key where a part is unknown.
# ``birth``: number and birth date; ``first``: number, given name, birth year; ``exact``: a family name (birth or
# used), given name, birth date and sex, unless the date is a default one; ``number``: the number alone, which
# identifies nobody but tells relatives.
KEY_PARTS = (
    ("birth", ("number", "birth_date")),
    ("first", ("number", "given_key", "birth_year")),
    ("exact", ("family_key", "given_key", TOLD, "sex")),
    ("exact", ("used_key", "given_key", TOLD, "sex")),
    ("number", ("number",)),
)


def joined_parts(parts: tuple[str, ...]) -> str:
    """Parts of a key as one text; null when one is."""
    return f" || chr({ord(UNIT_SEPARATOR)}) || ".join(f"CAST({part} AS STRING)" for part in parts)


# Every key under which a node may meet another: node_id, kind, key, and whether its number is its own.
EVERY_KEY = " UNION ALL ".join(
    f"SELECT node_id, '{kind}' AS kind, {joined_parts(parts)} AS key, {IS_OWN} AS own_number FROM rows"
    for kind, parts in KEY_PARTS
)
KEYS = f"""
WITH every AS ({EVERY_KEY})
SELECT node_id, kind, key, bool_or(own_number) AS own_number FROM every WHERE key IS NOT NULL
GROUP BY node_id, kind, key
"""
