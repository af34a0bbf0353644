"""For the suites of the emergency tables: a value that a perfect table needs, and the change that breaks each rule."""

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Change = Callable[[Row, int], Row]
SPECIAL: dict[str, Any] = {"severity": "2"}


def every(column: str, new: Any) -> Change:
    """The same value in all rows."""
    return lambda row, _: {**row, column: new}


BREAKERS: dict[str, Change] = {
    "011": every("severity", "9"),
    "012": lambda row, place: {**row, "severity": "9" if place % 10 == 0 else row["severity"]},
    "013": every("diagnosis_count", 0),
    "014": every("duration_minutes", 4000),
    "015": every("age_years", None),
    "016": every("sex", "2"),
    "017": every("duration_minutes", None),
    "018": every("entry_hour", 0),
    "021": every("code", "?"),
    "022": lambda row, place: {**row, "code_known": place % 4 != 0},
    "023": lambda row, place: {**row, "code": "?" if place % 10 == 0 else row["code"]},
    "031": every("code", "?"),
    "032": lambda row, place: {**row, "code_known": place % 4 != 0},
    "033": every("procedure_rank", 400),
}
