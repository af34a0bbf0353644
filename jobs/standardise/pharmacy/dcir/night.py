"""One night of DCIR deliveries: flux months told anew, the care months that they touch, and the references.

A delivery is passed over twice. The first pass reads its parts, each alone, and sends its lines to the range of tokens
that their claim falls into; the second makes everything of one range of claims. Between the two, and to the files,
lines travel as blocks (jobs.core.blocks). Spark jobs before the driver writes: the base's flux months (when it has
claims), and the two passes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.blocks import BLOCKS, Block, divided, emitted, gathered, stored, unpacked, unpacked_rows
from jobs.core.ledger import line
from jobs.core.schema import load_schema
from jobs.core.tables import small_frame
from jobs.core.tokens import with_key
from jobs.reference.lists import merged
from jobs.standardise.context import RECORDS, Context, Standardised
from jobs.standardise.pharmacy.boxes import Boxes
from jobs.standardise.pharmacy.dcir import bucket
from jobs.standardise.pharmacy.dcir.aside import set_aside
from jobs.standardise.pharmacy.dcir.bucket import Task, blocks_of, netter, to_be_netted
from jobs.standardise.pharmacy.dcir.columns import labelled
from jobs.standardise.pharmacy.dcir.keyed import buckets, text_bits, with_tokens
from jobs.standardise.pharmacy.dcir.months import REFERENCE_TABLES, TABLE, Flux, Pair, covered, flux_of
from jobs.standardise.pharmacy.dcir.packs import packs_of, parts_of
from jobs.standardise.pharmacy.dcir.parts import read_part
from jobs.standardise.pharmacy.dcir.rows import Codes
from jobs.standardise.pharmacy.terms import b2_codes

NET = "claim_net"
LISTS = {  # columns whose codes are looked up in a list
    "service_nature": "service_nature",
    "rate": "reimbursement_rate",
    "scheme": "insurance_scheme",
    "exemption": "exemption",
}
HELD = (
    "producer", "flux_month", "claim_id", "claim_line_id", "claim_print", "facilities", "delivery_id", "file", "record",
)  # fmt: skip
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Summary:
    """What the ranges say of a night together; see bucket.summary."""

    made: frozenset[tuple[str, str, str]]
    overtaken: Counter[tuple[str, str]]
    replaced: Counter[tuple[str, str, str, bool]]

    @classmethod
    def of(cls, told: DataFrame) -> "Summary":
        """The sum over all ranges. One Spark job, which makes the ranges."""
        found = told.where(F.col("kind") == bucket.SUMMARY).select("block").collect()
        values = [json.loads(unpacked(row.block).column("json")[0].as_py()) for row in found]
        overtaken: Counter[tuple[str, str]] = Counter()
        replaced: Counter[tuple[str, str, str, bool]] = Counter()
        for value in values:
            for producer, delivery, count in value["overtaken"]:
                overtaken[producer, delivery] += count
            for producer, month, delivery, told_claim, count in value["replaced"]:
                replaced[producer, month, delivery, told_claim] += count
        made = frozenset((one[0], one[1], one[2]) for value in values for one in value["made"])
        return cls(made, overtaken, replaced)


def standardise_claims(context: Context) -> Standardised:
    """The night's deliveries as claim lines, net quantities, beneficiaries and long-term illnesses."""
    flux, ranges = flux_of(context), int(context.spark.conf.get("spark.sql.shuffle.partitions") or 1)
    folder = block_folder(context)
    task = Task(folder, flux, dict(context.order), codes_of(context), ranges)
    lines = line_blocks(context, folder, ranges)
    if flux.known:
        held = flux.told(context.base_table(TABLE, sorted({(one[0], one[1]) for one in flux.held})))
        lines = lines.unionByName(held.select(*HELD).mapInArrow(base_blocks(folder, ranges), BLOCKS))
    told = context.cache(by_range(lines, ranges).mapInArrow(task.run, BLOCKS))
    summary = Summary.of(told)
    # A month is never emptied by a delivery whose services were all refused.
    flux = replace(flux, replaced=flux.replaced & {(one[0], one[1]) for one in summary.made})
    periods = {(one[0], one[2]) for one in summary.made}
    scope = sorted(periods | {(one[0], one[1]) for one in flux.held if (one[0], one[2]) in flux.replaced})
    current = with_kept_rows(context, folder, told, flux, scope, ranges)
    records = told.where(F.col("kind") == bucket.RECORDS)
    counted = current.where(F.col("kind") == bucket.COUNTED)
    return Standardised(
        records=records.mapInArrow(unpacked_rows, RECORDS),
        record_blocks=records,
        tables={
            TABLE: current.where(F.col("kind") == bucket.ROWS),
            NET: by_range(counted, ranges).mapInArrow(netter(folder), BLOCKS),
            **{standard: told.where(F.col("kind") == name) for name, standard in REFERENCE_TABLES.items()},
        },
        claims=small_frame(context.spark, [], load_schema("identity/claim").spark),
        states_claims=False,
        scope={TABLE: scope, NET: scope}
        | {REFERENCE_TABLES[name]: reference_scope(context, flux, name) for name in REFERENCE_TABLES},
        events=overtaken(context, summary, flux) + replaced(context, summary, flux),
        in_blocks=(TABLE, NET, *REFERENCE_TABLES.values()),
    )


def block_folder(context: Context) -> str:
    """Where the night's blocks lie until its attempt ends."""
    folder = context.attempt / "blocks"
    folder.mkdir(exist_ok=True)
    return str(folder)


def codes_of(context: Context) -> Codes:
    """What codes mean: products, and the first B2 code of each nature of service."""
    listed = merged(context.settings, "service_nature")
    natures = {code: next(iter(b2_codes(row)), None) for code, row in sorted(listed.items())}
    return Codes(Boxes.of(context.settings), natures)


def by_range(blocks: DataFrame, ranges: int) -> DataFrame:
    """Blocks whose part is the number of a range, each range in a task of its own."""
    return blocks.repartitionById(ranges, F.col("part").cast("int"))


def line_blocks(context: Context, folder: str, ranges: int) -> DataFrame:
    """The night's lines as blocks of one table and range, numbers replaced by tokens."""
    months = {(one.producer, one.delivery_id): covered(one) for one in context.deliveries}
    known = {column: frozenset(merged(context.settings, name)) for column, name in LISTS.items()}

    def blocks(batches: Batches) -> Iterator[Block]:
        with set_aside(folder) as aside:
            for batch in batches:
                for part in parts_of(batch, frozenset(months)):
                    lines = read_part(part, months[part["producer"], part["delivery_id"]], known)
                    if lines.num_rows:
                        lines = labelled(aside.put(with_tokens(lines, batch.column("key")[0].as_py())))
                        name = lines.column("table")[0].as_py()
                        for place, rows in divided(lines, buckets(lines, ranges)):
                            yield name, str(place), "", rows

    keyed = with_key(packs_of(context), context.key("collector"))
    return keyed.mapInArrow(lambda batches: emitted(stored(folder, blocks(batches))), BLOCKS)


def base_blocks(folder: str, ranges: int) -> Any:
    """A function for ``mapInArrow``: rows of the base in, blocks of one range out."""

    def blocks(batches: Batches) -> Iterator[Block]:
        for table in gathered(batches):
            places = text_bits(table.column("claim_id").combine_chunks()) * ranges >> 16
            for place, rows in divided(table, places):
                yield bucket.BASE, str(place), "", rows

    return lambda batches: emitted(stored(folder, blocks(batches)))


def with_kept_rows(
    context: Context, folder: str, told: DataFrame, flux: Flux, scope: list[Pair], ranges: int
) -> DataFrame:
    """The night's blocks, and those of the base's rows that stay in the months of its scope."""
    if not any(period in context.base_periods(TABLE, producer) for producer, period in scope):
        return told

    def blocks(batches: Batches) -> Iterator[Block]:
        for table in gathered(batches):
            yield from blocks_of(bucket.ROWS, table, "claim_id", ranges)
            yield from to_be_netted(table, ranges)

    rows = flux.kept(context.base_table(TABLE, scope))
    kept = rows.mapInArrow(lambda batches: emitted(stored(folder, blocks(batches))), BLOCKS)
    return told.unionByName(context.cache(kept))


def replaced(context: Context, summary: Summary, flux: Flux) -> list[dict[str, Any]]:
    """Ledger lines for rows that a month told anew no longer holds: superseded if their claim still is told."""
    events = {True: ("superseded", "told otherwise"), False: ("withdrawn", "no longer told")}
    return [
        event(context, producer, delivery, count, events[told][0], f"flux month {events[told][1]}")
        for (producer, month, delivery, told), count in sorted(summary.replaced.items())
        if (producer, month) in flux.replaced
    ]


def overtaken(context: Context, summary: Summary, flux: Flux) -> list[dict[str, Any]]:
    """Ledger lines for accepted lines of deliveries that another one overtook."""
    return [
        event(context, producer, delivery, count, "superseded", "another delivery tells the same")
        for (producer, delivery), count in sorted(summary.overtaken.items())
    ]


def event(context: Context, producer: str, delivery: str, count: int, name: str, cause: str) -> dict[str, Any]:
    """One ledger line about rows of claims."""
    own = {"stage": "standardise", "source": context.source, "producer": producer, "delivery_id": delivery}
    return line(count, **own, table=TABLE, event=name, cause=cause)


def reference_scope(context: Context, flux: Flux, table: str) -> list[Pair]:
    """The months of a reference that are told anew: it is told whole, so earlier ones are emptied."""
    standard = REFERENCE_TABLES[table]
    told = {producer: month for (producer, name), (_, month) in flux.references.items() if name == table}
    periods = {(one, period) for one in told for period in context.base_periods(standard, one)}
    return sorted(periods | set(told.items()))
