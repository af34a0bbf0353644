"""Nested JSON of packs as a Spark frame: bytes in, one row per line of a sale out.

Memory per task is bounded as for delimited files, and by the longest sale (``nested_file.MAX_VALUE``).
"""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame

from jobs.standardise.delimited import Reader, read_files
from jobs.standardise.delimited_header import Shape
from jobs.standardise.pharmacy.nested_dialect import NestedDialect
from jobs.standardise.pharmacy.nested_file import NestedReader


def read_nested(packs: DataFrame, dialects: Mapping[str, NestedDialect], shape: Shape) -> DataFrame:
    """One row per line of a sale, as read_files gives them; ``dialects`` by producer.

    ``problem`` is null or one of ``json`` (cut or malformed from here on), ``list`` (no list of sales, or of lines),
    ``keys`` (one is missing or came twice), ``encoding``, ``empty`` (a file without a byte: no data).
    """

    def reader(part: dict[str, Any]) -> Reader:
        return NestedReader(part, dialects[part["producer"]], shape)

    return read_files(packs, reader, shape)
