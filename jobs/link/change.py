"""Decisions of stewards in the nightly run: applied before the rules, outside Spark, to the few persons concerned."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, Pool, files_of
from jobs.core.tables import write_small
from jobs.link.decisions import decision_files, fresh, in_force, read_decisions
from jobs.link.events import event_rows, move_rows, person_rows
from jobs.link.settle import Member, Move, settle
from jobs.link.ties import ties
from jobs.link.walk import CROSSWALK, MOVE, Tables, crosswalk_pool, moves_of, persons_now

Row = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What decisions add to a night: files of index tables by table, files of moves, and the moves themselves."""

    index: Tables = field(default_factory=dict)
    moves: Partitions = field(default_factory=dict)
    told: tuple[Move, ...] = ()


@dataclass(frozen=True)
class Persons:
    """The persons that decisions speak of: their members, and the trait rows of these."""

    members: list[Member]
    traits: list[Row]


def change(settings: Settings, night: str, base: str | None, index: Tables, walk: Tables) -> Change:
    """Apply the decisions that hold from tonight on. ``index`` and ``walk`` are the base's tables.

    A decision about a subject that nobody knows any more (erased since) does nothing.
    """
    files = decision_files(settings, night)
    every = in_force(read_decisions(settings, files))
    tonight = fresh(every, base)
    if not tonight or base is None:
        return Change({"decision": files})
    persons = set(by_person(settings, {end for one in tonight for end in one.pair}, walk).values())
    found = persons_of(settings, persons, index, walk)
    key = key_bytes(settings, "index")
    before = [one for one in every if one not in tonight]
    moves = settle(found.members, tonight, before, ties(found.traits), night, key)
    return written(settings, night, moves, found, {"decision": files})


def written(settings: Settings, night: str, moves: list[Move], found: Persons, index: Tables) -> Change:
    """The moves as files of the pools; nothing names them yet."""
    if not moves:
        return Change(index)
    known = {one.person for one in found.members}
    rows = {"person_event": event_rows(moves, night), "person": person_rows(moves, known, found.traits, night)}
    with attempt_folder(settings) as attempt:
        added = {
            name: {night: [small(table, f"identity/{name}", Pool(settings.identity / "pool"), attempt)]}
            for name, table in rows.items()
            if table
        }
        walked = small(move_rows(moves, night), "crosswalk/move", crosswalk_pool(settings), attempt)
    return Change(index | added, {night: [walked]}, tuple(moves))


def small(rows: list[Row], schema: str, pool: Pool, attempt: Path) -> DataFile:
    """A small table as one file of a pool."""
    return write_small(rows, load_schema(schema), pool, attempt)


def persons_of(settings: Settings, persons: set[str], index: Tables, walk: Tables) -> Persons:
    """All members of some persons as they are now, and their trait rows."""
    now = persons_now(moves_of(settings, walk.get(MOVE, {})))
    pool = Pool(settings.identity / "pool")
    with duckdb.connect() as engine:
        inside = dict(picked(engine, crosswalk_pool(settings), walk.get(CROSSWALK, {}), WALK, "person_id", persons))
        inside = {one: who for one, who in (inside | now).items() if who in persons}
        born = dict(picked(engine, pool, index.get("person", {}), ("person_id", "created_night"), "person_id", persons))
        linked = sorted(picked(engine, pool, index.get("link", {}), ("subject_id", "night"), "subject_id", set(inside)))
        names = load_schema("identity/person_trait").names
        rows = picked(engine, pool, index.get("person_trait", {}), tuple(names), "subject_id", set(inside))
    since = dict(reversed(linked))  # the earliest link of each subject
    members = [Member(one, who, since.get(one, ""), born.get(who, "")) for one, who in sorted(inside.items())]
    return Persons(members, [dict(zip(names, row, strict=True)) for row in rows])


def by_person(settings: Settings, subjects: set[str], walk: Tables) -> dict[str, str]:
    """The person of each of some subjects now; who is unknown is left out."""
    now = persons_now(moves_of(settings, walk.get(MOVE, {})))
    with duckdb.connect() as engine:
        first = picked(engine, crosswalk_pool(settings), walk.get(CROSSWALK, {}), WALK, "subject_id", subjects)
    return {subject: now.get(subject, person) for subject, person in first}


WALK = ("subject_id", "person_id")


def picked(
    engine: duckdb.DuckDBPyConnection,
    pool: Pool,
    parts: Partitions,
    names: tuple[str, ...],
    by: str,
    values: set[str],
) -> list[tuple[Any, ...]]:
    """Some columns of the rows that have one of some values in a column; no row when there is no file."""
    files = [str(pool.path(file)) for file in files_of(parts)]
    if not files or not values:
        return []
    query = f"SELECT {', '.join(names)} FROM read_parquet(?) WHERE {by} IN (SELECT unnest(?))"  # noqa: S608
    return engine.execute(query, [files, sorted(values)]).fetchall()
