"""The queues of doubt as a steward reads them: what nobody has decided yet, what matters most first."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from jobs.core.cli import SOURCES
from jobs.core.nights import base_night, closed_nights, state_path
from jobs.core.schema import schemas_of
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool, files_of, read_json, tables_from_json
from jobs.link.change import by_person, persons_of, picked
from jobs.link.decisions import DIFFERENT, SAME, Decision, decision_files, in_force, parts_of, read_decisions
from jobs.link.settle import Member
from jobs.link.walk import Tables, published_walk
from jobs.standardise.pools import standard_pool

RULE_CENTIBITS = 2_000  # the weight that stands for a rule's key, which the score has not weighed
NAMES = ("item_id", "night", "queue", "left_id", "right_id", "reason", "weight_centibits", "levels")


@dataclass(frozen=True)
class Item:
    """A doubt: two sides, each with the subjects that it stands for, the oldest first. ``rows``: care rows at stake."""

    item_id: str
    night: str
    queue: str
    reason: str
    weight_centibits: int | None
    levels: str | None
    left: tuple[str, ...]
    right: tuple[str, ...]
    rows: int = 0

    @property
    def stake(self) -> int:
        """Weight times rows at stake; an item without rows counts as one row."""
        return (RULE_CENTIBITS if self.weight_centibits is None else self.weight_centibits) * max(self.rows, 1)


def open_items(settings: Settings) -> list[Item]:
    """The items of the newest published index that no decision has settled, the largest stake first."""
    night = base_night(settings, "9999")
    if night is None:
        return []
    index = tables_from_json(read_json(settings.identity / night / "index.json")["tables"])
    decisions = in_force(read_decisions(settings, decision_files(settings)))
    items = undecided(settings, index, published_walk(settings), decisions)
    counted = care_rows(settings, {subject for one in items for subject in (*one.left, *one.right)})
    weighed = [replace(one, rows=min(rows_of(one.left, counted), rows_of(one.right, counted))) for one in items]
    return sorted(weighed, key=lambda one: (-one.stake, one.item_id))


def undecided(settings: Settings, index: Tables, walk: Tables, decisions: list[Decision]) -> list[Item]:
    """The items of an index that neither a decision nor a later merge or split has answered."""
    files = [str(Pool(settings.identity / "pool").path(file)) for file in files_of(index.get("review_item", {}))]
    if not files:
        return []
    with duckdb.connect() as engine:
        found = engine.execute(f"SELECT {', '.join(NAMES)} FROM read_parquet(?)", [files]).fetchall()  # noqa: S608
    rows = [dict(zip(NAMES, row, strict=True)) for row in found]
    ends = {row[side] for row in rows for side in ("left_id", "right_id") if row[side]}
    person = by_person(settings, ends, walk)
    members = persons_of(settings, {*person.values(), *(ends - set(person))}, index, walk).members
    sides, now = members_of(members), {one.subject: one.person for one in members}
    answers = Answers.of(decisions)
    items = [item_of(row, person, sides) for row in rows]
    return [one for one in items if one and not answers.settle(one, now)]


def members_of(members: Iterable[Member]) -> dict[str, tuple[str, ...]]:
    """The subjects of each person, the oldest first."""
    found: dict[str, tuple[str, ...]] = {}
    for one in sorted(members, key=lambda member: member.age):
        found[one.person] = (*found.get(one.person, ()), one.subject)
    return found


def item_of(row: dict[str, Any], person: dict[str, str], sides: dict[str, tuple[str, ...]]) -> Item | None:
    """An item with its subjects; nothing when a side is known no more (erased, or merged since)."""
    told = [side_of(row["queue"], row[name], person, sides) for name in ("left_id", "right_id")]
    if not all(told):
        return None
    kept = {name: row[name] for name in ("item_id", "night", "queue", "reason", "weight_centibits", "levels")}
    return Item(**kept, left=told[0], right=told[1])


def side_of(queue: str, end: str, person: dict[str, str], sides: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The subjects of a side: a person's, or a subject with its person's others; in the split queue it alone."""
    if end in sides:
        return sides[end]
    if end not in person:
        return ()
    return (end,) if queue == "split" else (end, *[one for one in sides[person[end]] if one != end])


@dataclass(frozen=True)
class Answers:
    """What decisions say of pairs: declared different, and the part of each subject that was declared the same."""

    apart: frozenset[frozenset[str]]
    part: dict[str, str]

    @staticmethod
    def of(decisions: list[Decision]) -> "Answers":
        """The answers of the decisions in force."""
        apart = frozenset(frozenset(one.pair) for one in decisions if one.kind == DIFFERENT)
        return Answers(apart, parts_of(one for one in decisions if one.kind == SAME))

    def settle(self, item: Item, now: dict[str, str]) -> bool:
        """Whether a decision or a later merge or split has answered an item. ``now``: the person of each subject."""
        together = now[item.left[0]] == now[item.right[0]]
        if (item.queue == "match") == together:
            return True
        labels = [{self.part.get(one, one) for one in side} for side in (item.left, item.right)]
        apart = any(frozenset((one, other)) in self.apart for one in item.left for other in item.right)
        return apart or bool(labels[0] & labels[1])


def care_rows(settings: Settings, subjects: set[str]) -> dict[str, int]:
    """Care rows of some subjects in the newest states of the sources; reads one column of each table."""
    counted: dict[str, int] = {}
    personal = {schema.name for schema in schemas_of("standard") if "subject_id" in schema.names}
    with duckdb.connect() as engine:
        for source in SOURCES:
            nights = closed_nights(settings, source)
            tables = tables_from_json(read_json(state_path(settings, source, nights[-1]))["tables"]) if nights else {}
            for name in sorted(personal & set(tables)):
                pool = standard_pool(settings, source)
                for (subject,) in picked(engine, pool, tables[name], ("subject_id",), "subject_id", subjects):
                    counted[subject] = counted.get(subject, 0) + 1
    return counted


def rows_of(side: tuple[str, ...], counted: dict[str, int]) -> int:
    """Care rows of one side."""
    return sum(counted.get(subject, 0) for subject in side)
