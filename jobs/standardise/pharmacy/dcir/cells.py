"""One cell's text to its value. A text that is there and gives no value means "not told", or is unreadable.

Every reader takes trimmed, non-empty text and returns ``(value, state)``; state is GOOD, NOT_TOLD or UNREADABLE.
Reading is strict: a decimal comma, a two-digit year or a day that no calendar has is unreadable, and never a silent
null.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

GOOD, NOT_TOLD, UNREADABLE = 0, 1, 2
MONTHS = {
    name: rank
    for rank, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
DMY = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
SAS = re.compile(r"(\d{2})([A-Z]{3})(\d{4})(?::00:00:00(?:\.0+)?)?")
YMD = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+)?")
INTEGER = re.compile(r"([+-]?\d{1,12})(?:\.0*)?")
AMOUNT = re.compile(r"[+-]?(?=\.?\d)\d{0,10}(?:\.(\d*))?")
CODE = re.compile(r"(\d{1,15})(?:\.0+)?")
DAMAGED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+")
NOT_OF_A_NUMBER = re.compile(r"[^0-9A-Z]")
NO_YEARS = (1, 1600)  # 01/01/0001 and 01/01/1600 stand for "no date"

Read = tuple[Any, int]
Reader = Callable[[str], Read]


def key_part(text: str) -> Read:
    """A part of the nine-column key as text: without leading zeros and a trailing .0, so that 3, 03 and 3.0 meet."""
    found = CODE.fullmatch(text)
    return (found.group(1).lstrip("0") or "0" if found else text), GOOD


def day_of(year: int, month: int, day: int) -> Read:
    """A day of the calendar from 1900 to 2100; the sentinels are told apart from days that cannot be."""
    try:
        value = date(year, month, day)
    except ValueError:
        return None, NOT_TOLD if (year, month, day) == (0, 0, 0) else UNREADABLE
    if year in NO_YEARS:
        return None, NOT_TOLD
    return (value, GOOD) if 1900 <= year <= 2100 else (None, UNREADABLE)


def dmy(text: str) -> Read:
    """A date written 31/12/2018."""
    found = DMY.fullmatch(text)
    return day_of(int(found[3]), int(found[2]), int(found[1])) if found else (None, UNREADABLE)


def sas(text: str) -> Read:
    """A date as SAS writes a moment: 03JAN2018:00:00:00. A moment other than midnight is unreadable."""
    found = SAS.fullmatch(text.upper())
    month = MONTHS.get(found[2]) if found else None
    return day_of(int(found[3]), month, int(found[1])) if found and month else (None, UNREADABLE)


def ymd(text: str) -> Read:
    """A date written 20180103, perhaps with the .0 of a program that takes every number for a fraction."""
    found = YMD.fullmatch(text)
    return day_of(int(found[1]), int(found[2]), int(found[3])) if found else (None, UNREADABLE)


DATES: dict[str, Reader] = {"dmy": dmy, "sas": sas, "ymd": ymd}


def date_reader(formats: tuple[str, ...]) -> Reader:
    """A reader of the formats that a column declares."""
    readers = [DATES[name] for name in formats]

    def read(text: str) -> Read:
        for reader in readers:
            value, state = reader(text)
            if state != UNREADABLE:
                return value, state
        return None, UNREADABLE

    return read


def month(text: str) -> Read:
    """A month YYYYMM as YYYY-MM; 000101 and 160001 say that there is none."""
    if not re.fullmatch(r"\d{6}", text):
        return None, UNREADABLE
    value, state = day_of(int(text[:4]), int(text[4:]), 1)
    if state == UNREADABLE and int(text[:4]) == 0:
        return None, NOT_TOLD
    return (value.strftime("%Y-%m") if value else None), state


def year(text: str) -> Read:
    """A year of birth; 1600 and 0000 say that it is unknown."""
    value, state = integer(text)
    if state == GOOD and value in (0, *NO_YEARS):
        return None, NOT_TOLD
    return (value, GOOD) if state == GOOD and 1850 <= value <= 2100 else (None, UNREADABLE)


def integer(text: str) -> Read:
    """A signed whole number, perhaps with the .0 of a program that takes every number for a fraction."""
    found = INTEGER.fullmatch(text)
    return (int(found[1]), GOOD) if found else (None, UNREADABLE)


def integer_code(text: str) -> Read:
    """A code that is a number, without leading zeros: 3311, 03311 and 3311.0 are one."""
    found = CODE.fullmatch(text)
    return (found[1].lstrip("0") or "0", GOOD) if found else (None, UNREADABLE)


def decimal_reader(digits: int) -> Reader:
    """A reader of decimals with so many places at most; more places are unreadable unless they are zeros."""

    def read(text: str) -> Read:
        found = AMOUNT.fullmatch(text)
        if not found or len((found[1] or "").rstrip("0")) > digits:
            return None, UNREADABLE
        value = Decimal(text)
        return (value, GOOD) if abs(value) < 10**9 else (None, UNREADABLE)

    return read


def rate(text: str) -> Read:
    """A rate in percent with two places as the list of rates writes it; 999 says that it is unknown."""
    value, state = decimal_reader(2)(text)
    if state == GOOD and value == 999:
        return None, NOT_TOLD
    return (value, GOOD) if state == GOOD and 0 <= value <= 145 else (None, UNREADABLE)


def age(text: str) -> Read:
    """Completed years: 1000 to 1023 are the months of the first two years."""
    value, state = integer(text)
    if state == GOOD and 1000 <= value <= 1023:
        return (value - 1000) // 12, GOOD
    if state == GOOD and (value < 0 or value > 125):
        return None, NOT_TOLD
    return value, state


def sex(text: str) -> Read:
    """1 male, 2 female; 0 and 9 say that it is unknown."""
    value, state = integer(text)
    if state == GOOD and value in (0, 9):
        return None, NOT_TOLD
    return (str(value), GOOD) if state == GOOD and value in (1, 2) else (None, UNREADABLE)


def rank(text: str) -> Read:
    """A twin's rank; 0, which some schemes send for everybody, is the first."""
    value, state = integer(text)
    return (str(max(value, 1)), GOOD) if state == GOOD and 0 <= value <= 99 else (None, UNREADABLE)


def provider(text: str) -> Read:
    """A professional's or facility's number: eight characters identify it, a ninth is its key. Zeros name nobody."""
    plain = text if text.isascii() and text.isdecimal() else NOT_OF_A_NUMBER.sub("", text.upper())
    return (plain[:8], GOOD) if plain.strip("0") else (None, NOT_TOLD)


def person_number(text: str) -> Read:
    """A professional's national number, whole; zeros name nobody."""
    plain = NOT_OF_A_NUMBER.sub("", text.upper())
    return (plain, GOOD) if plain.strip("0") else (None, NOT_TOLD)


def drug_code(text: str) -> Read:
    """A drug's code as text; one that a spreadsheet rounded has lost digits and is unreadable."""
    if DAMAGED.fullmatch(text):
        return None, UNREADABLE
    plain = re.sub(r"\.0+$", "", text)
    return (plain, GOOD) if plain.strip("0") else (None, GOOD)


def text_as_is(text: str) -> Read:
    """The text itself."""
    return text, GOOD


READERS: dict[str, Reader] = {
    "key": key_part,
    "id": text_as_is,
    "text": text_as_is,
    "month": month,
    "year": year,
    "integer": integer,
    "integer_code": integer_code,
    "amount": decimal_reader(2),
    "price": decimal_reader(5),
    "rate": rate,
    "age": age,
    "sex": sex,
    "rank": rank,
    "provider": provider,
    "person_number": person_number,
    "drug_code": drug_code,
}


def department(code: str, commune: str) -> tuple[str | None, int]:
    """The official department of a residence: 075 is 75, 02A is 2A, 097 with commune 1.. is 971, 099 is abroad.

    209, which some deliveries have for Corsica, does not tell its two departments apart: 20.
    """
    text = code.upper().strip().rjust(3, "0") if code else ""
    if text in ("", "000", "999"):
        return None, NOT_TOLD
    if re.fullmatch(r"0(0[1-9]|1\d|2[1-9]|[3-8]\d|9[0-5]|2[AB])", text):
        return text[1:], GOOD
    if text in ("209", "020"):
        return "20", GOOD
    if text == "099":
        return "99", GOOD
    if re.fullmatch(r"97[1-8]|98[4678]", text):
        return text, GOOD
    if text in ("097", "098") and re.fullmatch(r"97[1-8]|98[4678]", text[1:] + commune[:1]):
        return text[1:] + commune[:1], GOOD
    return None, NOT_TOLD
