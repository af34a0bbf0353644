"""Fixed-width files in Spark: parts of files to lines that say what they are.

This runs on Arrow batches in Spark's tasks; what is done to a batch is in ``fixed_width``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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
TOLD_TYPES = dict(item.split() for item in TOLD.split(", "))
Batches = Iterator[pa.RecordBatch]
Chosen = dict[tuple[str, ...], bytes]  # by LABELS: one bit for each record of a file, the first one of record 0


@dataclass(frozen=True)
class Marks:
    """Columns of text that are made of each line where it is told, while its bytes are at hand.

    ``given``: columns of the packs that they need; ``names``: of what is made; ``make``: a part of
    a file, and kind, lines and ``about`` of its lines of one kind, to a column for each of the names.
    """

    given: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    make: Callable[[dict[str, Any], str, pa.StringArray, pa.StringArray], list[pa.Array]] = lambda *_: []

    @property
    def told(self) -> dict[str, str]:
        """Every column of a line that was told and marked, with its Spark type."""
        return TOLD_TYPES | dict.fromkeys(self.names, "string")


NO_MARKS = Marks()
EDGES = "producer string, delivery_id string, file string, part long, closed boolean, lone long, packed boolean"


def tell_lines(packs: DataFrame, kinds: dict[str, FileKind], *, several_parts: bool) -> DataFrame:
    """Lines of raw parts (columns of PACKS) with ``fault`` (see fixed_width), ``kind``, ``version`` and ``about``.

    ``about`` is the field of that name in ``files.csv``, or the kind where it declares none.
    """
    return placed_parts(packs, several_parts=several_parts).mapInArrow(teller(kinds), TOLD)


def placed_parts(packs: DataFrame, *, several_parts: bool, given: tuple[str, ...] = ()) -> DataFrame:
    """What the teller needs to know of each part."""
    parts = packs.select(*LABELS, "part", "offset", "first_record", "bytes", *given)
    return with_neighbours(parts) if several_parts else alone(parts)


def alone(parts: DataFrame) -> DataFrame:
    """Parts that are whole files."""
    return parts.withColumns({"goes_on": F.lit(False), "goes_before": F.lit(False)})


def with_neighbours(parts: DataFrame) -> DataFrame:
    """Parts with ``goes_on`` and ``goes_before``: whether the last line is unfinished, the first one a rest.

    Later parts of an archive are left out. ``first_record`` also counts the lone CRs of earlier parts, since pull
    counts LFs only.
    """
    about = parts.select(*LABELS, "part", "bytes").mapInArrow(edges, EDGES)
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


def edges(batches: Batches) -> Batches:
    """What the neighbours of a part need to know: is its last line ``closed``; its ``lone`` CRs; is it ``packed``."""
    for batch in batches:
        numbers, parts = batch.column("part").to_pylist(), batch.column("bytes").to_pylist()
        closed = [one.endswith(b"\n") for one in parts]
        lone = [one.count(b"\r") - one.count(b"\r\n") for one in parts]
        packed = [number == 0 and one.startswith(fw.ARCHIVES) for number, one in zip(numbers, parts, strict=True)]
        told = [pa.array(closed, pa.bool_()), pa.array(lone, pa.int64()), pa.array(packed, pa.bool_())]
        place = [*LABELS, "part"]
        yield pa.RecordBatch.from_arrays(
            [*batch.select(place).columns, *told], names=[*place, "closed", "lone", "packed"]
        )


def teller(
    kinds: dict[str, FileKind], marks: Marks = NO_MARKS, chosen: Chosen | None = None
) -> Callable[[Batches], Batches]:
    """Parts to lines with their marks: all lines, or those that are chosen."""
    names = list(marks.told)

    def tell(batches: Batches) -> Batches:
        for batch in batches:
            for part in batch.to_pylist():
                wanted = None if chosen is None else chosen.get(tuple(part[name] for name in LABELS), b"")
                if wanted == b"":
                    continue
                table = fw.lines_of(
                    part["bytes"],
                    offset=part["offset"],
                    first_record=part["first_record"],
                    goes_on=part["goes_on"],
                    goes_before=part["goes_before"],
                )
                table = table if wanted is None else table.filter(pa.array(is_set(wanted, table["record"].to_numpy())))
                labels = [texts(part[name], len(table)) for name in LABELS]
                for rows, kind, columns in groups_of(table, kinds):
                    own = [label.take(rows) for label in labels]
                    lines = table.take(rows).combine_chunks()
                    made = marks.make(part, kind, lines["line"].combine_chunks(), columns[-1])
                    values = [*own, *[column.combine_chunks() for column in lines.columns], *columns, *made]
                    yield pa.RecordBatch.from_arrays(values, names=names)

    return tell


def is_set(bits: bytes, records: fw.Ints) -> fw.Flags:
    """Whether the bit of each record is set; there may be fewer bits than records."""
    octets, place = np.frombuffer(bits, np.uint8), records >> 3
    within = place < len(octets)
    found: fw.Flags = within & (octets[np.where(within, place, 0)] >> (7 - (records & 7)) & 1).astype(bool)
    return found


def groups_of(table: pa.Table, kinds: dict[str, FileKind]) -> Iterator[tuple[pa.Array, str, list[pa.Array]]]:
    """Rows of each kind and version, the kind, and their ``kind``, ``version`` and ``about``.

    Nobody looks into an archive.
    """
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
        yield rows, name, [*columns, about_of(kind, version, lines.take(rows), columns[0])]


def about_of(kind: FileKind | None, version: str, lines: pa.StringArray, names: pa.Array) -> pa.Array:
    """What lines of one kind and version are about; null when that cannot be read."""
    if kind is None or version not in kind.layouts:
        return pa.nulls(len(lines), pa.string())
    if not kind.about:
        return names
    return fw.windows_text(fw.header_fields(lines, kind.layouts[version], {"about": kind.about})["about"])


def texts(text: str | None, count: int) -> pa.StringArray:
    """The same text for every line."""
    return pa.repeat(pa.scalar(text, pa.string()), count)
