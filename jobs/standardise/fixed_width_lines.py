"""Fixed-width files in Spark: parts of files to lines that say what they are.

This runs on Arrow batches in Spark's tasks; what is done to a batch is in ``fixed_width``.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.standardise import fixed_width as fw
from jobs.standardise.layouts import FileKind

LABELS = ("producer", "delivery_id", "file")
TOLD = (
    "producer string, delivery_id string, file string, record long, offset long, line string, fault string, "
    "kind string, version string, about string"
)
Batches = Iterator[pa.RecordBatch]


def tell_lines(packs: DataFrame, kinds: dict[str, FileKind], *, several_parts: bool) -> DataFrame:
    """Lines of raw parts (columns of PACKS) with ``fault`` (see fixed_width), ``kind``, ``version`` and ``about``.

    ``about`` is the field of that name in ``files.csv``, or the kind where it declares none.
    """
    return placed_parts(packs, several_parts=several_parts).mapInArrow(teller(kinds), TOLD)


def placed_parts(packs: DataFrame, *, several_parts: bool) -> DataFrame:
    """What the teller needs to know of each part."""
    parts = packs.select(*LABELS, "part", "offset", "first_record", "bytes")
    return with_neighbours(parts) if several_parts else alone(parts)


def alone(parts: DataFrame) -> DataFrame:
    """Parts that are whole files."""
    return parts.withColumns({"goes_on": F.lit(False), "goes_before": F.lit(False)})


def with_neighbours(parts: DataFrame) -> DataFrame:
    """Parts with ``goes_on`` and ``goes_before``: whether the last line is unfinished, the first one a rest.

    Later parts of an archive are left out. ``first_record`` also counts the lone CRs of earlier parts, since pull
    counts LFs only.
    """
    text = F.decode("bytes", "ISO-8859-1")
    about = parts.select(
        *LABELS,
        "part",
        F.endswith(text, F.lit("\n")).alias("closed"),
        F.regexp_count(text, F.lit("\r(?!\n)")).alias("lone"),
        ((F.col("part") == 0) & text.rlike("^(\x1f\x8b|PK\x03\x04|PK\x05\x06)")).alias("packed"),
    )
    in_order = Window.partitionBy(*LABELS).orderBy("part")
    earlier = in_order.rowsBetween(Window.unboundedPreceding, -1)
    told = about.select(
        *LABELS,
        "part",
        F.coalesce(F.sum("lone").over(earlier), F.lit(0)).alias("extra"),
        (~F.col("closed") & F.lead("part").over(in_order).isNotNull()).alias("goes_on"),
        F.coalesce(~F.lag("closed").over(in_order), F.lit(False)).alias("goes_before"),
        F.coalesce(F.max("packed").over(earlier), F.lit(False)).alias("inside_archive"),
    )
    joined = parts.join(F.broadcast(told), [*LABELS, "part"], how="left").where(~F.col("inside_archive"))
    numbered = joined.withColumn("first_record", F.col("first_record") + F.col("extra"))
    return numbered.drop("extra", "inside_archive")


def teller(kinds: dict[str, FileKind]) -> Callable[[Batches], Batches]:
    """Parts to lines."""

    def tell(batches: Batches) -> Batches:
        for batch in batches:
            for part in batch.to_pylist():
                table = fw.lines_of(
                    part["bytes"],
                    offset=part["offset"],
                    first_record=part["first_record"],
                    goes_on=part["goes_on"],
                    goes_before=part["goes_before"],
                )
                labels = [texts(part[name], len(table)) for name in LABELS]
                for rows, columns in groups_of(table, kinds):
                    own = [label.take(rows) for label in labels]
                    values = [*own, *[column.combine_chunks() for column in table.take(rows).columns], *columns]
                    yield pa.RecordBatch.from_arrays(values, names=TOLD_NAMES)

    return tell


TOLD_TYPES = dict(item.split() for item in TOLD.split(", "))
TOLD_NAMES = list(TOLD_TYPES)


def groups_of(table: pa.Table, kinds: dict[str, FileKind]) -> Iterator[tuple[pa.Array, list[pa.Array]]]:
    """Rows of each kind and version, and their ``kind``, ``version`` and ``about``; nobody looks into an archive."""
    closed = pc.is_in(table["fault"], pa.array(["packed", "endless"])).combine_chunks()
    places = np.flatnonzero(~closed.to_numpy(zero_copy_only=False))
    shut = np.flatnonzero(closed.to_numpy(zero_copy_only=False))
    lines = table["line"].combine_chunks()
    groups = list(fw.kinds_of(lines.take(pa.array(places)), kinds.values()))
    for kind, version, own in [*[(k, v, places[o]) for k, v, o in groups], (None, "", shut)]:
        rows = pa.array(own)
        if not len(rows):
            continue
        name = kind.kind if kind else fw.UNKNOWN
        columns = [texts(text, len(rows)) for text in (name, version or None)]
        yield rows, [*columns, about_of(kind, version, lines.take(rows), columns[0])]


def about_of(kind: FileKind | None, version: str, lines: pa.StringArray, names: pa.Array) -> pa.Array:
    """What lines of one kind and version are about; null when that cannot be read."""
    if kind is None or version not in kind.layouts:
        return pa.nulls(len(lines), pa.string())
    if not kind.about:
        return names
    return fw.header_fields(fw.windows_text(lines), kind.layouts[version], {"about": kind.about})["about"]


def texts(text: str | None, count: int) -> pa.StringArray:
    """The same text for every line."""
    return pa.repeat(pa.scalar(text, pa.string()), count)
