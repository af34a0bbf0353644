"""The register of rights: what is in force, as keyed tokens. No identifier is kept, so none can leave with it.

It lies in the identity zone, in ``identity/rights/register.json``. Whoever holds the register alone learns nothing; who
also holds the key can ask of a known number whether it is there.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jobs.core.errors import DataRefused
from jobs.core.keys import check_value, key_bytes, require_same_key
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.core.tokens import text_hex
from jobs.rights.request import Identifier, Request

KEY, NUMBER = "rights", "number"
OPPOSITION, ERASURE = "opposition", "erasure"
BLANKS = re.compile(r"\s+")
TOKENS = ("numbers", "subjects", "persons", "stays")


@dataclass(frozen=True)
class Entry:
    """One request in force, and everything it is known to reach. ``done`` once its certificate is written.

    ``asked``: one token per identifier of the request, which tells whether the same was asked again. ``numbers``:
    tokens of national numbers under this register's key. ``subjects`` and ``stays``: tokens of the standard zone.
    """

    request_id: str
    kind: str
    dated: str
    signed_off_by: str
    asked: tuple[str, ...]
    numbers: frozenset[str] = field(default=frozenset())
    subjects: frozenset[str] = field(default=frozenset())
    persons: frozenset[str] = field(default=frozenset())
    stays: frozenset[str] = field(default=frozenset())
    done: bool = False

    def to_json(self) -> dict[str, Any]:
        """As written in the register."""
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in vars(self).items()}

    @staticmethod
    def from_json(value: dict[str, Any]) -> "Entry":
        """As read from the register."""
        tokens = {name: frozenset(value[name]) for name in TOKENS}
        return Entry(**value | tokens | {"asked": tuple(value["asked"])})


@dataclass(frozen=True)
class Register:
    """All requests in force, in the order of their numbers."""

    entries: tuple[Entry, ...] = ()

    def all_of(self, kind: str, name: str) -> frozenset[str]:
        """Everything of one sort that requests of a kind reach."""
        return frozenset().union(*[getattr(one, name) for one in self.entries if one.kind == kind])

    def has(self, kind: str) -> bool:
        """Whether any request of a kind is in force."""
        return any(one.kind == kind for one in self.entries)

    def put(self, entry: Entry) -> "Register":
        """The register with an entry added, or in the place of the one of its number."""
        others = [one for one in self.entries if one.request_id != entry.request_id]
        return Register(tuple(sorted([*others, entry], key=lambda one: one.request_id)))


def register_path(settings: Settings) -> Path:
    """Where the register lies."""
    return settings.identity / "rights" / "register.json"


def load(settings: Settings) -> Register:
    """The register; empty before the first request. Raises ConfigError when its key is another or gone."""
    path = register_path(settings)
    if not path.is_file():
        return Register()
    value = read_json(path)
    require_same_key(settings, KEY, value["key_check"])
    return Register(tuple(Entry.from_json(one) for one in value["requests"]))


def save(settings: Settings, register: Register) -> None:
    """Replace the register."""
    entries = [one.to_json() for one in register.entries]
    write_json(register_path(settings), {"key_check": check_value(settings, KEY), "requests": entries})


def entry_of(settings: Settings, request: Request) -> Entry:
    """A request as tokens: numbers under the register's key, producers' own numbers as standard tokens."""
    rights, collector = key_bytes(settings, KEY), key_bytes(settings, "collector")
    subjects = [one for item in request.identifiers for one in subjects_of(collector, item)]
    asked = [text_hex(rights, "asked", *identity) for identity in map(parts, request.identifiers)]
    return Entry(
        request_id=request.request_id,
        kind=request.kind,
        dated=request.dated,
        signed_off_by=request.signed_off_by,
        asked=tuple(sorted(asked)),
        numbers=frozenset(text_hex(rights, NUMBER, one.value) for one in request.identifiers if one.kind == "number"),
        subjects=frozenset(subjects),
        stays=frozenset(stay_token(collector, one) for one in request.identifiers if one.kind == "stay"),
    )


def parts(item: Identifier) -> tuple[str, ...]:
    """Everything that an identifier says."""
    return item.kind, item.source, item.producer, item.system, item.value


def subjects_of(collector: bytes, item: Identifier) -> list[str]:
    """The subject that a producer's own number makes, as its source makes it (`standardise`)."""
    if item.source == "hospital":
        domain = "patient" if item.kind == "patient" else "patient of stay"
        return [text_hex(collector, "hospital", domain, item.producer, item.value)]
    if item.source == "shared_record":
        root, number = (BLANKS.sub("", text).upper() for text in (item.system, item.value))
        return [text_hex(collector, "shared_record", item.producer, f"local:{root}^{number}")]
    return []


def stay_token(collector: bytes, item: Identifier) -> str:
    """The token of a hospital's stay."""
    return text_hex(collector, "hospital", "stay", item.producer, item.value)


def added(register: Register, entries: list[Entry]) -> Register:
    """The register with new requests. Raises DataRefused when one contradicts another; the same again adds nothing."""
    for entry in entries:
        known = next((one for one in register.entries if one.request_id == entry.request_id), None)
        if known is not None:
            require_same(known, entry)
            continue
        for other in register.entries:
            if set(other.asked) & set(entry.asked) and other.kind != entry.kind:
                require_stronger(other, entry, {one.request_id for one in entries})
        register = register.put(entry)
    return register


def require_same(known: Entry, entry: Entry) -> None:
    """Raise DataRefused when a number was used for another request before."""
    names = ("kind", "dated", "signed_off_by", "asked")
    if any(getattr(known, name) != getattr(entry, name) for name in names):
        raise DataRefused(f"RGT-003: {entry.request_id} is registered with another content; use a new request_id.")


def require_stronger(other: Entry, entry: Entry, together: set[str]) -> None:
    """Raise DataRefused when two requests about the same identifier ask for different things.

    An erasure that comes after an opposition is a new decision and stands; both at once, or an opposition after an
    erasure, is a mistake that a person has to look at.
    """
    if other.request_id in together:
        raise DataRefused(
            f"RGT-003: {other.request_id} and {entry.request_id} ask for opposition and erasure of one identifier; "
            "keep the one that is meant."
        )
    if other.kind == ERASURE:
        raise DataRefused(
            f"RGT-003: {entry.request_id} opposes what {other.request_id} has erased; an erasure already refuses it."
        )


def reached(entry: Entry, **found: frozenset[str]) -> Entry:
    """An entry that reaches more than it was known to; nothing is ever taken out."""
    return replace(entry, **{name: getattr(entry, name) | values for name, values in found.items()})
