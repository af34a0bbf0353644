"""One delimited file, read part by part: lines to records, each with its place, its own bytes and its cells."""

import csv
from collections.abc import Callable
from typing import Any

from jobs.standardise.delimited_header import Header, Shape, period, totals
from jobs.standardise.dialects import Dialect

HEADER_LINES = 20  # a banner is shorter
RECORD_LINES = 50  # a quoted cell that is still open after so many lines was never closed
TOTALS_DIFFER, PERIOD_DIFFERS = "PHA-112", "PHA-113"

Record = tuple[Any, ...]
Covers = tuple[str, str]

__all__ = ["FileReader", "Record", "Shape"]


class FileReader:
    """Reads the parts of one file in order. Feed every part, then finish. ``covers``: the days the manifest tells."""

    def __init__(self, part: dict[str, Any], dialect: Dialect, shape: Shape, covers: Covers | None = None) -> None:
        self.dialect, self.shape, self.covers = dialect, shape, covers
        self.banner: Covers | None = None
        self.quantities = 0
        self.place = (part["producer"], part["delivery_id"], part["file"])
        self.alone = part["record"] is not None
        self.record = part["record"] - 1 if self.alone else 0
        self.encoding = "utf-8" if dialect.encoding == "utf-8-sig" else dialect.encoding
        self.quote = dialect.quote.encode()
        self.blank = (None,) * len(shape.columns)
        self.carry = b""
        self.end = 0
        self.header: Header | None = None
        self.waiting: list[tuple[bytes, int, list[str] | None, bool]] = []
        self.done: list[Record] = []
        if self.alone:
            self.header = self.header_of(part["head"] or b"")

    def header_of(self, head: bytes) -> "Header":
        """The header of a file from its first bytes, for a record that is read alone."""
        whole = {"producer": "", "delivery_id": "", "file": "", "record": None}
        reader = FileReader(whole, self.dialect, self.shape)
        reader.feed(head, 0)
        return reader.header or Header([], self.dialect, self.shape)

    def feed(self, data: bytes, offset: int) -> list[Record]:
        """Records that this part completes."""
        lines = (self.carry + data).splitlines(keepends=True)
        start = offset - len(self.carry)
        # A part may end within a line, or between CR and LF: such an end waits for the next part.
        held = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        self.carry = self.walk(lines, start, final=False) + held
        self.end = offset + len(data)
        return self.take_done()

    def finish(self) -> list[Record]:
        """The last records. A file without header and without any record is itself one refused record."""
        self.walk(self.carry.splitlines(keepends=True), self.end - len(self.carry), final=True)
        if self.header is None:
            self.decide()
        return self.take_done()

    def take_done(self) -> list[Record]:
        """What has been read since the last call."""
        done, self.done = self.done, []
        return done

    def walk(self, lines: list[bytes], offset: int, *, final: bool) -> bytes:
        """Cut lines into records; returns what must wait for the next part."""
        place = 0
        while place < len(lines):
            raw = lines[place]
            if self.quote in raw:
                cells, used, foreign = self.quoted(lines, place, final=final)
                if used == 0:
                    return b"".join(lines[place:])
                raw = b"".join(lines[place : place + used])
            else:
                text, foreign = self.decode(raw)
                cells, used = text.rstrip("\r\n").split(self.dialect.separator), 1
            if raw.strip(b" \r\n\x1a"):
                self.take(raw, offset, cells, foreign)
            offset += len(raw)
            place += used
        return b""

    def quoted(self, lines: list[bytes], place: int, *, final: bool) -> tuple[list[str] | None, int, bool]:
        """Cells of a record that starts at a line with quotes, lines it takes (0: more are needed), foreign bytes.

        A quote that is never closed, or closes where no record ends, costs its own line only: cells are then None.
        """
        window = lines[place : place + RECORD_LINES]
        texts = TextLines(window, self.decode)
        reader = csv.reader(texts, delimiter=self.dialect.separator, quotechar=self.dialect.quote)
        try:
            cells = next(reader)
        except csv.Error:
            return None, 1, False
        if texts.exhausted:
            waits = not final and len(window) < RECORD_LINES
            return (None, 0, False) if waits else (None, 1, texts.first_foreign)
        if reader.line_num > 1 and not self.closes_well(lines[place : place + reader.line_num], len(cells)):
            return None, 1, texts.first_foreign
        return cells, reader.line_num, texts.foreign

    def closes_well(self, lines: list[bytes], columns: int) -> bool:
        """Whether lines joined by a quoted cell are one record: else a stray quote would swallow its neighbours."""
        texts = [self.decode(line)[0] for line in lines]
        try:
            next(csv.reader(texts, delimiter=self.dialect.separator, quotechar=self.dialect.quote, strict=True))
        except csv.Error:
            return False
        return self.header is None or columns == self.header.width

    def decode(self, line: bytes) -> tuple[str, bool]:
        """Text of a line, and whether its bytes are foreign to the declared encoding.

        Almost any bytes decode in a one-byte encoding; those that are valid UTF-8 beyond ASCII were written as UTF-8.
        """
        if line.isascii():  # which every encoding of a dialect reads alike
            return line.decode("ascii"), False
        line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            text = line.decode(self.encoding)
        except UnicodeDecodeError:
            return line.decode(self.encoding, "replace"), True
        if self.encoding == "utf-8":
            return text, False
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return text, False
        return text, True

    def take(self, raw: bytes, offset: int, cells: list[str] | None, foreign: bool) -> None:
        """A record, or while the header is unknown a line that may be it."""
        if self.header is not None:
            self.emit(raw, offset, cells, foreign)
            return
        self.waiting.append((raw, offset, cells, foreign))
        header = Header(cells or [], self.dialect, self.shape)
        if header.wrong is None:
            self.banner = period(" ".join(cells or []) for _, _, cells, _ in self.waiting)
            self.header, self.waiting = header, []
        elif len(self.waiting) == HEADER_LINES:
            self.decide()

    def decide(self) -> None:
        """No complete header: the line that names most columns is the faulty one, every line below it is refused."""
        headers = [Header(cells or [], self.dialect, self.shape) for _, _, cells, _ in self.waiting]
        best = max(range(len(headers)), key=lambda place: (headers[place].months, headers[place].found), default=-1)
        below = self.waiting
        if best >= 0 and (headers[best].months or headers[best].found > 1) and len(self.waiting) > best + 1:
            below = self.waiting[best + 1 :]
        self.header = headers[best] if headers else Header([], self.dialect, self.shape)
        self.waiting = []
        for raw, offset, cells, foreign in below or [(b"", 0, None, False)]:
            self.emit(raw, offset, cells, foreign)

    def emit(self, raw: bytes, offset: int, cells: list[str] | None, foreign: bool) -> None:
        """One record with its place and either its cells or its problem."""
        self.record += 1
        header = self.header
        assert header is not None
        problem = field = None
        noted = PERIOD_DIFFERS if self.record == 1 and not self.alone and self.period_differs() else None
        if header.wrong is not None:
            problem, field = header.problem, header.wrong
        elif foreign:
            problem = "encoding"
        elif cells is not None and header.is_total(cells):
            problem = "total"
            noted = TOTALS_DIFFER if self.totals_differ(cells, header) else noted
        elif cells is None or len(cells) != header.width:
            problem = "columns"
        else:
            self.quantities += header.quantity_of(cells)
        values = self.blank if problem or cells is None else header.pick([*cells, *header.behind])
        place = (*self.place, self.record, offset, raw, self.dialect.name, problem, field, noted)
        self.done.append(place + values)

    def period_differs(self) -> bool:
        """Whether banner and manifest tell other days."""
        return self.banner is not None and self.covers is not None and self.banner != self.covers

    def totals_differ(self, cells: list[str], header: Header) -> bool:
        """Whether a row of totals tells neither the sum of the quantities read above it nor the number of lines."""
        told = totals(cells, header)
        return bool(told) and not self.alone and not told & {self.quantities, self.record - 1}


class TextLines:
    """Decoded lines for the csv module, which asks for one more when a quoted cell is still open."""

    def __init__(self, lines: list[bytes], decode: Callable[[bytes], tuple[str, bool]]) -> None:
        self.lines, self.decode = lines, decode
        self.place = 0
        self.foreign = self.first_foreign = self.exhausted = False

    def __iter__(self) -> "TextLines":
        return self

    def __next__(self) -> str:
        if self.place == len(self.lines):
            self.exhausted = True
            raise StopIteration
        text, foreign = self.decode(self.lines[self.place])
        self.foreign |= foreign
        self.first_foreign |= foreign and self.place == 0
        self.place += 1
        return text
