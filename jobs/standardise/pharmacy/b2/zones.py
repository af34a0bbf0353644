"""What stands in single zones: dates of six digits, and numbers of providers in one canonical form."""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from jobs.identifiers.finess import SHAPE as FINESS

OLDEST = 120  # years of age beyond which a century is not believed
ADULT = 16  # an insured person is not younger
GENERATION = (12, 60)  # years between an insured parent and a child
COUPLE = 25


class Born(NamedTuple):
    """A birth date: the day when it is one, the date as text with its century, and whether the century is a guess.

    ``state`` is valid, lunar (no day of the calendar) or missing.
    """

    state: str
    day: date | None = None
    text: str | None = None
    guessed: bool = False


@lru_cache(maxsize=10_000)
def care_day(zone: bytes, sent_on: date) -> date | None:
    """A day of AAMMJJ in the century that does not lie ahead; None when it is no day. Zeros are no day either."""
    year = 2000 + int(zone[:2])
    if year > sent_on.year + 1:
        year -= 100
    return day_of(year, zone)


def day_of(year: int, zone: bytes) -> date | None:
    """The day of a year that AAMMJJ tells."""
    try:
        return date(year, int(zone[2:4]), int(zone[4:6]))
    except ValueError:
        return None


@lru_cache(maxsize=50_000)
def birth(zone: bytes, care: date, insured_year: int | None) -> Born:
    """The birth date of AAMMJJ. ``insured_year``: the two digits of the insured's number, when they can be trusted.

    Where both centuries are possible, the insured's own age decides: they are the patient, a parent or a spouse. When
    it does not decide, the later century is taken and the date marked as a guess.
    """
    if zone in (b"000000", b"      "):
        return Born("missing")
    later, earlier = 2000 + int(zone[:2]), 1900 + int(zone[:2])
    possible = [year for year in (later, earlier) if is_possible(year, zone, care)] or [earlier]
    year, guessed = possible[0], False
    if len(possible) == 2:
        likely = [one for one in possible if is_likely(one, care, insured_year)]
        year, guessed = (likely[0], False) if len(likely) == 1 else (later, True)
    day = day_of(year, zone)
    text = f"{year}-{zone[2:4].decode()}-{zone[4:6].decode()}"
    return Born("valid" if day else "lunar", day, text, guessed)


def is_possible(year: int, zone: bytes, care: date) -> bool:
    """Born before the care, and not too long before; months that no calendar has count as January."""
    return care.year - year <= OLDEST and (day_of(year, zone) or date(year, 1, 1)) <= care


def is_likely(year: int, care: date, insured_year: int | None) -> bool:
    """Whether somebody born that year may be insured by somebody born in ``insured_year``, an adult."""
    if insured_year is None:
        return True
    insured = 2000 + insured_year
    if care.year - insured < ADULT:
        insured -= 100
    younger = year - insured
    return (abs(younger) <= COUPLE and care.year - year >= ADULT) or GENERATION[0] <= younger <= GENERATION[1]


def am_number(text: str) -> str | None:
    """A number of the health insurance without its key: 8 characters; None for zeros and anything else.

    Its key is not checked: how it is made is not public.
    """
    return text[:8] if re.fullmatch(r"[0-9]{8,9}", text) and text.strip("0") else None


def finess(text: str) -> str | None:
    """A FINESS of 9 characters; the numeric spelling of Corsica is turned back: 200102689 was 2A0002689.

    What stands between 2A and the last five is lost in that spelling; 00 is assumed.
    """
    if not re.fullmatch(FINESS, text) or not text.strip("0"):
        return None
    island = {"2001": "2A00", "2002": "2B00"}.get(text[:4])
    return island + text[4:] if island else text


def is_rpps(text: str) -> bool:
    """Eleven digits with a right Luhn key."""
    if not re.fullmatch(r"[0-9]{11}", text) or not text.strip("0"):
        return False
    doubled = [int(one) * (1 + place % 2) for place, one in enumerate(reversed(text))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def same_provider(one: str, other: str) -> bool:
    """Whether two numbers name the same provider, with or without key, in either spelling."""
    if one == other:
        return True
    keyless, codes = (am_number(one), am_number(other)), (finess(one), finess(other))
    return (keyless[0] is not None and keyless[0] == keyless[1]) or (codes[0] is not None and codes[0] == codes[1])


class Prescriber(NamedTuple):
    """``kind``: rpps, am, finess, other (cannot be read) or none; ``number`` in its canonical form."""

    kind: str
    number: str | None
    rpps_wrong: bool = False


@lru_cache(maxsize=50_000)
def prescriber(number: bytes, rpps: bytes, salaried: bool) -> Prescriber:
    """Who prescribed: by RPPS where one is told and its key is right, else by the number of the line.

    The number of a salaried prescriber is the FINESS of the hospital. Nine times one digit fills the zone.
    """
    told, text = decoded(rpps).strip(), decoded(number).strip()
    if is_rpps(told):
        return Prescriber("rpps", told)
    wrong = bool(told.strip("0"))
    if not text or len(set(text)) == 1:
        return Prescriber("none", None, wrong)
    establishment = finess(text) if salaried or not text.isdigit() else None
    if establishment:
        return Prescriber("finess", establishment, wrong)
    known = am_number(text)
    return Prescriber("am", known, wrong) if known else Prescriber("other", text.upper(), wrong)


def decoded(zone: bytes) -> str:
    """One character per byte."""
    return zone.decode("iso-8859-1")
