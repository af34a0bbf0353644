"""Bytes of a B2 file to records of 128, whatever separates them; nothing is ever shifted to make it fit."""

from collections.abc import Iterator
from typing import NamedTuple

from jobs.standardise.pharmacy.b2 import rules
from jobs.standardise.pharmacy.b2.encoding import as_plain
from jobs.standardise.pharmacy.b2.layout import LENGTH, segment_name, segments

MARK = b"\xef\xbb\xbf"
HEADER = 38  # a record of unknown kind must at least tell which invoice it belongs to


class Record(NamedTuple):
    """One record: its number in the file, place, own bytes with their line end, and its 128 bytes.

    ``fault`` is the rule that its length breaks, empty if none; ``padded`` says that trailing blanks were put back.
    """

    number: int
    offset: int
    raw: bytes
    body: bytes
    segment: str
    fault: str = ""
    padded: bool = False


def records(data: bytes, encoding: str = "") -> Iterator[Record]:
    """The records of a file, separated by CRLF, LF, CR or nothing at all, also mixed.

    A byte order mark, an end of file as DOS wrote it (0x1A) and blank lines are no records. Where an ``encoding`` is
    declared, ``body`` is what the bytes mean and ``raw`` what was sent.
    """
    for one in cut(as_plain(data, encoding)):
        yield one._replace(raw=data[one.offset : one.offset + len(one.raw)]) if encoding else one


def cut(data: bytes) -> Iterator[Record]:
    """The records of plain bytes."""
    offset = len(MARK) if data.startswith(MARK) else 0
    number = 0
    for raw in data[offset:].rstrip(b"\r\n\x1a").splitlines(keepends=True):
        for piece in pieces(raw):
            if piece.strip():
                number += 1
                yield record(number, offset, piece)
            offset += len(piece)


def pieces(raw: bytes) -> Iterator[bytes]:
    """A line as it is, or cut into records when it holds several."""
    text = raw.rstrip(b"\r\n")
    if len(text) < 2 * LENGTH:
        yield raw
        return
    for start in range(0, len(text), LENGTH):
        last = start + LENGTH >= len(text)
        yield raw[start:] if last else raw[start : start + LENGTH]


def record(number: int, offset: int, raw: bytes) -> Record:
    """A record of the right length, or why it is not."""
    text = raw.rstrip(b"\r\n")
    if len(text) == LENGTH:
        return Record(number, offset, raw, text, segment_name(text))
    body = text[:LENGTH].ljust(LENGTH)
    name = segment_name(body)
    if len(text) > LENGTH:
        return Record(number, offset, raw, body, name, fault=rules.LONG)
    known = segments().get(name)
    least = known.least if known else HEADER
    fault = "" if len(text) >= least else rules.SHORT
    return Record(number, offset, raw, body, name, fault=fault, padded=True)
