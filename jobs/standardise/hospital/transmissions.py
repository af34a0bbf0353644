"""What tonight's deliveries are: validated, fast track or trial, of which years, and which of them speaks last."""

import re
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.context import Context
from jobs.standardise.deliveries import Delivery

Pairs = list[tuple[str, str]]
DELIVERY = ["producer", "delivery_id"]
VALIDATED, FAST_TRACK, TRIAL = "validated", "fast_track", "trial"
PERIOD_ZERO = re.compile(r"[0-9A-Z]{9}\.\d{4}\.0{1,2}\.")  # <FINESS>.<year>.<month>.<timestamp>…
DELIVERIES = (
    "producer string, transmission string, first_year string, last_year string, delivery_id string, covers_to string, "
    "sequence long, last boolean"
)


def transmission_of(delivery: Delivery) -> str:
    """What a delivery is: as its manifest says, or a trial when one of its files is named after period 0."""
    trial = any(PERIOD_ZERO.match(item["name"]) for item in delivery.files)
    return TRIAL if trial else delivery.transmission


class Sent(NamedTuple):
    """A delivery of tonight, as ``DELIVERIES`` has it. ``last``: no later one tells the same producer's same years.

    Fast tracks add to each other: each of them is the last of its own.
    """

    producer: str
    transmission: str
    first_year: str
    last_year: str
    delivery_id: str
    covers_to: str
    sequence: int
    last: bool


def sent_tonight(context: Context) -> list[Sent]:
    """Tonight's deliveries."""
    newest: dict[tuple[str, ...], int] = {}
    for one in context.deliveries:
        years = years_of(one)
        newest[years] = max(newest.get(years, 0), context.order[one.producer, one.delivery_id])
    found = []
    for one in context.deliveries:
        rank = context.order[one.producer, one.delivery_id]
        last = transmission_of(one) == FAST_TRACK or rank == newest[years_of(one)]
        found.append(Sent(*years_of(one), one.delivery_id, one.covers_to, rank, last))
    return found


def delivery_table(context: Context) -> DataFrame:
    """Tonight's deliveries, a row each."""
    return context.spark.createDataFrame(sent_tonight(context), DELIVERIES)


def years_of(delivery: Delivery) -> tuple[str, str, str, str]:
    """What a later delivery must share with this one to stand in its place."""
    return delivery.producer, transmission_of(delivery), delivery.covers_from[:4], delivery.covers_to[:4]


def base_pairs(context: Context) -> Pairs:
    """Partitions of the snapshot in the years that tonight's deliveries tell of (a trial tells of nothing)."""
    wanted = set()
    for one in context.deliveries:
        if transmission_of(one) != TRIAL:
            years = range(int(one.covers_from[:4]), int(one.covers_to[:4]) + 1)
            held = context.base_periods("hospital_line", one.producer)
            wanted |= {(one.producer, period) for period in held if int(period[:4]) in years}
    return sorted(wanted)


def is_trial() -> Column:
    """A line of a trial transmission (period 0), which is never published."""
    return F.col("transmission") == TRIAL


def in_force() -> Column:
    """A line that speaks for its producer tonight."""
    return F.col("last") & ~is_trial() & ~F.col("late")
