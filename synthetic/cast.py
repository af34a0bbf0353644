"""Whom life events befall: persons picked from the people of the first day, each for one event alone."""

from dataclasses import dataclass, replace

import numpy as np

from synthetic.draws import Ints, ages, scatter
from synthetic.people import NEVER, NOBODY, Population

WEDDING = "wedding"  # a name is changed: documents tell the old one, then the new one
LATE_NUMBER = "late_number"  # a newborn's own number reaches the hospital two days after the birth
CORRECTED_BIRTH = "corrected_birth"  # a hospital's birth date was wrong, and is sent right two days later
SWAPPED_NAMES = "swapped_names"  # family and given name in each other's place, then right, with the verified number
ONE_AFTER_ALL = "one_after_all"  # known under the second given name in one house, then verified: two persons are one
TWO_AFTER_ALL = "two_after_all"  # taken for somebody else in one house, then verified: one subject has to leave
KINDS = (WEDDING, LATE_NUMBER, CORRECTED_BIRTH, SWAPPED_NAMES, ONE_AFTER_ALL, TWO_AFTER_ALL)


@dataclass(frozen=True)
class Pace:
    """How many events of each kind begin a day, and the first day on which some do."""

    events: int = 0
    begins: int = NEVER

    def turns(self, until: int) -> range:
        """The days on which events begin, up to a day."""
        return range(self.begins, until + 1) if self.events else range(0)


def cast(base: Population, kind: str, pace: Pace, day: int, each: int = 1) -> Ints:
    """The grown-ups whom events of a kind befall that begin on that day, ``each`` of them an event."""
    fit = free_to_marry(base, pace.begins) if kind == WEDDING else grown_up(base, pace.begins)
    salt, count = KINDS.index(kind), pace.events * each
    mine = np.flatnonzero(fit & (scatter(np.arange(len(base)), 201) % len(KINDS) == salt))
    mine = mine[np.argsort(scatter(mine, 202 + salt), kind="stable")]
    turn = day - pace.begins
    return mine[turn * count : (turn + 1) * count]


def grown_up(people: Population, day: int) -> "np.ndarray":
    """Neither a child nor very old, without a twin, and not to die soon."""
    age = ages(people.birth, day)
    return (age >= 25) & (age < 75) & (people.dies > day + 400) & (people.twin == NOBODY)


def free_to_marry(people: Population, day: int) -> "np.ndarray":
    """Grown-ups who live with somebody of another name and never took it."""
    own, other = people.birth_name.astype(str), people.birth_name[people.spouse].astype(str)
    return grown_up(people, day) & (people.spouse != NOBODY) & (people.marries == NEVER) & (own != other)


def with_weddings(people: Population, pace: Pace, until: int) -> Population:
    """The people of the first day; whom a wedding befalls takes the other's name on the day after it began."""
    married, marries = people.married_name.copy(), people.marries.copy()
    for day in pace.turns(until):
        who = cast(people, WEDDING, pace, day)
        married[who], marries[who] = people.birth_name[people.spouse[who]], day + 1
    return replace(people, married_name=married, marries=marries)
