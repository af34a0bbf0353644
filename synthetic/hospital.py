"""A hospital's stay lines (RSS), grouped or not, one per stay in one unit."""

import numpy as np
import pandas as pd

from synthetic import coding
from synthetic.draws import Ints, ages, chance, scatter
from synthetic.layout import Block, Field, fields_of
from synthetic.nir import finess, two
from synthetic.people import Population
from synthetic.stays import DELIVERY, NEWBORN

RSS = "rss.txt"
GROUPED, UNGROUPED = "RSS_GROUPED", "RUM_UNGROUPED"
VERSIONS = (
    ("122", "123"),
    ("023",),
    ("123",),
    ("121", "122"),
    ("122",),
    ("022", "023"),
    ("121", "122", "123"),
    ("021",),
    ("123", "122"),
    ("121",),
)  # what hospitals write, in turn; several versions change with the day of exit
OLD = 75  # years from which it must be told whether the stay was scheduled


def rss_version(hospital: int, exit_day: Ints) -> "np.ndarray":
    """Line version by hospital and day of exit: all units of a stay share it."""
    own = np.array(VERSIONS[hospital % len(VERSIONS)])
    return own[exit_day % len(own)]


def segment(version: str, name: str) -> dict[str, Field]:
    """The fields of one segment of a version, grouped or not."""
    return fields_of("rss_rum", UNGROUPED if version.startswith("0") else GROUPED, version, name)


def unit_stays(people: Population, stays: pd.DataFrame, hospital: int) -> pd.DataFrame:
    """One row per unit of each stay: ``rank``, dates, modes and ``version``, the inner ones being transfers."""
    table = stays.loc[stays.index.repeat(stays.units)].copy()
    table["rank"] = table.groupby(level=0).cumcount()
    nights = (table.exit - table.entry).to_numpy()
    units, rank = table.units.to_numpy(), table["rank"].to_numpy()
    table["unit_entry"] = table.entry + nights * rank // units
    table["unit_exit"] = table.entry + nights * (rank + 1) // units
    table["version"] = rss_version(hospital, table.exit.to_numpy())
    come_and_go(people, table)
    return table.reset_index(names="stay")


def come_and_go(people: Population, table: pd.DataFrame) -> None:
    """Whence and where to, whether it was planned, and whether it began in the emergency department."""
    who, exit_ = table.person.to_numpy(), table.exit.to_numpy()
    first, last = (table["rank"] == 0).to_numpy(), (table["rank"] == table.units - 1).to_numpy()
    born, simple = (table.reason == NEWBORN).to_numpy(), ((table.sessions > 0) | (table.reason == DELIVERY)).to_numpy()
    came, left = scatter(who + exit_, 46) % 100, scatter(who + exit_, 47) % 100
    came, left = np.where(born | simple, 99, came), np.where(born | simple, 99, left)
    entry = np.select([born, came < 4, came < 6, came < 8], ["N ", "71", "62", "87"], "8 ")
    exits = np.select([table.died.to_numpy(dtype=bool), left < 4, left < 9, left < 12], ["9 ", "71", "62", "87"], "8 ")
    urgent = chance(who + exit_, 45, 0.45) & ~(table.sessions > 0).to_numpy()
    emergency = first & urgent & (entry == "8 ") & (table.reason != DELIVERY).to_numpy() & chance(who + exit_, 48, 0.7)
    recent = table.version.str[1:].isin(("22", "23")).to_numpy()  # since then a field of its own tells of it
    passage = np.array(["5", "5", "5", "5", "5", "5", "5", "5", "U", "V"])[scatter(who + exit_, 49) % 10]
    entry = np.where(emergency & ~recent, "85", entry)
    for side, ends, pairs in (("entry", first, entry), ("exit", last, exits)):
        pairs = np.where(ends, pairs, "61")
        place = "entry_origin" if side == "entry" else "exit_destination"
        table[f"{side}_mode"] = pairs.astype("U1")
        table[place] = np.char.strip(np.array([pair[1] for pair in pairs], dtype=str))
    table["passage"] = np.where(emergency & recent, passage, "")
    asked = ~born | (ages(people.birth[who], table.entry.to_numpy()) >= OLD)
    table["unscheduled"] = np.where(asked, np.where(urgent, "1", "2"), "")


def rss_lines(people: Population, stays: pd.DataFrame, hospital: int) -> tuple[list[bytes], pd.DataFrame]:
    """The lines of one hospital and, beside them, the unit stay that each tells of."""
    units = unit_stays(people, stays, hospital)
    lines = np.empty(len(units), dtype=object)
    for version in VERSIONS[hospital % len(VERSIONS)]:
        rows = np.flatnonzero(units.version == version)
        lines[rows] = encode(people, units.iloc[rows].reset_index(drop=True), hospital, version)
    return list(lines), units


def encode(people: Population, units: pd.DataFrame, hospital: int, version: str) -> list[bytes]:
    """Lines of one version: the header, then associated diagnoses, documentary data and acts."""
    salt = scatter(units.person.to_numpy() * 64 + units["rank"].to_numpy() + units.exit.to_numpy() * 7, 41)
    das = coding.diagnoses(people, units, salt, segment(version, "da_repeat"))
    dads = coding.documentary(people, units, salt, segment(version, "dad_repeat"))
    acts = coding.acts(units, salt, segment(version, "act_repeat"))
    header = header_block(people, units, hospital, version)
    for name, zones in (("n_das", das), ("n_dad", dads), ("n_acts", acts)):
        header.number(name, zones.counts)
    return [b"".join(parts) for parts in zip(header.rows(), das.parts, dads.parts, acts.parts, strict=True)]


def header_block(people: Population, units: pd.DataFrame, hospital: int, version: str) -> Block:
    """The fixed part of the lines."""
    block = Block(len(units), segment(version, "header"))
    who = units.person.to_numpy()
    if not version.startswith("0"):
        grouping(block, units, version)
    block.text("finess_epmsi", finess(hospital))
    block.text("rum_format", "0" + version[1:])
    block.text("rss_id", rss_ids(units))
    block.text("local_stay_id", units.number)
    block.number("rum_id", units["rank"] + 1)
    block.date("birth_date", people.birth[who])
    block.number("sex", people.sex[who])
    block.text("unit_id", unit_codes(units))
    block.text("bed_authorisation", np.where(units.principal == "Z515", "08", ""))
    block.date("unit_entry_date", units.unit_entry.to_numpy())
    block.date("unit_exit_date", units.unit_exit.to_numpy())
    for name in ("entry_mode", "entry_origin", "exit_mode", "exit_destination"):
        block.text(f"unit_{name}", units[name])
    block.text("residence_postcode", people.residence_at(units.entry.to_numpy(), who))
    births(people, block, units)
    block.number("session_count", units.sessions)
    block.text("principal_diagnosis", units.principal)
    block.text("related_diagnosis", units.related)
    block.number("igs2", np.where(units["rank"] > 0, 15 + scatter(who, 44) % 60, 0))
    block.text("unscheduled", units.unscheduled)
    if "emergency_passage" in block.fields:
        block.text("emergency_passage", units.passage)
    return block


def grouping(block: Block, units: pd.DataFrame, version: str) -> None:
    """What the grouper puts before a line."""
    block.text("fg_version", "11")
    block.text("ghm_cmd", units.ghm.str[:2])
    block.text("ghm_suffix", units.ghm.str[2:])
    block.text("rss_format", version)
    block.text("fg_return_code", "000")


def births(people: Population, block: Block, units: pd.DataFrame) -> None:
    """Gestational age of mother and child alike, the child's weight and the mother's last menses, on the first unit."""
    who, first = units.person.to_numpy(), (units["rank"] == 0).to_numpy()
    child, mother = first & (units.reason == NEWBORN).to_numpy(), first & (units.reason == DELIVERY).to_numpy()
    pregnancy = np.where(child, people.mother[who], who)
    weeks = 36 + scatter(pregnancy, 43) % 6
    block.number("newborn_weight_g", np.where(child, 2300 + (weeks - 36) * 150 + scatter(who, 42) % 900, 0))
    block.number("gestational_age_weeks", np.where(child | mother, weeks, 0))
    block.date("last_menses_date", units.entry.to_numpy() - weeks * 7 - scatter(who, 40) % 7)
    field = block.fields["last_menses_date"]
    block.cells[~mother, field.start - 1 : field.end] = ord(" ")


def rss_ids(stays: pd.DataFrame) -> pd.Series:
    """The number that the medical information system gives to a stay, beside the administration's."""
    return "R" + stays.number.str[1:]


def unit_codes(units: pd.DataFrame) -> "np.ndarray":
    """Four characters: a speciality from the major category of the stay, and the rank of the unit."""
    return (units.ghm.str[:2] + "U" + (units["rank"] + 1).astype(str)).to_numpy(dtype=str)


def patient_number(person: Ints, hospital: int) -> "np.ndarray":
    """The permanent number of a person in one hospital (IPP); another hospital gives another."""
    number = ((person + 1) * 48_271 + (hospital + 1) * 7_368_787) % 100_000_007
    return np.char.add("IPP", two(number, 9))
