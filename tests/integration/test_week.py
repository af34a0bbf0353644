"""A week of linkage among people who live: names change, numbers come late, identities are mistaken and put right.

Seven nights of simulated claims go through the link stage. A steward decides about the first subject that was taken
for somebody else; the others wait. What is compared is the simulator's truth.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.core.cli import SOURCES
from jobs.core.keys import ensure_key, key_bytes
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile, files_of
from jobs.core.tokens import text_base32
from jobs.link.run import link
from jobs.link.walk import MOVE, moves_of, published_walk
from jobs.pseudonymise.generalise import PERSON
from jobs.pseudonymise.moved import succession
from jobs.release.pools import candidate_pool
from jobs.review.decide import decide as review
from synthetic import life
from synthetic.cast import CORRECTED_BIRTH, LATE_NUMBER, ONE_AFTER_ALL, TWO_AFTER_ALL, Pace
from synthetic.cda import LOCAL_ROOT
from synthetic.documents import TOWN
from synthetic.draws import day_number, iso_day
from synthetic.life import Event
from synthetic.stays import Sizes
from synthetic.truth import person_id
from synthetic.world import World
from tests.linkage import index_rows, persons
from tests.spec.national_cases import Rows, close, decide, store
from tests.week import everyone, told

NIGHTS = [iso_day(day_number("2026-11-22") + turn) for turn in range(7)]
FIRST = day_number(NIGHTS[0])
SIZES = Sizes(seed=2, persons=4_000, hospitals=3, pharmacies=8)  # two are born in time to be told late
STEWARD = ("identity steward", "two patients")


@cache
def world(night: str) -> World:
    """The country as a night knows it: one event of each kind begins every day."""
    return World(SIZES, FIRST - 30, day_number(night) - 1, Pace(1, FIRST))


@dataclass
class Week:
    """What each night left, and of each subject: its true person, its label, the night it first stated its own number.

    ``decided``: what the steward said, of the mistaken subject and another.
    """

    settings: Settings
    walks: dict[str, dict[str, str]] = field(default_factory=dict)
    truth: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    stated: dict[str, str] = field(default_factory=dict)
    decided: list[tuple[str, str, str]] = field(default_factory=list)

    def subject(self, event: Event, house: str) -> str:
        """The subject of an event's person in a house whose local numbers begin so, or in any hospital."""
        who = name_of(event)
        return next(one for one, label in self.labels.items() if self.truth[one] == who and label.startswith(house))


def name_of(event: Event) -> str:
    """Whom an event befalls, as the truth names persons."""
    return str(person_id(np.array([event.person]))[0])


def house_of(event: Event) -> str:
    """How labels of the record begin that tell of the hospital of an event."""
    place = next(
        house for *_, who, house, _ in life.contacts(event, SIZES.hospitals) if who == event.person and house >= 0
    )
    return f"shared_record:DMP1:2.25.{LOCAL_ROOT + place}^"


IN_TOWN = f"shared_record:DMP1:2.25.{LOCAL_ROOT + TOWN}^"


@pytest.fixture(scope="module")
def week(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Week:
    """The nights, told once; the fifth is linked twice, and the second time changes no byte."""
    found = Week(prepare_root(tmp_path_factory.mktemp("week") / "root", "synthetic"))
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(found.settings.root))
        chosen = everyone(world(NIGHTS[-1]), 50)
        seen: set[str] = set()
        entries: dict[str, Rows] = {source: [] for source in SOURCES}
        for night in NIGHTS:
            one = world(night)
            first = one.start if night == NIGHTS[0] else one.until
            new = {row["claim_id"]: row | {"night": night} for row in told(one, chosen[: len(one.people)], first)}
            new = {name: row for name, row in new.items() if name not in seen}
            seen |= set(new)
            found.truth |= {row["subject_id"]: row["person"] for row in new.values()}
            found.labels |= {row["subject_id"]: row["label"] for row in new.values()}
            own = [row["subject_id"] for row in new.values() if row["own_nir"] or row["ins"]]
            found.stated = dict.fromkeys(own, night) | found.stated
            run(found, night, list(new.values()), entries)
    spark.conf.set("spark.sql.shuffle.partitions", partitions)
    return found


def run(found: Week, night: str, claims: Rows, entries: dict[str, Rows]) -> None:
    """Close the sources with these claims, link, publish, and let the steward decide once what there is to decide."""
    settings = found.settings
    for source in SOURCES:
        rows = [row for row in claims if row["source"] == source]
        if rows:
            file = store(settings, settings.identity, "identity/claim", rows)
            entries[source] = [*entries[source], {"night": night, "files": [file], "except": []}]
        close(settings, night, source, claims=entries[source])
    link(settings, night)
    if night == NIGHTS[4]:
        pointers = [settings.identity / night / "index.json", settings.crosswalk / night / "crosswalk.json"]
        before = [path.read_bytes() for path in pointers]
        link(settings, night)
        assert [path.read_bytes() for path in pointers] == before, "a night again adds nothing"
    found.walks[night] = persons(settings, night)
    decide(settings, night, "publish")
    torn = [one for one in index_rows(settings, night, "review_item") if one["queue"] == "split"]
    if torn and not found.decided:
        event = next(one for one in life.events(world(night)) if one.kind == TWO_AFTER_ALL)
        mistaken, own = found.subject(event, house_of(event)), found.subject(event, IN_TOWN)
        other = ({torn[0]["left_id"], torn[0]["right_id"]} - {mistaken}).pop()
        for kind, beside in (("different", other), ("same", own)):
            review(settings, kind, mistaken, beside, *STEWARD, date.fromisoformat(night))
            found.decided.append((kind, mistaken, beside))


def test_a_person_changes_by_an_event_alone_and_an_ended_one_never_comes_back(week: Week) -> None:
    ended: set[str] = set()
    for before, night in pairwise(NIGHTS):
        old, new = week.walks[before], week.walks[night]
        moved = {row["subject_id"] for row in index_rows(week.settings, night, "person_event") if row["night"] == night}
        assert {one for one in old if old[one] != new[one]} == moved
        ended |= set(old.values()) - set(new.values())
        assert not ended & set(new.values())
        created = {row["person_id"]: row["created_night"] for row in index_rows(week.settings, night, "person")}
        assert {created[one] for one in set(new.values()) - set(old.values())} <= {night}
    assert ended, "somebody was merged"


def test_a_release_tells_who_took_whose_place(week: Week) -> None:
    """Of every person of an earlier night that a merge ended, and of no other: the pseudonym that holds since."""
    settings, (before, last) = week.settings, NIGHTS[-2:]
    ensure_key(settings, "centre")
    key = key_bytes(settings, "centre")

    def name(person: str) -> str:
        return f"1.{text_base32(key, PERSON, person)}"

    everybody = {name(person): person for walk in week.walks.values() for person in walk.values()}
    was = [{"pseudonym": one, "first_seen": "2026-11"} for one in sorted(everybody)]
    shown = [DataFile.from_json(store(settings, settings.candidate, "published/person", was))]
    moves = moves_of(settings, published_walk(settings)[MOVE])
    parts, came = succession(settings, last, 1, moves, before, {"person": {"2026-11": shown}})
    found = {
        everybody[row["old"]]: everybody[row["new"]]
        for file in files_of(parts)
        for row in pq.read_table(candidate_pool(settings).path(file)).to_pylist()
    }
    now = week.walks[last]
    merged = {row["other_person_id"] for row in events(week) if row["kind"] == "merged"}
    split = {row["other_person_id"] for row in events(week) if row["kind"] == "split"}
    assert merged and split, "the week has both"
    assert set(found) == merged - set(now.values()) and set(found.values()) <= set(now.values())
    for night, walk in week.walks.items():
        followed = {one: found.get(person, person) for one, person in walk.items()}
        apart = {row["subject_id"] for row in events(week) if row["kind"] == "split" and row["night"] > night}
        assert all(person == now[one] for one, person in followed.items() if one not in apart)
    assert came == {row["person_id"] for row in events(week) if row["kind"] == "merged" and row["night"] == last}


def events(week: Week) -> Rows:
    """Merges and splits of the week."""
    return index_rows(week.settings, NIGHTS[-1], "person_event")


def test_late_numbers_and_late_proofs_make_one_person_of_two(week: Week) -> None:
    final, last = week.walks[NIGHTS[-1]], day_number(NIGHTS[-1])
    over = [one for one in life.events(world(NIGHTS[-1])) if one.day + 3 < last]
    proofs = Counter(row["proof"] for row in index_rows(week.settings, NIGHTS[-1], "person_event"))
    for event in over:
        if event.kind == LATE_NUMBER:
            assert final[week.subject(event, "hospital:")] == final[week.subject(event, IN_TOWN)], event
        if event.kind == ONE_AFTER_ALL:
            assert final[week.subject(event, house_of(event))] == final[week.subject(event, IN_TOWN)], event
    kinds = Counter(one.kind for one in over)
    assert kinds[LATE_NUMBER] >= 2 and kinds[ONE_AFTER_ALL] >= 3
    assert proofs["number traits"] >= kinds[ONE_AFTER_ALL] and proofs["number newborn"] >= 1, proofs


def test_a_mistaken_subject_waits_for_the_steward_and_what_is_decided_is_kept(week: Week) -> None:
    (_, mistaken, other), (_, _, own) = week.decided
    together = [walk[mistaken] == walk[other] for walk in week.walks.values() if mistaken in walk]
    since = together.index(False)
    assert since >= 1 and not any(together[since:]), "one person until the night after the decision, and never again"
    right = [walk[mistaken] == walk[own] for walk in week.walks.values() if mistaken in walk]
    assert right == [not one for one in together]
    items = {one["queue"] for one in index_rows(week.settings, NIGHTS[-1], "review_item") if one["reason"] != "weight"}
    assert items >= {"split", "match"}, "who else was mistaken waits"


@pytest.mark.parametrize("night", NIGHTS)
def test_every_night_is_as_right_as_its_claims_allow(week: Week, night: str) -> None:
    """Of pairs of subjects: all that are tied are right, and all are tied who both stated their own number.

    Two kinds of persons wait for a steward instead: who was taken for another, and whose birth date was corrected when
    the number alone ties two persons of the index (one proof).
    """
    waiting = {
        kind: {name_of(one) for one in life.events(world(night)) if one.kind == kind}
        for kind in (TWO_AFTER_ALL, CORRECTED_BIRTH)
    }
    walk = {one: who for one, who in week.walks[night].items() if week.truth[one] not in waiting[TWO_AFTER_ALL]}
    pairs = [pair for pair in combinations(sorted(walk), 2) if len({week.truth[one] for one in pair}) == 1]
    assert sum(n * (n - 1) // 2 for n in Counter(walk.values()).values()) == sum(walk[a] == walk[b] for a, b in pairs)
    sure = [pair for pair in pairs if all(week.stated.get(one, "9") <= night for one in pair)]
    apart = {week.truth[a] for a, b in sure if walk[a] != walk[b]}
    assert len(sure) >= 15 and apart <= waiting[CORRECTED_BIRTH]


def test_a_corrected_birth_date_is_one_proof_and_waits(week: Week) -> None:
    told_better = [
        one
        for one in life.events(world(NIGHTS[-1]))
        if one.kind == CORRECTED_BIRTH and one.day + life.LATER < day_number(NIGHTS[-1])
    ]
    first = {person: subject for subject, person in week.walks[NIGHTS[-1]].items()}
    items = [row for row in index_rows(week.settings, NIGHTS[-1], "review_item") if row["reason"] == "one_proof"]
    asked = [{week.truth[first[row[side]]] for side in ("left_id", "right_id")} for row in items]
    assert len(told_better) >= 3
    assert [{name_of(one)} in asked for one in told_better] == [True] * len(told_better)
