"""Flux months: which months a delivery covers, and which delivery tells a month.

A delivery of mode ``replace`` stands for all that was told about its months; one of mode ``append`` adds to them. The
last delivery that replaces a month tells it, with what was appended afterwards. A delivery without the table of
services tells no month: its other tables would be orphans, and the month would be emptied.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.standardise.context import Context
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pharmacy.dcir.layout import BENEFICIARIES, CLAIMS, LONG_TERM, table_of

TABLE = "claim_line"
REFERENCE_TABLES = {BENEFICIARIES: "beneficiary", LONG_TERM: "long_term_illness"}
Pair = tuple[str, str]


@dataclass(frozen=True)
class Flux:
    """The flux months of a night.

    ``replaced`` and ``appended``: (producer, month) that are told anew or added to. ``active``: (producer, delivery,
    month) whose lines count; lines of other deliveries of tonight were overtaken. ``held``: the care months of the base
    that hold lines of these flux months, as (producer, period, flux month). ``references``: by producer and reference
    table, the delivery that tells it and the month as of which it does.
    """

    replaced: frozenset[Pair]
    appended: frozenset[Pair]
    active: frozenset[tuple[str, str, str]]
    held: frozenset[tuple[str, str, str]] = field(default_factory=frozenset)
    references: dict[Pair, Pair] = field(default_factory=dict, hash=False)

    def told(self, table: DataFrame) -> DataFrame:
        """Rows of the base that tell of tonight's flux months."""
        return among(table, self.replaced | self.appended)

    def kept(self, table: DataFrame) -> DataFrame:
        """Rows of the base that stay: those of flux months that nobody replaces."""
        return among(table, self.replaced, inside=False)

    @property
    def known(self) -> bool:
        """Whether the base tells of any of these flux months."""
        return bool(self.held)


def among(table: DataFrame, pairs: frozenset[Pair], *, inside: bool = True) -> DataFrame:
    """Rows whose producer and flux month are, or are not, among some; a predicate by which files can be skipped."""
    found = F.lit(False)
    for producer in sorted({one for one, _ in pairs}):
        months = sorted(month for one, month in pairs if one == producer)
        found = found | ((F.col("producer") == producer) & F.col("flux_month").isin(*months))
    return table.where(found if inside else ~found)


def months_between(first: str, last: str) -> Iterator[str]:
    """Months YYYY-MM from that of one day to that of another."""
    day, end = date.fromisoformat(first).replace(day=1), date.fromisoformat(last)
    while day <= end:
        yield day.strftime("%Y-%m")
        day = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)


def covered(delivery: Delivery) -> frozenset[str]:
    """The flux months that a delivery covers."""
    return frozenset(months_between(delivery.covers_from, delivery.covers_to))


def holds(delivery: Delivery, table: str) -> bool:
    """Whether a delivery has a file of a table."""
    return any(table_of(item["name"]) == table for item in delivery.files)


def flux_of(context: Context) -> Flux:
    """The night's flux months. One Spark job when the base has claims."""
    told = sorted(
        ((context.order[one.producer, one.delivery_id], one) for one in context.deliveries if holds(one, CLAIMS)),
        key=lambda pair: pair[0],
    )
    every = frozenset((one.producer, month) for _, one in told for month in covered(one))
    held = base_months(context, every)
    replaced: set[Pair] = set()
    appended: set[Pair] = set()
    active: set[tuple[str, str, str]] = set()
    for producer, month in every:
        newest = max((order_of(context, one) for one in held if (one[0], one[2]) == (producer, month)), default=0)
        own = [(rank, one) for rank, one in told if one.producer == producer and month in covered(one)]
        whole = [rank for rank, one in own if one.mode == "replace" and rank >= newest]
        counting = [one for rank, one in own if (rank >= max(whole) if whole else one.mode == "append")]
        if counting:
            (replaced if whole else appended).add((producer, month))
        active |= {(producer, one.delivery_id, month) for one in counting}
    places = frozenset((one[0], one[1], one[2]) for one in held if (one[0], one[2]) in replaced | appended)
    return Flux(frozenset(replaced), frozenset(appended), frozenset(active), places, references_of(context))


def references_of(context: Context) -> dict[Pair, Pair]:
    """Who tells each reference: the last delivery that has its file, unless the base is as of a later month."""
    found: dict[Pair, Pair] = {}
    for one in sorted(context.deliveries, key=lambda one: context.order[one.producer, one.delivery_id]):
        for table, standard in REFERENCE_TABLES.items():
            month = one.covers_to[:7]
            if holds(one, table) and month >= max(context.base_periods(standard, one.producer), default=""):
                found[one.producer, table] = (one.delivery_id, month)
    return found


def base_months(context: Context, pairs: frozenset[Pair]) -> set[tuple[str, str, str, str]]:
    """(producer, care month, flux month, delivery) of the base's lines of some flux months.

    Every care month is looked into: the flux month alone is read, and files without it are skipped by their statistics.
    A claim is due within 27 months, but one that came later must be found again too.
    """
    producers = {one for one, _ in pairs}
    parts = [(one, period) for one in sorted(producers) for period in context.base_periods(TABLE, one)]
    if not parts:
        return set()
    rows = among(context.base_table(TABLE, parts), pairs)
    names = ("producer", "period", "flux_month", "delivery_id")
    return {tuple(row[name] for name in names) for row in rows.select(*names).distinct().collect()}


def order_of(context: Context, held: tuple[str, str, str, str]) -> int:
    """The place of a base row's delivery in the order of deliveries; 0 for those older than all that came tonight."""
    return context.order.get((held[0], held[3]), 0)
