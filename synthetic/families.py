"""Names in families: who bears whose, who takes whose, and twins apart and together."""

import numpy as np
from numpy.typing import NDArray

from synthetic.draws import Ints, chance
from synthetic.names import Names, pick_given, pick_surnames
from synthetic.people import NEVER, NOBODY, Population


def name_people(draw: np.random.Generator, pool: Names, people: Population) -> None:
    """Given names for all; a child bears the father's, the mother's or both names, a spouse may use the other's."""
    people.given = pick_given(draw, people.sex)
    people.birth_name = pick_surnames(draw, pool, len(people))
    share = draw.random(len(people))
    child = people.mother != NOBODY
    people.birth_name[child] = child_names(people, share, np.flatnonzero(child))
    joined = people.birth_name + "-" + people.birth_name[people.spouse]
    taken = np.where(share < 0.12, joined, people.birth_name[people.spouse])
    uses = (people.spouse != NOBODY) & (people.marries != NEVER) & ((people.sex == 2) & (share < 0.75) | (share < 0.03))
    people.married_name = np.where(uses, taken, people.birth_name)
    people.marries = np.where(uses, people.marries, NEVER)
    twin = np.flatnonzero((people.birth_rank == 2) & (people.twin != NOBODY))
    people.birth_name[twin] = people.birth_name[people.twin[twin]]
    people.married_name[twin] = people.birth_name[twin]
    give_other_name(people, twin)


def give_other_name(people: Population, twin: Ints) -> None:
    """Twins of one sex never share their first given name: the second in the list comes first."""
    same = twin[people.given[twin, 0] == people.given[people.twin[twin], 0]]
    people.given[same, 0] = np.where(people.sex[same] == 1, "Gauthier", "Capucine")


def child_names(people: Population, share: NDArray[np.float64], who: Ints) -> Names:
    """Birth names of children from those of their parents; brothers and sisters share one."""
    mother, father = people.mother[who], people.father[who]
    hers = people.birth_name[mother]
    his = np.where(father != NOBODY, people.birth_name[father], hers)
    simple = np.array([str(n) for n in his]) != np.array([str(n) for n in hers])
    kind = share[mother]
    return np.where(kind < 0.1, hers, np.where((kind < 0.22) & simple, his + "-" + hers, his))


def pair_adult_twins(people: Population) -> None:
    """One adult in a hundred gets a twin living elsewhere: same birth, same birth name, often the same sex."""
    parents = np.union1d(people.mother, people.father)
    alone = (people.mother == NOBODY) & (people.spouse == NOBODY) & ~np.isin(np.arange(len(people)), parents)
    adult = np.flatnonzero(alone)
    chosen = adult[chance(adult, 7, 0.03)]
    first, second = chosen[0::2][: len(chosen) // 2], chosen[1::2]
    for trait in ("birth", "birth_name", "married_name", "department"):
        getattr(people, trait)[second] = getattr(people, trait)[first]
    people.twin[first], people.twin[second] = second, first
    people.birth_rank[second] = 2
    give_other_name(people, second)
