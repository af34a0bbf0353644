"""Nested JSON of packs: a reader of its files for ``delimited.read_files``.

Memory per task is bounded as for delimited files, and by the longest sale (``nested_file.MAX_VALUE``).
"""

from collections.abc import Mapping
from typing import Any

from jobs.standardise.delimited import Reader, ReaderOf
from jobs.standardise.delimited_header import Shape
from jobs.standardise.pharmacy.nested_dialect import NestedDialect
from jobs.standardise.pharmacy.nested_file import NestedReader


def nested_reader(dialects: Mapping[str, NestedDialect], shape: Shape) -> ReaderOf:
    """A reader of one row per line of a sale; ``dialects`` by producer.

    ``problem`` is null or one of ``json`` (cut or malformed from here on), ``list`` (no list of sales, or of lines),
    ``keys`` (one is missing or came twice), ``encoding``, ``empty`` (a file without a byte: no data).
    """

    def reader(part: dict[str, Any]) -> Reader:
        return NestedReader(part, dialects[part["producer"]], shape)

    return reader
