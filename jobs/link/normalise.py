"""Names as compare keys, and what a number says about the person it belongs to.

As Spark columns where claims are read, as texts where the rules judge.
"""

import sys
import unicodedata

from pyspark.sql import Column
from pyspark.sql import functions as F

LIGATURES = {"Œ": "OE", "Æ": "AE", "ẞ": "SS", "ß": "SS"}
PARTICLES = r" (DE|DES|DU|D)(?= )"  # LE, LA, L' stay: LE GALL and LEGALL are one name
# What a ward writes when a child has no name yet, or a clerk when there is none.
NO_GIVEN_NAME = (
    "BEBE|BB|ENFANT|FOETUS|GARCON|FILLE|JUMEAU|JUMELLE|NOUVEAU|NOUVEAUNE|NOUVELLE|NNE|NN|PRENOM|SANS|"
    "ANONYME|INCONNU|INCONNUE|NON|NC|X|XX|XXX|N"
)


def accents() -> tuple[str, str]:
    """Accented Latin capitals and the plain capitals that replace them, position by position."""
    found = {}
    for point in range(0xC0, min(0x1F00, sys.maxunicode)):
        letter = chr(point)
        plain = "".join(c for c in unicodedata.normalize("NFD", letter) if not unicodedata.combining(c))
        if len(plain) == 1 and "A" <= plain <= "Z":
            found[letter] = plain
    return "".join(found), "".join(found.values())


ACCENTED, PLAIN = accents()


def words(text: Column) -> Column:
    """Capitals A to Z in words parted by one space; null when nothing is left."""
    capitals = F.upper(text)
    for ligature, letters in LIGATURES.items():
        capitals = F.replace(capitals, F.lit(ligature), F.lit(letters))
    plain = F.translate(F.regexp_replace(capitals, r"\p{M}", ""), ACCENTED, PLAIN)
    return blank_to_null(F.trim(F.regexp_replace(plain, "[^A-Z]+", " ")))


def blank_to_null(text: Column) -> Column:
    """Null instead of an empty text."""
    return F.when(text != "", text)


def name_key(text: Column) -> Column:
    """A family name for comparison: without accents, particles (DE, DU, DES, D'), hyphens and spaces."""
    plain = words(text)
    bare = F.trim(F.regexp_replace(F.concat(F.lit(" "), plain, F.lit(" ")), PARTICLES, ""))
    return F.replace(F.coalesce(blank_to_null(bare), plain), F.lit(" "), F.lit(""))


def given_key(text: Column) -> Column:
    """A first given name for comparison, words kept apart; null for BEBE and other words that are no name."""
    plain = words(text)
    return F.when(~plain.rlike(f"^({NO_GIVEN_NAME})( |$)"), plain)


def first_of(names: Column) -> Column:
    """The first name of a list as producers send it, parted by commas, bars or blanks; a hyphen joins."""
    return F.element_at(F.split(F.trim(names), r"[,;|\s]+"), 1)


# What follows are texts over the columns of trait rows, for both engines of ``engine.run``.
# Sex as the number says it: 1, 3, 7 are men, 2, 4, 8 women; null otherwise.
NUMBER_SEX = "nullif(translate(substring(number, 1, 1), '1372480569', '111222'), '')"
# The first and the last day of a year, which clerks write when they know the year alone.
DEFAULT_DATE = "(month(birth_date) = 1 AND day(birth_date) = 1 OR month(birth_date) = 12 AND day(birth_date) = 31)"


def two_digits(number: str) -> str:
    """The last two digits of a number."""
    return f"lpad(CAST({number} % 100 AS STRING), 2, '0')"


# The number is another person's: its sex, year or month differ from a known trait. Never null. Of a default date the
# year alone was known.
CONTRADICTS = f"""(coalesce(sex IN ('1', '2') AND {NUMBER_SEX} <> sex, false)
    OR coalesce(substring(number, 2, 2) <> {two_digits("birth_year")}, false)
    OR coalesce(NOT {DEFAULT_DATE} AND substring(number, 4, 2) BETWEEN '01' AND '12'
        AND substring(number, 4, 2) <> {two_digits("month(birth_date)")}, false))"""
# Sex, year and month of the number are those of the person. Never null: unknown traits do not agree.
AGREES = f"""coalesce({NUMBER_SEX} = sex
    AND substring(number, 2, 4) = {two_digits("year(birth_date)")} || {two_digits("month(birth_date)")}, false)"""


def sure(condition: Column) -> Column:
    """The condition, false where it is unknown."""
    return F.coalesce(condition, F.lit(False))
