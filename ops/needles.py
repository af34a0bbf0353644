"""What must not be found outside the identity zones: numbers in every form a careless job could give, names, dates."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pyarrow.parquet as pq

from jobs.core.settings import Settings

NUMBER = re.compile(r"(?=([1-8]\d{4}(?:\d{2}|2[AB])\d{6}))")
HEXADECIMAL = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{22,}")
WORD = re.compile(r"[A-Z]{6,}")
# A keyed token: it holds no text, but among many some letters spell a name by chance (seen once: six of 26).
TOKEN = re.compile(r"(?<![A-Z2-7])(?=[A-Z]*[2-7])[A-Z2-7]{26}(?![A-Z2-7])")
DAY = re.compile(r"(?<![0-9A-Za-z])(\d{4}-\d{2}-\d{2}|\d{2}/\d{2}/\d{4}|\d{8})(?![0-9A-Za-z])")
HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256)  # the unkeyed ones a shortcut would take
ESCAPE = re.compile(r"\\{1,2}u([0-9a-fA-F]{4})")  # as JSON writes accents, escaped once or twice
OLD = date(2000, 1, 1)  # no care date is older, so an older birth date found anywhere came from a person
TRAITS = ("own_nir", "holder_nir", "ins")
NAMES = ("family_name", "used_name", "first_given_name")


@dataclass
class Needles:
    """Sets to look in, one per form."""

    numbers: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)

    def found_in(self, text: str) -> Iterator[str]:
        """The kinds of identity that a text holds. The identity itself is never returned."""
        text = ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
        if any(match.group(1) in self.numbers for match in NUMBER.finditer(text)):
            yield "number"
        if self.hashes and (self.holds_hexadecimal(text) or self.holds_encoded(text)):
            yield "unkeyed hash"
        if self.names and not self.names.isdisjoint(WORD.findall(TOKEN.sub(" ", plain(text)))):
            yield "name"
        if any(match.group(1) in self.days for match in DAY.finditer(text)):
            yield "birth date"

    def holds_hexadecimal(self, text: str) -> bool:
        """Whether a hexadecimal run of the text contains the hash of a number."""
        return any(part in self.hashes for token in HEXADECIMAL.findall(text) for part in windows(token.lower()))

    def holds_encoded(self, text: str) -> bool:
        """Whether a base64 or base32 run of the text begins as the hash of a number does."""
        return any(token[:22] in self.hashes or token[:26] in self.hashes for token in ENCODED.findall(text))


def windows(token: str) -> Iterator[str]:
    """A hexadecimal run at the lengths that hashes and their first 16 bytes have."""
    for length in (32, 40, 64):
        for start in range(len(token) - length + 1):
            yield token[start : start + length]


def plain(text: str) -> str:
    """Capitals without accents, as names are compared."""
    if text.isascii():
        return text.upper()
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)).upper()


def forms_of_number(number: str) -> Iterator[str]:
    """Unkeyed hashes of a number: hexadecimal, its first half, base64 and base32 beginnings."""
    for make in HASHES:
        digest = make(number.encode(), usedforsecurity=False).digest()
        yield digest.hex()
        yield digest.hex()[:32]
        yield base64.b64encode(digest).decode()[:22]
        yield base64.urlsafe_b64encode(digest).decode()[:22]
        yield base64.b32encode(digest).decode()[:26]


def key_of(number: str) -> str:
    """The two-digit key of a 13-character NIR."""
    digits = number.replace("2A", "19").replace("2B", "18")
    return f"{97 - int(digits) % 97:02d}"


def forms_of_day(day: date) -> Iterator[str]:
    """A date as files and people write it."""
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d%m%Y"):
        yield day.strftime(pattern)


def needles_of(rows: Iterable[dict[str, object]], common: set[str]) -> Needles:
    """Needles of some persons' traits; ``common``: words and days that the project itself holds, hence no canaries."""
    found = Needles()
    for row in rows:
        for trait in TRAITS:
            number = row.get(trait)
            if isinstance(number, str) and len(number) == 13:
                found.numbers.add(number)
        for name in NAMES:
            value = row.get(name)
            if isinstance(value, str):
                found.names.update(set(WORD.findall(plain(value))) - common)
        born = row.get("birth_date")
        if isinstance(born, date) and born < OLD:
            found.days.update(set(forms_of_day(born)) - common)
    for number in found.numbers:
        for text in (number, number + key_of(number)):
            found.hashes.update(forms_of_number(text))
    return found


def claimed_needles(settings: Settings, common: set[str]) -> Needles:
    """Needles of everybody the identity zone has a claim of."""
    columns = [*TRAITS, *NAMES, "birth_date"]
    rows: list[dict[str, object]] = []
    for path in sorted((settings.identity / "pool").rglob("*.parquet")):
        names = pq.read_schema(path).names
        if set(columns) <= set(names):
            rows += pq.read_table(path, columns=columns).to_pylist()
    return needles_of(rows, common)
