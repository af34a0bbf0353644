"""Deliveries of simulated hospitals for the bench: a national night, and one hospital's year sent again and again."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from jobs.core.settings import Settings
from synthetic.deposit import Delivery, deposit
from synthetic.draws import day_number
from synthetic.hospital import RSS
from synthetic.hospital_delivery import hospital
from synthetic.mess import Plan
from synthetic.produce import Night
from synthetic.register import write_register
from synthetic.stays import Sizes
from synthetic.world import World

PER_PERSON_AND_DAY = 0.0067  # stays in the simulator
MESS = 0.03
STAY, SCORE = slice(47, 67), slice(156, 159)  # of a grouped line, in every version: the stay, and what is told anew


def transmissions(night: str, start: str, hospitals: int, stays: int, mess: float) -> Iterator[Delivery]:
    """What hospitals send of the stays that ended from a day to the eve of a night, about ``stays`` in all."""
    first, last = day_number(start), day_number(night) - 1
    persons = round(stays / PER_PERSON_AND_DAY / (last - first + 1))
    sizes = Sizes(persons=persons, hospitals=hospitals, pharmacies=1, documents=1)
    world = World(sizes, first, last)
    frame = Night(night, world, Plan(sizes.seed, mess, ""), first - 1, {}, set())
    everything = world.all_stays(first, last)
    own = dict(list(everything.groupby("hospital")))
    for rank in range(hospitals):
        table = own.get(rank, everything.iloc[:0]).reset_index(drop=True)
        yield from (one.delivery for one in hospital(frame, rank, table))


def send(settings: Settings, deliveries: Iterator[Delivery], hospitals: int) -> list[Delivery]:
    """Register and deposit; what was sent."""
    write_register(settings.root / "producers.csv", Sizes(hospitals=hospitals, pharmacies=1, documents=1))
    sent = list(deliveries)
    for one in sent:
        deposit(one, settings.landing)
    return sent


def again(settings: Settings, earlier: Delivery, night: str, changed: float) -> int:
    """Deposit a year again with a blank line more, the severity score of a share of its stays told anew; the lines.

    The same bytes would be no delivery at all: pull knows them.
    """
    lines, count = [], 0
    for line in earlier.files[RSS].splitlines(keepends=True):
        stay = int(hashlib.sha256(line[STAY]).hexdigest()[:8], 16) / 2**32
        if stay < changed:
            told = line[: SCORE.start] + b"042" + line[SCORE.stop :]
            line, count = told, count + (told != line)
        lines.append(line)
    files = earlier.files | {RSS: b"".join(lines) + b"\n"}
    deposit(replace(earlier, delivery_id=f"{night}T0100-001", night=night, files=files), settings.landing)
    return count
