"""How a producer writes its files: one reviewed TOML file per dialect in ``config/dialects``, of one of two kinds.

A dialect without ``kind`` describes delimited files; one of ``kind = "json"`` nested JSON (pharmacy.nested_dialect).
What both say of values is in ``Values``.
"""

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jobs.core.errors import ConfigError

# Encodings in which the bytes of separators, quotes and line ends stand for themselves alone.
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "iso-8859-15", "ascii")
VALUE_KEYS = ("decimal", "date_format", "timestamp_format", "money")
KEYS = ("encoding", "separator", "quote", *VALUE_KEYS, "columns")
OPTIONAL = ("constants", "price")
MONEY = ("euro", "cent")
PRICE = {"per": ("line", "unit"), "fee": ("included", "separate"), "vat": ("included", "excluded")}
DIRECTIVES = "dmYyHMS"
EPOCH = re.compile(r"epoch_ms(?: (\S+))?")
PARIS = "Europe/Paris"


@dataclass(frozen=True)
class Values:
    """How values are written.

    ``constants``: canonical columns that the software does not write because they are always the same. ``price``: what
    an amount is: of the line or of one unit (``per``), with the dispensing fee or with fees on lines of their own
    (``fee``), with or without value-added tax (``vat``); the first choice of PRICE where nothing is said.
    """

    name: str
    decimal: str
    date_format: str
    timestamp_format: str
    money: str
    constants: dict[str, str] = field(default_factory=dict, kw_only=True)
    price: dict[str, str] = field(default_factory=dict, kw_only=True)

    def priced(self, what: str) -> str:
        """What is declared of the price."""
        return self.price.get(what, PRICE[what][0])

    def wrong_values(self, canonical: tuple[str, ...]) -> list[str]:
        """Keys whose value has no meaning. Raises ConfigError on a date format that is not supported."""
        for pattern in (self.date_format, self.timestamp_format):
            if epoch_zone(pattern) is None:
                pieces(pattern)
        checks = (
            ("decimal", self.decimal in (",", ".")),
            ("money", self.money in MONEY),
            ("constants", set(self.constants) <= set(canonical)),
            ("price", all(value in PRICE.get(what, ()) for what, value in self.price.items())),
        )
        return [key for key, right in checks if not right]


@dataclass(frozen=True, kw_only=True)
class Dialect(Values):
    """A delimited dialect; ``columns`` maps a canonical column to its name in the file, compared by ``normalise``."""

    encoding: str
    separator: str
    quote: str
    columns: dict[str, str]


def load_dialects(folder: Path, canonical: tuple[str, ...]) -> dict[str, Dialect]:
    """Every delimited dialect of a folder by name. Raises ConfigError naming file and key at fault."""
    return {
        name: parse_dialect(name, value, canonical)
        for name, value in read_dialects(folder).items()
        if "kind" not in value
    }


def read_dialects(folder: Path) -> dict[str, dict[str, Any]]:
    """What the files of a folder say, unchecked, by name."""
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))}


def parse_dialect(name: str, value: dict[str, Any], canonical: tuple[str, ...]) -> Dialect:
    """One delimited dialect from what its file says, checked."""
    check_keys(name, value, KEYS)
    dialect = Dialect(name=name, **value)
    wrong = dialect.wrong_values(canonical) + [
        key
        for key, right in (
            ("encoding", dialect.encoding in ENCODINGS),
            ("separator", len(dialect.separator) == 1 and dialect.separator not in "\r\n"),
            ("quote", len(dialect.quote) == 1 and dialect.quote != dialect.separator),
            ("columns", set(dialect.columns) <= set(canonical) - set(dialect.constants)),
            ("columns", len({normalise(name) for name in dialect.columns.values()}) == len(dialect.columns)),
        )
        if not right
    ]
    refuse(name, wrong)
    return dialect


def check_keys(name: str, value: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Raises ConfigError unless a dialect has all its keys, and no other but the optional ones."""
    if not set(keys) <= set(value) <= {*keys, *OPTIONAL}:
        raise ConfigError(f"{name}.toml: the keys must be {', '.join(keys)}; {' and '.join(OPTIONAL)} may be added.")


def refuse(name: str, wrong: list[str]) -> None:
    """Raises ConfigError for the first key that is wrong."""
    if wrong:
        raise ConfigError(f"{name}.toml: {wrong[0]} has no meaning here; see docs/how-to/describe-a-dialect.md.")


@cache
def normalise(name: str) -> str:
    """A column name without case, accents, blanks and punctuation: what stays between versions of one software."""
    plain = unicodedata.normalize("NFKD", name.strip("\ufeff"))
    return "".join(char for char in plain.casefold() if char.isalnum())


def pieces(pattern: str) -> list[tuple[str, str]]:
    """A strptime format as pairs (directive, literal text), one of each pair empty.

    Raises ConfigError on a directive that is not supported. ``epoch_ms``, or ``epoch_ms America/Guadeloupe``, is no
    pattern: see epoch_zone.
    """
    found: list[tuple[str, str]] = re.findall(r"%(.)|([^%]+)", pattern)
    for directive, _ in found:
        if directive and directive not in DIRECTIVES:
            raise ConfigError(f"date format {pattern!r}: %{directive} is not supported.")
    return found


def epoch_zone(pattern: str) -> str | None:
    """The time zone whose clock milliseconds since 1970 are shown by; None for a pattern. Raises ConfigError."""
    match = EPOCH.fullmatch(pattern)
    if match is None:
        return None
    try:
        return ZoneInfo(match[1] or PARIS).key
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"date format {pattern!r}: there is no such time zone.") from None
