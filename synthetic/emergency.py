"""Emergency visits of a hospital as its department sends them every morning: OSCOUR XML, most fields often empty.

A file tells some days again: what was open or uncoded the first time is closed and coded the next. Who comes, when and
why depends on the person and the day alone, so that a visit is the same in every file that tells it.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthetic.draws import Ints, chance, iso_day, scatter, stream
from synthetic.mess import ACCEPTED, DUPLICATE, QUARANTINED, TWICE, Fault, Plan
from synthetic.nir import finess
from synthetic.people import NOBODY
from synthetic.stays import home_hospital
from synthetic.truth import person_id
from synthetic.world import World

DAILY_SHARE = 0.002  # of the persons; about twice the national one, so that small worlds see some
FILE = "rpu.xml"
# code, weight, usual severity, share admitted
REASONS = (
    ("S018", 9, "2", 0.02), ("T149", 9, "1", 0.02), ("R104", 8, "2", 0.20), ("R074", 6, "3", 0.40),
    ("J209", 4, "2", 0.15), ("N390", 3, "2", 0.20), ("S720", 3, "3", 0.95), ("I500", 3, "3", 0.90),
    ("F419", 2, "P", 0.15), ("U071", 2, "3", 0.60), ("I460", 1, "5", 0.50),
)  # fmt: skip
ACTS = ("DEQP003", "ZBQK002", "QZJA002")
ASSOCIATED = ("I10", "E119", "R05", "Z867")
FAULTS = (
    Fault("RPU-010", QUARANTINED),  # no entry
    Fault("RPU-011", QUARANTINED),  # a day that no calendar has
    Fault("RPU-012", QUARANTINED),  # exit a minute before entry
    Fault("RPU-013", QUARANTINED),  # born the day after
    Fault("RPU-014", QUARANTINED),  # a year ahead
    Fault("RPU-015", QUARANTINED),  # two sexes
    Fault(TWICE, DUPLICATE),  # the same visit again
    Fault("RPU-020", ACCEPTED),  # a mode that the format does not list
    Fault("RPU-021", ACCEPTED),  # a transport in words
    Fault("RPU-022", ACCEPTED),  # another scale of severity
    Fault("RPU-024", ACCEPTED),  # no birth date
    Fault("RPU-031", ACCEPTED),  # a town for a postcode
)
OUTCOME = {fault.code: fault.outcome for fault in FAULTS}
WORDS = "chute de sa hauteur, douleur du poignet"


@dataclass(frozen=True)
class RpuFile:
    """A file and what is true of it.

    ``truth``: one row per visit: person, entry day and minute, record, fault, whether it must be accepted, and a hash
    of its element, by which two files tell a visit alike or anew. ``faults``: (record number, code). ``records``: how
    many elements the file holds.
    """

    content: bytes
    truth: pd.DataFrame
    faults: list[tuple[int, str]]
    records: int


def rpu_file(world: World, first: int, last: int, hospital: int, plan: Plan | None = None) -> RpuFile:
    """The file that a hospital writes after the day ``last``, telling the visits from ``first`` to ``last``.

    Days are numbers since 1970-01-01. Without a plan there is no mess.
    """
    days = range(max(first, world.start), min(last, world.until) + 1)
    table = pd.concat([visits_on(world, day) for day in days], ignore_index=True) if len(days) else empty()
    table = table[table.hospital == hospital].reset_index(drop=True)
    salt = (table.person * 4096 + table.day).to_numpy(dtype=np.int64)
    codes = (plan or Plan(0, 0)).choose(salt, 71, FAULTS)
    parts, faults, placed, hashes = [], [], [], []
    for row, code in zip(told(world, table, last, hospital), codes, strict=True):
        text = element(spoil(row, code))
        parts.append(text)
        placed.append(len(parts))
        hashes.append(hashlib.sha256(text.encode()).hexdigest())
        if code == TWICE:
            parts.append(text)
        if code:
            faults.append((len(parts), code))
    kept = [OUTCOME.get(code, ACCEPTED) != QUARANTINED for code in codes]
    who = person_id(table.person.to_numpy(dtype=np.int64))
    truth = pd.DataFrame({"person": who, "entry_day": table.day, "minute": table.minute, "record": placed})
    truth = truth.assign(fault=codes, accepted=np.array(kept, dtype=bool), element_sha256=hashes)
    return RpuFile(document(parts, hospital, days), truth, faults, len(parts))


def empty() -> pd.DataFrame:
    """No visit."""
    return pd.DataFrame({name: np.array([], dtype=np.int64) for name in ("person", "hospital", "day", "minute")})


def visits_on(world: World, day: int) -> pd.DataFrame:
    """Everybody's visits of one day: person, hospital, day, minute. Small twins come together."""
    people = world.people
    drawn = stream(world.sizes.seed, "emergency", day).random(len(people))
    alive = (people.birth <= day) & ((people.dies > day) | (people.dies < 0))
    who = np.flatnonzero((drawn < DAILY_SHARE) & alive)
    twins = people.twin[who]
    together = (twins != NOBODY) & (day - people.birth[who] < 10 * 365)
    both = np.concatenate([who, twins[together]])
    came_with = np.concatenate([who, who[together]])
    _, kept = np.unique(both, return_index=True)
    who, came_with = both[np.sort(kept)], came_with[np.sort(kept)]
    where = home_hospital(world.sizes, people, came_with, day)
    minute = scatter(came_with + day * 31, 72) % 1440
    return pd.DataFrame({"person": who, "hospital": where, "day": day, "minute": minute})


def told(world: World, table: pd.DataFrame, last: int, hospital: int) -> list[dict[str, str | list[str]]]:
    """The elements of each visit as known after the day ``last``, by name; what a hospital seldom fills is empty."""
    people, who, day = world.people, table.person.to_numpy(dtype=np.int64), table.day.to_numpy(dtype=np.int64)
    salt = who * 64 + day
    weights = np.cumsum([weight for _, weight, _, _ in REASONS])
    which = np.searchsorted(weights, scatter(salt, 73) % weights[-1], side="right")
    minutes = table.minute.to_numpy(dtype=np.int64)
    lasted = 20 + scatter(salt, 74) % 500
    open_ = (day == last) & ((minutes + lasted > 1440) | chance(salt, 75, 0.3))
    filled = {name: chance(salt, 80 + place, habit(hospital, place)) for place, name in enumerate(OPTIONAL)}
    homes = people.residence_at(day, who)
    rows: list[dict[str, str | list[str]]] = []
    for at in range(len(table)):
        code, _, severity, admitted = REASONS[which[at]]
        stays = bool(chance(salt[at : at + 1], 76, admitted)[0])
        row: dict[str, str | list[str]] = {
            "CP": str(homes[at]),
            "COMMUNE": "VILLE INVENTEE",
            "NAISSANCE": french(int(people.birth[who[at]])),
            "SEXE": "M" if people.sex[who[at]] == 1 else "F",
            "ENTREE": moment(int(day[at]), int(minutes[at])),
            "MODE_ENTREE": "8",
            "TRANSPORT": ("PERSO", "PERSO", "AMBU", "VSAB", "SMUR")[scatter(salt[at : at + 1], 77)[0] % 5],
            "TRANSPORT_PEC": "AUCUN",
            "MOTIF": WORDS if hospital % 3 else f"TRAUMATO{1 + int(salt[at]) % 20:02d}",
            "GRAVITE": severity,
            "DP": code,
            "LISTE_DA": [ASSOCIATED[int(salt[at]) % len(ASSOCIATED)]],
            "LISTE_ACTES": [ACTS[int(salt[at]) % len(ACTS)]],
            "SORTIE": moment(int(day[at]), int(minutes[at] + lasted[at])),
            "MODE_SORTIE": "6" if stays else "8",
            "DESTINATION": "1" if stays else "",
        }
        late = ("SORTIE", "MODE_SORTIE", "DESTINATION", "DP", "LISTE_DA") if open_[at] else ()
        for name in row:
            if name in late or not filled.get(name, np.ones(len(table), dtype=bool))[at]:
                row[name] = [] if isinstance(row[name], list) else ""
        rows.append(row)
    return rows


OPTIONAL = ("COMMUNE", "MODE_ENTREE", "TRANSPORT", "TRANSPORT_PEC", "MOTIF", "GRAVITE", "DP", "LISTE_DA", "LISTE_ACTES",
            "SORTIE", "MODE_SORTIE", "DESTINATION")  # fmt: skip


def habit(hospital: int, place: int) -> float:
    """How often a hospital fills a field: some never do, exits and diagnoses mostly."""
    usual = (0.0, 0.3, 0.7, 0.95)[int(scatter(np.array([hospital * 32 + place]), 79)[0]) % 4]
    return max(usual, 0.8) if OPTIONAL[place] in ("SORTIE", "MODE_SORTIE", "DP", "GRAVITE") else usual


def spoil(row: dict[str, str | list[str]], code: str) -> dict[str, str | list[str]]:
    """The elements of a visit with one fault; a repeated visit is left as it is."""
    entry = str(row["ENTREE"])
    day, month, year = entry[:2], entry[3:5], int(entry[6:10])
    number = int((np.datetime64(f"{year}-{month}-{day}") - np.datetime64("1970-01-01")).astype(int))
    minute = int(entry[11:13]) * 60 + int(entry[14:16])
    changed: dict[str, dict[str, str | list[str]]] = {
        "RPU-010": {"ENTREE": ""},
        "RPU-011": {"ENTREE": f"31/02/{year} {entry[11:]}"},
        "RPU-012": {"SORTIE": moment(number, minute - 1)},
        "RPU-013": {"NAISSANCE": french(number + 1)},
        "RPU-014": {"ENTREE": moment(number + 365, minute), "SORTIE": ""},
        "RPU-015": {"SEXE": ["M", "F"]},
        "RPU-020": {"MODE_ENTREE": "5"},
        "RPU-021": {"TRANSPORT": "taxi conventionné"},
        "RPU-022": {"GRAVITE": "3B"},
        "RPU-024": {"NAISSANCE": ""},
        "RPU-031": {"CP": "VILLE"},
    }
    return row | changed.get(code, {})


def element(row: dict[str, str | list[str]]) -> str:
    """A PATIENT element; SEXE may come twice, the two lists hold their own elements."""
    lines = []
    for name, value in row.items():
        inner = {"LISTE_DA": "DA", "LISTE_ACTES": "ACTE"}.get(name)
        if inner:
            lines.append(f"<{name}>{''.join(f'<{inner}>{one}</{inner}>' for one in value)}</{name}>")
        else:
            lines += [f"<{name}>{one}</{name}>" for one in ([value] if isinstance(value, str) else value)]
    return "<PATIENT>\n" + "\n".join(lines) + "\n</PATIENT>"


def document(parts: list[str], hospital: int, days: range) -> bytes:
    """The whole file; every third hospital writes ISO-8859-1 and says so."""
    encoding = "ISO-8859-1" if hospital % 3 == 2 else "UTF-8"
    last = days[-1] if len(days) else 0
    head = f"<FINESS>{finess(hospital)}</FINESS><ORDRE>0</ORDRE><EXTRACT>{french(last + 1)} 02:00:00</EXTRACT>"
    period = f"<DATEDEBUT>{french(days[0])}</DATEDEBUT><DATEFIN>{french(last)}</DATEFIN>" if len(days) else ""
    top = f'<?xml version="1.0" encoding="{encoding}"?>\n<OSCOUR>\n<ETABLISSEMENT>{head}{period}</ETABLISSEMENT>'
    text = "\n".join([top, "<PASSAGES>", *parts, "</PASSAGES>", "</OSCOUR>", ""])
    return text.encode(encoding)


def french(day: Ints | int) -> str:
    """A day number as dd/mm/yyyy."""
    year, month, number = iso_day(int(day)).split("-")
    return f"{number}/{month}/{year}"


def moment(day: int, minute: int) -> str:
    """A day number and a minute, which may lie on another day, as dd/mm/yyyy hh:mm."""
    return f"{french(day + minute // 1440)} {minute % 1440 // 60:02d}:{minute % 60:02d}"
