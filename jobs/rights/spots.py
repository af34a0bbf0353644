"""Where in the deposited bytes of the raw zone a person is, found in three ways that complete each other.

* Numbers: whatever holds a number of the person, by its keyed token, in any format and also where it was refused.
* Stays: every line of a hospital's transmission about a stay of the person, repeated or of a trial too.
* Reading again: pharmacies and records read what is left of their kept deliveries, and say which records are the
  person's, until they find none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.keys import key_bytes, key_table
from jobs.core.register import load_register
from jobs.core.settings import Settings
from jobs.core.tokens import text_hex, token_hex, with_key
from jobs.pull.packs import packs_of, read_packs
from jobs.rights.numbers import Seeker
from jobs.rights.resolve import Values
from jobs.standardise.context import Context, shaped
from jobs.standardise.deliveries import complete_deliveries, read_pull
from jobs.standardise.fixed_width_lines import tell_lines
from jobs.standardise.hospital import PMSI
from jobs.standardise.layouts import load_layouts
from jobs.standardise.shared_record.fhir import FORMAT as EXPORT

File = tuple[str, str, str]  # producer, delivery, file
LINES = (PMSI, "pharmacy-csv")  # formats whose records are lines: one can be blanked without harm to the others
ENDS = b"\r\n"


@dataclass
class Spots:
    """What of a night's files goes: the lines at some offsets, or all of a file."""

    offsets: dict[File, set[int]] = field(default_factory=lambda: defaultdict(set))
    whole: set[File] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How much is found."""
        return len(self.whole) + sum(len(offsets) for offsets in self.offsets.values())

    @property
    def deliveries(self) -> set[tuple[str, str]]:
        """(producer, delivery) of everything that is found."""
        return {(producer, delivery) for producer, delivery, _ in self.whole | set(self.offsets)}


def by_numbers(settings: Settings, source: str, night: str, seeker: Seeker, spots: Spots) -> None:
    """Add what holds a number of the person."""
    for path in packs_of(settings, source, night):
        with pq.ParquetFile(path) as pack:
            for batch in pack.iter_batches(batch_size=16):
                for part in batch.to_pylist():
                    place = (part["producer"], part["delivery_id"], part["file"])
                    if part["format"] not in LINES:
                        if place not in spots.whole and seeker.holds(part["bytes"]):
                            spots.whole.add(place)
                    elif found := seeker.places(part["bytes"]):
                        spots.offsets[place] |= {part["offset"] + one for one in found}
                    elif seeker.hides(part["bytes"]):  # no line of it was ever read
                        spots.whole.add(place)


def stay_lines(spark: SparkSession, settings: Settings, packs: DataFrame, stays: Values) -> list[tuple[str, ...]]:
    """(producer, delivery_id, file, record, offset) of a hospital's lines about some stays; ``packs`` as in PACKS."""
    told = tell_lines(packs, load_layouts("hospital"), several_parts=True)
    keyed = with_key(told, key_table(spark, settings, "collector"))
    stay = token_hex("hospital", "stay", F.col("producer"), F.col("about"))
    places = ("producer", "delivery_id", "file", "record", "offset")
    return [tuple(row) for row in keyed.where(stay.isin(sorted(stays))).select(*places).collect()]


def by_stays(spark: SparkSession, settings: Settings, night: str, stays: Values, spots: Spots) -> None:
    """Add the lines of the person's stays."""
    if stays:
        packs = shaped(read_packs(spark, settings, "hospital", night)).where(F.col("format") == PMSI)
        for *place, _, offset in stay_lines(spark, settings, packs, stays):
            spots.offsets[tuple(place)].add(int(offset))  # type: ignore[index]


def by_reading(
    spark: SparkSession,
    settings: Settings,
    source: str,
    night: str,
    producers: Iterable[str],
    subjects: Values,
    attempt: Path,
    spots: Spots,
) -> None:
    """Add the records that a source's own reader says are the person's, of producers who know the person."""
    register, pull = load_register(settings), read_pull(settings, source, night) or {"deliveries": []}
    own = [one for one in complete_deliveries(pull, night) if one.producer in set(producers) & set(register)]
    if not own or not subjects:
        return
    while read_again(Rest(spark, settings, night, source, own, register, None, attempt, spots=spots), subjects):
        """What is told twice shows once in the tables: the rest is read again until nothing of the person is found."""


def read_again(context: "Rest", subjects: Values) -> bool:
    """Add the records of some subjects among what the context's spots leave; whether there were any."""
    settings, source, spots, own = context.settings, context.source, context.spots, context.deliveries
    before = spots.count
    try:
        result = import_module(f"jobs.standardise.{source}").standardise(context)
        records = result.shown_files(result.records) if result.shown_files else result.records
        names = ["producer", "delivery_id", "file", "record"]
        tables = [one for one in result.tables.values() if {"subject_id", *names} <= set(one.columns)]
        chosen = [one.where(F.col("subject_id").isin(sorted(subjects))).select(*names) for one in tables]
        found = chosen[0]
        for frame in chosen[1:]:
            found = found.unionByName(frame)
        rows = records.join(F.broadcast(found.distinct()), names, how="left_semi").select(*names, "offset").collect()
    finally:
        context.release()
    true_names = names_of(settings, source, context.night)
    formats = {(one.producer, one.delivery_id): one.format for one in own}
    for producer, delivery, shown, _, offset in rows:
        place = (producer, delivery, true_names.get((producer, delivery, shown), shown))
        if formats[producer, delivery] in LINES and offset is not None:
            spots.offsets[place].add(offset)
        else:
            spots.whole.add(place)
    return spots.count > before


@dataclass
class Rest(Context):
    """A night's context whose packs are what some spots leave."""

    spots: Spots = field(default_factory=Spots)

    def packs(self) -> DataFrame:
        """Packs without what goes; of nothing that goes, the packs as they are."""
        packs, spots = super().packs(), self.spots
        known = [(one.producer, one.delivery_id) for one in self.deliveries]
        if not spots.deliveries & set(known):
            return packs

        def cut(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                parts = [part for row in batch.to_pylist() if (part := left_of(row, spots)[0])]
                yield pa.RecordBatch.from_pylist(parts, schema=batch.schema)

        return packs.mapInArrow(cut, packs.schema)


def left_of(part: dict[str, Any], spots: Spots) -> tuple[dict[str, Any] | None, int]:
    """A part of a file without the spots, and how many lines were blanked; None when its file goes as a whole."""
    place = (part["producer"], part["delivery_id"], part["file"])
    if place in spots.whole:
        return None, 0
    offset, length = part["offset"], len(part["bytes"])
    own = [one - offset for one in spots.offsets.get(place, ()) if offset <= one < offset + length]
    if not own:
        return part, 0
    data, lines = blanked(part["bytes"], own)
    return part | {"bytes": data}, lines


def with_whole_exports(settings: Settings, source: str, night: str, spots: Spots) -> None:
    """An export is whole or nothing: of one that holds the person every file goes, packed or not."""
    pull = read_pull(settings, source, night) or {"deliveries": []}
    for one in pull["deliveries"]:
        if one["format"] == EXPORT and (one["producer"], one["delivery_id"]) in spots.deliveries:
            spots.whole |= {(one["producer"], one["delivery_id"], item["name"]) for item in one["files"]}


def names_of(settings: Settings, source: str, night: str) -> dict[File, str]:
    """The true name of each file by the name that standard tables show."""
    key, found = key_bytes(settings, "collector"), dict[File, str]()
    for one in complete_deliveries(read_pull(settings, source, night) or {"deliveries": []}, night):
        for item in one.files:
            place = (one.producer, one.delivery_id, item["name"])
            found[one.producer, one.delivery_id, f"file-{text_hex(key, 'file', *place)[:16]}"] = item["name"]
    return found


def line_around(data: bytes, place: int) -> tuple[int, int]:
    """Begin and end of the line that a byte is in, its end not included."""
    begin = max(data.rfind(ENDS[:1], 0, place), data.rfind(ENDS[1:], 0, place)) + 1
    ends = [end for end in (data.find(ENDS[:1], place), data.find(ENDS[1:], place)) if end >= 0]
    return begin, min(ends, default=len(data))


def blanked(data: bytes, places: Iterable[int]) -> tuple[bytes, int]:
    """Bytes with the lines at some places overwritten by blanks, and how many lines these were.

    Length, line ends and every other place stay, so that what is known of other records by their place stays true.
    """
    text, lines = bytearray(data), {line_around(data, place) for place in places}
    for begin, end in lines:
        text[begin:end] = b" " * (end - begin)
    return bytes(text), sum(1 for begin, end in lines if data[begin:end].strip())
