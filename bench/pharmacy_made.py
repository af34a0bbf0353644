"""A national pharmacy night for the bench: a few hundred simulated pharmacies, each deposited under many numbers."""

import csv
from dataclasses import dataclass, replace

import pandas as pd

from jobs.core.register import COLUMNS
from jobs.core.settings import Settings
from synthetic.b2 import invoices
from synthetic.dcir_delivery import flux
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
BILLED = 10  # lines of extracts for one line of invoices: 500,000 beside 5 million


@dataclass(frozen=True)
class Made:
    """A simulated delivery, with its lines as they truly are and whether each is one to accept."""

    delivery: Delivery
    truth: pd.DataFrame

    @property
    def lines(self) -> int:
        """Lines of its file."""
        return sum(content.count(b"\n") for content in self.delivery.files.values())


@dataclass(frozen=True)
class Week:
    """What MADE pharmacies send of a week: their extracts, the invoices of every tenth, and what is claimed.

    ``claims`` are those of the first deposits of each extract, under the number that ``send`` gives them.
    """

    told: list[Made]
    billed: list[Made]
    claims: Delivery


def made_night(night: str) -> Week:
    """What is sent of the week before a night."""
    last = day_number(night) - 1
    first = last - DAYS + 1
    persons = round(205 * LINES_EACH / LINES_PER_PERSON_AND_DAY / DAYS)
    sizes = Sizes(persons=persons, hospitals=1, pharmacies=205, documents=1)
    frame = Night(night, World(sizes, first, last), Plan(sizes.seed, MESS, ""), first - 1, {}, set())
    lines = pd.concat([dispensations(frame.world, day) for day in range(first, last + 1)], ignore_index=True)
    own = dict(list(lines.groupby("pharmacy")))
    sold = {rank: own.get(rank, lines.iloc[:0]).reset_index(drop=True) for rank in SIMULATED}
    told = [pharmacy(frame, rank, sold[rank]) for rank in SIMULATED]
    billed = [invoices(frame, rank, sent.truth) for rank, sent in zip(SIMULATED[::10], told[::10], strict=True)]
    paid = [sold[rank].assign(pharmacy=place) for place, rank in enumerate(SIMULATED)]
    claims = flux(frame, pd.concat(paid, ignore_index=True)).delivery
    extracts, bills = ([Made(sent.delivery, sent.truth) for sent in every] for every in (told, billed))
    return Week(extracts, bills, claims)


def billing(made: list[Made], deliveries: int) -> int:
    """How many pharmacies send invoices, so that one line in BILLED + 1 is theirs."""
    each = sum(one.lines for one in made) / len(made)
    return round(deliveries * LINES_EACH / BILLED / each)


def send(settings: Settings, week: Week, deliveries: int) -> dict[str, int]:
    """Register pharmacies and the fund; deposit ``deliveries`` extracts, and invoices of pharmacies that send no other.

    How many of each feed were deposited.
    """
    told, billed = week.told, week.billed
    bills = billing(billed, deliveries)
    formats = [("pharmacy-csv", dialect_of(SIMULATED[rank % MADE]).name) for rank in range(deliveries)]
    formats += [("pharmacy-b2", "")] * bills
    contact = "bench@pharmacie.invalid"
    with (settings.root / "producers.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for rank, (form, dialect) in enumerate(formats):
            writer.writerow((pharmacy_id(rank), "pharmacy", "n", form, dialect, "", "", contact, "active", "35"))
        writer.writerow((week.claims.producer, "pharmacy", "n", "dcir", "", "", "", contact, "active", ""))
    for rank in range(deliveries):
        deposit(replace(told[rank % MADE].delivery, producer=pharmacy_id(rank)), settings.landing)
    for rank in range(bills):
        deposit(under_number(billed[rank % len(billed)].delivery, pharmacy_id(deliveries + rank)), settings.landing)
    return {"extract": deliveries, "invoice": bills}


def under_number(delivery: Delivery, producer: str) -> Delivery:
    """The invoices of a pharmacy as if another had sent them; they name their sender."""
    own, other = delivery.producer.encode(), producer.encode()
    files = {name: content.replace(own, other) for name, content in delivery.files.items()}
    return replace(delivery, producer=producer, files=files)
