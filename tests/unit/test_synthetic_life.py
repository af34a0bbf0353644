"""Life events and mistakes of typing: what is told before and after, and that the truth says which records are new."""

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from jobs.core.settings import Settings, prepare_root
from synthetic import life
from synthetic.cast import CORRECTED_BIRTH, LATE_NUMBER, ONE_AFTER_ALL, SWAPPED_NAMES, TWO_AFTER_ALL, WEDDING, Pace
from synthetic.documents import TOWN
from synthetic.draws import day_number, iso_day
from synthetic.identity_lines import numbers_known
from synthetic.mistyped import MISTAKES, Typed, mistype
from synthetic.night import simulate
from synthetic.patients import patient_of
from synthetic.stays import Sizes
from synthetic.world import World

FIRST = day_number("2026-11-22")
SIZES = Sizes(seed=2, persons=4_000, hospitals=3, pharmacies=8)


def world(days: int, pace: int = 1) -> World:
    """The country some days after the first night, ``pace`` events of each kind a day."""
    return World(SIZES, FIRST - 30, FIRST + days - 1, Pace(pace, FIRST))


def test_events_of_a_day_stay_and_nobody_is_befallen_twice() -> None:
    short, long = life.events(world(2)), life.events(world(6))
    assert short == [one for one in long if one.day < FIRST + 2]
    assert {one.kind for one in long} == {
        WEDDING, LATE_NUMBER, CORRECTED_BIRTH, SWAPPED_NAMES, ONE_AFTER_ALL, TWO_AFTER_ALL,
    }  # fmt: skip
    cast = Counter(
        who for one in long if one.kind not in (LATE_NUMBER, CORRECTED_BIRTH) for who in (one.person, one.other)
    )
    del cast[-1]
    assert set(cast.values()) == {1}
    assert life.events(world(6, pace=0)) == []


def test_a_wedding_changes_the_name_in_use_from_its_day_on() -> None:
    after = world(5)
    event = next(one for one in life.events(after) if one.kind == WEDDING)
    told = [
        patient_of(after.people, one)
        for day in range(event.day, event.day + 3)
        for one in life.documents(after, day)
        if one.person == event.person
    ]
    spouse = after.people.birth_name[after.people.spouse[event.person]]
    assert [one.used_name for one in told] == [told[0].birth_name, spouse]
    assert {one.birth_name for one in told} == {after.people.birth_name[event.person]} != {spouse}


def test_a_hospital_tells_better_two_days_later() -> None:
    late = next(one for one in life.events(world(6)) if one.kind == LATE_NUMBER and one.day < FIRST + 4)
    wrong = next(one for one in life.events(world(6)) if one.kind == CORRECTED_BIRTH)
    for event, then in ((late, (False, True)), (wrong, (False, True))):
        found = []
        for until in (event.day, event.day + life.LATER):
            known = world(until - FIRST + 1)
            stays = known.all_stays(event.day, event.day)
            stays = stays[stays.person == event.person].reset_index(drop=True)
            told = life.identities(known, stays)
            number = bool(numbers_known(known.people, stays, told).own[0])
            birth = bool(told.birth[0] == known.people.birth[event.person])
            found.append(number if event.kind == LATE_NUMBER else birth)
        assert tuple(found) == then, event


def test_whoever_is_taken_for_another_is_told_with_the_traits_of_that_person() -> None:
    known = world(5)
    event = next(one for one in life.events(known) if one.kind == TWO_AFTER_ALL)
    said = {
        (day - event.day, document.person, document.hospital == TOWN): patient_of(known.people, document)
        for day in range(event.day, event.day + 4)
        for document in life.documents(known, day)
        if document.person in (event.person, event.other)
    }
    other, mistaken, verified = (
        said[0, event.other, True],
        said[1, event.person, False],
        said[3, event.person, False],
    )
    assert (mistaken.birth_name, mistaken.birth) == (other.birth_name, other.birth) and not mistaken.qualified
    assert verified == said[0, event.person, True] != other and verified.qualified


@pytest.mark.parametrize("turn", range(3 * len(MISTAKES)))
def test_one_mistake_is_made_and_a_date_stays_one(turn: int) -> None:
    true = Typed("Roudebeau", "Élodie", day_number("1987-03-09"))
    wrong = mistype(true, turn)
    differing = sum(a != b for a, b in zip(true, wrong, strict=True))
    assert differing == 1 or (wrong.family, wrong.given) == (true.given, true.family)
    assert iso_day(wrong.birth)[:4] == "1987"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Four nights without mess, an event of each kind a day."""
    settings = prepare_root(tmp_path_factory.mktemp("life") / "root", "synthetic")
    given = {"seed": 2, "persons": 1_500, "hospitals": 2, "pharmacies": 2, "documents": 10, "mess": 0.0, "life": 1}
    for turn in range(4):
        simulate(settings, iso_day(FIRST + turn), given if turn == 0 else {}, "", [])
    return settings


def lines(folder: Path) -> Counter[bytes]:
    """The lines of a hospital's files."""
    return Counter(line for file in folder.glob("*.txt") for line in file.read_bytes().splitlines() if line.strip())


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_line_that_tells_better_is_no_unchanged_one(root: Settings, turn: int) -> None:
    night = iso_day(FIRST + turn)
    expected = duckdb.sql(
        f"select producer, delivery_id, accepted from '{root.truth}/{night}/delivery.parquet' "
        "where source = 'hospital' and mode = 'replace'"
    ).fetchall()
    changed = 0
    for producer, delivery, accepted in expected:
        folder = root.landing / "hospital" / producer
        before = next(folder.glob(f"{iso_day(FIRST + turn - 1)}*/vid-hosp.txt")).parent
        now, old = lines(folder / delivery), lines(before)
        assert (now - old).total() == accepted, producer
        changed += (old - now).total()
    assert (changed > 0) == (turn == 3), "what was told two days ago is told better in the fourth night"
