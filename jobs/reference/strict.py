"""Reading a file of a code list strictly: every fault is told with its line, and one fault refuses the whole file.

Faults never quote a value: whoever names the wrong file by mistake may have named one with patients in it.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from jobs.core.errors import DataRefused
from jobs.reference.declared import CodeList
from jobs.reference.lists import Row

SEPARATORS = (",", ";", "\t", "|")


@dataclass
class ListFile:
    """A file as read: its rows, and the faults as (line, sentence)."""

    encoding: str
    rows: list[Row] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def read_list(data: bytes, about: CodeList) -> ListFile:
    """Read a CSV of a declared list: UTF-8 or cp1252, separated by comma, semicolon, tab or bar.

    The header is ``code``, then ``label_fr`` or both labels if there are any, then the declared columns in order.
    """
    text, encoding = decode(data)
    found = ListFile(encoding)
    header, separator = header_of(text, about)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    seen: dict[tuple[str, ...], int] = {}
    try:
        next(reader)
        for cells in reader:
            if cells:
                take(found, about, header, cells, reader.line_num, seen)
    except csv.Error as error:
        found.faults.append((reader.line_num, f"not readable as CSV ({error})"))
    if not found.rows and not found.faults:
        found.faults.append((1, "the file has a header and no row"))
    return found


def decode(data: bytes) -> tuple[str, str]:
    """Text and encoding: strict UTF-8 (a byte order mark is dropped) if that holds, else cp1252."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break  # UTF-16 passes for cp1252
        return text, "utf-8" if encoding == "utf-8-sig" else encoding
    raise DataRefused("the file is neither UTF-8 nor cp1252 text.")


def header_of(text: str, about: CodeList) -> tuple[tuple[str, ...], str]:
    """The header and the separator that makes it one of the list's. Raises DataRefused when none does."""
    first = text.split("\n", 1)[0].rstrip("\r")
    for separator in SEPARATORS:
        for header in about.headers:
            if first.replace('"', "") == separator.join(header):
                return header, separator
    raise DataRefused(
        f"line 1: the header of {about.name} must be {','.join(about.headers[0])} (labels may be left out)."
    )


def take(
    found: ListFile,
    about: CodeList,
    header: tuple[str, ...],
    cells: list[str],
    line: int,
    seen: dict[tuple[str, ...], int],
) -> None:
    """Judge one row: keep it, or add its faults."""
    if len(cells) != len(header):
        found.faults.append((line, f"{len(cells)} columns where the header has {len(header)}"))
        return
    row: Row = {name: cell.strip() or None for name, cell in zip(header, cells, strict=True)}
    faults = list(faults_of(row, about))
    if any("\n" in cell or "\r" in cell for cell in cells):
        faults.append("a line break inside a value")
    key = tuple(row.get(part) or "" for part in about.key)
    if key in seen:
        faults.append(f"the same {' + '.join(about.key)} as line {seen[key]}")
    seen.setdefault(key, line)
    found.rows.append(row)
    found.faults += [(line, fault) for fault in faults]


def faults_of(row: Row, about: CodeList) -> Iterator[str]:
    """What is wrong in a row of the right width."""
    if not re.fullmatch(about.shape, row["code"] or "", re.ASCII):
        yield f"code is empty or has not the shape {about.shape}"
    for column in about.columns:
        value = row[column.name]
        if value is None:
            if column.required:
                yield f"{column.name} is empty"
        elif column.type == "date" and not is_day(value):
            yield f"{column.name} is no date of the form 2026-01-31"
        elif column.shape and not re.fullmatch(column.shape, value, re.ASCII):
            yield f"{column.name} has not the shape {column.shape}"
    first, last = row.get("valid_from"), row.get("valid_to")
    if first and last and is_day(first) and is_day(last) and last < first:
        yield "valid_to is before valid_from"


def is_day(text: str) -> bool:
    """True for an ISO date."""
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False
