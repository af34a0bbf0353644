"""A part of a delimited file to lines and columns of text, without a step of Python per line.

Every line is one record. Where a line begins and how many cells it has is counted on the bytes; lines with the header's
number of cells are then cut by Arrow. The others are told apart, so that a bad line costs itself alone. Cells of a part
in which nothing is out of the common are counted by Arrow as it cuts them; when it leaves one line out, all are counted
here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

SEPARATOR, QUOTE, LF, CR = b";"[0], b'"'[0], b"\n"[0], b"\r"[0]
BOM = b"\xef\xbb\xbf"
ENCODED = pa.dictionary(pa.int32(), pa.string())
BLANK = b" \t\r\n\x1a\x00"


@dataclass(frozen=True)
class Lines:
    """The lines of a part that are not blank.

    Arrays of one length. ``number``: rank of the line in the part, from 0; ``start`` and ``end``: its bytes without the
    line end; ``fault``: "" for a line with as many cells as the header, else ``columns`` or ``encoding``. While the
    cells are not ``counted``, every line is taken for whole and blank ones are among them.
    """

    data: bytes
    number: Any
    start: Any
    end: Any
    fault: Any
    counted: bool = True

    def text(self, place: int) -> bytes:
        """The bytes of one line."""
        return self.data[self.start[place] : self.end[place]]

    def texts(self) -> pa.Array:
        """The bytes of every line; cut in one piece where the lines follow each other and end alike."""
        gaps = self.start[1:] - self.end[:-1]
        if len(gaps) and gaps.min() == gaps.max() and self.end[-1] + gaps[0] <= len(self.data):
            limits = np.append(self.start, self.end[-1] + gaps[0]).astype(np.int32)
            buffers = [None, pa.py_buffer(limits), pa.py_buffer(self.data)]
            return pc.binary_slice(pa.BinaryArray.from_buffers(pa.binary(), len(self.start), buffers), 0, -int(gaps[0]))
        return pa.array([self.text(place) for place in range(len(self.start))], pa.binary())


def header_of(head: bytes) -> list[str]:
    """Column names of a file from its first bytes: capitals, without quotes and blanks."""
    first = head.removeprefix(BOM).split(b"\n", 1)[0].decode("utf-8", "replace")
    return [cell.strip().strip('"').strip().upper() for cell in first.strip("\r\x1a").split(";")]


def places_of(data: bytes) -> tuple[Any, Any]:
    """Where each line of a part starts and ends, its line end left out."""
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(octets == LF)
    if len(data) and octets[-1] != LF:
        ends = np.append(ends, len(octets))
    starts = np.concatenate(([0], ends + 1))[: len(ends)].astype(np.int64)
    return starts, ends - ((ends > starts) & (octets[np.maximum(ends, 1) - 1] == CR)) if len(data) else ends


def uncounted_lines(data: bytes, width: int, skipped: int = 0) -> Lines:
    """The lines of a part below the first ones, not counted yet if nothing in them asks for it."""
    starts, ends = places_of(data)
    returns = np.count_nonzero(np.diff(starts, append=len(data)) - (ends - starts) == 2)
    if width < 2 or QUOTE in data or not data.isascii() or data.count(b"\r") != returns:
        return lines_of(data, width, skipped)
    number = np.arange(skipped, max(len(starts), skipped), dtype=np.int64)
    fault = np.full(len(number), "", dtype="<U8")
    return Lines(data, number, starts[skipped:], ends[skipped:], fault, counted=False)


def lines_of(data: bytes, width: int, skipped: int = 0) -> Lines:
    """The lines of a part but its ``skipped`` first ones; ``width`` is the number of the header's cells."""
    if not data:
        none = np.zeros(0, dtype=np.int64)
        return Lines(data, none, none, none, np.zeros(0, dtype="<U8"))
    octets = np.frombuffer(data, dtype=np.uint8)
    starts, ends = places_of(data)
    cells, odd = counted(octets, starts, ends)
    fault = np.where((cells != width) | odd, "columns", "").astype("<U8")
    if not data.isascii():
        mark_foreign(data, starts, ends, fault)
    for place in np.flatnonzero((ends - starts < 2) | (fault != "")).tolist():
        if not data[starts[place] : ends[place]].strip(BLANK):
            fault[place] = "blank"
    fault[:skipped] = "blank"
    keep = np.flatnonzero(fault != "blank")
    return Lines(data, keep.astype(np.int64), starts[keep], ends[keep], fault[keep])


def counted(octets: Any, starts: Any, ends: Any) -> tuple[Any, Any]:
    """Cells of each line, and whether its quotes or returns are out of place so that it cannot be cut."""
    separators = np.flatnonzero(octets == SEPARATOR)
    quotes = np.flatnonzero(octets == QUOTE)
    odd = np.zeros(len(starts), dtype=bool)
    if len(quotes):
        line = np.searchsorted(starts, quotes, side="right") - 1
        first = np.searchsorted(quotes, starts)
        inside = (
            np.searchsorted(quotes, separators) - first[np.searchsorted(starts, separators, side="right") - 1]
        ) % 2
        separators = separators[inside == 0]
        before = np.where(quotes > starts[line], octets[np.maximum(quotes - 1, 0)], SEPARATOR)
        after = np.where(quotes + 1 < ends[line], octets[np.minimum(quotes + 1, len(octets) - 1)], SEPARATOR)
        edges = np.array([SEPARATOR, QUOTE])
        odd[line[~np.isin(before, edges) & ~np.isin(after, edges)]] = True
        odd |= (np.searchsorted(quotes, ends) - first) % 2 == 1
    returns = np.flatnonzero(octets == CR)
    stray = np.searchsorted(returns, ends) != np.searchsorted(returns, starts)
    return np.searchsorted(separators, ends) - np.searchsorted(separators, starts) + 1, odd | stray


def mark_foreign(data: bytes, starts: Any, ends: Any, fault: Any) -> None:
    """Mark lines whose bytes are no UTF-8: which letter they meant is not guessed."""
    for place, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        try:
            data[start:end].decode("utf-8")
        except UnicodeDecodeError:
            fault[place] = "encoding"


def columns_of(
    lines: Lines, header: list[str], wanted: list[str], encoded: frozenset[str] = frozenset()
) -> tuple[pa.Table, Lines]:
    """The wanted columns of the lines without fault as text, one row per such line in order; and the lines.

    ``encoded``: columns that come as a dictionary. A line whose quotes Arrow reads otherwise than they were counted is
    marked ``columns`` too.
    """
    good = np.flatnonzero(lines.fault == "")
    table = cut(joined(lines, good), header, wanted, encoded)
    if table.num_rows != len(good) and not lines.counted:
        first = int(lines.number[0]) if len(lines.number) else 0
        return columns_of(lines_of(lines.data, len(header), first), header, wanted, encoded)
    if table.num_rows != len(good):
        quoted = [place for place in good.tolist() if QUOTE in lines.text(place)]
        lines.fault[quoted] = "columns"
        good = np.flatnonzero(lines.fault == "")
        table = cut(joined(lines, good), header, wanted, encoded)
    return table, lines


def joined(lines: Lines, good: Any) -> bytes | memoryview:
    """The bytes of some lines; where they follow each other a view of the part's."""
    if not len(good):
        return b""
    if lines.number[good[-1]] - lines.number[good[0]] + 1 == len(good):
        after = lines.data.find(b"\n", lines.end[good[-1]]) + 1 or len(lines.data)
        return memoryview(lines.data)[lines.start[good[0]] : after]
    return b"\n".join(lines.text(place) for place in good.tolist()) + b"\n"


def cut(data: bytes | memoryview, header: list[str], wanted: list[str], encoded: frozenset[str]) -> pa.Table:
    """Columns by name, all as text, nothing read as null."""
    types = {name: ENCODED if name in encoded else pa.string() for name in wanted}
    if not bytes(data[:4096]).strip(BLANK) and not bytes(data).strip(BLANK):
        return pa.table({name: pa.array([], type_) for name, type_ in types.items()})
    unique = [name if header.index(name) == place else f"{name}#{place}" for place, name in enumerate(header)]
    return pacsv.read_csv(
        pa.BufferReader(data),
        read_options=pacsv.ReadOptions(column_names=unique, use_threads=False, block_size=max(len(data), 1024)),
        parse_options=pacsv.ParseOptions(
            delimiter=";", quote_char='"', newlines_in_values=False, invalid_row_handler=lambda row: "skip"
        ),
        convert_options=pacsv.ConvertOptions(column_types=types, include_columns=wanted, strings_can_be_null=False),
    )
