"""How pharmacy software writes its sales as nested JSON: a dialect of the kind ``json``.

The document is a block, or a list of blocks; a block holds a list of sales, a sale a list of lines. Keys are compared
as column names are: without case, accents and punctuation. How to write one: docs/how-to/describe-a-dialect.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jobs.standardise.dialects import ENCODINGS, VALUE_KEYS, Values, check_keys, normalise, read_dialects, refuse

KEYS = ("kind", "encoding", "sales", "lines", "aside", *VALUE_KEYS, "sale", "line")
RANK = "#"  # stands for a line's rank in its sale, where lines have no number of their own

KeyPath = tuple[str, ...]  # the keys on the way to a value, normalised


@dataclass(frozen=True, kw_only=True)
class NestedDialect(Values):
    """A JSON dialect.

    ``sales``, ``lines``: the keys of the two lists. ``sale``, ``line``: canonical column to the key of its value in the
    sale or in the line, or to several of which the first with a value counts; ``patient.nir`` is a key within an
    object. ``aside``: keys that are known and not wanted.
    """

    kind: str
    encoding: str
    sales: str
    lines: str
    aside: list[str]
    sale: dict[str, str | list[str]]
    line: dict[str, str | list[str]]

    @cached_property
    def sale_paths(self) -> dict[str, list[KeyPath]]:
        """Where the sale holds each canonical column."""
        return paths(self.sale)

    @cached_property
    def line_paths(self) -> dict[str, list[KeyPath]]:
        """Where a line holds each canonical column; the rank is nowhere."""
        return paths({name: key for name, key in self.line.items() if key != RANK})

    @cached_property
    def known(self) -> frozenset[str]:
        """The keys of sales and lines that the dialect speaks of."""
        every = [*self.sale_paths.values(), *self.line_paths.values()]
        named = (self.lines, RANK, *self.aside)
        return frozenset({normalise(name) or name for name in named} | {path[0] for each in every for path in each})

    @property
    def ranked(self) -> tuple[str, ...]:
        """Columns that are a line's rank in its sale."""
        return tuple(name for name, key in self.line.items() if key == RANK)


def paths(keys: dict[str, str | list[str]]) -> dict[str, list[KeyPath]]:
    """Normalised paths by canonical column."""
    several = {name: [key] if isinstance(key, str) else key for name, key in keys.items()}
    return {name: [tuple(map(normalise, key.split("."))) for key in each] for name, each in several.items()}


def load_nested(folder: Path, canonical: tuple[str, ...]) -> dict[str, NestedDialect]:
    """Every JSON dialect of a folder by name. Raises ConfigError naming file and key at fault."""
    read = {name: value for name, value in read_dialects(folder).items() if value.get("kind") == "json"}
    return {name: parse_nested(name, value, canonical) for name, value in read.items()}


def parse_nested(name: str, value: dict[str, Any], canonical: tuple[str, ...]) -> NestedDialect:
    """One JSON dialect from what its file says, checked."""
    check_keys(name, value, KEYS)
    dialect = NestedDialect(name=name, **value)
    told = [*dialect.sale, *dialect.line, *dialect.constants]
    checks: Iterable[tuple[str, bool]] = (
        ("encoding", dialect.encoding in ENCODINGS),
        ("sales", bool(normalise(dialect.sales))),
        ("lines", bool(normalise(dialect.lines))),
        ("sale", RANK not in dialect.sale.values()),
        ("line", set(told) <= set(canonical) and len(set(told)) == len(told)),
    )
    refuse(name, dialect.wrong_values(canonical) + [key for key, right in checks if not right])
    return dialect
