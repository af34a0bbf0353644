"""Who stays in hospital: the stays that end on one day, as facts about persons, before any format."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from synthetic.draws import Ints, ages, chance, scatter, stream
from synthetic.people import Population

DATA = Path(__file__).parent / "data"
CYCLE = 45  # a person can leave hospital on one day in this many, so that stays never overlap
LONGEST = 30
DELIVERY, NEWBORN, DEATH = "delivery", "newborn", "death"
RESPIRATORY = ("copd", "pneumonia", "respiratory_failure", "bronchiolitis")
COVID = ("U0710", "U0711", "U0712", "U0714", "U0715")  # U0713 tells of an examination for another reason
COVID_DRAWN = np.array(["U0710", "U0711", "U0712", "U0713", "U0711", "U0714", "U0710", "U0713"])
COLUMNS = (
    "person", "hospital", "entry", "exit", "reason", "principal", "related", "ghm", "procedures", "sessions",
    "units", "died", "mother", "associated",
)  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """How much is simulated; ``documents`` counts the first thirty days."""

    seed: int = 1
    persons: int = 20_000
    hospitals: int = 10
    pharmacies: int = 100
    documents: int = 1_500


@cache
def profiles() -> pd.DataFrame:
    """Reasons for a stay with their codes, ages, usual length and weight."""
    table = pd.read_csv(DATA / "profiles.csv", keep_default_na=False, dtype=str)
    numeric = ["min_age", "max_age", "sex", "nights", "weight", "sessions"]
    return table.astype(dict.fromkeys(numeric, np.int64))


@cache
def code_list(name: str) -> pd.DataFrame:
    """One of the short lists in ``data/``, all text."""
    return pd.read_csv(DATA / f"{name}.csv", keep_default_na=False, dtype=str)


def stays_ending(sizes: Sizes, people: Population, day: int) -> pd.DataFrame:
    """All stays whose exit is that day, in a fixed order; ``person`` and ``mother`` are places in the population."""
    parts = [illnesses(sizes, people, day), deaths(sizes, people, day), confinements(sizes, people, day)]
    table = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    table["number"] = np.array([local_number(day, rank) for rank in range(len(table))], dtype=object)
    mothers = table[table.reason == DELIVERY].set_index("person")["number"]
    table["mother_number"] = table["mother"].map(mothers).fillna("").astype(object)
    table["associated"] = with_covid(table, day)
    table["covid"] = table.principal.isin(COVID) | table.associated.isin(COVID)
    return table


def with_covid(table: pd.DataFrame, day: int) -> "np.ndarray":
    """The diagnosis that a stay always carries beside its principal one; some respiratory stays have one of U07.1."""
    who = table.person.to_numpy(dtype=np.int64)
    drawn = table.reason.isin(RESPIRATORY).to_numpy() & chance(who + day, 35, 0.25)
    return np.where(drawn, COVID_DRAWN[scatter(who + day, 36) % len(COVID_DRAWN)], table.associated)


def local_number(day: int, rank: int) -> str:
    """The stay's administrative number: unique in every hospital, since it counts all stays of a day."""
    return f"S{day:06d}{rank:06d}"


def home_hospital(sizes: Sizes, people: Population, who: Ints, day: int) -> Ints:
    """Most go to the hospital near home, the others elsewhere."""
    family = np.where(people.mother[who] >= 0, people.mother[who], who)
    near = scatter(family, 21) % sizes.hospitals
    return np.where(chance(who + day, 22, 0.15), scatter(who + day, 23) % sizes.hospitals, near)


def illnesses(sizes: Sizes, people: Population, day: int) -> pd.DataFrame:
    """Stays for one of the profiled reasons, more of them with age."""
    draw = stream(sizes.seed, "illnesses", day)
    slot = (np.arange(len(people)) * 7919 + 13) % CYCLE == day % CYCLE
    ready = slot & (people.birth + 120 < day) & ((people.dies > day + 60) | (people.dies < 0))
    who = np.flatnonzero(ready & ~expecting(people, day))
    age = ages(people.birth[who], day)
    who = who[draw.random(len(who)) < 0.12 + 0.004 * np.minimum(age, 95)]
    age = ages(people.birth[who], day)
    table = profiles()
    fits = (age[:, None] >= table.min_age.to_numpy()) & (age[:, None] <= table.max_age.to_numpy())
    fits &= (table.sex.to_numpy() == 0) | (people.sex[who][:, None] == table.sex.to_numpy())
    weight = np.where(fits, table.weight.to_numpy(), 0).cumsum(axis=1)
    which = (draw.random(len(who))[:, None] * weight[:, -1:] >= weight).sum(axis=1)
    chosen = table.iloc[which].reset_index(drop=True)
    nights = np.minimum(draw.poisson(chosen.nights.to_numpy()), LONGEST)
    nights = np.where(chosen.nights == 0, 0, nights)
    units = np.minimum(1 + (draw.random(len(who)) < 0.2) + (draw.random(len(who)) < 0.06), np.maximum(nights, 1))
    return frame(
        chosen, person=who, hospital=home_hospital(sizes, people, who, day), entry=day - nights, exit=day,
        reason=chosen["name"], units=units, died=False, mother=-1, associated="",
    )  # fmt: skip


def expecting(people: Population, day: int) -> "np.ndarray":
    """True for mothers whose stay for a birth ends on that day."""
    result = np.zeros(len(people), dtype=bool)
    result[people.mother[people.birth_exit == day]] = True
    return result


def deaths(sizes: Sizes, people: Population, day: int) -> pd.DataFrame:
    """The last stay of those who die in hospital on that day."""
    who = np.flatnonzero(people.dies == day)
    who = who[chance(who, 31, 0.55)]
    table = profiles()
    causes = table[table["name"].isin(["heart_failure", "pneumonia", "stroke", "palliative"])].reset_index(drop=True)
    chosen = causes.iloc[scatter(who, 32) % len(causes)].reset_index(drop=True)
    nights = scatter(who, 33) % 12
    return frame(
        chosen, person=who, hospital=home_hospital(sizes, people, who, day), entry=day - nights, exit=day,
        reason=DEATH, units=1, died=True, mother=-1, associated="",
    )  # fmt: skip


def confinements(sizes: Sizes, people: Population, day: int) -> pd.DataFrame:
    """Births: the mother's stay and each child's, which begin and end together in one hospital."""
    babies = np.flatnonzero(people.birth_exit == day)
    mothers, first, place, children = np.unique(
        people.mother[babies], return_index=True, return_inverse=True, return_counts=True
    )
    hospital, born = home_hospital(sizes, people, mothers, day), people.birth[babies]
    hers = frame(codes("O800", "14Z14A", "JQGD010", len(mothers)), person=mothers, hospital=hospital, entry=born[first],
                 exit=day, reason=DELIVERY, units=1, died=False, mother=-1,
                 associated=np.where(children > 1, "Z372", "Z370"))  # fmt: skip
    theirs = frame(codes("Z380", "15M05A", "", len(babies)), person=babies, hospital=hospital[place], entry=born,
                   exit=day, reason=NEWBORN, units=1, died=False, mother=people.mother[babies],
                   principal=np.where(children[place] > 1, "Z383", "Z380"), associated="")  # fmt: skip
    return pd.concat([hers, theirs], ignore_index=True)


def codes(principal: str, ghm: str, procedures: str, rows: int) -> pd.DataFrame:
    """The same codes for a number of stays."""
    same = {"principal": principal, "related": "", "ghm": ghm, "procedures": procedures, "sessions": 0}
    return pd.DataFrame(same, index=range(rows))


def frame(codes: pd.DataFrame, **facts: object) -> pd.DataFrame:
    """The codes of the chosen profiles with the facts of each stay beside them."""
    return codes.drop(columns=[c for c in codes.columns if c in facts]).assign(**facts)
