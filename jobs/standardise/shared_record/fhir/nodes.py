"""JSON that nobody trusts: one resource of one line, numbers as written, each element of the type FHIR gives it."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from jobs.standardise.documents import Refused

NOT_JSON, TWICE, TOO_LONG, NOT_OF_TYPE, MISSING = "FHR-002", "FHR-003", "FHR-004", "FHR-007", "FHR-008"
MAX_LINE = 20_000_000  # bytes
MAX_PARTS = 200_000  # commas and opening brackets of a line: what makes one long is the text of an attachment
MAX_LEVELS = 100
MAX_EXPONENT = 12
ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
BOM = b"\xef\xbb\xbf"
TIME = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?", re.ASCII
)
REFERENCE = re.compile(r"(?:^|/)([A-Z][A-Za-z]{2,40}/[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]*)?$")


class Number(str):
    """A number of JSON, its digits as sent: ``1.950`` is not ``1.95``."""

    __slots__ = ()


def parse_line(data: bytes) -> dict[str, Any]:
    """The object of one line.

    Raises Refused: FHR-002 no JSON object in UTF-8, FHR-003 key twice, FHR-004 too long, too full or too deep.
    """
    opened = data.count(b"{") + data.count(b"[")
    if len(data) > MAX_LINE or opened + data.count(b",") > MAX_PARTS:
        raise Refused(TOO_LONG, "json")
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_float=Number,
            parse_int=Number,
            parse_constant=refuse_constant,
            object_pairs_hook=unique,
        )
        if ESCAPED_SURROGATE.search(data):
            canonical(value).encode("utf-8")  # half a character, written as an escape, is no text
    except RecursionError:
        raise Refused(TOO_LONG, "json") from None
    except ValueError:
        raise Refused(NOT_JSON, "json") from None
    if opened > MAX_LEVELS and deeper(value, MAX_LEVELS):
        raise Refused(TOO_LONG, "json")
    if not isinstance(value, dict):
        raise Refused(NOT_JSON, "json")
    return value


def deeper(value: Any, levels: int) -> bool:
    """Whether a JSON value has more levels of objects and arrays."""
    level = [value]
    for _ in range(levels + 1):
        held = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [child for children in held for child in children]
        if not level:
            return False
    return True


def refuse_constant(name: str) -> None:
    """``NaN`` and ``Infinity`` are no JSON."""
    raise ValueError(name)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that is given twice leaves open which value was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused(TWICE, "json")
    return found


def canonical(value: Any) -> str:
    """One spelling of a JSON value: order of keys and blanks do not count, digits do."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Node:
    """An object of a resource and its path.

    Getters give None for what is absent and raise Refused (FHR-007) for what is there and of another JSON type; the
    path names the element, never its value.
    """

    __slots__ = ("path", "value")

    def __init__(self, value: dict[str, Any], path: str) -> None:
        self.value = value
        self.path = path

    def _get(self, name: str, kind: type) -> Any:
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is str and isinstance(value, Number)):
            raise self.refused(name)
        return value

    def refused(self, name: str, rule: str = NOT_OF_TYPE) -> Refused:
        """The refusal of one element."""
        return Refused(rule, self.path.partition(".")[0], f"{self.path}.{name}")

    def text(self, name: str) -> str | None:
        """A string without blanks at its ends."""
        value = self._get(name, str)
        return str(value).strip() or None if value is not None else None

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self._get(name, bool)
        return None if value is None else bool(value)

    def number(self, name: str) -> str | None:
        """A number as sent, an exponent written out."""
        value = self._get(name, Number)
        return None if value is None else plain(value)

    def node(self, name: str) -> "Node | None":
        """An object."""
        value = self._get(name, dict)
        return None if value is None else Node(value, f"{self.path}.{name}")

    def nodes(self, name: str) -> list["Node"]:
        """The objects of an array."""
        value = self._get(name, list) or []
        if not all(isinstance(item, dict) for item in value):
            raise self.refused(name)
        return [Node(item, f"{self.path}.{name}") for item in value]

    def first(self, name: str) -> "Node | None":
        """The first object of an array."""
        found = self.nodes(name)
        return found[0] if found else None

    def texts(self, name: str) -> list[str]:
        """The strings of an array; places that only an extension fills are left out."""
        value = self._get(name, list) or []
        if not all(item is None or (isinstance(item, str) and not isinstance(item, Number)) for item in value):
            raise self.refused(name)
        return [item.strip() for item in value if item and item.strip()]

    def time(self, name: str) -> str | None:
        """A date, dateTime or instant as HL7 time text."""
        value = self.text(name)
        if value is None:
            return None
        written = hl7_time(value)
        if written is None:
            raise self.refused(name)
        return written

    def extension(self, name: str) -> "Node | None":
        """The extension whose address ends with a name."""
        return next((one for one in self.nodes("extension") if (one.text("url") or "").endswith(name)), None)

    def beside(self, name: str) -> "Node | None":
        """What stands beside a primitive element (``_name``): its extensions."""
        value = self.value.get(f"_{name}")
        return Node(value, f"{self.path}._{name}") if isinstance(value, dict) else None

    def reference(self, name: str) -> str | None:
        """``Type/id`` or ``#id`` that a reference names, without server and version; None when it names no resource."""
        return target(self.node(name))


def target(node: Node | None) -> str | None:
    """What a Reference points to."""
    value = node.text("reference") if node else None
    if value is None:
        return None
    found = REFERENCE.search(value)
    return value if value.startswith("#") else found[1] if found else None


def plain(number: Number) -> str:
    """A number without exponent, its trailing zeros kept; absurd exponents stay as sent and are no value later."""
    if "e" not in number and "E" not in number:
        return str(number)
    try:
        value = Decimal(number)
    except InvalidOperation:  # beyond what a decimal can be
        return str(number)
    return format(value, "f") if abs(value.adjusted()) <= MAX_EXPONENT else str(number)


def hl7_time(text: str) -> str | None:
    """``2026-11-02T08:00:00+01:00`` as ``20261102080000+0100``, as short as it was sent; None when it is no time."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        # a leap second is a real one; Python knows none
        datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59))
    except ValueError:
        return None
    if second and int(second) > 60:
        return None
    written = "".join(part for part in (year, month, day, hour, minute) if part)
    if second:
        written += f"{min(int(second), 59):02d}" + (f".{fraction[:9]}" if fraction else "")
    return written + ("+0000" if zone == "Z" else (zone or "").replace(":", ""))


def first_of(values: Iterable[str | None]) -> str | None:
    """The first value that is there."""
    return next((value for value in values if value), None)
