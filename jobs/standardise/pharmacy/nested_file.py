"""One file of nested JSON, read part by part: sales to records, each with its place, its own bytes and its cells.

Sales are cut out of the text one after the other, so that memory holds one part and one sale, whatever the document's
length. Bytes are looked at as Latin-1, where every byte is one character: places in the text are places in the file.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from jobs.standardise.delimited_file import Record, Shape
from jobs.standardise.pharmacy.nested_dialect import NestedDialect
from jobs.standardise.pharmacy.nested_lines import CUT, NO_LIST, line_records, same

MAX_VALUE = 1_048_576  # characters of one sale, or of one other value; what is longer is no sale
NOT_BLANK = re.compile(r"[^ \t\r\n]")
MARK = "\xef\xbb\xbf"  # UTF-8's byte order mark, as Latin-1
EMPTY, BROKEN = "empty", "json"


class Unfinished(Exception):
    """The text ends within a value."""


class NestedReader:
    """Reads the parts of one file in order. Feed every part, then finish."""

    def __init__(self, part: dict[str, Any], dialect: NestedDialect, shape: Shape) -> None:
        self.dialect, self.shape = dialect, shape
        self.place = (part["producer"], part["delivery_id"], part["file"])
        self.record = part["record"] - 1 if part["record"] is not None else 0
        self.text, self.at, self.offset = "", 0, 0
        self.state: Callable[[], Iterator[Record]] = self.document
        self.listed = self.sold = False  # the document is a list of blocks; the block at hand had its sales
        self.anything = False

    def feed(self, data: bytes, offset: int) -> list[Record]:
        """Records that this part completes."""
        self.offset = offset - len(self.text) + self.at
        self.text, self.at = self.text[self.at :] + data.decode("latin-1"), 0
        return list(self.walk(final=False))

    def finish(self) -> list[Record]:
        """The last records. An empty file is one record that says so: no data is no success."""
        rest = list(self.walk(final=True))
        if not self.anything:
            rest.append(self.refused(EMPTY, None, ""))
        return rest

    def walk(self, *, final: bool) -> Iterator[Record]:
        """Take one step after the other until the text is used up; what cannot be read is one record, to its end."""
        while self.skip_blanks():
            try:
                yield from self.state()
            except (Unfinished, ValueError, RecursionError):
                if not final and len(self.text) - self.at <= MAX_VALUE:
                    return  # the next part may complete the value
                self.state = self.broken
        if final and self.anything and self.state not in (self.end, self.broken):
            yield self.refused(BROKEN, None, "")

    def skip_blanks(self) -> bool:
        """Go to the next character that is none; False at the end of the text. What is refused keeps its blanks."""
        if self.state == self.broken:
            return self.at < len(self.text)
        if self.offset + self.at == 0 and self.text.startswith(MARK):
            self.at = len(MARK)
        found = NOT_BLANK.search(self.text, self.at)
        self.at = found.start() if found else len(self.text)
        self.anything |= found is not None
        return found is not None

    def document(self) -> Iterator[Record]:
        """The beginning: a list of blocks, or a block alone."""
        self.listed = self.text[self.at] == "["
        self.at += self.listed
        self.state = self.blocks
        yield from ()

    def blocks(self) -> Iterator[Record]:
        """Between blocks."""
        sign = self.text[self.at]
        if sign == "{":
            self.sold, self.state = False, self.members
        elif self.listed and sign == "]":
            self.state = self.end
        elif not (self.listed and sign == ","):
            raise ValueError
        self.at += 1
        yield from ()

    def members(self) -> Iterator[Record]:
        """Within a block, before a key: its sales are gone through, anything else is passed over."""
        sign = self.text[self.at]
        if sign in ",}":
            self.at += 1
            if sign == "}":
                self.state = self.blocks if self.listed else self.end
                if not self.sold:
                    yield self.refused(NO_LIST, self.dialect.sales, "")
            return
        key, stop = self.value(self.at)
        if not isinstance(key, str):
            raise ValueError
        start = self.after_colon(stop)
        if same(key, self.dialect.sales, self.dialect) and self.text[start] == "[":
            self.at, self.sold, self.state = start + 1, True, self.sales
            return
        self.at = self.value(start)[1]

    def sales(self) -> Iterator[Record]:
        """Within the list of sales, before one."""
        sign = self.text[self.at]
        if sign in ",]":
            self.state = self.members if sign == "]" else self.sales
            self.at += 1
            return
        start, stop = self.at, self.value(self.at)[1]
        raw, offset = self.text[start:stop].encode("latin-1"), self.offset + start
        lines = list(line_records(raw, self.dialect, self.shape))
        self.at = stop
        for bytes_, problem, field, noted, cells in lines:
            self.record += 1
            yield (*self.place, self.record, offset, bytes_, self.dialect.name, problem, field, noted, *cells)

    def broken(self) -> Iterator[Record]:
        """From here on nothing can be read: the rest of the part as one record."""
        rest, self.at = self.text[self.at :], len(self.text)
        yield self.refused(BROKEN, None, rest)

    def end(self) -> Iterator[Record]:
        """Behind the document nothing may stand."""
        raise ValueError

    def value(self, at: int) -> tuple[Any, int]:
        """The value at a place and where it ends. Raises Unfinished or ValueError."""
        value, stop = CUT.raw_decode(self.text, at)
        if stop == len(self.text) and not isinstance(value, (dict, list)):
            raise Unfinished  # a number may go on, and no value ends a document
        return value, stop

    def after_colon(self, at: int) -> int:
        """Where the value of a key begins. Raises Unfinished or ValueError."""
        colon = NOT_BLANK.search(self.text, at)
        found = NOT_BLANK.search(self.text, colon.end()) if colon else None
        if colon and colon.group() != ":":
            raise ValueError
        if found is None:
            raise Unfinished
        return found.start()

    def refused(self, problem: str, field: str | None, text: str) -> Record:
        """A record without cells."""
        self.record += 1
        raw = text.encode("latin-1")
        offset = self.offset + self.at - len(text)
        blank = (None,) * len(self.shape.columns)
        return (*self.place, self.record, offset, raw, self.dialect.name, problem, field, None, *blank)
