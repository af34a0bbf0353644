"""What one producer deposits in a night, with the truth about it."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthetic import mess_hospital, mess_pharmacy
from synthetic.deposit import Delivery, delivery_id
from synthetic.dialects import dialect_of
from synthetic.draws import day_number, iso_day
from synthetic.hospital import RSS, VID, rss_lines, vid_lines
from synthetic.mess import ACCEPTED, Plan, mess_table
from synthetic.nir import finess
from synthetic.pharmacy import cells, pharmacy_id
from synthetic.world import World

OUTCOMES = ("accepted", "unchanged", "duplicate", "quarantined", "ignored")


@dataclass
class Sent:
    """A delivery, the faults planted in it, its care rows as they truly are, and the expected counts."""

    delivery: Delivery
    mess: pd.DataFrame
    truth: pd.DataFrame
    counts: dict[str, int]
    kind: str
    extra: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Night:
    """The night, its last known day, and the last day that the night before knew (or the day before the start)."""

    date: str
    world: World
    plan: Plan
    known_before: int
    first: bool

    @property
    def last(self) -> int:
        """Last day whose care is known."""
        return self.world.until


def years_sent(night: Night) -> list[int]:
    """Exit years that a hospital transmits: those with days that the night before did not know."""
    first = int(iso_day(max(night.known_before + 1, night.world.start))[:4])
    return list(range(first, int(iso_day(night.last)[:4]) + 1))


def hospital(night: Night, rank: int, year: int, turn: int, stays: pd.DataFrame) -> Sent:
    """All stays of one exit year of one hospital so far, as each transmission repeats them."""
    people, sizes = night.world.people, night.world.sizes
    number = stays.exit.to_numpy() * 4_000_000 + stays.number.str[7:].astype(np.int64).to_numpy() * 4
    lines, units = rss_lines(sizes, people, stays, rank)
    rss_codes = night.plan.choose(number[units.stay] + units["rank"].to_numpy(), 101, mess_hospital.RSS_FAULTS)
    rss_codes = mess_hospital.settle_rss(lines, rss_codes, night.plan.only)
    vid = vid_lines(sizes, people, stays, rank)
    vid_codes = night.plan.choose(number, 102, mess_hospital.VID_FAULTS)
    end, blank = (b"\r\n" if rank % 3 == 0 else b"\n"), rank % 4 == 2
    files, records, faults = {}, {}, []
    for name, rows, codes, spoil in (
        (RSS, lines, rss_codes, mess_hospital.spoil_rss),
        (VID, vid, vid_codes, mess_hospital.spoil_vid),
    ):
        files[name], _, found = mess_hospital.transmission(rows, codes, spoil, end, blank)
        records[name] = len(rows) + sum(code == "TWICE" for _, code in found)
        faults += [(name, record, code, mess_hospital.OUTCOME[code]) for record, code in found]
    place = {"source": "hospital", "producer": finess(rank), "delivery_id": delivery_id(night.date, turn)}
    delivery = Delivery(
        **place, format="pmsi-mco", night=night.date, first_day=f"{year}-01-01",
        last_day=min(iso_day(night.last), f"{year}-12-31"), mode="replace", files=files, records=records,
    )  # fmt: skip
    mess = mess_table(faults, **place)
    old = np.concatenate([units.exit.to_numpy(), stays.exit.to_numpy()]) <= night.known_before
    counts = tally(records, mess, np.concatenate([rss_codes, vid_codes]), old & (not night.first))
    return Sent(delivery, mess, stay_truth(stays, units, rss_codes, vid_codes).assign(**place), counts, "hospital_stay")


def tally(records: dict[str, int], mess: pd.DataFrame, codes: "np.ndarray", old: "np.ndarray") -> dict[str, int]:
    """Expected records by outcome; what was accepted before is unchanged now."""
    found = mess.expected_outcome.value_counts()
    counts = {"read": sum(records.values())} | {outcome: int(found.get(outcome, 0)) for outcome in OUTCOMES}
    kept = np.array(
        [code == "" or code == "TWICE" or mess_hospital.OUTCOME[code] == ACCEPTED for code in codes], dtype=bool
    )
    counts["unchanged"] = int((kept & old).sum())
    counts["accepted"] = int((kept & ~old).sum())
    return counts


def stay_truth(
    stays: pd.DataFrame, units: pd.DataFrame, rss_codes: "np.ndarray", vid_codes: "np.ndarray"
) -> pd.DataFrame:
    """One row per stay: how many of its unit lines will be accepted, and whether its identity line will."""
    good = pd.Series([code in ("", "TWICE", "TRIMMED") for code in rss_codes], dtype=bool)
    accepted = good.groupby(units.stay.to_numpy()).sum().reindex(range(len(stays)), fill_value=0)
    return stays.assign(
        unit_lines_accepted=accepted.to_numpy(dtype=np.int64),
        identity_accepted=[code in ("", "TWICE", "IDE-001") for code in vid_codes],
    )


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


def begin(date: str, previous: str | None, start: str, world: World, plan: Plan) -> Night:
    """The night's frame: what was known the night before decides what is new."""
    known = day_number(previous) - 1 if previous else day_number(start) - 1
    return Night(date, world, plan, known, previous is None)
