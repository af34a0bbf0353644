"""Under what a night looks into the index, and what the score's candidates have in common.

Parts of keys are texts that Spark and DuckDB read alike, over the columns of trait rows and ``joined_name``.
"""

from jobs.link.traits import DECLARES_DISTINCT, IS_OWN, TOLD, joined_parts

# ruff: noqa: S608 - the queries are put together from the names and texts of the rules, never from data
JOINED = "joined_name"  # the given name as a family name's key: one that stands there has its particles and spaces
# As ``name_key`` makes it, without particles and spaces.
JOINED_NAME = """
    CASE WHEN contains(given_key, ' ') THEN replace(coalesce(nullif(array_join(filter(
        split(given_key, ' '), lambda word: word NOT IN ('DE', 'DES', 'DU', 'D')), ''), ''), given_key), ' ', '')
    ELSE given_key END
"""
# Keys by kind, each as its parts; no key where a part is unknown. Keys of one kind meet: a birth name and a used name.
Kinds = dict[str, tuple[tuple[str, ...], ...]]

FAMILIES = ("family_key", "used_key")
# The keys of the rules (``traits.KEY_PARTS``), those that hold others in them once: who shares a number and a birth
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


def hashes(kinds: Kinds) -> str:
    """An array of 64-bit hashes, one per key that is known whole, of rows with ``joined_name``. Kinds do not meet."""
    keys = [f"'{kind}.' || {joined_parts(parts)}" for kind, keys in kinds.items() for parts in keys]
    hashed = [f"CASE WHEN {key} IS NOT NULL THEN xxhash64({key}) END" for key in keys]  # null has a hash as well
    return f"filter(array({', '.join(hashed)}), lambda one: one IS NOT NULL)"


# Trait rows with ``unit`` and ``is_person`` as the score reads them.
SCORED_ROWS = f"""
SELECT unit, is_person, night, number, {IS_OWN} AS own_number, family_key, used_key, given_key, birth_date, birth_year,
    sex, birth_rank, birth_place, CASE WHEN source = '{DECLARES_DISTINCT}' THEN producer END AS declared,
    {hashes(BLOCKS)} AS blocks
FROM (SELECT *, {JOINED_NAME} AS {JOINED} FROM rows) AS named
"""
