"""Files of an export to lines, in Arrow batches: memory holds one part of a file and one batch of lines."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.standardise.documents import Limits, sniff
from jobs.standardise.shared_record.columns import PLACE
from jobs.standardise.shared_record.fhir.columns import ARROW
from jobs.standardise.shared_record.fhir.nodes import BOM, MAX_LINE, TOO_LONG
from jobs.standardise.shared_record.fhir.resources import read_line
from jobs.standardise.shared_record.package import RATIO_FLOOR

MANIFEST = "export.json"
NOT_NDJSON, PACKED, EMPTY = "FHR-001", "FHR-023", "FHR-054"
WHOLE_FILE = (NOT_NDJSON, PACKED)  # nothing of such a file can be trusted
FOREIGN = ("xml", "html", "pdf", "zip", "png", "jpeg", "rtf", "tiff", "ole", "hl7v2")
BATCH_LINES, BATCH_BYTES = 512, 16_777_216
CHUNK = 1 << 20
SHORTEST = 32  # bytes; no resource with its type and identifier is shorter
LEAST_PACKED = 2  # bytes; what a line takes at least in a packed file, when it is not the one before it again
FREE_LINES = 1_000  # of a file, of any length
Row = dict[str, Any]
Line = tuple[int, bytes]


class Unpackable(Exception):
    """A packed file that is cut, damaged or swells beyond the caps."""


def parts_of_files(packs: DataFrame, *, cut: bool) -> DataFrame:
    """Parts to read: columns of PLACE, ``part``, ``first_record``, ``bytes``, ``continued``, ``packed``.

    A part is ``continued`` when it begins within a line; a ``packed`` file that has several parts is not put together.
    ``cut`` says that some files may have several parts.
    """
    columns = [*PLACE, "part", "first_record", "bytes"]
    if not cut:
        return packs.select(*columns, F.lit(False).alias("continued"), F.lit(False).alias("packed"))
    file = Window.partitionBy(*PLACE)
    ends = F.lag(F.substring("bytes", -1, 1)).over(file.orderBy("part"))
    gzip = F.max((F.col("part") == 0) & (F.substring("bytes", 1, 2) == F.lit(b"\x1f\x8b"))).over(file)
    marked = packs.select(
        *columns,
        F.coalesce(ends != F.lit(b"\n"), F.lit(False)).alias("continued"),
        (gzip & (F.max("part").over(file) > 0)).alias("packed"),
    )
    return marked.where(~F.col("packed") | (F.col("part") == 0))


def parser(limits: Limits) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: columns of parts_of_files in, columns of LINE out."""

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for part in batch.to_pylist():
                yield from batched(part_rows(part, limits))

    return parse


def batched(rows: Iterator[Row]) -> Iterator[pa.RecordBatch]:
    """Batches of bounded size."""
    held: list[Row] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row["raw"])
        if len(held) >= BATCH_LINES or size >= BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(held, schema=ARROW)
            held, size = [], 0
    if held:
        yield pa.RecordBatch.from_pylist(held, schema=ARROW)


def part_rows(part: Row, limits: Limits) -> Iterator[Row]:
    """Rows of one part, at least one for the first part of a file."""
    place = {name: part[name] for name in PLACE}
    number = None
    for number, row in read_part(part, limits):
        yield {**place, "record": number, **row}
    if number is None and part["part"] == 0:
        yield {**place, "record": 1, "kind": "empty", "rule": EMPTY, "raw": b""}


def read_part(part: Row, limits: Limits) -> Iterator[tuple[int, Row]]:
    """(line number, what the line says) of one part. A file that holds no lines is one record."""
    data = part["bytes"] or b""
    kind = sniff(data[:4096]) if part["part"] == 0 else "json"
    if part["file"].lower() == MANIFEST:
        if part["part"] == 0:
            yield 1, {"kind": "manifest", "raw": data}
    elif kind in FOREIGN:
        yield 1, {"kind": kind, "rule": NOT_NDJSON, "raw": data}
    elif part["packed"]:
        yield 1, {"kind": kind, "rule": PACKED, "raw": data}
    elif kind == "gzip":
        yield from unpacked_lines(data, limits)
    elif crowded(data.count(b"\n"), len(data)):
        yield part["first_record"] + 1, {"kind": "line", "rule": NOT_NDJSON, "raw": data}
    else:
        lines = cut_lines(data, part["first_record"], part["continued"])
        yield from ((number, with_bytes(line)) for number, line in lines if line)


def crowded(lines: int, size: int) -> bool:
    """Whether so many lines cannot be resources: line ends, which would cost more to look at than anything else."""
    return lines > FREE_LINES + size // SHORTEST


def unpacked_lines(data: bytes, limits: Limits) -> Iterator[tuple[int, Row]]:
    """Lines of a packed file; one record when it cannot be unpacked, which is tried before any line is read."""
    try:
        lines = size = 0
        for piece in unpacked(data, limits):
            lines, size = lines + piece.count(b"\n"), size + len(piece)
            if crowded(lines, size) or lines > FREE_LINES + len(data) // LEAST_PACKED:
                raise Unpackable
    except Unpackable:
        yield 1, {"kind": "gzip", "rule": PACKED, "raw": data}
        return
    for number, line in numbered(unpacked(data, limits)):
        if line:
            yield number, with_bytes(line)


def with_bytes(line: bytes) -> Row:
    """What a line says, with its bytes for the quarantine; of one that is too long no more than the cap."""
    if len(line) > MAX_LINE:
        return {"kind": "line", "rule": TOO_LONG, "raw": line[:MAX_LINE]}
    return read_line(line) | {"raw": line}


def cut_lines(data: bytes, first_record: int, continued: bool) -> Iterator[Line]:
    """Lines of plain text with their numbers in the file, without blanks at their ends."""
    start, number = 0, first_record
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        number += 1
        if not continued:
            line = data[start:end].strip()
            yield number, line.removeprefix(BOM) if number == 1 else line
        start, continued = end + 1, False


def unpacked(data: bytes, limits: Limits) -> Iterator[bytes]:
    """Content of a gzip file in pieces, whatever sizes it declares. Raises Unpackable at the caps of packages."""
    allowed = min(limits.max_package_bytes, max(RATIO_FLOOR, len(data) * limits.max_ratio))
    while data:
        stream = zlib.decompressobj(wbits=31)
        while data and not stream.eof:
            try:
                piece = stream.decompress(data, CHUNK)
            except zlib.error:
                raise Unpackable from None
            allowed -= len(piece)
            if allowed < 0:
                raise Unpackable
            yield piece
            data = stream.unused_data if stream.eof else stream.unconsumed_tail
            if not piece and not data and not stream.eof:
                raise Unpackable
        if not stream.eof:
            raise Unpackable
        data = data.lstrip(b"\0")  # some tools pad the end


def numbered(pieces: Iterator[bytes]) -> Iterator[Line]:
    """Lines of a stream with their numbers; of one that is too long only what shows that it is gets kept."""
    waiting, number = b"", 0
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for end in whole:
            number += 1
            line = (waiting + end).strip()
            yield number, line.removeprefix(BOM) if number == 1 else line
            waiting = b""
        if len(waiting) <= MAX_LINE:
            waiting += rest
    if waiting.strip():
        yield number + 1, waiting.strip().removeprefix(BOM) if number == 0 else waiting.strip()
