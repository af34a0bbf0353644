"""How a producer writes its delimited files: one reviewed TOML file per dialect in ``config/dialects``."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from jobs.core.errors import ConfigError

# Encodings in which the bytes of separators, quotes and line ends stand for themselves alone.
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "iso-8859-15", "ascii")
KEYS = ("encoding", "separator", "quote", "decimal", "date_format", "timestamp_format", "money", "columns")
MONEY = ("euro", "cent")
DIRECTIVES = {"d": "dd", "m": "MM", "Y": "yyyy", "y": "yy", "H": "HH", "M": "mm", "S": "ss"}


@dataclass(frozen=True)
class Dialect:
    """One dialect; ``columns`` maps a canonical column to its name in the file, compared by ``normalise``."""

    name: str
    encoding: str
    separator: str
    quote: str
    decimal: str
    date_format: str
    timestamp_format: str
    money: str
    columns: dict[str, str]


def load_dialects(folder: Path, canonical: tuple[str, ...]) -> dict[str, Dialect]:
    """Every dialect of a folder by name. Raises ConfigError naming file and key at fault."""
    return {path.stem: parse_dialect(path, canonical) for path in sorted(folder.glob("*.toml"))}


def parse_dialect(path: Path, canonical: tuple[str, ...]) -> Dialect:
    """One dialect from its file, checked."""
    value = tomllib.loads(path.read_text(encoding="utf-8"))
    if sorted(value) != sorted(KEYS):
        raise ConfigError(f"{path.name}: the keys must be {', '.join(KEYS)}.")
    dialect = Dialect(name=path.stem, **value)
    wrong = [
        key
        for key, right in (
            ("encoding", dialect.encoding in ENCODINGS),
            ("separator", len(dialect.separator) == 1 and dialect.separator not in "\r\n"),
            ("quote", len(dialect.quote) == 1 and dialect.quote != dialect.separator),
            ("decimal", dialect.decimal in (",", ".")),
            ("money", dialect.money in MONEY),
            ("columns", set(dialect.columns) <= set(canonical)),
            ("columns", len({normalise(name) for name in dialect.columns.values()}) == len(dialect.columns)),
        )
        if not right
    ]
    if wrong:
        raise ConfigError(f"{path.name}: {wrong[0]} has no meaning here; see docs/how-to/describe-a-dialect.md.")
    for pattern in (dialect.date_format, dialect.timestamp_format):
        spark_pattern(pattern)
    return dialect


def normalise(name: str) -> str:
    """A column name without case, accents, blanks and punctuation: what stays between versions of one software."""
    plain = unicodedata.normalize("NFKD", name.strip("\ufeff"))
    return "".join(char for char in plain.casefold() if char.isalnum())


def spark_pattern(pattern: str) -> str:
    """A strptime format as Spark's pattern. Raises ConfigError on a directive that is not supported."""
    pieces = []
    for directive, text in re.findall(r"%(.)|([^%]+)", pattern):
        if directive and directive not in DIRECTIVES:
            raise ConfigError(f"date format {pattern!r}: %{directive} is not supported.")
        pieces.append(DIRECTIVES[directive] if directive else quoted(text))
    return "".join(pieces)


def quoted(text: str) -> str:
    """Literal text of a date pattern: its letters would otherwise be read as fields."""
    return re.sub(r"[A-Za-z]+", lambda letters: f"'{letters.group()}'", text)
