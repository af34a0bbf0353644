"""The history of commune codes as intervals, from the lists ``commune`` and ``commune_change``.

Events that end a code: 30 (shared among others), 31, 32, 33 (merged), 41 (its department changed), 50 (its seat moved).
Events that begin one: 20, 21 (made, or made again), and 41, 50 for the new code. A code may end and begin again.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from jobs.core.settings import Settings
from jobs.reference.tables import arrow_table

ENDING = {"30", "31", "32", "33", "41", "50"}
BEGINNING = {"20", "21", "41", "50"}
SCHEMA = pa.schema(
    [("code", pa.string()), ("from", pa.date32()), ("until", pa.date32()), ("at", pa.string()),
     ("status", pa.string()), ("city", pa.string())]
)  # fmt: skip
Event = tuple[date, bool, str]  # when; whether it ends the code; the successor of a code that ends


@dataclass
class History:
    """Events of every code that changed, in order; on one day a beginning comes before an end."""

    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))

    def at(self, code: str, day: date) -> tuple[str, str]:
        """The code in force on a day and the status. Ends come later and later, so the way has an end."""
        events = self.events.get(code, [])
        past = events[: bisect_right(events, day, key=lambda event: event[0])]
        if not past:
            return code, "not_yet" if events and not events[0][1] else "current"
        when, ended, successor = past[-1]
        if not ended:
            return code, "current"
        if sum(1 for event in past if event[0] == when and event[1]) > 1:
            return code, "split"
        found, status = self.at(successor, day)
        return found, "moved" if status == "current" else status

    def days(self, code: str, seen: frozenset[str] = frozenset()) -> set[date]:
        """Every day on which what a code stands for may change."""
        found: set[date] = set()
        for when, ended, successor in self.events.get(code, []):
            found.add(when)
            if ended and successor not in seen:
                found |= self.days(successor, seen | {code})
        return found

    def intervals(self, code: str) -> Iterator[tuple[date | None, date | None, str, str]]:
        """(from, until, code in force, status), without gaps: the first has no start, the last no end."""
        days = sorted(self.days(code))
        start: date | None = None
        value = self.at(code, date.min)
        for day in days:
            after = self.at(code, day)
            if after != value:
                yield start, day, *value
                start, value = day, after
        yield start, None, *value


def history_of(changes: list[dict[str, Any]]) -> History:
    """The history told by rows of ``commune_change``."""
    found = History()
    for row in changes:
        if row["event"] in ENDING:
            found.events[row["code"]].append((row["effective_on"], True, row["new_code"]))
        if row["event"] in BEGINNING:
            found.events[row["new_code"]].append((row["effective_on"], False, ""))
    for events in found.events.values():
        events.sort()
    return found


def arrow_paths(settings: Settings | None) -> pa.Table:
    """One row per code and interval: ``code, from, until`` (excluded), ``at``, ``status``, ``city``.

    Every code that is or was a commune of its own has intervals that leave no day out. ``city`` is given for
    arrondissements alone. About 46,000 rows.
    """
    changes = arrow_table(settings, "commune_change").to_pylist()
    communes = arrow_table(settings, "commune").to_pylist()
    history = history_of(changes)
    whole = {row["code"] for row in communes if row["kind"] == "COM"} | set(history.events)
    whole |= {row["code"] for row in changes} | {row["new_code"] for row in changes}
    rows: list[tuple[Any, ...]] = [
        (code, start, until, at, status, None)
        for code in sorted(whole)
        for start, until, at, status in history.intervals(code)
    ]
    rows += [
        (row["code"], None, None, row["code"], "arrondissement", row["parent"])
        for row in communes
        if row["kind"] == "ARM"
    ]
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)
