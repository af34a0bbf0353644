"""An invented French register and the records that sources send of it, with the traps that over-merge.

One record in six is a newborn under its mother's number, some of them twins; children come under a parent's number, a
few adults under their partner's. ``dense`` gives one birth date a year, so that as many people share a birth date as in
the whole country although the register is small. Error rates are assumptions, written down in ``Rates``.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.core.schema import load_schema
from synthetic.draws import calendar, day_number, stream
from synthetic.names import listed, surnames
from synthetic.nir import DEPARTMENTS, birth_places, department_weights, numbers

Column = NDArray[np.object_]
TONIGHT = "2026-11-22"
TODAY = day_number(TONIGHT)
NEWBORN_DAYS = 60
NAMESAKES = 200.0  # two people have one family name in 5,600 pairs: more often than in France, as far as we know
NAMELESS = np.array(["BEBE", "X", "", "BEBE FILLE", "SANS PRENOM"], dtype=object)


@dataclass(frozen=True)
class Rates:
    """Shares of records of a source with each trouble."""

    numbered: float  # of adults: a number at all
    parents: float  # of children: the number is a parent's
    partners: float = 0.01  # of adults: the number is the partner's
    newborn: float = 1 / 6
    stranger: float = 0.03
    nameless: float = 0.4  # of newborns
    twins: float = 0.06  # of newborns
    name_typo: float = 0.02
    given_typo: float = 0.015
    cut_given: float = 0.3  # of composed given names
    used_only: float = 0.35  # of those who have a used name
    swapped_names: float = 0.003
    swapped_date: float = 0.004
    wrong_digit: float = 0.006
    default_date: float = 0.004
    wrong_sex: float = 0.002
    no_sex: float = 0.0
    no_place: float = 1.0


SOURCES = {
    "hospital": Rates(numbered=0.87, parents=0.5, no_place=0.4),
    "pharmacy": Rates(numbered=0.92, parents=0.7, name_typo=0.01, given_typo=0.01, no_sex=0.1),
}


@dataclass
class People:
    """Columns of the register: one entry a person, ``None`` where a trait is not known."""

    sex: NDArray[np.int64]
    birth: NDArray[np.int64]
    place: Column
    family: Column
    used: Column
    given: Column
    number: Column
    partner: NDArray[np.int64]  # place of the partner, -1 without
    mother: NDArray[np.int64]
    father: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sex)


def given_names(draw: np.random.Generator, sex: NDArray[np.int64], birth: NDArray[np.int64]) -> Column:
    """Given names with the fashion of the decade, one in ten composed."""
    lists = {code: np.array(listed("given_names", str(code)), dtype=object) for code in (1, 2)}
    decade = calendar(birth)[0] // 10
    found = np.empty(len(sex), dtype=object)
    for code, names in lists.items():
        mine = sex == code
        place = np.minimum(draw.exponential(len(names) / 4, mine.sum()).astype(int), len(names) - 1)
        one = names[(place + 7 * decade[mine]) % len(names)]
        two = names[draw.integers(0, len(names), mine.sum())]
        found[mine] = np.where(draw.random(mine.sum()) < 0.1, one + "-" + two, one)
    return found


def births(draw: np.random.Generator, count: int, dense: bool) -> NDArray[np.int64]:
    """Birth days of a hundred years; dense: one day a year."""
    year = draw.integers(1926, 2026, count)
    day = np.full(count, 200) if dense else draw.integers(0, 365, count)
    start = np.array([day_number(f"{one}-01-01") for one in range(1926, 2026)])
    return start[year - 1926] + day


def register(count: int, seed: int, dense: bool) -> People:
    """The register: adults in couples, children of couples, twins; siblings and couples share a family name."""
    draw = stream(seed, "french register")
    pool = np.array(surnames(seed, 40_000), dtype=object)
    weights = 1.0 / (np.arange(len(pool)) + NAMESAKES)
    family = draw.choice(pool, count, p=weights / weights.sum())
    birth = births(draw, count, dense)
    sex = draw.integers(1, 3, count)
    partner = np.full(count, -1)
    adults = np.flatnonzero(calendar(birth)[0] < 2004)
    wives, husbands = (adults[sex[adults] == code] for code in (2, 1))
    wives, husbands = (one[np.argsort(birth[one], kind="stable")] for one in (wives, husbands))
    couples = min(len(wives), len(husbands))
    wives, husbands = wives[:couples], husbands[:couples]
    married = draw.random(couples) < 0.6
    wives, husbands = wives[married], husbands[married]
    partner[wives], partner[husbands] = husbands, wives
    used = np.full(count, None, dtype=object)
    kind = draw.random(len(wives))
    takes, doubles = kind < 0.6, kind > 0.88
    used[wives[takes]] = family[husbands[takes]]
    used[wives[doubles]] = family[wives[doubles]] + "-" + family[husbands[doubles]]
    mother, father = parents(draw, birth, wives, partner)
    has = mother >= 0
    family[has] = family[father[has]]
    twins(draw, birth, mother, father, family)
    department = draw.choice(DEPARTMENTS, count, p=department_weights())
    place = birth_places(department, birth)
    given = given_names(draw, sex, birth)
    number = numbers(sex, birth, place).astype(object)
    return People(sex, birth, place.astype(object), family, used, given, number, partner, mother, father)


def parents(
    draw: np.random.Generator, birth: NDArray[np.int64], wives: NDArray[np.int64], partner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mother and father of everyone born since 1990, -1 for the others: of an age to have had them."""
    mother = np.full(len(birth), -1)
    young = np.flatnonzero(calendar(birth)[0] >= 1990)
    by_age = wives[np.argsort(birth[wives], kind="stable")]
    wanted = birth[young] - (draw.integers(23, 42, len(young)) * 365)
    at = np.searchsorted(birth[by_age], wanted) + draw.integers(-400, 400, len(young))
    mother[young] = by_age[np.clip(at, 0, len(by_age) - 1)]
    mother[young[birth[mother[young]] > birth[young] - 15 * 365]] = -1
    father = np.where(mother >= 0, partner[mother], -1)
    return mother, father


def twins(draw: np.random.Generator, birth, mother, father, family) -> None:  # type: ignore[no-untyped-def]
    """Make one child in forty the twin of the child before it in the register."""
    children = np.flatnonzero(mother >= 0)
    second = children[1:][draw.random(len(children) - 1) < 0.025]
    first = second - 1
    fit = mother[first] >= 0
    first, second = first[fit], second[fit]
    for column in (birth, mother, father, family):
        column[second] = column[first]


def newborns(draw: np.random.Generator, people: People, count: int, rates: Rates, dense: bool) -> People:
    """Children of the last weeks with their mother's name and number; some follow their twin."""
    mothers = np.flatnonzero(
        (people.sex == 2) & (people.partner >= 0) & np.isin(calendar(people.birth)[0], range(1984, 2004))
    )
    mother = draw.choice(mothers, count, replace=False)
    twin = np.flatnonzero(draw.random(count) < rates.twins)[1:]
    mother[twin] = mother[twin - 1]
    birth = TODAY - (np.full(count, 30) if dense else draw.integers(0, NEWBORN_DAYS, count))
    birth[twin] = birth[twin - 1]
    sex = draw.integers(1, 3, count)
    father = people.partner[mother]
    family = np.where(draw.random(count) < 0.5, people.family[father], people.family[mother])
    family[twin] = family[twin - 1]
    given = given_names(draw, sex, birth)
    nameless = draw.random(count) < rates.nameless
    given[nameless] = draw.choice(NAMELESS, nameless.sum())
    none = np.full(count, None, dtype=object)
    place = people.place[mother]
    return People(sex, birth, place, family, none, given, people.number[mother], np.full(count, -1), mother, father)


def typo(draw: np.random.Generator, text: str) -> str:
    """One letter changed, lost, doubled or swapped with the next."""
    place, kind = int(draw.integers(0, max(len(text) - 1, 1))), int(draw.integers(0, 4))
    letter = "abcdefghijklmnoprstuv"[int(draw.integers(0, 21))]
    head, tail = text[:place], text[place:]
    return (
        head + letter + tail[1:],
        head + tail[1:],
        head + tail[:1] + tail,
        head + tail[1:2] + tail[:1] + tail[2:],
    )[kind]


def records(people: People, count: int, source: str, seed: int, dense: bool) -> tuple[pa.Table, Column, Column]:
    """Claims of a source, the true place of each in the register (-1: not in it), and the true birth day."""
    rates, draw = SOURCES[source], stream(seed, f"french {source}")
    babies = round(count * rates.newborn)
    strangers = round(count * rates.stranger)
    known = draw.choice(len(people), count - babies - strangers, replace=False)
    parts = [
        (subset(people, known), known),
        (newborns(draw, people, babies, rates, dense), np.full(babies, -1)),
        (others(strangers, seed + 1000, dense), np.full(strangers, -1)),
    ]
    is_baby = np.repeat([False, True, False], [len(known), babies, strangers])
    mine = join([part for part, _ in parts])
    truth = np.concatenate([place for _, place in parts]).astype(object)
    rows = spoil(draw, mine, people, is_baby, rates)
    return claims(rows, source, draw), truth, mine.birth.astype(object)


def others(count: int, seed: int, dense: bool) -> People:
    """People whom the register does not know, with numbers that nobody in it has."""
    found = subset(register(max(count, 100), seed, dense), np.arange(count))
    found.number = np.array([f"{one[:-3]}{int(one[-3:]) + 500}" for one in found.number], dtype=object)
    found.mother[:], found.father[:], found.partner[:] = -1, -1, -1
    return found


def subset(people: People, places: NDArray[np.int64]) -> People:
    """Some of the people; relatives still point into the whole."""
    return People(*[getattr(people, name)[places] for name in People.__dataclass_fields__])


def join(parts: list[People]) -> People:
    """People of several kinds in one."""
    return People(*[np.concatenate([getattr(p, name) for p in parts]) for name in People.__dataclass_fields__])


def spoil(
    draw: np.random.Generator, mine: People, people: People, is_baby: NDArray[np.bool_], rates: Rates
) -> dict[str, Column]:
    """What a source writes of these people, with its errors."""

    def hit(share: float) -> NDArray[np.bool_]:
        return draw.random(len(mine)) < share

    own, holder = numbers_as_sent(hit, mine, people, is_baby, rates)
    family, used, given = mine.family.copy(), mine.used.copy(), mine.given.copy()
    for place in np.flatnonzero(hit(rates.name_typo)):
        family[place] = typo(draw, family[place])
    for place in np.flatnonzero(hit(rates.given_typo) & ~is_baby):
        given[place] = typo(draw, given[place])
    only = hit(rates.used_only) & (used != None)  # noqa: E711  element by element
    family[only], used[only] = used[only], None
    cut = hit(rates.cut_given)
    given[cut] = [name.split("-")[0] for name in given[cut]]
    swap = hit(rates.swapped_names) & ~is_baby
    family[swap], given[swap] = given[swap], family[swap]
    born = np.array([np.datetime64(int(day), "D").astype(object) for day in mine.birth], dtype=object)
    for place in np.flatnonzero(hit(rates.swapped_date)):
        if born[place].day <= 12:
            born[place] = born[place].replace(month=born[place].day, day=born[place].month)
    for place in np.flatnonzero(hit(rates.wrong_digit)):
        wrong_year, told = int(draw.integers(0, 2)), born[place]
        if wrong_year and (told.month, told.day) == (2, 29):  # the year before has no such day
            told = told.replace(day=28)
        born[place] = told.replace(year=told.year - 1) if wrong_year else told.replace(day=draw.integers(1, 29))
    default = hit(rates.default_date) & ~is_baby
    born[default] = [day.replace(month=1, day=1) for day in born[default]]
    sex = mine.sex.astype(str).astype(object)
    wrong = hit(rates.wrong_sex)
    sex[wrong] = np.where(sex[wrong] == "1", "2", "1")
    sex[hit(rates.no_sex)] = None
    place_ = mine.place.copy()
    place_[hit(rates.no_place)] = None
    return {
        "own_nir": own,
        "holder_nir": holder,
        "family_name": family,
        "used_name": used,
        "first_given_name": given,
    } | {
        "birth_date": born,
        "sex": sex,
        "birth_place": place_,
    }


def numbers_as_sent(hit, mine: People, people: People, is_baby, rates: Rates):  # type: ignore[no-untyped-def]
    """(own, holder's) number of each record: a child's is often a parent's, an adult's rarely the partner's."""
    child = is_baby | (mine.birth > TODAY - 16 * 365)
    own = np.where(hit(rates.numbered), mine.number, None)
    holder = np.full(len(mine), None, dtype=object)
    lent = hit(rates.parents) & (mine.mother >= 0) & child
    from_father = hit(0.3) & (mine.father >= 0) & ~is_baby
    parent = np.where(from_father, mine.father, mine.mother)
    holder[lent] = people.number[parent[lent]]
    own[lent | (is_baby & ~lent)] = None
    own[is_baby & lent & hit(0.3)] = "mother"
    mothers = own == "mother"
    own[mothers] = holder[mothers]
    partner = hit(rates.partners) & (mine.partner >= 0) & ~child
    own[partner] = people.number[mine.partner[partner]]
    as_holder = hit(0.3) & (own != None) & ~is_baby  # noqa: E711
    holder[as_holder], own[as_holder] = own[as_holder], None
    return own, holder


def claims(rows: dict[str, Column], source: str, draw: np.random.Generator) -> pa.Table:
    """Rows of the table ``claim``, one subject each."""
    count, schema = len(rows["sex"]), load_schema("identity/claim")
    ids = np.array([f"{source[0]}{place:031x}" for place in range(count)], dtype=object)
    numbered = (rows["own_nir"] != None) | (rows["holder_nir"] != None)  # noqa: E711
    columns = rows | {
        "claim_id": ids,
        "subject_id": ids,
        "night": np.full(count, TONIGHT, dtype=object),
        "source": np.full(count, source, dtype=object),
        "producer": np.array([f"{source[0]}{one}" for one in draw.integers(0, 300, count)], dtype=object),
        "delivery_id": np.full(count, "d", dtype=object),
        "number_status": np.where(numbered, "valid", "missing"),
    }
    arrays = [pa.array(columns.get(item.name, [None] * count), item.type) for item in schema.arrow]
    return pa.Table.from_arrays(arrays, schema=schema.arrow)


def register_claims(people: People) -> pa.Table:
    """The register as claims of the shared record: complete and clean, one subject a person."""
    rows = {
        "ins": people.number,
        "family_name": people.family,
        "used_name": people.used,
        "first_given_name": people.given,
        "birth_date": np.array([np.datetime64(int(day), "D").astype(object) for day in people.birth], dtype=object),
        "sex": people.sex.astype(str).astype(object),
        "birth_place": people.place,
        "own_nir": np.full(len(people), None, dtype=object),
        "holder_nir": np.full(len(people), None, dtype=object),
    }
    table = claims(rows, "register", stream(0, "producers"))
    columns = {"number_status": "valid", "source": "shared_record", "producer": "D1", "night": "2026-11-01"}
    for name, value in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array([value] * table.num_rows))
    return table
