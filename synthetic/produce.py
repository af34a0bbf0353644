"""What one producer deposits in a night, with the truth about it."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthetic import mess_pharmacy
from synthetic.deposit import Delivery, delivery_id
from synthetic.dialects import dialect_of
from synthetic.draws import iso_day
from synthetic.mess import ACCEPTED, Plan, mess_table
from synthetic.pharmacy import cells, pharmacy_id
from synthetic.world import World

OUTCOMES = ("accepted", "unchanged", "duplicate", "quarantined", "ignored")


@dataclass
class Sent:
    """A delivery, the faults planted in it, its care rows as they truly are, and the expected counts.

    ``extra`` holds further tables of the truth by name, ``by_file`` the counts of each file where they are needed.
    """

    delivery: Delivery
    mess: pd.DataFrame
    truth: pd.DataFrame
    counts: dict[str, int]
    kind: str
    extra: dict[str, pd.DataFrame] = field(default_factory=dict)
    by_file: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Night:
    """The night, its last known day, and the last day that the night before knew (or the day before the start).

    ``known`` tells, by hospital, up to which day of exit its stays were taken in as validated by the night before;
    ``told`` are digests of the emergency visits taken in before.
    """

    date: str
    world: World
    plan: Plan
    known_before: int
    known: dict[str, int]
    told: set[str] = field(default_factory=set)

    @property
    def last(self) -> int:
        """Last day whose care is known."""
        return self.world.until

    def known_of(self, producer: str) -> int:
        """Last day of exit whose stays were taken in from this hospital; the day before the start if none was."""
        return self.known.get(producer, self.world.start - 1)


def pharmacy(night: Night, rank: int, lines: pd.DataFrame) -> Sent:
    """The lines of the days since the night before."""
    dialect = dialect_of(rank)
    rows = cells(night.world.people, lines, dialect)
    codes = night.plan.choose(lines.place.to_numpy(), 103, mess_pharmacy.FAULTS)
    numbered = np.array([row[mess_pharmacy.AT["patient_nir_key"]] != "" for row in rows], dtype=bool)
    codes = mess_pharmacy.settle(codes, dialect, numbered, night.plan.only)
    totals = rank % 4 == 3 and night.plan.share > 0 and night.plan.only in ("", mess_pharmacy.TOTALS.code)
    name = f"dispensations-{iso_day(night.last)}.csv"
    content, placed, found = mess_pharmacy.extract(rows, codes, dialect, totals)
    records = {name: len(rows) + sum(code in ("TWICE", "PHA-020") for _, code in found)}
    place = {"source": "pharmacy", "producer": pharmacy_id(rank), "delivery_id": delivery_id(night.date)}
    delivery = Delivery(
        **place, format="pharmacy-csv", night=night.date, first_day=iso_day(night.known_before + 1),
        last_day=iso_day(night.last), mode="append", files={name: content}, records=records,
    )  # fmt: skip
    mess = mess_table([(name, record, code, mess_pharmacy.OUTCOME[code]) for record, code in found], **place)
    counts = {"read": records[name]} | {o: int((mess.expected_outcome == o).sum()) for o in OUTCOMES}
    counts["accepted"] = counts["read"] - counts["duplicate"] - counts["quarantined"] - counts["ignored"]
    quarantined = [mess_pharmacy.OUTCOME.get(code, ACCEPTED) == "quarantined" for code in codes]
    truth = lines.assign(**place, file=name, record=placed, fault=codes, accepted=~np.array(quarantined, dtype=bool))
    return Sent(delivery, mess, truth, counts, "dispensation")


def first_day(night: Night) -> int:
    """First day that tonight's appended deliveries tell of."""
    return max(night.known_before + 1, night.world.start)
