"""Is the audit whole? Every line is read, in order, and the first that is not as it was written is named."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jobs.audit.log import START, anchor, hash_of, segments, text_of
from jobs.core.errors import DataRefused
from jobs.core.settings import Settings

CLOSED = "audit_closed"  # the line that stands for segments past their time: its ``key`` is the hash of their last line


@dataclass(frozen=True)
class Line:
    """A line of the audit, with its segment and its number there."""

    segment: str
    number: int
    value: dict[str, Any]

    @property
    def place(self) -> str:
        """As a message names it."""
        return f"{self.segment} line {self.number}"


def check(settings: Settings) -> dict[str, int]:
    """Number of segments and lines of a whole audit. Raises DataRefused naming the first line that is not right."""
    lines, found = list(read(settings.audit)), segments(settings.audit)
    before = begin(lines)
    for line in lines:
        require_follows(line, before)
        before = line.value
    head = anchor(settings.audit)
    at_head = {line.value["n"]: line.value["hash"] for line in lines}.get(head["n"], START if not lines else None)
    newest = lines[-1].value["n"] if lines else 0
    if newest < head["n"]:
        fail("AUD-002", f"line {newest + 1} and what follows it are gone: the anchor knows {head['n']} lines")
    if at_head != head["hash"] or newest > head["n"] + 1:
        fail("AUD-001", f"the anchor's line {head['n']} is not the one that was written")
    return {"segments": len(found), "lines": len(lines)}


def read(folder: Path) -> Iterator[Line]:
    """Every line of every segment, in order. Raises DataRefused for one that is no line of the audit."""
    for path in segments(folder):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            place = f"{path.name} line {number}"
            try:
                value = json.loads(text)
                n, prev, digest = value["n"], value["prev"], value["hash"]
            except (ValueError, KeyError, TypeError):
                fail("AUD-001", f"{place} cannot be read")
            if digest != hash_of(value) or text != text_of(value) or not isinstance(n, int) or not prev:
                fail("AUD-001", f"{place} was changed after it was written")
            yield Line(path.name, number, value)


def begin(lines: list[Line]) -> dict[str, Any]:
    """What the first line must follow: the start, or the last line of what was closed and removed."""
    if not lines or lines[0].value["prev"] == START:
        return {"n": 0, "hash": START}
    first = lines[0].value
    closed = {line.value["key"] for line in lines if line.value["what"] == CLOSED}
    if first["prev"] not in closed:
        fail("AUD-002", f"lines before {lines[0].place} are gone, and no closing record tells of them")
    return {"n": first["n"] - 1, "hash": first["prev"]}


def require_follows(line: Line, before: dict[str, Any]) -> None:
    """Raise DataRefused unless a line follows the one before it."""
    if line.value["n"] != before["n"] + 1 or line.value["prev"] != before["hash"]:
        fail("AUD-002", f"{line.place}: line {before['n'] + 1} was expected, line {line.value['n']} is there")


def fail(code: str, what: str) -> NoReturn:
    """Raise the refusal of an audit that is not whole."""
    raise DataRefused(f"{code}: {what}. Keep the zone as it is, and compare it with the last backup.")
