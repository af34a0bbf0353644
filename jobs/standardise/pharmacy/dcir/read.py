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
ZERO = b"0"[0]
NUMBERS = ("integer", "amount", "price", "rate", "age")
SEP = "\x1f"


@dataclass
class Values:
    """The typed columns of some lines by name, and what is odd about each line.

    ``refused`` is the place among ``refusals``, rule and column at fault, of what refuses a line; 0 where nothing does.
    """

    rows: int
    columns: dict[str, pa.Array] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    odd: list[tuple[str, Any]] = field(default_factory=list)
    refusals: list[tuple[str | None, str | None]] = field(default_factory=lambda: [(None, None)])
    refused: Any = None

    def __post_init__(self) -> None:
        self.refused = np.zeros(self.rows, dtype=np.int64)

    def refuse(self, mask: Any, rule: str, column: str | None = None) -> None:
        """Refuse lines that nothing refused before."""
        hit = np.asarray(mask, dtype=bool) & (self.refused == 0)
        if hit.any():
            self.refused[hit] = len(self.refusals)
            self.refusals.append((rule, column))

    def rules(self) -> pa.Array:
        """What refuses each line; null where nothing does."""
        return pa.array([rule for rule, _ in self.refusals], pa.string()).take(pa.array(self.refused))

    def faults(self) -> pa.Array:
        """The column at fault of each line that one refuses."""
        return pa.array([column for _, column in self.refusals], pa.string()).take(pa.array(self.refused))

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


def cleaned(text: pa.Array) -> pa.Array:
    """Text without blanks around it; a single dot, SAS's sign for a missing number, is nothing."""
    if pa.types.is_dictionary(text.type):
        return pa.DictionaryArray.from_arrays(text.indices, cleaned(text.dictionary))
    trimmed = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(trimmed, "."), pa.scalar(""), trimmed)


def distinct(text: pa.Array) -> pa.Array:
    """The texts of a column, those of a dictionary once."""
    return text.dictionary if pa.types.is_dictionary(text.type) else text


def mapped(text: pa.Array, reader: Reader, type_: pa.DataType) -> tuple[pa.Array, Any]:
    """The values and states of a column of text, each distinct text read once; an empty one is a null that is GOOD."""
    encoded = text.dictionary_encode()
    nothing: Read = (None, GOOD)
    found = [reader(one) if one else nothing for one in encoded.dictionary.to_pylist()]
    values = pa.array([value for value, _ in found], type_).take(encoded.indices)
    states = np.array([state for _, state in found], dtype=np.int8)[encoded.indices.to_numpy()]
    return values, states


def encoded_columns(items: tuple[Item, ...]) -> frozenset[str]:
    """Columns whose cells mostly say what others say: they are cut as a dictionary."""
    return frozenset(one.column for one in items if one.kind not in ("id", "amount", "provider", "person_number"))


def provider_numbers(text: pa.Array) -> pa.Array | None:
    """What the reader of providers gives, for a column of digits alone; None for another column."""
    ends = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    octets = np.frombuffer(text.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]] if len(text) else ends
    if not ((octets >= ZERO) & (octets < ZERO + 10)).all():
        return None
    zeros = pc.equal(pc.ascii_ltrim(text, "0"), "")
    return pc.if_else(zeros, pa.scalar(None, pa.string()), pc.utf8_slice_codeunits(text, 0, 8))


def reader_of(item: Item) -> Reader:
    """The reader of a column's values."""
    return date_reader(item.formats) if item.kind == "date" else READERS[item.kind]


def as_is(item: Item, text: pa.Array) -> bool:
    """Whether a column can stay as it is: names of things, and key parts that are numbers already."""
    if item.kind in ("id", "text"):
        return True
    return item.kind == "key" and bool(pc.all(pc.match_substring_regex(distinct(text), PLAIN_KEY)).as_py())


def plain(amounts: pa.Array) -> bool:
    """Whether Arrow reads amounts as their reader does: all are written in the plainest way, or empty."""
    return bool(pc.all(pc.match_substring_regex(amounts, PLAIN_AMOUNT)).as_py())


def values_of(table: pa.Table, items: tuple[Item, ...]) -> Values:
    """Every column that is read, typed. Lines with an unreadable value are refused, the first such column named."""
    values = Values(table.num_rows)
    for item in items:
        if item.column not in table.column_names:
            continue
        column, state = typed(item, cleaned(table.column(item.column).combine_chunks()))
        values.columns[item.name] = column
        if state is not None:
            values.states[item.name] = state
        if item.need == "key":
            values.refuse(nulls(column), "DCI-011", item.column)
        elif state is not None and (state == UNREADABLE).any():
            values.refuse(state == UNREADABLE, rule_of(item), item.column)
    return values


def typed(item: Item, text: pa.Array) -> tuple[pa.Array, Any]:
    """The values of a column of cleaned text and their states; None for states that are all GOOD."""
    if as_is(item, text):
        told = distinct(text)
        named = pc.if_else(pc.equal(told, ""), pa.scalar(None, pa.string()), told)
        return (named.take(text.indices) if told is not text else named), None
    if item.kind == "amount" and plain(text):
        return when(pc.not_equal(text, ""), text).cast(READ_TYPES["amount"]), None
    if item.kind == "provider" and (numbers := provider_numbers(text)) is not None:
        told = pc.and_(pc.not_equal(text, ""), pc.is_null(numbers)).to_numpy(zero_copy_only=False)
        return numbers, np.where(told, NOT_TOLD, GOOD).astype(np.int8)
    return mapped(text, reader_of(item), READ_TYPES.get(item.kind, pa.string()))


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
