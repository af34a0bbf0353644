"""One sale of nested JSON to its records: a record is a line of the sale, with what the sale says of all its lines."""

import json
import re
from collections.abc import Iterator
from typing import Any

from jobs.standardise.delimited_file import Shape
from jobs.standardise.dialects import normalise
from jobs.standardise.pharmacy.nested_dialect import RANK, KeyPath, NestedDialect

UNKNOWN_KEYS = "PHA-111"
KEYS, NO_LIST, ENCODING = "keys", "list", "encoding"
TWICE = "\x00"  # under it an object keeps the names of keys that came twice with different values
ABSENT, AMBIGUOUS = object(), object()
BETWEEN = re.compile(r"[ \t\r\n,:]*")
# bytes, problem, field, noted, cells
Line = tuple[bytes, str | None, str | None, str | None, tuple[Any, ...]]


def named(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object by its keys as they are compared."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        name = normalise(key) or key
        if name in found and found[name] != value:
            found.setdefault(TWICE, set()).add(name)
        found[name] = value
    return found


# Numbers stay the text that was sent: no float ever holds an amount.
READ = json.JSONDecoder(strict=False, object_pairs_hook=named, parse_float=str, parse_int=str, parse_constant=str)
CUT = json.JSONDecoder(strict=False, parse_float=str, parse_int=str)


def line_records(raw: bytes, dialect: NestedDialect, shape: Shape) -> Iterator[Line]:
    """The records of one sale from its bytes, which are known to be one value; the bytes of each can be read alone.

    A sale without a list of lines is one refused record: how many it holds is not known.
    """
    blank = (None,) * len(shape.columns)
    before, lines, after = split(raw, dialect)
    if lines is None:
        yield document(dialect, raw), NO_LIST, dialect.lines, None, blank
        return
    sale = read(before + after, dialect)
    told_once = {name: first(sale, each) for name, each in dialect.sale_paths.items()} | dialect.constants
    for rank, one in enumerate(lines, start=1):
        told = before if not before.startswith(b"{") else b'{"%s":%d,' % (RANK.encode(), rank) + before[1:]
        bytes_ = document(dialect, told + one + after)
        line = read(one, dialect)
        if sale is None or line is None:
            yield bytes_, ENCODING, None, None, blank
            continue
        # a line that is read alone tells its rank
        known = told_once | dict.fromkeys(dialect.ranked, sale.get(RANK, str(rank)))
        cells, wrong = cells_of(known, line, dialect, shape)
        noted = UNKNOWN_KEYS if not wrong and {*sale, *line} - dialect.known else None
        yield bytes_, KEYS if wrong else None, wrong, noted, blank if wrong else cells


def split(raw: bytes, dialect: NestedDialect) -> tuple[bytes, list[bytes] | None, bytes]:
    """What stands in a sale before the first line, the lines, and what stands behind the last; None without a list."""
    text, found = raw.decode("latin-1"), None
    at = after(text, 1)
    while text[0] == "{" and text[at] != "}":
        key, stop = CUT.raw_decode(text, at)
        start = after(text, stop)
        at = after(text, CUT.raw_decode(text, start)[1])
        if same(key, dialect.lines, dialect) and text[start] == "[":
            found = start + 1
    if found is None:
        return b"", None, b""
    lines, at = [], after(text, found)
    while text[at] != "]":
        stop = CUT.raw_decode(text, at)[1]
        lines.append(raw[at:stop])
        at = after(text, stop)
    return raw[:found], lines, raw[at:]


def same(key: str, wanted: str, dialect: NestedDialect) -> bool:
    """Whether a key that was read as Latin-1 is the wanted one."""
    try:
        key = key.encode("latin-1").decode(dialect.encoding)
    except UnicodeError:
        pass  # it was escaped, or is foreign to the encoding: then it is compared as it is
    return normalise(key) == normalise(wanted)


def after(text: str, at: int) -> int:
    """The next character that is neither blank nor between two values. The text is known to be well formed."""
    match = BETWEEN.match(text, at)
    assert match is not None
    return match.end()


def read(raw: bytes, dialect: NestedDialect) -> Any:
    """The value of some bytes; None when they are foreign to the declared encoding."""
    try:
        return READ.decode(raw.decode("utf-8" if dialect.encoding == "utf-8-sig" else dialect.encoding))
    except UnicodeDecodeError:
        return None


def document(dialect: NestedDialect, sale: bytes) -> bytes:
    """A document with one sale."""
    return b"[{%s:[" % json.dumps(dialect.sales).encode() + sale + b"]}]"


def cells_of(
    known: dict[str, Any], line: Any, dialect: NestedDialect, shape: Shape
) -> tuple[tuple[str | None, ...], str | None]:
    """The cells of a line in the order of the canonical columns, and the column for which a key is at fault.

    ``known``: what the sale and the dialect say of all its lines.
    """
    values = known | {name: first(line, each) for name, each in dialect.line_paths.items()}
    lacking = [name for name in shape.mandatory if values.get(name, ABSENT) is ABSENT]
    unclear = [name for name, value in values.items() if value is AMBIGUOUS or isinstance(value, (dict, list))]
    cells = tuple([text(values.get(name)) for name in shape.columns])
    return cells, next(iter([*lacking, *unclear]), None)


def first(value: Any, paths: list[KeyPath]) -> Any:
    """The first value that is there and not null; None when all are null, ABSENT when no key is there."""
    result = ABSENT
    for path in paths:
        found = lookup(value, path)
        if found is not ABSENT and found is not None:
            return found
        result = None if found is None else result
    return result


def lookup(value: Any, path: KeyPath) -> Any:
    """The value under a path of keys, ABSENT, or AMBIGUOUS when a key came twice."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        if key in value.get(TWICE, ()):
            return AMBIGUOUS
        value = value[key]
    return value


def text(value: Any) -> str | None:
    """A value as the text of a cell."""
    if isinstance(value, str):
        return value
    return None if value is None or value is ABSENT else json.dumps(value, default=str)
