"""Names as compare keys, and what a number says about the person it belongs to. Native Spark expressions only."""

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


def number_sex(number: Column) -> Column:
    """Sex as the number says it: 1, 3, 7 are men, 2, 4, 8 women; null otherwise."""
    return blank_to_null(F.translate(F.substring(number, 1, 1), "1372480569", "111222"))


def is_default_date(date: Column) -> Column:
    """The first and the last day of a year, which clerks write when they know the year alone."""
    return F.date_format(date, "MM-dd").isin("01-01", "12-31")


def contradicts(number: Column, sex: Column, birth_date: Column, birth_year: Column) -> Column:
    """The number is another person's: its sex, year or month differ from a known trait. Never null."""
    month = F.substring(number, 4, 2)
    other_sex = sex.isin("1", "2") & (number_sex(number) != sex)
    other_year = F.substring(number, 2, 2) != F.lpad((birth_year % 100).cast("string"), 2, "0")
    told = ~is_default_date(birth_date)  # of a default date the year alone was known
    other_month = told & month.between("01", "12") & (month != F.date_format(birth_date, "MM"))
    return sure(other_sex) | sure(other_year) | sure(other_month)


def agrees(number: Column, sex: Column, birth_date: Column) -> Column:
    """Sex, year and month of the number are those of the person. Never null: unknown traits do not agree."""
    same = (number_sex(number) == sex) & (F.substring(number, 2, 4) == F.date_format(birth_date, "yyMM"))
    return sure(same)


def sure(condition: Column) -> Column:
    """The condition, false where it is unknown."""
    return F.coalesce(condition, F.lit(False))
