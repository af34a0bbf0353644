"""The people: households with parents, children and twins, as they are on the first simulated day."""

import numpy as np

from synthetic.draws import Ints, chance, scatter, stream
from synthetic.families import name_people, pair_adult_twins
from synthetic.names import surnames
from synthetic.nir import DEPARTMENTS, OVERSEAS, Text, department_weights
from synthetic.people import NEVER, NOBODY, Population


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
    child.residence, child.residence_after, child.moves = (
        head.residence[owner],
        head.residence_after[owner],
        head.moves[owner],
    )
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


def lifetimes(draw: np.random.Generator, people: Population, start: int) -> Ints:
    """Day of death: the risk of a year doubles about every eight years of age; most outlive any simulation."""
    age = (start - people.birth) / 365.25
    risk = 0.00004 * np.exp(0.092 * age)
    return start + 1 + np.minimum(draw.exponential(365 / risk), NEVER / 2).astype(np.int64)
