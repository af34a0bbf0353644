"""One range of claims from lines to what is written of it: the second of the two passes over a delivery.

Blocks of lines come in, blocks of records, of claim lines in the order of their table, of lines to be netted, of
references and of counts go out.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.blocks import Block, as_is, divided, emitted, packed, rows_of, stored
from jobs.core.compact import in_texts
from jobs.standardise.intake import record_blocks
from jobs.standardise.pharmacy.dcir.aside import bytes_of
from jobs.standardise.pharmacy.dcir.columns import PLACE, column, text
from jobs.standardise.pharmacy.dcir.fate import IGNORED, Judged, judged_lines
from jobs.standardise.pharmacy.dcir.groups import codes
from jobs.standardise.pharmacy.dcir.keyed import bits_of
from jobs.standardise.pharmacy.dcir.months import Flux
from jobs.standardise.pharmacy.dcir.net import counted_lines, net_claims
from jobs.standardise.pharmacy.dcir.people import MAKERS, reference_rows
from jobs.standardise.pharmacy.dcir.read import SEP, month_of
from jobs.standardise.pharmacy.dcir.rows import SCHEMA, Codes, claim_lines

BASE, RECORDS, ROWS, COUNTED, NET, SUMMARY = "base", "records", "claim_line", "counted", "claim_net", "summary"
OUTCOMES = ("ignored", "quarantined", "duplicate", "unchanged", "accepted")
RECORD = (*PLACE, "kind", "bytes", "outcome", "rule", "field", "warnings")
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Task:
    """What a task has to know: the folder of blocks, flux months, the order of deliveries, codes, how many ranges."""

    folder: str
    flux: Flux
    order: dict[tuple[str, str], int]
    codes: Codes
    ranges: int

    def run(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """A function for ``mapInArrow``: the blocks of one range in, its results out."""
        found: dict[str, list[pa.Table]] = defaultdict(list)
        for kind, _, _, rows in rows_of(batches):
            found[kind].append(rows)
        base = found.pop(BASE, None)
        tables = {name: joined(parts) for name, parts in sorted(found.items())}
        if tables:
            yield from emitted(stored(self.folder, self.results(tables, joined(base) if base else None)))
        elif base:
            yield from emitted(stored(self.folder, [self.summary_of_base(joined(base))]))

    def results(self, tables: dict[str, pa.Table], base: pa.Table | None) -> Iterator[Block]:
        """Everything that a range gives."""
        judged = judged_lines(tables, self.flux, self.order, base)
        yield from records(judged, self.folder)
        rows = claim_lines(judged, self.codes)
        if base is not None:
            rows = with_old_places(in_texts(rows, SCHEMA.arrow), base)
        yield from blocks_of(ROWS, rows, "claim_id", self.ranges)
        yield from to_be_netted(rows, self.ranges)
        for name, make in MAKERS.items():
            told = reference_rows(judged, tables, self.flux, name) if name in tables else None
            if told is not None:
                yield from blocks_of(name, make(told), "beneficiary_id", self.ranges)
        yield block(SUMMARY, summary(judged, rows, base))

    def summary_of_base(self, base: pa.Table) -> Block:
        """The counts of a range of which tonight tells nothing."""
        return block(SUMMARY, {"made": [], "overtaken": [], "replaced": replaced(base, None)})


def block(kind: str, value: dict[str, Any]) -> Block:
    """A small result as a block of one text."""
    return kind, "", "", packed(pa.table({"json": [json.dumps(value)]}))


def joined(parts: list[pa.Table]) -> pa.Table:
    """Several tables as one; a column that one lacks is null there."""
    return pa.concat_tables(parts, promote_options="default").combine_chunks()


def records(judged: Judged, folder: str) -> Iterator[Block]:
    """Every line with its one outcome; only the refused ones keep their bytes. A span is a stretch of one file."""
    rules = judged.lines.column("rule").combine_chunks()
    refused, ignored = (
        one.to_numpy(zero_copy_only=False) for one in (pc.is_valid(rules), pc.is_in(rules, pa.array(IGNORED)))
    )
    known = [ignored, refused, judged.duplicate | judged.repeated, judged.told]
    outcome = np.select(known, range(len(known)), len(known)).astype(np.int32)
    table = judged.lines.column("table").combine_chunks()
    own = {
        "kind": pa.DictionaryArray.from_arrays(
            table.indices, pa.array([kind_of(one) for one in table.dictionary.to_pylist()])
        ),
        "outcome": pa.DictionaryArray.from_arrays(pa.array(outcome), pa.array(OUTCOMES)),
        "bytes": bytes_of(folder, judged.lines, pc.is_valid(rules)),
    }
    told = pa.table({name: own[name] if name in own else judged.lines.column(name) for name in RECORD})
    yield from record_blocks(RECORDS, told, as_is)


def kind_of(table: str) -> str:
    """What a line is by the name of its table, "" for none."""
    return table.lower() or "unknown"


def with_old_places(rows: pa.Table, base: pa.Table) -> pa.Table:
    """New rows; those that say what the base said keep the place where it was first accepted, and so their bytes."""
    at = pc.index_in(said(rows), said(base))
    for name in ("delivery_id", "file", "record"):
        old = base.column(name).combine_chunks().take(at)
        rows = rows.set_column(
            rows.column_names.index(name), name, pc.coalesce(old, rows.column(name).combine_chunks())
        )
    return rows


def said(rows: pa.Table) -> pa.Array:
    """What a row of claims says: its line and its service."""
    names = ("producer", "claim_line_id", "claim_print")
    return pc.binary_join_element_wise(*[rows.column(name).combine_chunks() for name in names], SEP)


def blocks_of(kind: str, rows: pa.Table, token: str, ranges: int) -> Iterator[Block]:
    """Rows as blocks, one for each partition and range of a token; a range of tokens is a span of its table."""
    spans = bits_of(rows.column(token).combine_chunks()) * ranges >> 16
    parts = codes(rows.column("producer")), codes(rows.column("period"))
    for label, own in divided(rows, (parts[0] * (parts[1].max(initial=0) + 1) + parts[1]) * ranges + spans):
        producer, period = (own.column(name)[0].as_py() for name in ("producer", "period"))
        yield kind, f"{producer}__{period}", f"{int(label) % ranges:08d}", own


def to_be_netted(rows: pa.Table, ranges: int) -> Iterator[Block]:
    """Lines that are netted, by range of the beneficiary."""
    counted = counted_lines(rows)
    spans = bits_of(counted.column("beneficiary_id").combine_chunks()) * ranges >> 16
    for span, own in divided(counted, spans):
        yield COUNTED, str(span), "", own


def summary(judged: Judged, rows: pa.Table, base: pa.Table | None) -> dict[str, Any]:
    """What the night's scope and events are made of.

    ``made``: producer, flux month and care month of rows; ``overtaken``: accepted lines that do not count, by producer
    and delivery; ``replaced``: rows of the base that tonight does not tell.
    """
    unruled = judged.lines.column("rule").combine_chunks().is_null().to_numpy(zero_copy_only=False)
    lost = judged.lines.filter(pa.array(~judged.active & unruled & ~judged.duplicate))
    overtaken = Counter(zip(*(lost.column(name).to_pylist() for name in ("producer", "delivery_id")), strict=True))
    return {
        "made": [list(one) for one in sorted(made(judged))],
        "overtaken": [[*place, count] for place, count in sorted(overtaken.items())],
        "replaced": replaced(base, rows) if base is not None else [],
    }


def made(judged: Judged) -> set[tuple[str, str, str]]:
    """Producer, flux month and care month of the lines that make a row."""
    at = np.flatnonzero(judged.makes_row)
    services = pa.array(judged.service[at])
    lines = judged.lines.select(["producer", "flux_month"]).take(pa.array(at))
    told = [text(column(judged.services, name).take(services)) for name in ("care_on", "care_month")]
    flux = text(lines.column("flux_month"))
    period = pc.coalesce(month_of(told[0]), told[1], flux)
    places = pc.unique(pc.binary_join_element_wise(text(lines.column("producer")), flux, period, SEP))
    found = [place.split(SEP) for place in places.to_pylist()]
    return {(producer, month, care) for producer, month, care in found}


def replaced(base: pa.Table, rows: pa.Table | None) -> list[list[Any]]:
    """Counts of the base's rows that tonight does not tell.

    By producer, flux month, delivery, and whether their claim is told.
    """
    claims = base.column("claim_id").combine_chunks()
    if rows is None or not rows.num_rows:
        same = told = np.zeros(base.num_rows, dtype=bool)
    else:
        same = pc.is_in(said(base), said(rows)).to_numpy(zero_copy_only=False)
        told = pc.is_in(claims, rows.column("claim_id").combine_chunks()).to_numpy(zero_copy_only=False)
    gone = base.append_column("told", pa.array(told)).filter(pa.array(~same))
    names = ("producer", "flux_month", "delivery_id", "told")
    counts = Counter(zip(*(gone.column(name).to_pylist() for name in names), strict=True))
    return [[*place, count] for place, count in sorted(counts.items())]


def netter(folder: str) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: counted lines of one range of beneficiaries in, their net rows out."""
    return lambda batches: emitted(stored(folder, netted(batches)))


def netted(batches: Batches) -> Iterator[Block]:
    """The net rows of counted lines, by range of beneficiaries and by file."""
    found: dict[str, list[pa.Table]] = defaultdict(list)
    for _, span, _, rows in rows_of(batches):
        found[span].append(rows)
    for span, parts in sorted(found.items()):
        net = net_claims(joined(parts))
        names = [net.column(name).combine_chunks() for name in ("producer", "period")]
        for _, own in divided(net, codes(pc.binary_join_element_wise(*names, "__"))):
            part = f"{own.column('producer')[0].as_py()}__{own.column('period')[0].as_py()}"
            yield NET, part, f"{int(span):08d}", own
