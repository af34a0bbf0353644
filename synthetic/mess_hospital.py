"""Faults of a hospital's files: which line can have which, what becomes of the stay's other lines, the file's bytes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic.draws import Ints, scatter
from synthetic.hospital import segment
from synthetic.mess import ACCEPTED, DUPLICATE, QUARANTINED, TWICE, Fault, Plan
from synthetic.spoil_hospital import version_of
from synthetic.stays import NEWBORN

TRIMMED, FOLLOWS = "TRIMMED", "HOS-017"
RSS_FAULTS = (
    Fault("HOS-001", QUARANTINED),  # a version that nobody knows
    Fault("HOS-002", QUARANTINED),  # longer than its counters allow
    Fault("HOS-003", QUARANTINED),  # the 35th of March
    Fault("HOS-004", QUARANTINED),  # exit a year before entry
    Fault("HOS-005", QUARANTINED),  # a letter in a counter
    Fault("HOS-006", QUARANTINED),  # born the day after entry
    Fault("HOS-010", QUARANTINED),  # a line of a listing
    Fault("HOS-016", QUARANTINED),  # a version of before, which has no layout
    Fault("GRP-016", QUARANTINED),  # no sex
    Fault("GRP-023", QUARANTINED),  # a day between two units
    Fault("GRP-025", QUARANTINED),  # from home, out of a hospital
    Fault("GRP-041", QUARANTINED),  # a diagnosis with a dot
    Fault("GRP-114", QUARANTINED),  # a fall as what was treated
    Fault("GRP-185", QUARANTINED),  # an act's extension without its hyphen
    Fault("GRP-190", QUARANTINED),  # born here, long ago
    Fault("GRP-258", QUARANTINED),  # sex undetermined in a grown person
    Fault("GRP-081", ACCEPTED),  # a postcode with a letter
    Fault("GRP-083", ACCEPTED),  # something in the reserved zone
    Fault("GRP-102", ACCEPTED),  # an act three days after the unit was left
    Fault("HOS-040", ACCEPTED),  # a unit that the unit file does not know
    Fault(TWICE, DUPLICATE),  # the same line again
    Fault(TRIMMED, ACCEPTED),  # trailing blanks lost on the way
)
VID_FAULTS = (
    Fault("HOS-001", QUARANTINED),
    Fault("HOS-002", QUARANTINED),
    Fault("HOS-003", QUARANTINED),
    Fault("HOS-005", QUARANTINED),
    Fault("HOS-010", QUARANTINED),
    Fault(TWICE, DUPLICATE),
    Fault("IDE-001", ACCEPTED),  # wrong key: the number is barred, the line is kept
)
DRUG_FAULTS = (
    Fault("HOS-030", ACCEPTED),  # given a year before the stay
    Fault("HOS-031", ACCEPTED),  # told by 13 digits, then again by 7
    Fault("HOS-032", ACCEPTED),  # a stay that is none
    Fault("HOS-033", ACCEPTED),  # a code that a spreadsheet made a number
    Fault("HOS-034", QUARANTINED),  # a decimal comma
)
LINK_FAULTS = (Fault("HOS-035", ACCEPTED),)  # tied to the number of another stay
FAULTS = (*RSS_FAULTS, *VID_FAULTS, *DRUG_FAULTS, *LINK_FAULTS)
OUTCOME = {fault.code: fault.outcome for fault in FAULTS} | {FOLLOWS: QUARANTINED}
ALONE = ("HOS-001", "HOS-010", "HOS-016", "GRP-016", "GRP-258")  # what they do to a stay's other lines is not said
SELDOM = (TRIMMED, "GRP-023")  # few lines can have them, so those often do
Spoil = Callable[[bytes, str], bytes]


class Unit(NamedTuple):
    """What decides which faults a stay line can have: units of the stay, rank of its own, reason for the stay."""

    units: int
    rank: int
    reason: str


def good(codes: "np.ndarray") -> "np.ndarray":
    """Whether each line is taken in, once at least."""
    return np.array([code in ("", TWICE) or OUTCOME[code] == ACCEPTED for code in codes], dtype=bool)


def able(line: bytes, unit: Unit) -> set[str]:
    """The faults that a stay line can show."""
    header = segment(version_of(line), "header")
    counter = header["n_acts"]
    alone, acts = unit.units == 1, int(line[counter.start - 1 : counter.end]) > 0
    bare = len(line) == max(field.end for field in header.values()) and line.endswith(b" ")
    refused = {
        TRIMMED: not bare,
        "GRP-023": unit.rank == 0,
        "GRP-025": unit.rank > 0,
        "GRP-190": unit.rank > 0 or unit.reason == NEWBORN,
        "GRP-258": not alone or unit.reason == NEWBORN,
        "GRP-102": not acts,
        "GRP-185": not acts,
    } | {code: not alone for code in ALONE if code != "GRP-258"}
    return {fault.code for fault in RSS_FAULTS if not refused.get(fault.code)}


def plan_rss(plan: Plan, places: Ints, lines: list[bytes], units: pd.DataFrame) -> "np.ndarray":
    """A fault's code for each stay line, mostly none; one fault in a stay at most.

    When it rejects the line, the stay's other lines get the code of those that follow a rejected one.
    """
    codes = plan.choose(places, 101, RSS_FAULTS)
    facts = [Unit(*row) for row in zip(units.units, units["rank"], units.reason, strict=True)]
    for place in np.flatnonzero(codes != ""):
        codes[place] = settle(plan, lines[place], facts[place], int(places[place]))
    stay, hit = units.stay.to_numpy(), np.flatnonzero(codes != "")
    codes[hit[pd.Series(stay[hit]).duplicated().to_numpy(dtype=bool)]] = ""
    codes[(codes == "") & np.isin(stay, stay[~good(codes)])] = FOLLOWS
    return codes


def settle(plan: Plan, line: bytes, unit: Unit, place: int) -> str:
    """One of the faults that this line can show; none when only another kind is wanted."""
    fitting = [f.code for f in RSS_FAULTS if f.code in able(line, unit) and plan.only in ("", f.code)]
    drawn = int(scatter(np.array([place]), 19)[0])
    seldom = [code for code in SELDOM if code in fitting]
    if seldom and drawn % 3 == 0:
        return seldom[drawn // 3 % len(seldom)]
    return fitting[drawn % len(fitting)] if fitting else ""


def transmission(
    lines: list[bytes], codes: "np.ndarray", spoil: Spoil, end: bytes, blank_last: bool
) -> tuple[bytes, list[int], list[tuple[int, str]]]:
    """The file's bytes; the record number of each line; and the faults as (record number, code)."""
    sent, placed, faults = [], [], []
    for line, code in zip(lines, codes, strict=True):
        sent.append(spoil(line, code) if code else line)
        placed.append(len(sent))
        if code == TWICE:
            sent.append(line)
        if code:
            faults.append((len(sent), code))
    return end.join(sent) + (end if sent else b"") + (end if blank_last else b""), placed, faults
