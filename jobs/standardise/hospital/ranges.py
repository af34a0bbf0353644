"""Lines as blocks: sent to the range of stays of one hospital that they belong to, and what a task makes of a range.

A range is the hospital and a stretch of the tokens of stays. Tokens are spread evenly, so that as many ranges as a
hospital's size asks for bound the memory of a task.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.core.blocks import Block, divided, emitted, gathered, packed, rows_of
from jobs.core.tokens import UNIT_SEPARATOR, hex_array, token_bytes
from jobs.standardise.hospital.meet import Met, meet
from jobs.standardise.hospital.transmissions import Sent
from jobs.standardise.intake import record_blocks

TOLD, HELD = "told", "held"
RECORDS, WANTED, TOUCHED, GONE, LATE = "records", "wanted", "touched", "gone", "late"
LINE = ("producer", "delivery_id", "file", "record", "offset", "kind", "line_id", "stay_id")
HELD_LINE = ("producer", "period", "line_id", "stay_id", "exit_date", "provisional", "warnings")
TOKENS = ("line_id", "stay_id")
RANGE_BYTES = 33_554_432  # of deposited files
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Ranges:
    """How many ranges each hospital has. No result depends on it."""

    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, sizes: dict[str, int]) -> "Ranges":
        """For the bytes that each hospital deposited."""
        return cls({producer: 1 + size // RANGE_BYTES for producer, size in sizes.items()})

    def blocks(self, kind: str, lines: pa.Table) -> Iterator[Block]:
        """Rows with text tokens as blocks of one range, tokens as their 16 bytes."""
        for name in TOKENS:
            raw = token_bytes(lines[name].combine_chunks())
            lines = lines.set_column(lines.column_names.index(name), name, raw)
        named = lines["producer"].combine_chunks().dictionary_encode()
        producers = named.dictionary.to_pylist()
        hospital = named.indices.to_numpy().astype(np.int64)
        counts = np.array([self.counts[one] for one in producers], dtype=np.int64)[hospital]
        place = first_bits(lines["stay_id"].combine_chunks()) * counts >> 16
        for label, rows in divided(lines.drop_columns("producer"), hospital << 16 | place):
            yield kind, f"{producers[label >> 16]}{UNIT_SEPARATOR}{label & 0xFFFF}", "", packed(rows)

    def told(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Lines that were told and marked in, blocks out."""
        for table in gathered(batch.select(LINE) for batch in batches):
            yield from emitted(self.blocks(TOLD, table))

    def held(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """A function for ``mapInArrow``: paths of files of the snapshot's lines in, blocks out."""
        for batch in batches:
            for path in batch.column("path").to_pylist():
                with pq.ParquetFile(Path(path)) as file:
                    yield from emitted(self.blocks(HELD, file.read(list(HELD_LINE), use_threads=False)))


def first_bits(tokens: pa.FixedSizeBinaryArray) -> np.ndarray:
    """The first 16 bits of each token; 0 where there is none."""
    told = pc.fill_null(tokens, bytes(16))
    octets = np.frombuffer(told.buffers()[1], np.uint8)[told.offset * 16 :][: len(told) * 16].reshape(-1, 16)
    return octets[:, 0].astype(np.int64) << 8 | octets[:, 1]


@dataclass(frozen=True)
class Comparison:
    """What a task has to know: the night's deliveries of each hospital."""

    sent: dict[str, list[Sent]]

    def run(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """A function for ``mapInArrow``: blocks sorted by range in; its results out."""
        for part, blocks in groupby(rows_of(batches), key=lambda one: one[1]):
            sides: dict[str, list[pa.Table]] = {TOLD: [], HELD: []}
            for kind, _, _, rows in blocks:
                sides[kind].append(rows)
            lines, held = (pa.concat_tables([EMPTY[name], *sides[name]]).combine_chunks() for name in (TOLD, HELD))
            producer = part.split(UNIT_SEPARATOR)[0]
            yield from emitted(results(producer, lines, held, meet(lines, held, self.sent[producer])))


def results(producer: str, lines: pa.Table, held: pa.Table, met: Met) -> Iterator[Block]:
    """Outcomes of lines that are not read again, and places of those that are; stays touched, lines gone or late."""
    named = lines.append_column("producer", pa.repeat(producer, len(lines)))
    yield from record_blocks(RECORDS, as_it_was(named, met))
    wanted = lines.filter(pa.array(met.reread & ~met.trial))
    file = pc.binary_join_element_wise(producer, wanted["delivery_id"], wanted["file"], UNIT_SEPARATOR)
    files = file.combine_chunks().dictionary_encode()
    for label, rows in divided(wanted, files.indices.to_numpy()):
        yield WANTED, producer, files.dictionary[int(label)].as_py(), bits(rows["record"].to_numpy())
    yield from named_rows(TOUCHED, producer, stay_id=met.touched)
    yield from named_rows(GONE, producer, line_id=held["line_id"].filter(pa.array(met.gone)))
    late = lines.filter(pa.array(met.late)).group_by(["stay_id", "delivery_id"]).aggregate([])
    yield from named_rows(LATE, producer, stay_id=late["stay_id"], delivery_id=late["delivery_id"])


def as_it_was(lines: pa.Table, met: Met) -> pa.Table:
    """Records of untouched stays with their outcome, and those of trials."""
    trial = pa.array(met.trial)
    columns = {
        "bytes": pa.nulls(len(lines), pa.binary()),
        "outcome": pc.if_else(trial, "ignored", pc.if_else(pa.array(met.copy), "duplicate", "unchanged")),
        "rule": pc.if_else(trial, "HOS-019", pa.scalar(None, pa.string())),
        "field": pa.nulls(len(lines), pa.string()),
        "warnings": pc.if_else(trial, pa.scalar(None, pa.string()), met.warnings),
    }
    told = lines.drop_columns(TOKENS)
    for name, values in columns.items():
        told = told.append_column(name, values)
    return told.filter(pa.array(~met.reread | met.trial))


def named_rows(kind: str, producer: str, **columns: pa.Array | pa.ChunkedArray) -> Iterator[Block]:
    """A few rows of one hospital, tokens as text; nothing when there are none."""
    told = {name: hex_array(one) if name in TOKENS else one for name, one in columns.items()}
    count = len(next(iter(told.values())))
    if count:
        yield kind, producer, "", packed(pa.table({"producer": pa.repeat(producer, count), **told}))


def bits(records: np.ndarray) -> bytes:
    """A bit for each record up to the greatest of some, set for these."""
    found = np.zeros(int(records.max()) + 1, dtype=bool)
    found[records] = True
    return np.packbits(found).tobytes()


def either(several: list[bytes]) -> bytes:
    """The bits that are set in one of several results of ``bits``."""
    whole = np.zeros(max(map(len, several)), dtype=np.uint8)
    for one in several:
        whole[: len(one)] |= np.frombuffer(one, np.uint8)
    return whole.tobytes()


def empty(types: dict[str, pa.DataType]) -> pa.Table:
    """A side without lines."""
    return pa.schema(list(types.items())).empty_table()


TEXT, TOKEN = pa.string(), pa.binary(16)
EMPTY = {
    TOLD: empty(
        {"delivery_id": TEXT, "file": TEXT, "record": pa.int64(), "offset": pa.int64(), "kind": TEXT}
        | {"line_id": TOKEN, "stay_id": TOKEN}
    ),
    HELD: empty(
        {"period": TEXT, "line_id": TOKEN, "stay_id": TOKEN}
        | {"exit_date": pa.date32(), "provisional": pa.bool_(), "warnings": TEXT}
    ),
}
