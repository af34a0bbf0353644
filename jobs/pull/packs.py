"""Packs: Parquet files that hold the deposited bytes, one row per part of a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.pull.cut import Part

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

GROUP_BYTES = 32 * 1024 * 1024  # of content per row group: what one Spark task holds at once
GROUP_ROWS = 4096
WRITTEN_AT_ONCE = 1024 * 1024  # bytes: a small pack is some dozens of pieces, each a call otherwise
LABELS = ["producer", "delivery_id", "format", "file"]


class PackWriter:
    """Writes parts in the order given; closes a row group when it is full. Use it as a context manager."""

    def __init__(self, path: Path, compression: str = "zstd"):
        self.schema = load_schema("raw/pack").arrow
        self.bytes = 0
        self._tables: list[pa.Table] = []
        self._waiting = 0
        self._stream = pa.output_stream(path, compression=None, buffer_size=WRITTEN_AT_ONCE)
        self._writer = pq.ParquetWriter(
            self._stream,
            self.schema,
            compression=compression,
            use_dictionary=LABELS,
            write_statistics=LABELS,  # a delivery is found without reading the others; no minimum of the bytes
        )

    def __enter__(self) -> "PackWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()
        self._stream.close()

    def add(self, producer: str, delivery_id: str, format_: str, file: str, part: Part) -> None:
        """Append one part."""
        row = [producer, delivery_id, format_, file, part.number, part.offset, part.first_record, part.data]
        self.extend(
            pa.Table.from_arrays(
                [pa.array([v], f.type) for v, f in zip(row, self.schema, strict=True)], schema=self.schema
            ),
            len(part.data),
        )

    def extend(self, table: pa.Table, content: int) -> None:
        """Append a table of parts that holds ``content`` bytes of files."""
        if self._waiting + content > GROUP_BYTES or self._rows() + table.num_rows > GROUP_ROWS:
            self._flush()
        self._tables.append(table)
        self._waiting += content
        self.bytes += content

    def _rows(self) -> int:
        return sum(table.num_rows for table in self._tables)

    def _flush(self) -> None:
        if self._tables:
            self._writer.write_table(pa.concat_tables(self._tables).combine_chunks(), row_group_size=GROUP_ROWS)
        self._tables, self._waiting = [], 0


def raw_folder(settings: Settings, source: str, night: str) -> Path:
    """Where a night's packs and ``pull.json`` lie."""
    return settings.raw / source / night


def pull_path(settings: Settings, source: str, night: str) -> Path:
    """Where a night's pull is recorded."""
    return raw_folder(settings, source, night) / "pull.json"


def read_pull(settings: Settings, source: str, night: str) -> dict[str, Any]:
    """What the pull of a night found. Raises FileNotFoundError when it has not run."""
    value: dict[str, Any] = read_json(pull_path(settings, source, night))
    return value


def packs_of(settings: Settings, source: str, night: str) -> list[Path]:
    """The packs of a pulled night; none when nothing complete arrived."""
    folder = raw_folder(settings, source, night)
    return [folder / f"{digest}.parquet" for digest in read_pull(settings, source, night)["packs"]]


def read_packs(
    spark: "SparkSession", settings: Settings, source: str, night: str, delivery_ids: list[str] | None = None
) -> "DataFrame":
    """Parts of a night's complete deliveries (columns of ``schemas/raw/pack.json``), in no particular order.

    ``delivery_ids`` keeps only these deliveries; ids are unique per producer, so a caller who means one producer's
    delivery filters on ``producer`` as well.
    """
    schema = load_schema("raw/pack").spark
    paths = [str(path) for path in packs_of(settings, source, night)]
    if not paths:
        return spark.createDataFrame([], schema)
    frame = spark.read.schema(schema).parquet(*paths)
    return frame if delivery_ids is None else frame.where(frame["delivery_id"].isin(sorted(set(delivery_ids))))


def read_file(
    settings: Settings, source: str, night: str, producer: str, delivery_id: str, file: str
) -> Iterator[bytes]:
    """The bytes of one deposited file, part by part, without Spark: for looking into a delivery by hand."""
    wanted = [("producer", "=", producer), ("delivery_id", "=", delivery_id), ("file", "=", file)]
    for path in packs_of(settings, source, night):
        for part in pq.read_table(path, columns=["bytes"], filters=wanted)["bytes"]:
            yield part.as_py()


def remove_unnamed(folder: Path, packs: list[str]) -> None:
    """Remove packs and drafts of earlier attempts at this night; the pointer names none of them."""
    keep = {f"{digest}.parquet" for digest in packs} | {"pull.json"}
    for path in sorted(folder.iterdir()):
        if path.name not in keep:
            path.unlink()
