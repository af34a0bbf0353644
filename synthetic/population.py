"""The people: households with parents, children and twins, as they are on the first simulated day."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthetic.draws import Ints, chance, scatter, stream
from synthetic.names import Names, pick_given, pick_surnames, surnames
from synthetic.nir import DEPARTMENTS, OVERSEAS, Text, birth_places, department_weights, keys, numbers

NEVER = 10_000_000  # a day beyond any calendar used here
NOBODY = -1


@dataclass
class Population:
    """One array per trait, one place per person; days are numbers since 1970-01-01, persons are places.

    ``mother``, ``father``, ``spouse`` and ``twin`` are places or NOBODY; ``birth_exit`` is the day on which the stay
    of birth ended for those born during the simulation, else NOBODY.
    """

    sex: Ints
    birth: Ints
    birth_name: Names
    married_name: Names
    given: Names
    mother: Ints
    father: Ints
    spouse: Ints
    twin: Ints
    birth_rank: Ints
    department: Text
    residence: Text
    residence_after: Text
    moves: Ints
    marries: Ints
    dies: Ints
    birth_exit: Ints

    def __len__(self) -> int:
        return len(self.sex)

    def take(self, order: Ints) -> "Population":
        """The persons at these places; links between them must still hold (see ``remap``)."""
        return Population(**{f.name: getattr(self, f.name)[order] for f in fields(self)})

    def join(self, other: "Population") -> "Population":
        """Both, the other behind; places in ``other`` already count from the start of the whole."""
        return Population(
            **{f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)}
        )

    def used_name(self, at: Ints | int, who: Ints) -> Names:
        """The name that each of ``who`` goes by on the day ``at``."""
        married = self.marries[who] <= at
        return np.where(married, self.married_name[who], self.birth_name[who])

    def residence_at(self, at: Ints | int, who: Ints) -> Text:
        """Postcode on the day ``at``; 99 and a country code abroad."""
        return np.where(self.moves[who] <= at, self.residence_after[who], self.residence[who])

    @cached_property
    def places(self) -> Text:
        """INSEE code of each one's place of birth."""
        return birth_places(self.department, self.birth)

    @cached_property
    def number(self) -> Text:
        """Everybody's own national number, 13 characters."""
        return numbers(self.sex, self.birth, self.places)

    @cached_property
    def key(self) -> Text:
        """The two-digit key of each number."""
        return keys(self.number)

    def guardian(self, at: Ints | int, who: Ints, age_limit: int = 16) -> Ints:
        """The person under whose number each of ``who`` is insured on that day: a parent of a child, else oneself."""
        child = (at - self.birth[who] < age_limit * 365) & (self.mother[who] != NOBODY)
        by_father = chance(who, 11, 0.25) & (self.father[who] != NOBODY)
        return np.where(child, np.where(by_father, self.father[who], self.mother[who]), who)


def postcodes(draw: np.random.Generator, department: Text) -> Text:
    """A postcode of the department: three digits behind it, two overseas; abroad the country code follows 99."""
    digits = draw.integers(0, 60, len(department)) * 10
    short = np.isin(department, OVERSEAS)
    local = np.where(short, np.char.zfill((digits // 10).astype(str), 2), np.char.zfill(digits.astype(str), 3))
    code = np.char.add(np.where(np.isin(department, ["2A", "2B"]), "20", department), local)
    return np.where(department == "99", "99999", code)


def found(seed: int, persons: int, start: int) -> Population:
    """At least ``persons`` people in whole households on the day ``start``."""
    draw = stream(seed, "population")
    homes = persons // 2 + 10
    head, spouse = adults(draw, homes, start)
    children, owner = minors(draw, head, spouse, start)
    whole = head.join(spouse).join(children)
    household = np.concatenate([np.arange(homes), spouse.spouse, owner])
    order = np.argsort(household, kind="stable")
    sizes = np.bincount(household, minlength=homes).cumsum()
    kept = order[: sizes[np.searchsorted(sizes, persons)]]
    people = remap(whole, kept)
    name_people(stream(seed, "names"), surnames(seed), people)
    pair_adult_twins(people)
    people.dies = lifetimes(draw, people, start)
    people.marries = np.where(people.marries == NEVER, NEVER, start - 400)
    late = chance(np.arange(len(people)), 5, 0.04) & (people.marries != NEVER)
    people.marries[late] = start + scatter(np.flatnonzero(late), 6) % 365
    people.marries = np.where(people.marries <= people.birth + 18 * 366, NEVER, people.marries)
    return people


def blank(draw: np.random.Generator, sex: Ints, birth: Ints, start: int) -> Population:
    """People with a place of birth and a home, without names or kin."""
    count = len(sex)
    department = draw.choice(DEPARTMENTS, count, p=department_weights())
    home = np.where((department == "99") | (draw.random(count) < 0.3), draw.choice(DEPARTMENTS[:-1], count), department)
    nobody = np.full(count, NOBODY, dtype=np.int64)
    never = np.full(count, NEVER, dtype=np.int64)
    moves = np.where(draw.random(count) < 0.1, start + draw.integers(-30, 400, count), NEVER)
    text = np.full(count, "", dtype=object)
    return Population(
        sex=sex, birth=birth, birth_name=text, married_name=text.copy(), given=np.full((count, 3), "", dtype=object),
        mother=nobody, father=nobody.copy(), spouse=nobody.copy(), twin=nobody.copy(),
        birth_rank=np.ones(count, dtype=np.int64), department=department, residence=postcodes(draw, home),
        residence_after=postcodes(draw, home), moves=moves, marries=never, dies=never.copy(), birth_exit=nobody.copy(),
    )  # fmt: skip


def adults(draw: np.random.Generator, homes: int, start: int) -> tuple[Population, Population]:
    """Heads of households and the spouses of those who have one; ``spouse.spouse`` is the place of the head."""
    age = (20 + 72 * draw.beta(1.6, 2.0, homes)) * 365.25
    head = blank(draw, draw.integers(1, 3, homes), start - age.astype(np.int64), start)
    paired = np.flatnonzero(draw.random(homes) < 0.62)
    same_sex = draw.random(len(paired)) < 0.03
    sex = np.where(same_sex, head.sex[paired], 3 - head.sex[paired])
    gap = (draw.normal(0, 3.5, len(paired)) * 365).astype(np.int64)
    birth = np.minimum(head.birth[paired] + gap, start - 19 * 366)
    spouse = blank(draw, sex, birth, start)
    spouse.spouse = paired
    spouse.residence, spouse.residence_after = head.residence[paired], head.residence_after[paired]
    spouse.moves = head.moves[paired]
    head.spouse[paired] = homes + np.arange(len(paired))
    takes = (draw.random(len(paired)) < 0.8) & ~same_sex
    head.marries[paired[takes]] = 0
    spouse.marries[takes] = 0
    return head, spouse


def minors(draw: np.random.Generator, head: Population, spouse: Population, start: int) -> tuple[Population, Ints]:
    """Children under twenty with their parents, a few of them twins; and the household of each."""
    homes = len(head)
    partner = np.full(homes, NOBODY, dtype=np.int64)
    partner[spouse.spouse] = homes + np.arange(len(spouse))
    all_sex = np.concatenate([head.sex, spouse.sex])
    all_birth = np.concatenate([head.birth, spouse.birth])
    places = np.arange(homes)
    mother = np.where(head.sex == 2, places, np.where((partner != NOBODY) & (all_sex[partner] == 2), partner, NOBODY))
    father = np.where(head.sex == 1, places, np.where((partner != NOBODY) & (all_sex[partner] == 1), partner, NOBODY))
    owner = np.repeat(places, np.where(mother != NOBODY, draw.poisson(2.1, homes), 0))
    at_birth = (draw.uniform(20, 41, len(owner)) * 365.25).astype(np.int64)
    birth = all_birth[mother[owner]] + at_birth
    lives_here = (birth < start) & (birth > start - 20 * 365)
    owner, birth = owner[lives_here], birth[lives_here]
    doubled = np.where(draw.random(len(owner)) < 0.03, 2, 1)
    first = np.cumsum(doubled) - doubled
    owner, birth = np.repeat(owner, doubled), np.repeat(birth, doubled)
    child = blank(draw, draw.integers(1, 3, len(owner)), birth, start)
    child.mother, child.father = mother[owner], father[owner]
    child.residence, child.residence_after, child.moves = head.residence[owner], head.residence_after[owner], head.moves[owner]
    elder = first[doubled == 2]
    base = homes + len(spouse)
    child.twin[elder], child.twin[elder + 1] = base + elder + 1, base + elder
    child.birth_rank[elder + 1] = 2
    hers = np.concatenate([head.department, spouse.department])[mother[owner]]
    child.department = np.where((draw.random(len(owner)) < 0.8) & (hers != "99"), hers, child.department)
    child.department[elder + 1] = child.department[elder]
    return child, owner


def remap(people: Population, kept: Ints) -> Population:
    """The kept persons in the given order, their kin pointing to the new places."""
    place = np.full(len(people) + 1, NOBODY, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    result = people.take(kept)
    for kin in ("mother", "father", "spouse", "twin"):
        setattr(result, kin, place[getattr(result, kin)])
    return result


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
    adult = np.flatnonzero((people.mother == NOBODY) & (people.spouse == NOBODY))
    chosen = adult[chance(adult, 7, 0.03)]
    first, second = chosen[0::2][: len(chosen) // 2], chosen[1::2]
    for trait in ("birth", "birth_name", "married_name", "department"):
        getattr(people, trait)[second] = getattr(people, trait)[first]
    people.twin[first], people.twin[second] = second, first
    people.birth_rank[second] = 2
    give_other_name(people, second)


def lifetimes(draw: np.random.Generator, people: Population, start: int) -> Ints:
    """Day of death: the risk of a year doubles about every eight years of age; most outlive any simulation."""
    age = (start - people.birth) / 365.25
    risk = 0.00004 * np.exp(0.092 * age)
    return start + 1 + np.minimum(draw.exponential(365 / risk), NEVER / 2).astype(np.int64)
