"""What one producer deposits in a night, with the truth about it."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthetic import mess_pharmacy, pharmacy_json
from synthetic.deposit import Delivery, delivery_id
from synthetic.dialects import dialect_of
from synthetic.draws import iso_day
from synthetic.feeds import CSV, JSON, tells_json
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


@dataclass(frozen=True)
class Told:
    """An extract as written: its file, the place of each line in it, and its faults as (record, code)."""

    format: str
    name: str
    content: bytes
    placed: list[int]
    found: list[tuple[int, str]]
    codes: "np.ndarray"
    outcomes: dict[str, str]


def pharmacy(night: Night, rank: int, lines: pd.DataFrame) -> Sent:
    """The lines of the days since the night before, as the pharmacy's software tells them."""
    told = (told_json if tells_json(rank) else told_csv)(night, rank, lines)
    records = {told.name: len(lines) + sum(code in ("TWICE", "PHA-020") for _, code in told.found)}
    place = {"source": "pharmacy", "producer": pharmacy_id(rank), "delivery_id": delivery_id(night.date)}
    delivery = Delivery(
        **place, format=told.format, night=night.date, first_day=iso_day(night.known_before + 1),
        last_day=iso_day(night.last), mode="append", files={told.name: told.content}, records=records,
    )  # fmt: skip
    mess = mess_table([(told.name, record, code, told.outcomes[code]) for record, code in told.found], **place)
    counts = {"read": records[told.name]} | {o: int((mess.expected_outcome == o).sum()) for o in OUTCOMES}
    counts["accepted"] = counts["read"] - counts["duplicate"] - counts["quarantined"] - counts["ignored"]
    kept = [told.outcomes.get(code, ACCEPTED) != "quarantined" for code in told.codes]
    truth = lines.assign(**place, file=told.name, record=told.placed, fault=told.codes, accepted=kept)
    return Sent(delivery, mess, truth.astype({"accepted": bool}), counts, "dispensation")


def told_csv(night: Night, rank: int, lines: pd.DataFrame) -> Told:
    """A delimited file in the pharmacy's dialect, some with a row of totals."""
    dialect = dialect_of(rank)
    rows = cells(night.world.people, lines, dialect)
    codes = night.plan.choose(lines.place.to_numpy(), 103, mess_pharmacy.FAULTS)
    numbered = np.array([row[mess_pharmacy.AT["patient_nir_key"]] != "" for row in rows], dtype=bool)
    codes = mess_pharmacy.settle(codes, dialect, numbered, night.plan.only)
    totals = rank % 4 == 3 and night.plan.share > 0 and night.plan.only in ("", mess_pharmacy.TOTALS.code)
    content, placed, found = mess_pharmacy.extract(rows, codes, dialect, totals)
    name = f"dispensations-{iso_day(night.last)}.csv"
    return Told(CSV, name, content, placed, found, codes, mess_pharmacy.OUTCOME)


def told_json(night: Night, rank: int, lines: pd.DataFrame) -> Told:
    """A file of nested sales."""
    rows = cells(night.world.people, lines, pharmacy_json.written())
    codes = night.plan.choose(lines.place.to_numpy(), 103, pharmacy_json.FAULTS)
    content, placed, found = pharmacy_json.extract(rows, codes)
    name = f"ventes-{iso_day(night.last)}.json"
    return Told(JSON, name, content, placed, found, codes, pharmacy_json.OUTCOME)


def first_day(night: Night) -> int:
    """First day that tonight's appended deliveries tell of."""
    return max(night.known_before + 1, night.world.start)
