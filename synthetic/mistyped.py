"""Traits as they are typed by hand where no card was read: one mistake each, the same whenever the place tells them."""

import unicodedata
from typing import NamedTuple

from synthetic.draws import EPOCH


class Typed(NamedTuple):
    """A family name, a first given name, and a birth date as a day number."""

    family: str
    given: str
    birth: int


def mistype(true: Typed, turn: int) -> Typed:
    """The traits with the mistake that ``turn`` (a whole number) picks: in a name, in the date, or names swapped."""
    return MISTAKES[turn % len(MISTAKES)](true, turn // len(MISTAKES))


def in_given(true: Typed, turn: int) -> Typed:
    """A letter of the given name is left out, or the accents are and a letter is doubled."""
    return true._replace(given=slip(true.given, turn))


def in_family(true: Typed, turn: int) -> Typed:
    """The same in the family name."""
    return true._replace(family=slip(true.family, turn))


def in_date(true: Typed, turn: int) -> Typed:
    """Day and month swapped where both ways are a date, else the next day or the one before."""
    year, month, day = str(EPOCH + true.birth).split("-")
    if int(day) <= 12 and day != month:
        swapped = (EPOCH.__class__(f"{year}-{day}-{month}", "D") - EPOCH).astype(int)
        return true._replace(birth=int(swapped))
    return true._replace(birth=true.birth + (1 if int(day) < 15 else -1))


def names_swapped(true: Typed, turn: int) -> Typed:
    """Family name and given name in each other's place."""
    return true._replace(family=true.given, given=true.family)


MISTAKES = (in_given, in_family, in_date, in_given, in_family, in_date, names_swapped)
IN_DATE, NAMES_SWAPPED = MISTAKES.index(in_date), MISTAKES.index(names_swapped)


def slip(name: str, turn: int) -> str:
    """A name with one letter left out or doubled, never the first two; without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    if len(plain) < 4:
        return plain + plain[-1:]
    place = 2 + turn % (len(plain) - 2)
    return plain[:place] + plain[place + 1 :] if turn % 2 else plain[:place] + plain[place] + plain[place:]
