"""One delivery of a hospital: its five files with their faults, and the truth about them."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthetic import mess_hospital, spoil_hospital
from synthetic.deposit import Delivery, delivery_id
from synthetic.draws import Ints, day_number, iso_day
from synthetic.hospital import RSS, rss_lines
from synthetic.identity_lines import VID, vid_lines
from synthetic.life import identities
from synthetic.mess import ACCEPTED, DUPLICATE, QUARANTINED, mess_table
from synthetic.mishap import FAST_TRACK
from synthetic.nir import finess
from synthetic.produce import OUTCOMES, Night, Sent
from synthetic.side_files import DRUGS, LINK, UNITS, administrations, drug_lines, link_lines, unit_lines, units_used

FORMAT = "pmsi-mco"
WEEK, FAST_RANK = 7, 90


@dataclass(frozen=True)
class File:
    """One file to be: its lines, the fault of each, how faults are made, and the day its content was first known."""

    name: str
    lines: list[bytes]
    codes: "np.ndarray"
    spoil: mess_hospital.Spoil
    day: Ints


def hospital(night: Night, rank: int, stays: pd.DataFrame, fast: bool = False) -> list[Sent]:
    """What a hospital sends about its PMSI: each exit year so far in a delivery of its own.

    With ``fast`` the last week's stays that were not told yet come apart, ahead of those that are validated, which
    are not sent while there are none.
    """
    known = night.known_of(finess(rank))
    upto = max(known, night.last - WEEK) if fast else night.last
    exits = stays.exit.to_numpy()
    sent = []
    for turn, year in enumerate(years_sent(night, known, upto), start=1):
        first, last = day_number(f"{year}-01-01"), min(upto, day_number(f"{year}-12-31"))
        own = stays[(exits >= first) & (exits <= last)].reset_index(drop=True)
        if len(own) or not fast:
            sent.append(transmit(night, rank, own, (first, last), delivery_id(night.date, turn)))
    late = stays[exits > upto].reset_index(drop=True)
    if len(late):
        sent.append(ahead(transmit(night, rank, late, (upto + 1, night.last), delivery_id(night.date, FAST_RANK))))
    return sent


def years_sent(night: Night, known: int, upto: int) -> list[int]:
    """Exit years that a hospital transmits: those with days that it did not tell yet."""
    last = int(iso_day(upto)[:4])
    return list(range(min(int(iso_day(max(known + 1, night.world.start))[:4]), last), last + 1))


def ahead(sent: Sent) -> Sent:
    """The delivery as one that goes ahead of validation."""
    return replace(sent, delivery=replace(sent.delivery, mode="append", transmission=FAST_TRACK))


def transmit(night: Night, rank: int, stays: pd.DataFrame, days: tuple[int, int], name: str) -> Sent:
    """These stays in five files."""
    place = {"source": "hospital", "producer": finess(rank), "delivery_id": name}
    files, units, given = files_of(night, rank, stays)
    end, blank = (b"\r\n" if rank % 3 == 0 else b"\n"), rank % 4 == 2
    contents, by_file, faults = {}, {}, []
    for file in files:
        contents[file.name], placed, found = mess_hospital.transmission(file.lines, file.codes, file.spoil, end, blank)
        by_file[file.name] = tally(file, found, night.known_of(finess(rank)))
        faults += [(file.name, record, code, mess_hospital.OUTCOME[code]) for record, code in found]
        if file.name == DRUGS:
            given = given.assign(file=DRUGS, record=placed, fault=file.codes, accepted=mess_hospital.good(file.codes))
    delivery = Delivery(
        **place, format=FORMAT, night=night.date, first_day=iso_day(days[0]), last_day=iso_day(days[1]),
        mode="replace", files=contents, records={name: counts["read"] for name, counts in by_file.items()},
    )  # fmt: skip
    mess = mess_table(faults, **place)
    truth = stay_truth(stays, units, files[0].codes, files[1].codes).assign(**place)
    extra = {"hospital_drug": given.assign(**place)}
    return Sent(delivery, mess, truth, total(by_file), "hospital_stay", extra, by_file)


def files_of(night: Night, rank: int, stays: pd.DataFrame) -> tuple[list[File], pd.DataFrame, pd.DataFrame]:
    """The five files, the unit stays, and the drugs given."""
    people, plan, exits = night.world.people, night.plan, stays.exit.to_numpy()
    number = exits * 4_000_000 + stays.number.str[7:].astype(np.int64).to_numpy() * 4
    lines, units = rss_lines(people, stays, rank)
    unit_codes = mess_hospital.plan_rss(plan, number[units.stay] + units["rank"].to_numpy(), lines, units)
    identity = identities(night.world, stays)
    vid = vid_lines(people, stays, rank, identity)
    told = np.isin(np.arange(len(stays)), units.stay[mess_hospital.good(unit_codes)])  # the stay will exist
    link_codes = np.where(told, plan.choose(number, 104, mess_hospital.LINK_FAULTS), "")
    given = administrations(stays)
    drug_codes = plan.choose(number[given.stay] + given["rank"].to_numpy(), 105, mess_hospital.DRUG_FAULTS)
    given, drug_codes = told_by_seven(given, np.where(told[given.stay], drug_codes, ""), plan.only)
    used = units_used(units)
    files = [
        File(RSS, lines, unit_codes, spoil_hospital.spoil_rss, units.exit.to_numpy()),
        File(VID, vid, plan.choose(number, 102, mess_hospital.VID_FAULTS), spoil_hospital.spoil_vid, identity.since),
        File(LINK, link_lines(stays), link_codes, spoil_hospital.spoil_link, exits),
        File(DRUGS, drug_lines(given, rank), drug_codes, spoil_hospital.spoil_drug, exits[given.stay]),
        File(UNITS, unit_lines(used, rank), np.full(len(used), "", dtype=object), spoil_hospital.whole,
             used.exit.to_numpy()),
    ]  # fmt: skip
    return files, units, given


def told_by_seven(given: pd.DataFrame, codes: "np.ndarray", only: str) -> tuple[pd.DataFrame, "np.ndarray"]:
    """An administration told again by the seven digits of its drug is a line more, and the fault is that line's."""
    again = codes == "HOS-031"
    both = pd.concat([given.assign(seven=given.seven & ~again), given[again].assign(seven=True)])
    order = np.argsort(both.index.to_numpy(), kind="stable")
    fault = np.concatenate([np.where(again, "", codes), codes[again]]).astype(object)
    return both.iloc[order].reset_index(drop=True), fault[order]


def tally(file: File, faults: list[tuple[int, str]], known: int) -> dict[str, int]:
    """Expected records of one file by outcome; what was accepted before is unchanged now."""
    kept, old = mess_hospital.good(file.codes), file.day <= known
    outcomes = [mess_hospital.OUTCOME[code] for _, code in faults]
    twice = outcomes.count(DUPLICATE)
    return {
        "read": len(file.lines) + twice,
        DUPLICATE: twice,
        QUARANTINED: outcomes.count(QUARANTINED),
        "unchanged": int((kept & old).sum()),
        ACCEPTED: int((kept & ~old).sum()),
    }


def total(by_file: dict[str, dict[str, int]]) -> dict[str, int]:
    """The counts of all files together."""
    return {name: sum(counts.get(name, 0) for counts in by_file.values()) for name in ("read", *OUTCOMES)}


def stay_truth(
    stays: pd.DataFrame, units: pd.DataFrame, rss_codes: "np.ndarray", vid_codes: "np.ndarray"
) -> pd.DataFrame:
    """One row per stay: how many of its unit lines will be accepted, and whether its identity line will."""
    taken = pd.Series(mess_hospital.good(rss_codes)).groupby(units.stay.to_numpy()).sum()
    return stays.assign(
        unit_lines_accepted=taken.reindex(range(len(stays)), fill_value=0).to_numpy(dtype=np.int64),
        identity_accepted=mess_hospital.good(vid_codes),
    )
