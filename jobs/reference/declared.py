"""What ``schemas/codes/index.json`` declares of each code list: columns, key, shape, what a new release does."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from jobs.core.errors import ConfigError
from jobs.core.settings import REPOSITORY

EMBEDDED = REPOSITORY / "schemas" / "codes"
ANY_CODE = r"[0-9A-Za-z][0-9A-Za-z._+-]{0,19}"
LABELS = ("label_fr", "label_en")


@dataclass(frozen=True)
class ListColumn:
    """A column beyond code and labels: text of a shape (a regular expression of the whole value), or an ISO date."""

    name: str
    type: str = "text"
    shape: str | None = None
    required: bool = False


@dataclass(frozen=True)
class CodeList:
    """A declared list.

    ``releases``: with ``add`` a row that a newer release no longer has stays known; with ``replace`` the newest release
    is the whole truth. ``embedded`` is false for a list that exists only once it was loaded. An unpublished list has no
    row in ``code_label`` and says why.
    """

    name: str
    valid_on: str
    source: str
    complete: bool
    shape: str = ANY_CODE
    columns: tuple[ListColumn, ...] = ()
    key: tuple[str, ...] = ("code",)
    releases: str = "add"
    embedded: bool = True
    published: bool = True
    why_not_published: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The declared columns in order, code and labels left out."""
        return tuple(column.name for column in self.columns)

    @property
    def headers(self) -> tuple[tuple[str, ...], ...]:
        """The headers that a file of this list may have: labels may be left out."""
        choices: tuple[tuple[str, ...], ...] = (LABELS, LABELS[:1], ())
        return tuple(("code", *labels, *self.column_names) for labels in choices)


@cache
def declared_lists() -> dict[str, CodeList]:
    """Every declared list by its name."""
    index: dict[str, dict[str, Any]] = json.loads((EMBEDDED / "index.json").read_text(encoding="utf-8"))
    return {name: declared(name, about) for name, about in index.items()}


def declared(name: str, about: dict[str, Any]) -> CodeList:
    """One entry of the index."""
    columns = tuple(ListColumn(**column) for column in about.get("columns", ()))
    return CodeList(name, **(about | {"columns": columns, "key": tuple(about.get("key", ("code",)))}))


def code_list(name: str) -> CodeList:
    """A declared list. Raises ConfigError when there is none of that name."""
    if name not in declared_lists():
        raise ConfigError(f"There is no code list {name!r} in schemas/codes.")
    return declared_lists()[name]
