"""Children born while the simulation runs: their stay of birth ends on a known day, together with the mother's."""

from dataclasses import replace

import numpy as np

from synthetic.draws import Ints, ages, chance, stream
from synthetic.families import child_names, give_other_name
from synthetic.names import pick_given
from synthetic.people import NEVER, NOBODY, Population

CYCLE = 360  # a woman can give birth on one day in this many: no two births too close


def with_births(seed: int, base: Population, start: int, until: int) -> Population:
    """The population grown by the children whose stay of birth ended from ``start`` to ``until``, both included.

    Children come in the order of these days, so that a later ``until`` only adds people at the end.
    """
    people = base
    for day in range(start, until + 1):
        people = people.join(newborns(seed, base, day, len(people)))
    return people


def newborns(seed: int, base: Population, day: int, first_place: int) -> Population:
    """The children whose stay of birth ended on that day; the first gets the place ``first_place``."""
    draw = stream(seed, "births", day)
    places = np.arange(len(base))
    old_enough = (
        (base.sex == 2) & (ages(base.birth, day) >= 19) & (ages(base.birth, day) < 43) & (base.dies > day + 400)
    )
    able = np.flatnonzero(old_enough & ((places * 7919 + 13) % CYCLE == day % CYCLE))
    mothers = able[draw.random(len(able)) < 0.3]
    twins = draw.random(len(mothers)) < 0.12
    nights = draw.integers(2, 5, len(mothers))
    mother, nights = np.repeat(mothers, 1 + twins), np.repeat(nights, 1 + twins)
    count = len(mother)
    elder = np.flatnonzero(np.repeat(twins, 1 + twins))[0::2]
    child = base.take(mother)
    child.sex = draw.integers(1, 3, count)
    child.birth = day - nights
    child.mother, child.father = mother, spouse_father(base, mother)
    child.spouse, child.twin = np.full(count, NOBODY), np.full(count, NOBODY)
    child.twin[elder], child.twin[elder + 1] = first_place + elder + 1, first_place + elder
    child.birth_rank = np.ones(count, dtype=np.int64)
    child.birth_rank[elder + 1] = 2
    child.department = np.where(base.department[mother] == "99", "93", base.department[mother])
    child.marries, child.dies = np.full(count, NEVER), np.full(count, NEVER)
    child.birth_exit = np.full(count, day)
    child.given = pick_given(draw, child.sex)
    child.birth_name = names_of(base, mother, child.father)
    child.married_name = child.birth_name.copy()
    inside = child.take(np.arange(count))
    inside.twin = np.where(inside.twin == NOBODY, NOBODY, inside.twin - first_place)
    give_other_name(inside, elder + 1)
    child.given = inside.given
    return child


def spouse_father(base: Population, mother: Ints) -> Ints:
    """The mother's husband, when she has one."""
    spouse = base.spouse[mother]
    return np.where((spouse != NOBODY) & (base.sex[spouse] == 1), spouse, NOBODY)


def names_of(base: Population, mother: Ints, father: Ints) -> "np.ndarray":
    """Birth names by the same custom as the older children of a family."""
    family = replace(base, mother=mother, father=father)
    return child_names(family, np.where(chance(np.arange(len(base)), 9, 0.2), 0.15, 0.9), np.arange(len(mother)))
