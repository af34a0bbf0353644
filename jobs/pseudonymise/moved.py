"""What merges and splits of persons change in publication: months to make again, and who took whose place.

A merge rewrites nothing at once: months that nothing else touches keep the old pseudonym, `pseudonym_succession` says
which one holds now, and the first published night of a month makes the rest again (the compaction). A split rewrites
at once every month that holds rows of those who moved: what was told of two people under one pseudonym may not stand.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import Partitions, files_of
from jobs.core.tables import write_small
from jobs.core.tokens import text_base32
from jobs.link.settle import MERGED, SPLIT
from jobs.link.walk import persons_now
from jobs.pseudonymise.generalise import PERSON
from jobs.pseudonymise.months import Plan
from jobs.release.pools import candidate_pool, locate
from jobs.rights.opposed import read_opposed
from jobs.rights.withheld import Withheld, withheld_months

SUCCESSION = "pseudonym_succession"
Moves = list[dict[str, Any]]
Ends = dict[str, tuple[str, str]]  # person that a merge ended: the person now, and the night


def to_rewrite(moves: Moves, base: str | None, night: str) -> frozenset[str]:
    """Subjects whose rows are made again tonight: who was split off since the base, and at a month's turn who merged.

    The first published night of a month takes all merges since the month of the base began.
    """
    turned = base is not None and base[:7] < night[:7]
    since = "" if base is None else base
    return frozenset(
        one["subject_id"]
        for one in moves
        if (one["kind"] == SPLIT and one["night"] > since)
        or (one["kind"] == MERGED and turned and one["night"] >= since[:7])
    )


def months_of(settings: Settings, plan: Plan, subjects: frozenset[str]) -> list[str]:
    """Months of a table that hold rows of some subjects. Reads one column, and nothing when nobody moved."""
    if not subjects or not plan.personal:
        return []
    return sorted(withheld_months(settings, plan.schema.veillee["standard"], plan.files, Withheld(subjects)))


def ended(moves: Moves) -> Ends:
    """Persons that merges ended, each with the person of those whom no split moved since.

    Where a split moved everybody, no row bears the old pseudonym any more, and the person is left out.
    """
    now = persons_now(moves)
    last_split = {one["subject_id"]: one["night"] for one in moves if one["kind"] == SPLIT}
    found: Ends = {}
    for one in moves:
        subject = one["subject_id"]
        if one["kind"] == MERGED and last_split.get(subject, "") < one["night"]:
            found[one["former_id"]] = (now[subject], one["night"])
    return found


def succession(
    settings: Settings, night: str, version: int, moves: Moves, base: str | None, tables: Mapping[str, Partitions]
) -> tuple[Partitions, frozenset[str]]:
    """The table of pseudonyms that hold no more, and the persons who took a published one's place since the base.

    Only pseudonyms that some release bore are told, and none of an opposed person. ``tables`` are those of the base.
    """
    ends = ended(moves)
    if not ends or base is None:
        return {}, frozenset()
    key, opposed = key_bytes(settings, "centre", version), read_opposed(settings, night).persons

    def name(person: str) -> str:
        return f"{version}.{text_base32(key, PERSON, person)}"

    names = {name(person): person for person in ends if person not in opposed and ends[person][0] not in opposed}
    borne = bearing(settings, tables.get(SUCCESSION, {}), "old", names) | bearing(
        settings, tables.get("person", {}), "pseudonym", names
    )
    rows = [{"old": old, "new": name(ends[names[old]][0]), "since": ends[names[old]][1]} for old in sorted(borne)]
    if not rows:
        return {}, frozenset()
    with attempt_folder(settings) as attempt:
        file = write_small(rows, load_schema(f"published/{SUCCESSION}"), candidate_pool(settings), attempt)
    return {"all": [file]}, frozenset(ends[names[old]][0] for old in borne if ends[names[old]][1] > base)


def bearing(settings: Settings, parts: Partitions, column: str, values: Iterable[str]) -> set[str]:
    """Which of some values a column of published files holds."""
    files: list[Path] = [locate(settings, file) for file in files_of(parts)]
    if not files:
        return set()
    with duckdb.connect() as engine:
        query = f"SELECT DISTINCT {column} FROM read_parquet(?) WHERE {column} IN (SELECT unnest(?))"  # noqa: S608
        rows = engine.execute(query, [[str(path) for path in files], sorted(values)]).fetchall()
    return {row[0] for row in rows}
