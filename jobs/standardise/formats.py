"""A source whose producers deposit in several formats: each format read by its own reader, one result for the night."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce

from pyspark.sql import functions as F

from jobs.standardise.context import Context, Standardised

Reader = Callable[[Context], Standardised]


def by_format(context: Context, readers: dict[tuple[str, ...], Reader]) -> Standardised:
    """The night's deliveries through the readers of their formats; each reader fills tables of its own."""
    given = {one.format for one in context.deliveries}
    parts = [read(of_formats(context, names)) for names, read in readers.items() if given & set(names)]
    return reduce(joined, parts)


def of_formats(context: Context, names: tuple[str, ...]) -> Context:
    """The night as if only deliveries of some formats had come."""
    own = [one for one in context.deliveries if one.format in names]
    again = any(one.replayed for one in own) and context.replayed is not None
    replayed = context.replayed.where(F.col("format").isin(*names)) if again and context.replayed is not None else None
    return replace(context, deliveries=own, replayed=replayed)


def joined(one: Standardised, other: Standardised) -> Standardised:
    """Two parts of a night as one result."""
    return Standardised(
        records=one.records.unionByName(other.records),
        tables=one.tables | other.tables,
        claims=one.claims.unionByName(other.claims),
        scope=one.scope | other.scope,
        events=one.events + other.events,
        by_producer=one.by_producer + other.by_producer,
        in_blocks=one.in_blocks + other.in_blocks,
        measures=one.measures + other.measures,
    )
