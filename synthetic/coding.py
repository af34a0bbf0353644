"""What is coded behind a stay line's header: associated diagnoses, documentary data and acts, as repeated zones."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic.draws import Ints, ages
from synthetic.layout import Block, Field
from synthetic.people import Population
from synthetic.stays import DELIVERY, NEWBORN, code_list

GROWN_UP = 16


class Act(NamedTuple):
    """One act zone: code, PMSI extension with its hyphen, activity, documentary extension, and its turn in the unit."""

    code: str
    extension: str
    activity: str
    documentary: str
    turn: int


class Zones(NamedTuple):
    """The zones of one kind: how many each line has, and each line's bytes."""

    counts: Ints
    parts: list[bytes]


def joined(block: Block, counts: Ints) -> Zones:
    """The block's rows put together, as many for each line as ``counts`` says."""
    flat, width = block.cells.tobytes(), block.cells.shape[1]
    ends = np.cumsum(counts) * width
    return Zones(counts, [flat[end - n * width : end] for end, n in zip(ends, counts, strict=True)])


def turns(counts: Ints) -> tuple[Ints, Ints]:
    """For each zone, the line that it belongs to and its rank there."""
    lines = np.repeat(np.arange(len(counts)), counts)
    return lines, np.arange(len(lines)) - np.repeat(np.cumsum(counts) - counts, counts)


def pool_of(people: Population, units: pd.DataFrame) -> tuple["np.ndarray", Ints]:
    """All codes, those that suit any age in front, and for each unit how many of them suit its patient."""
    table = code_list("associated_diagnoses")
    table = table.sort_values("min_age", kind="stable", key=lambda text: text.astype(int))
    grown = ages(people.birth[units.person.to_numpy()], units.entry.to_numpy()) >= GROWN_UP
    return table["code"].to_numpy(dtype=str), np.where(grown, len(table), (table.min_age == "0").sum())


def diagnoses(people: Population, units: pd.DataFrame, salt: Ints, fields: dict[str, Field]) -> Zones:
    """On the first unit what the stay is known to carry, then up to four others; a code is never told twice."""
    own = (units["rank"] == 0).to_numpy() & (units.associated != "").to_numpy()
    drawn = np.where(units.reason.isin((NEWBORN, DELIVERY)), 0, salt % 5)
    lines, rank = turns(own + drawn)
    pool, size = pool_of(people, units)
    chosen = pool[(salt[lines] + rank * 31) % size[lines]]
    told = np.where(own[lines] & (rank == 0), units.associated.to_numpy(dtype=str)[lines], chosen)
    block = Block(len(lines), fields)
    block.text("associated_diagnosis", told)
    return joined(block, own + drawn)


def documentary(people: Population, units: pd.DataFrame, salt: Ints, fields: dict[str, Field]) -> Zones:
    """One code of documentary data on some lines."""
    counts = np.where(salt % 17 == 0, 1, 0)
    lines, _ = turns(counts)
    pool, size = pool_of(people, units)
    block = Block(len(lines), fields)
    block.text("documentary_data", pool[(salt[lines] + 5) % size[lines]])
    return joined(block, counts)


@cache
def acts_of(text: str) -> tuple[Act, ...]:
    """The acts of a profile: ``code`` or ``code-extension``, ending with ``*`` when an anaesthesia goes with it."""
    found: list[Act] = []
    for turn, word in enumerate(text.split()):
        code, _, extension = word.rstrip("*").partition("-")
        hyphened = f"-{extension}" if extension else ""
        found.append(Act(code, hyphened, "1", "", turn))
        if word.endswith("*"):
            found.append(Act(code, hyphened, "4", "A", turn))
    return tuple(found)


def acts(units: pd.DataFrame, salt: Ints, fields: dict[str, Field]) -> Zones:
    """The profile's acts in every unit, and another one in some; all on days of the unit."""
    table = code_list("procedures")
    others = (table["code"] + np.where(table.extension != "", "-" + table.extension, "")).to_numpy(dtype=str)
    extra = np.where(salt % 7 == 0, others[salt % len(others)], "")
    told = [acts_of(f"{own} {more}") for own, more in zip(units.procedures, extra, strict=True)]
    counts = np.array([len(one) for one in told], dtype=np.int64)
    lines, _ = turns(counts)
    zones = pd.DataFrame([act for one in told for act in one], columns=list(Act._fields))
    block = Block(len(lines), fields)
    first, last = units.unit_entry.to_numpy()[lines], units.unit_exit.to_numpy()[lines]
    block.date("act_date", np.minimum(first + zones.turn.to_numpy(dtype=np.int64), last))
    for field, name in (("ccam_code", "code"), ("pmsi_extension", "extension"), ("activity", "activity"),
                        ("documentary_extension", "documentary")):  # fmt: skip
        block.text(field, zones[name].to_numpy(dtype=str))
    block.text("phase", "0")
    block.number("execution_count", 1)
    return joined(block, counts)
