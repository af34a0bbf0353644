"""The invented people: numbers that belong to nobody, families that hold together, nothing that depends on the end."""

import numpy as np
import pytest
from stdnum.fr import nir as national
from stdnum.luhn import is_valid as luhn

from synthetic.draws import ages, day_number
from synthetic.nir import birth_places, finess, keys, numbers, rpps
from synthetic.people import NOBODY, Population
from synthetic.stays import DELIVERY, NEWBORN, Sizes
from synthetic.world import World

START, UNTIL = day_number("2026-10-23"), day_number("2026-11-21")
SIZES = Sizes(persons=4_000, hospitals=3, pharmacies=10, documents=150)


@pytest.fixture(scope="module")
def world() -> World:
    return World(SIZES, START, UNTIL)


@pytest.fixture(scope="module")
def people(world: World) -> Population:
    return world.people


def test_every_number_is_valid_and_one_person_s_own(people: Population) -> None:
    whole = np.char.add(people.number, people.key)
    assert all(national.is_valid(number) for number in whole)
    assert len(set(people.number)) == len(people) >= SIZES.persons


def test_no_number_is_of_a_commune_that_exists(people: Population) -> None:
    for number, place in zip(people.number, people.places, strict=True):
        assert number[5:10] == place
        assert place[2:] == "999" or (place[:2] == "97" and place[3:] == "99")


def test_corsica_is_20_before_1976_and_2a_or_2b_since() -> None:
    births = np.array([day_number("1975-12-31"), day_number("1976-01-01"), day_number("2001-05-05")])
    places = birth_places(np.array(["2A", "2A", "974"]), births)
    assert list(places) == ["20999", "2A999", "97499"]
    number = numbers(np.array([1, 2, 1]), births, places)
    assert list(number) == ["1751220999001", "276012A999001", "1010597499001"]
    assert all(national.is_valid(n + k) for n, k in zip(number, keys(number), strict=True))


def test_two_persons_of_one_month_and_place_get_different_numbers() -> None:
    births = np.full(3, day_number("1990-02-02"))
    assert list(numbers(np.array([1, 1, 2]), births, np.array(["75999"] * 3))) == [
        "1900275999001",
        "1900275999002",
        "2900275999001",
    ]


def test_invented_establishments_and_professionals_have_right_keys() -> None:
    assert all(luhn(finess(rank)) and len(finess(rank)) == 9 for rank in range(50))
    assert all(luhn(rpps(rank)) and len(rpps(rank)) == 11 for rank in range(600))


def test_children_are_younger_than_their_mothers_and_bear_a_family_name(people: Population) -> None:
    child = np.flatnonzero(people.mother != NOBODY)
    mother, father = people.mother[child], people.father[child]
    assert len(child) > 500
    gap = (people.birth[child] - people.birth[mother]) / 365.25
    assert gap.min() > 17 and gap.max() < 46
    for who, hers, his in zip(child, mother, father, strict=True):
        known = {people.birth_name[hers], people.birth_name[his] if his != NOBODY else None}
        assert people.birth_name[who] in known or "-" in people.birth_name[who]


def test_twins_share_birth_and_name_but_not_the_given_name(people: Population) -> None:
    twin = np.flatnonzero(people.twin != NOBODY)
    other = people.twin[twin]
    assert (people.twin[other] == twin).all()
    assert (people.birth[twin] == people.birth[other]).all()
    assert (people.birth_name[twin] == people.birth_name[other]).all()
    assert (people.given[twin, 0] != people.given[other, 0]).all()
    same_sex = people.sex[twin] == people.sex[other]
    assert same_sex.any() and not same_sex.all()


def test_names_carry_accents_particles_apostrophes_and_hyphens(people: Population) -> None:
    text = " ".join(people.birth_name) + " ".join(people.given[:, 0])
    assert all(mark in text for mark in ("é", "De La ", "D'", "-", "ï"))
    text.encode("cp1252")
    text.encode("iso-8859-15")


def test_people_whom_all_traits_confuse_are_rare(people: Population) -> None:
    traits = list(zip(people.birth_name, people.given[:, 0], people.birth, people.sex, people.places, strict=True))
    assert len(traits) - len(set(traits)) <= 1
    assert len(set(people.birth_name)) < len(people) * 0.9, "namesakes must occur"


def test_names_change_by_marriage_and_people_move_during_the_simulation(people: Population) -> None:
    who = np.arange(len(people))
    assert (people.used_name(UNTIL, who) != people.birth_name).mean() > 0.05
    assert ((people.marries > START) & (people.marries < START + 366)).any()
    assert (people.residence_at(START, who) != people.residence_at(START + 400, who)).any()
    assert (people.dies < START + 366).any()


def test_newborns_stay_with_their_mothers_and_under_their_number(world: World, people: Population) -> None:
    stays = world.all_stays(START, UNTIL)
    babies, mothers = stays[stays.reason == NEWBORN], stays[stays.reason == DELIVERY].set_index("number")
    assert len(babies) >= 5
    for baby in babies.itertuples():
        hers = mothers.loc[baby.mother_number]
        assert hers.person == people.mother[baby.person]
        assert (hers.hospital, hers.entry, hers.exit) == (baby.hospital, baby.entry, baby.exit)
    insured = people.guardian(babies.exit.to_numpy(), babies.person.to_numpy())
    assert (insured != babies.person).all()


def test_nobody_is_in_two_hospitals_at_once_or_cared_for_after_death(world: World, people: Population) -> None:
    stays = world.all_stays(START, UNTIL).sort_values(["person", "entry"])
    same = stays.person.to_numpy()[1:] == stays.person.to_numpy()[:-1]
    overlap = stays.entry.to_numpy()[1:] < stays.exit.to_numpy()[:-1]
    assert not (same & overlap).any()
    assert (people.dies[stays.person] >= stays.exit).all()
    assert (stays.entry >= people.birth[stays.person]).all()
    assert (ages(people.birth[stays.person.to_numpy()], stays.exit.to_numpy()) >= 0).all()


def test_a_day_does_not_depend_on_how_far_the_simulation_goes() -> None:
    short, long = World(SIZES, START, UNTIL), World(SIZES, START, UNTIL + 12)
    count = len(short.people)
    assert (long.people.number[:count] == short.people.number).all()
    assert (long.people.given[:count] == short.people.given).all()
    for day in (START, START + 11, UNTIL):
        assert short.stays(day).equals(long.stays(day))


def test_another_seed_is_another_country() -> None:
    other = World(Sizes(**{**vars(SIZES), "seed": 2}), START, UNTIL)
    assert not np.array_equal(other.people.birth[:100], World(SIZES, START, UNTIL).people.birth[:100])
