"""Everything that the newest published index says of one subject: link, companions, refusals, relations, decisions.

Traits are compared here and forgotten: only whether they agree leaves this module.
"""

from dataclasses import dataclass, field
from typing import Any

import duckdb

from jobs.core.errors import DataRefused
from jobs.core.nights import base_night
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool, files_of, read_json, tables_from_json
from jobs.link.change import by_person, persons_of
from jobs.link.decisions import decision_files, in_force, read_decisions
from jobs.link.walk import published_walk

Row = dict[str, Any]
TRAITS = {  # what is compared -> its columns in a trait row
    "number": ("number",),
    "birth_date": ("birth_date",),
    "given_name": ("given_key",),
    "family_name": ("family_key", "used_key"),
    "sex": ("sex",),
    "birth_place": ("birth_place",),
    "birth_rank": ("birth_rank",),
}


EITHER = "subject_id = $subject OR list_contains($ends, other_id)"  # met as a subject, or later as its person


@dataclass(frozen=True)
class Companion:
    """Another subject of the same person, and which traits agree, differ, are swapped, or are unknown on a side."""

    subject: str
    source: str
    producer: str
    agreement: dict[str, str]


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
    refusals: list[Row]
    relations: list[Row]
    events: list[Row]
    decisions: list[Row]
    items: list[Row] = field(default_factory=list)


def facts_of(settings: Settings, subject: str) -> Facts:
    """The facts of a subject that the newest published night knows. Raises DataRefused when that night has none."""
    night = base_night(settings, "9999")
    if night is None:
        raise DataRefused("LNK-051: no night is published yet, so no subject is known; run a night first.")
    index = tables_from_json(read_json(settings.identity / night / "index.json")["tables"])
    walk = published_walk(settings)
    person = by_person(settings, {subject}, walk)[subject]
    found = persons_of(settings, {person}, index, walk)
    told = {
        one.subject: traits_of([row for row in found.traits if row["subject_id"] == one.subject])
        for one in found.members
    }
    places = {row["subject_id"]: (row["source"], row["producer"]) for row in found.traits}
    companions = [
        Companion(one, *places.get(one, ("", "")), compare(told[subject], traits))
        for one, traits in sorted(told.items())
        if one != subject
    ]
    with Reader(settings, index) as reader:
        ends = sorted({subject, person})
        link = reader.rows("link", "subject_id = $subject", subject=subject)
        refusals = once(subject, reader.rows("refusal", EITHER, subject=subject, ends=ends), "guard")
        relations = once(subject, reader.rows("relation", EITHER, subject=subject, ends=ends))
        events = reader.rows("person_event", "subject_id = $subject", subject=subject)
        items = reader.rows("review_item", "list_contains($ends, left_id) OR list_contains($ends, right_id)", ends=ends)
    every = read_decisions(settings, decision_files(settings))
    standing = {one.decision_id for one in in_force(every)}
    decisions = [vars(one) | {"stands": one.decision_id in standing} for one in every if subject in one.pair]
    created = min((one.created for one in found.members), default="")
    return Facts(
        night, subject, *places.get(subject, ("", "")), person, created, link[-1] if link else {}, companions,
        refusals, relations, events, decisions, items,
    )  # fmt: skip


def once(subject: str, rows: list[Row], *more: str) -> list[Row]:
    """One row for each other side (and each value of ``more``): the subject's own row before that of the other side."""
    found: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: row["subject_id"] != subject):
        other = row["other_id"] if row["subject_id"] == subject else row["subject_id"]
        found.setdefault((other, *(row[name] for name in more)), row)
    return sorted(found.values(), key=lambda row: row["night"])


def traits_of(rows: list[Row]) -> dict[str, set[Any]]:
    """The known values of each trait in some trait rows."""
    return {
        name: {row[column] for row in rows for column in columns if row[column] is not None}
        for name, columns in TRAITS.items()
    }


def compare(one: dict[str, set[Any]], other: dict[str, set[Any]]) -> dict[str, str]:
    """``same`` when two subjects share a value of a trait, ``different`` when both know it and share none.

    ``swapped``: family and given name, each in the other's place.
    """
    told = {
        name: "same" if one[name] & other[name] else "different" if one[name] and other[name] else "unknown"
        for name in TRAITS
    }
    names = ("given_name", "family_name")
    if all(told[name] == "different" for name in names) and crossed(one, other) and crossed(other, one):
        told |= dict.fromkeys(names, "swapped")
    return told


def crossed(one: dict[str, set[Any]], other: dict[str, set[Any]]) -> bool:
    """A given name of one is a family name of the other; keys of family names have no spaces."""
    return bool({name.replace(" ", "") for name in one["given_name"]} & other["family_name"])


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
