"""Fixed-width files as bytes, in Arrow: parts of files to lines, lines to fields by a layout.

One character per byte throughout (ISO-8859-1), so positions hold and nothing is lost. Everything works on whole
columns; a layout is data, and a line is only ever read by the layout of its own version.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.standardise.layouts import Cut, FileKind, Layout

LATIN = "iso-8859-1"
NO_CONTENT = " \t\x00\x1a\r\n"  # 0x1A ends files of old systems
ARCHIVES = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")  # gzip, zip
# Text as cp1252 means it: it has letters and signs where ISO-8859-1 has control characters.
WINDOWS = {code: sign for code in range(0x80, 0xA0) if (sign := bytes([code]).decode("cp1252", "ignore"))}
BETWEEN = "[\x80-\x9f]"
LF, CR = 10, 13
UNKNOWN = "unknown"
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Cells = NDArray[np.uint8]

LINE_FIELDS = [
    pa.field("record", pa.int64()),
    pa.field("offset", pa.int64()),
    pa.field("line", pa.string()),
    pa.field("fault", pa.string()),
]


def lines_of(
    data: bytes, *, offset: int = 0, first_record: int = 0, goes_on: bool = False, goes_before: bool = False
) -> pa.Table:
    """Lines of one part of a file: ``record`` (line number), ``offset``, ``line`` without its end, and ``fault``.

    CRLF, LF and CR may be mixed and the last line end may be missing; a line of blanks is no record. ``goes_on`` says
    that the part ends inside a line, ``goes_before`` that it begins inside the last line of the part before. A fault is

    * ``packed``: the file is an archive given as text; all of it is one record;
    * ``endless``: the line goes on in the next part; its first piece stands for it;
    * ``converted``: every byte beyond ASCII is part of a UTF-8 sequence, so fields are shifted behind the first one.
    """
    if data.startswith(ARCHIVES) and first_record == 0:
        packed = {"record": [1], "offset": [offset], "line": [data.decode(LATIN)], "fault": ["packed"]}
        return pa.table(packed, schema=pa.schema(LINE_FIELDS))
    starts = borders(data)
    text = data if data.isascii() else data.decode(LATIN).encode()
    ends = starts if text is data else borders(text)
    count = len(starts) - 1
    lines = pa.StringArray.from_buffers(count, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(text))
    fault = np.full(count, "converted" if is_converted(data) else None, dtype=object)
    if goes_on and count:
        fault[-1] = "endless"
    table = pa.table(
        {
            "record": first_record + 1 + np.arange(count),
            "offset": offset + starts[:-1],
            "line": without_end(lines),
            "fault": pa.array(fault, pa.string()),
        },
        schema=pa.schema(LINE_FIELDS),
    )
    kept = pc.not_equal(pc.utf8_trim(lines, NO_CONTENT), "")
    return table.filter(kept).slice(1 if goes_before and count and kept[0].as_py() else 0)


def borders(data: bytes) -> Ints:
    """Where lines begin, and the end of the last one: behind each LF, and behind each CR that no LF follows."""
    codes = np.frombuffer(data, np.uint8)
    closing = codes == CR
    closing[:-1] &= codes[1:] != LF
    ends = np.flatnonzero(closing | (codes == LF)) + 1
    found = np.concatenate(([0], ends)).astype(np.int64)
    return found if found[-1] == len(data) else np.append(found, len(data))


def without_end(lines: pa.StringArray) -> pa.StringArray:
    """Lines without their LF, CRLF or CR."""
    return pc.utf8_rtrim(lines, "\r\n")


def is_converted(data: bytes) -> bool:
    """Whether every byte beyond ASCII belongs to a well-formed UTF-8 sequence, and there is one."""
    if data.isascii():
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def kinds_of(lines: pa.StringArray, kinds: Iterable[FileKind]) -> Iterator[tuple[FileKind | None, str, Ints]]:
    """Groups of lines of one kind and version: the first kind that a line looks like, then the version it claims.

    A line that looks like none comes with None.
    """
    rest = np.arange(len(lines))
    for kind in kinds:
        fits = pc.match_substring_regex(lines.take(pa.array(rest)), kind.looks_like).to_numpy(zero_copy_only=False)
        own, rest = rest[fits], rest[~fits]
        if kind.sniff is None:
            yield from ([(kind, next(iter(kind.layouts)), own)] if own.size else [])
            continue
        claimed = sliced(lines.take(pa.array(own)), kind.sniff).to_numpy(zero_copy_only=False)
        for version in sorted(set(claimed)):
            yield kind, version, own[claimed == version]
    if rest.size:
        yield None, "", rest


def headers(lines: pa.StringArray, layout: Layout) -> pa.StringArray | Cells:
    """Lines as long as their header: cells of one byte when all are ASCII, as finding a place in text is counting."""
    text = pc.utf8_slice_codeunits(pc.utf8_rpad(lines, layout.length), 0, layout.length)
    if not len(text) or pc.all(pc.string_is_ascii(text)).as_py() is False:
        return text
    return np.frombuffer(text.buffers()[2], np.uint8, len(text) * layout.length).reshape(-1, layout.length)


def sliced(lines: pa.StringArray | Cells, cut: Cut) -> pa.StringArray:
    """The characters of a field."""
    if isinstance(lines, pa.StringArray):
        return pc.utf8_slice_codeunits(lines, cut.start - 1, cut.start - 1 + cut.length)
    cells = np.ascontiguousarray(lines[:, cut.start - 1 : cut.start - 1 + cut.length])
    places = np.arange(len(cells) + 1, dtype=np.int32) * cut.length
    return pa.StringArray.from_buffers(len(cells), pa.py_buffer(places), pa.py_buffer(cells))


def trimmed(texts: pa.StringArray) -> pa.StringArray:
    """Without blanks around; null when nothing is left."""
    plain = pc.utf8_trim(texts, " ")
    return pc.if_else(pc.equal(plain, ""), None, plain)


def windows_text(lines: pa.StringArray) -> pa.StringArray:
    """Lines as cp1252 means them, character for character."""
    if pc.all(pc.string_is_ascii(lines)).as_py() is not False:
        return lines
    strange = pc.fill_null(pc.match_substring_regex(lines, BETWEEN), False)  # accents are the same letters in both
    told = [line.translate(WINDOWS) for line in lines.filter(strange).to_pylist()]
    return pc.replace_with_mask(lines, strange, pa.array(told, pa.string()))


def header_fields(lines: pa.StringArray, layout: Layout, names: dict[str, str]) -> dict[str, pa.Array]:
    """Header fields under new names, trimmed; null when blank or when the layout has no such field."""
    header = headers(lines, layout)
    none = pa.nulls(len(lines), pa.string())
    return {
        name: trimmed(sliced(header, layout.header[field])) if field in layout.header else none
        for name, field in names.items()
    }


def block_counts(lines: pa.StringArray, layout: Layout) -> dict[str, tuple[Ints, Flags]]:
    """How many blocks of each name the lines announce, and where that is no number.

    A counter beyond the end of a line whose trailing blanks were lost announces nothing.
    """
    header = headers(lines, layout)
    sent = pc.utf8_length(pc.utf8_rtrim(lines, " ")).to_numpy(zero_copy_only=False)
    found = {}
    for block in layout.blocks:
        cut = layout.header[block.counter]
        text = pc.utf8_trim(sliced(header, cut), " ")
        number = pc.match_substring_regex(text, r"^\d+$")
        value = pc.cast(pc.if_else(number, text, "0"), pa.int64()).to_numpy(zero_copy_only=False)
        beyond = sent < cut.start
        found[block.name] = value, ~number.to_numpy(zero_copy_only=False) & ~beyond
    return found


def too_many(lines: pa.StringArray, layout: Layout, counts: dict[str, Ints]) -> Ints:
    """Characters beyond (positive) or short of (negative) the length that the counters announce.

    Blanks at the end are neither, nor is a short header.
    """
    total = np.full(len(lines), layout.length, dtype=np.int64)
    for block in layout.blocks:
        total += counts[block.name] * block.length
    sent = pc.utf8_length(lines).to_numpy(zero_copy_only=False).astype(np.int64)
    content = pc.utf8_length(pc.utf8_rtrim(lines, " ")).to_numpy(zero_copy_only=False).astype(np.int64)
    short = np.where(sent >= total, 0, np.maximum(sent, layout.length) - total)
    return np.where(content > total, content - total, short)


def forgiven(line: str, layout: Layout, counts: dict[str, int], code: str) -> int:
    """How many characters may be missing at the end of a line because they were blanks.

    The last block of a line may lack its optional last fields. A block of one code may lack what is behind a whole
    code, of shape ``code``: one that was cut itself is not told from a shorter one.
    """
    start, last = layout.length, None
    for block in layout.blocks:
        if counts[block.name]:
            start, last = start + counts[block.name] * block.length, block
    if last is None:
        return 0
    if len(last.fields) == 1:
        return last.length - 1 if re.fullmatch(code, line[start - last.length :].strip()) else 0
    return last.length - max(cut.start + cut.length - 1 for cut in last.fields.values() if cut.required)


def blocks_of(zone: pa.StringArray, counts: Ints, length: int, fields: dict[str, Cut]) -> pa.ListArray:
    """The blocks at the beginning of a zone: a list of structs of trimmed text, or of text when there is one field."""
    offsets = np.concatenate(([0], np.cumsum(counts)))
    pieces: list[pa.Array] = []
    places: list[Ints] = []
    for rank in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > rank)
        pieces.append(pc.utf8_slice_codeunits(zone.take(pa.array(rows)), rank * length, (rank + 1) * length))
        places.append(offsets[rows] + rank)
    order = np.argsort(np.concatenate(places)) if places else np.zeros(0, dtype=np.int64)
    blocks = (pa.concat_arrays(pieces) if pieces else pa.array([], pa.string())).take(pa.array(order))
    columns = {name: trimmed(sliced(blocks, cut)) for name, cut in fields.items()}
    if len(columns) == 1:
        values = next(iter(columns.values()))
    else:
        values = pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)
