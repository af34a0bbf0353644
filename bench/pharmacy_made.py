"""A national pharmacy night for the bench: a few hundred simulated pharmacies, each deposited under many numbers."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from jobs.core.register import COLUMNS
from jobs.core.settings import Settings
from synthetic.deposit import Delivery, deposit
from synthetic.dialects import dialect_of
from synthetic.dispensing import dispensations
from synthetic.draws import day_number
from synthetic.feeds import tells_json
from synthetic.mess import Plan
from synthetic.pharmacy import pharmacy_id
from synthetic.produce import Night, pharmacy
from synthetic.stays import Sizes
from synthetic.world import World

LINES_EACH = 244  # 5 million lines in 20,500 deliveries
SIMULATED = [rank for rank in range(205) if not tells_json(rank)]  # pharmacies that are really simulated
MADE = len(SIMULATED)
LINES_PER_PERSON_AND_DAY = 0.068
MESS = 0.03
DAYS = 6


@dataclass(frozen=True)
class Made:
    """A simulated delivery, with its lines as they truly are and whether each is one to accept."""

    delivery: Delivery
    truth: pd.DataFrame


def extracts(night: str) -> Iterator[Made]:
    """What MADE pharmacies send of the week before a night."""
    last = day_number(night) - 1
    first = last - DAYS + 1
    persons = round(205 * LINES_EACH / LINES_PER_PERSON_AND_DAY / DAYS)
    sizes = Sizes(persons=persons, hospitals=1, pharmacies=205, documents=1)
    frame = Night(night, World(sizes, first, last), Plan(sizes.seed, MESS, ""), first - 1, {}, set())
    lines = pd.concat([dispensations(frame.world, day) for day in range(first, last + 1)], ignore_index=True)
    own = dict(list(lines.groupby("pharmacy")))
    for rank in SIMULATED:
        sent = pharmacy(frame, rank, own.get(rank, lines.iloc[:0]).reset_index(drop=True))
        yield Made(sent.delivery, sent.truth)


def send(settings: Settings, made: list[Made], deliveries: int) -> None:
    """Register ``deliveries`` pharmacies and deposit one extract for each."""
    with (settings.root / "producers.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for rank in range(deliveries):
            name = dialect_of(SIMULATED[rank % MADE]).name
            contact = "bench@pharmacie.invalid"
            writer.writerow((pharmacy_id(rank), "pharmacy", "n", "pharmacy-csv", name, "", "", contact, "active", "35"))
    for rank in range(deliveries):
        own = replace(made[rank % MADE].delivery, producer=pharmacy_id(rank))
        deposit(own, settings.landing)
