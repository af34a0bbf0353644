"""A source whose producers deposit in several formats: each format read by its own reader, one result for the night."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial, reduce

from pyspark.sql import functions as F

from jobs.core.blocks import BLOCKS
from jobs.standardise.context import RECORDS, Context, Standardised
from jobs.standardise.intake import pack_records

Reader = Callable[[Context], Standardised]


def by_format(context: Context, readers: dict[tuple[str, ...], Reader]) -> Standardised:
    """The night's deliveries through the readers of their formats; each reader fills tables of its own."""
    given = {one.format for one in context.deliveries}
    parts = [read(of_formats(context, names)) for names, read in readers.items() if given & set(names)]
    return reduce(partial(joined, context), parts)


def of_formats(context: Context, names: tuple[str, ...]) -> Context:
    """The night as if only deliveries of some formats had come."""
    own = [one for one in context.deliveries if one.format in names]
    again = any(one.replayed for one in own) and context.replayed is not None
    replayed = context.replayed.where(F.col("format").isin(*names)) if again and context.replayed is not None else None
    return replace(context, deliveries=own, replayed=replayed)


def joined(context: Context, one: Standardised, other: Standardised) -> Standardised:
    """Two parts of a night as one result."""
    if one.record_blocks is not None or other.record_blocks is not None:
        one, other = in_blocks(context, one), in_blocks(context, other)
    blocks = one.record_blocks
    if blocks is not None and other.record_blocks is not None:
        blocks = blocks.unionByName(other.record_blocks)
    return Standardised(
        records=one.records.unionByName(other.records),
        tables=one.tables | other.tables,
        claims=one.claims.unionByName(other.claims),
        scope=one.scope | other.scope,
        events=one.events + other.events,
        by_producer=one.by_producer + other.by_producer,
        in_blocks=one.in_blocks + other.in_blocks,
        measures=one.measures + other.measures,
        record_blocks=blocks,
        remembered=one.remembered | other.remembered,
        warned=one.warned | other.warned,
    )


def in_blocks(context: Context, part: Standardised) -> Standardised:
    """A part whose records come as blocks too; as rows they are kept, since both are looked at."""
    if part.record_blocks is not None:
        return part
    records = context.cache(part.records.select(*[F.col(one.name).cast(one.dataType) for one in RECORDS.fields]))
    return replace(part, records=records, record_blocks=records.mapInArrow(pack_records, BLOCKS))
