"""Everything that the newest published index says of one subject: link, companions, refusals, relations, decisions.

Traits are compared here and forgotten: only whether they agree leaves this module.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from jobs.core.errors import DataRefused
from jobs.core.nights import base_night
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool, files_of, read_json, tables_from_json
from jobs.link.change import by_person, persons_of
from jobs.link.decisions import decision_files, in_force, read_decisions
from jobs.link.walk import published_walk
from jobs.review.queue import undecided
from jobs.why.compare import Traits, compare, nearness, traits_of
from jobs.why.ways import Way, ways
from jobs.why.weights import levels_of

Row = dict[str, Any]
COMPARED = {"family": "family_name", "given": "given_name", "birth": "birth_date"}  # by the model -> the trait
EITHER = "subject_id = $subject OR list_contains($ends, other_id)"  # met as a subject, or later as its person


@dataclass(frozen=True)
class Companion:
    """Another subject, how its traits agree with those of the asked one, and the way to it within the person.

    For an end that is a person of the index, source and producer are empty.
    """

    subject: str
    source: str
    producer: str
    agreement: dict[str, str]
    way: Way | None = None


@dataclass(frozen=True)
class Facts:
    """What is told of a subject, as of a night. No trait is in it."""

    night: str
    subject: str
    source: str
    producer: str
    person: str
    created: str
    link: Row
    companions: list[Companion]
    others: dict[str, Companion]
    refusals: list[Row]
    relations: list[Row]
    events: list[Row]
    decisions: list[Row]
    items: list[Row] = field(default_factory=list)
    open: frozenset[str] = frozenset()

    @property
    def mine(self) -> set[str]:
        """The person and everybody in it."""
        return {self.person, self.subject, *(one.subject for one in self.companions)}


def facts_of(settings: Settings, subject: str) -> Facts:
    """The facts of a subject that the newest published night knows. Raises DataRefused when that night has none."""
    night = base_night(settings, "9999")
    if night is None:
        raise DataRefused("LNK-051: no night is published yet, so no subject is known; run a night first.")
    index = tables_from_json(read_json(settings.identity / night / "index.json")["tables"])
    walk = published_walk(settings)
    person = by_person(settings, {subject}, walk)[subject]
    found = persons_of(settings, {person}, index, walk)
    told = by_subject(found.traits)
    told = {one.subject: told.get(one.subject, traits_of([])) for one in found.members}
    place = places_of(found.traits).get(subject, ("", ""))
    with Reader(settings, index) as reader:
        ends = sorted({subject, person})
        links = reader.rows("link", "list_contains($ends, subject_id)", ends=sorted(told))
        link = [row for row in links if row["subject_id"] == subject]
        refusals = once(subject, reader.rows("refusal", EITHER, subject=subject, ends=ends), "guard")
        relations = once(subject, reader.rows("relation", EITHER, subject=subject, ends=ends))
        events = reader.rows("person_event", "subject_id = $subject", subject=subject)
        items = reader.rows("review_item", "list_contains($ends, left_id) OR list_contains($ends, right_id)", ends=ends)
        others = others_of(reader, subject, told[subject], refusals + relations)
    companions = [alike(one, subject, link) for one in companions_of(subject, told, found.traits, links)]
    every = read_decisions(settings, decision_files(settings))
    standing = {one.decision_id for one in in_force(every)}
    waiting = frozenset(one.item_id for one in undecided(settings, index, walk, in_force(every)))
    decisions = [vars(one) | {"stands": one.decision_id in standing} for one in every if subject in one.pair]
    created = min((one.created for one in found.members), default="")
    return Facts(
        night, subject, *place, person, created, link[-1] if link else {}, companions, others,
        refusals, relations, events, decisions, items, waiting,
    )  # fmt: skip


def by_subject(rows: list[Row], name: str = "subject_id") -> dict[str, Traits]:
    """The traits of each subject, or person, in some trait rows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return {one: traits_of(mine) for one, mine in found.items()}


def places_of(rows: list[Row]) -> dict[str, tuple[str, str]]:
    """Source and producer of each subject in some trait rows."""
    return {row["subject_id"]: (row["source"], row["producer"]) for row in rows}


def companions_of(subject: str, told: dict[str, Traits], rows: list[Row], links: list[Row]) -> list[Companion]:
    """The other subjects of the person. ``told``: the traits of each; ``rows``, ``links``: its trait and link rows."""
    tiers = {row["subject_id"]: row["tier"] for row in links}
    way = ways(subject, rows, tiers, lambda one, other: nearness(compare(told[one], told[other])))
    places = places_of(rows)
    return [
        Companion(one, *places.get(one, ("", "")), compare(told[subject], told[one]), way.get(one))
        for one in sorted(set(told) - {subject})
    ]


def others_of(reader: "Reader", subject: str, own: Traits, rows: list[Row]) -> dict[str, Companion]:
    """The other ends of refusals and relations, with what agrees; those that the index knows no more are left out."""
    ends = sorted({row[name] for row in rows for name in ("subject_id", "other_id")} - {subject})
    traits = reader.rows(
        "person_trait", "list_contains($ends, subject_id) OR list_contains($ends, person_id)", ends=ends
    )
    places, every = places_of(traits), by_subject(traits, "person_id") | by_subject(traits)
    return {one: Companion(one, *places.get(one, ("", "")), compare(own, every[one])) for one in ends if one in every}


def alike(one: Companion, subject: str, link: list[Row]) -> Companion:
    """What differs letter by letter and the score found near, when the score tied the two."""
    if not link or one.way != Way("score", subject, True):
        return one
    near = {COMPARED[name] for name, level in levels_of(link[-1]["levels"]) if name in COMPARED and level}
    told = {name: "alike" if kind == "different" and name in near else kind for name, kind in one.agreement.items()}
    return replace(one, agreement=told)


def once(subject: str, rows: list[Row], *more: str) -> list[Row]:
    """One row for each other side (and each value of ``more``): the subject's own row before that of the other side."""
    found: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: row["subject_id"] != subject):
        other = row["other_id"] if row["subject_id"] == subject else row["subject_id"]
        found.setdefault((other, *(row[name] for name in more)), row)
    return sorted(found.values(), key=lambda row: row["night"])


class Reader:
    """Rows of the index, by conditions on tokens."""

    def __init__(self, settings: Settings, index: dict[str, Any]) -> None:
        self.pool, self.index = Pool(settings.identity / "pool"), index
        self.engine = duckdb.connect()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    def rows(self, table: str, condition: str, **values: Any) -> list[Row]:
        """Rows of a table that meet a condition, oldest night first."""
        files = [str(self.pool.path(file)) for file in files_of(self.index.get(table, {}))]
        if not files:
            return []
        query = f"SELECT * FROM read_parquet($files) WHERE {condition} ORDER BY ALL"  # noqa: S608
        found = self.engine.execute(query, {"files": files, **values})
        names = [one[0] for one in found.description or []]
        return sorted((dict(zip(names, row, strict=True)) for row in found.fetchall()), key=lambda row: row["night"])
