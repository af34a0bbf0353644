"""Parts of DCIR files to typed lines, in Arrow batches: columns by name, cells as text first, values checked.

A value is read once for each text that occurs, however many lines have it. A text that is there and gives no value
refuses its line: nothing becomes null silently.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.distinct import when
from jobs.standardise.pharmacy.dcir.cells import GOOD, NOT_TOLD, READERS, UNREADABLE, Read, Reader, date_reader
from jobs.standardise.pharmacy.dcir.columns import READ_TYPES
from jobs.standardise.pharmacy.dcir.layout import FLUX, KEY, Item

PLAIN_KEY = r"^(0|[1-9]\d{0,14})$"
PLAIN_AMOUNT = r"^(-?\d{1,9}(\.\d{1,2})?)?$"
UNREADABLE_RULE = {"date": "DCI-003", "month": "DCI-003", "year": "DCI-003", "drug_code": "DCI-004"}
NUMBERS = ("integer", "amount", "price", "rate", "age")
SEP = "\x1f"


@dataclass
class Values:
    """The typed columns of some lines by name, and what is odd about each line.

    ``rule`` is what refuses a line and ``fault`` the column at fault, None where nothing does.
    """

    rows: int
    columns: dict[str, pa.Array] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    rule: Any = None
    fault: Any = None
    odd: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rule = np.full(self.rows, None, dtype=object)
        self.fault = np.full(self.rows, None, dtype=object)

    def refuse(self, mask: Any, rule: str, column: str | None = None) -> None:
        """Refuse lines that nothing refused before."""
        hit = np.asarray(mask, dtype=bool) & (self.rule == None)  # noqa: E711  an array of objects
        if hit.any():
            self.rule[hit], self.fault[hit] = rule, column

    def warn(self, mask: Any, rule: str) -> None:
        """Tell what is odd about some lines."""
        hit = np.asarray(mask, dtype=bool)
        if hit.any():
            self.odd.append((rule, hit))

    def get(self, name: str) -> pa.Array:
        """A column; nulls when the file does not have it."""
        return self.columns.get(name, pa.nulls(self.rows, pa.string()))

    def state(self, name: str, state: int) -> Any:
        """Which lines have a column in a state."""
        return self.states[name] == state if name in self.states else np.zeros(self.rows, dtype=bool)

    def warnings(self) -> pa.Array:
        """Codes of what is odd, comma separated; null when nothing is."""
        if not self.odd:
            return pa.nulls(self.rows, pa.string())
        parts = [pc.if_else(pa.array(hit), pa.scalar(code), pa.scalar(None, pa.string())) for code, hit in self.odd]
        first = pa.repeat("", self.rows)  # a row of nulls alone would be left out
        text = pc.utf8_ltrim(pc.binary_join_element_wise(first, *parts, ",", null_handling="skip"), ",")
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def cleaned(column: pa.ChunkedArray) -> pa.Array:
    """Text without blanks around it; a single dot, SAS's sign for a missing number, is nothing."""
    text = pc.utf8_trim_whitespace(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
    return pc.if_else(pc.equal(text, "."), pa.scalar(""), text)


def mapped(text: pa.Array, reader: Reader, type_: pa.DataType) -> tuple[pa.Array, Any]:
    """The values and states of a column of text, each distinct text read once; an empty one is a null that is GOOD."""
    encoded = text.dictionary_encode()
    nothing: Read = (None, GOOD)
    found = [reader(one) if one else nothing for one in encoded.dictionary.to_pylist()]
    values = pa.array([value for value, _ in found], type_).take(encoded.indices)
    states = np.array([state for _, state in found], dtype=np.int8)[encoded.indices.to_numpy()]
    return values, states


def reader_of(item: Item) -> Reader:
    """The reader of a column's values."""
    return date_reader(item.formats) if item.kind == "date" else READERS[item.kind]


def as_is(item: Item, text: pa.Array) -> bool:
    """Whether a column can stay as it is: names of things, and key parts that are numbers already."""
    if item.kind in ("id", "text"):
        return True
    return item.kind == "key" and bool(pc.all(pc.match_substring_regex(text, PLAIN_KEY)).as_py())


def plain(amounts: pa.Array) -> bool:
    """Whether Arrow reads amounts as their reader does: all are written in the plainest way, or empty."""
    return bool(pc.all(pc.match_substring_regex(amounts, PLAIN_AMOUNT)).as_py())


def values_of(table: pa.Table, items: tuple[Item, ...]) -> Values:
    """Every column that is read, typed. Lines with an unreadable value are refused, the first such column named."""
    values = Values(table.num_rows)
    for item in items:
        if item.column not in table.column_names:
            continue
        text = cleaned(table.column(item.column))
        if as_is(item, text):
            column, state = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text), None
        elif item.kind == "amount" and plain(text):
            column, state = when(pc.not_equal(text, ""), text).cast(READ_TYPES["amount"]), None
        else:
            column, state = mapped(text, reader_of(item), READ_TYPES.get(item.kind, pa.string()))
        values.columns[item.name] = column
        if state is not None:
            values.states[item.name] = state
        if item.need == "key":
            values.refuse(nulls(column), "DCI-011", item.column)
        elif state is not None and (state == UNREADABLE).any():
            values.refuse(state == UNREADABLE, rule_of(item), item.column)
    return values


def rule_of(item: Item) -> str:
    """The rule of a value that cannot be read."""
    return UNREADABLE_RULE.get(item.kind, "DCI-002" if item.kind in NUMBERS else "DCI-004")


def nulls(column: pa.Array) -> Any:
    """Where a column has no value."""
    return column.is_null().to_numpy(zero_copy_only=False)


def claim_key(values: Values) -> pa.Array:
    """The nine key columns as one text; null when one is missing."""
    parts = [values.columns[name.lower()] for name in KEY]
    texts = [pc.cast(part, pa.string()) if pa.types.is_date(part.type) else part for part in parts]
    return pc.binary_join_element_wise(*texts, SEP)


def month_of(days: pa.Array) -> pa.Array:
    """YYYY-MM of dates."""
    return pc.utf8_slice_codeunits(pc.cast(days, pa.string()), 0, 7)


def flux_month(values: Values) -> pa.Array:
    """The month in which a line became available."""
    return month_of(values.columns[FLUX.lower()])


def not_told(values: Values, *names: str) -> Any:
    """Lines in which one of some columns holds the sign for "not told"."""
    found = np.zeros(values.rows, dtype=bool)
    for name in names:
        found |= values.state(name, NOT_TOLD)
    return found
