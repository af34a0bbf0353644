"""The pseudonymise stage: changed months of each table, and the persons they bring or take away."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from jobs.core.attempt import attempt_folder
from jobs.core.custody import fault
from jobs.core.errors import DataRefused
from jobs.core.keys import check_value, current_version, key_table, require_same_key
from jobs.core.ledger import line
from jobs.core.nights import base_night, require_serial
from jobs.core.schema import load_schema, source_of
from jobs.core.session import spark_session
from jobs.core.settings import Settings
from jobs.core.snapshot import (
    DataFile,
    Partitions,
    Pool,
    files_of,
    read_json,
    tables_from_json,
    tables_to_json,
    write_json,
)
from jobs.core.tables import read_files, write_table
from jobs.link.inputs import states_of
from jobs.link.walk import MOVE, moves_of, pointer
from jobs.pseudonymise.care import Work, care_table
from jobs.pseudonymise.months import Plan, by_month, care_tables, plan, withholding
from jobs.pseudonymise.moved import SUCCESSION, months_of, succession, to_rewrite
from jobs.pseudonymise.persons import departed, partitions_to_write, person_rows
from jobs.release.pools import candidate_pool, locate
from jobs.rights.opposed import read_opposed
from jobs.rights.withheld import STAY_FILES, Withheld, frame_of, withheld_of

Tables = dict[str, Partitions]


@dataclass(frozen=True)
class Before:
    """The base's pseudonymised tables and the fingerprints of their months; empty before the first release."""

    night: str | None
    tables: Tables
    fingerprints: dict[str, dict[str, str]]
    withheld: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


def pseudonymise(settings: Settings, night: str, source: str | None = None) -> dict[str, Any]:
    """Put persons' pseudonyms in the place of subjects, and generalise, where inputs changed."""
    require_serial(settings, night)
    states = states_of(settings, night)
    index, walk = linked(settings, night)
    version = current_version(settings, "centre")
    before = load_before(settings, night, version)
    mark = f"{version}.{check_value(settings, 'centre', version)}"
    plans = [plan(schema, states, mark) for schema in care_tables()]
    withheld = withheld_of(settings, night, by_month(STAY_FILES, states))
    if withheld:
        plans = [held_back(settings, one, withheld, before, read_opposed(settings, night).again) for one in plans]
    tables, counts = kept(plans, before), {"months_made": 0, "months_kept": 0}
    moves = moves_of(settings, walk.get(MOVE, {}))
    tables[SUCCESSION], successors = succession(settings, night, version, moves, before.night, before.tables)
    work = to_make(settings, plans, before, to_rewrite(moves, before.night, night))
    counts["months_made"] = sum(len(months) for months in work.values())
    counts["months_kept"] = sum(len(one.fingerprints) for one in plans) - counts["months_made"]
    lost = any(set(before.tables.get(one.schema.name, {})) - set(one.files) for one in plans)
    if counts["months_made"] or lost or successors:
        size = to_read(plans, work, walk)
        with attempt_folder(settings) as attempt, spark_session(settings, f"pseudonymise {night}", size) as spark:
            key = key_table(spark, settings, "centre", version)
            job = Work(spark, settings, attempt, key, version, walk, withheld, successors)
            for one in plans:
                tables[one.schema.name] |= care_table(job, one, work[one.schema.name])
            tables["person"] = persons(job, plans, work, tables, before, index)
    body = {"night": night, "base": before.night, "key_version": version, "key_check": mark.split(".")[1]}
    marks = {one.schema.name: one.fingerprints for one in plans}
    write_json(
        settings.candidate / night / "pseudonymised.json",
        body | told_of_rights(plans, before) | {"fingerprints": marks, "tables": tables_to_json(tables)},
    )
    return counts | {name: sum(file.rows for file in files_of(parts)) for name, parts in sorted(tables.items())}


def to_make(settings: Settings, plans: list[Plan], before: Before, moved: frozenset[str]) -> dict[str, list[str]]:
    """The months of each table to make: those whose inputs changed, and those with rows of subjects that moved."""
    return {
        one.schema.name: sorted(
            {*one.changed(before.fingerprints.get(one.schema.name, {})), *months_of(settings, one, moved)}
        )
        for one in plans
    }


def to_read(plans: list[Plan], work: dict[str, list[str]], walk: Tables) -> int:
    """Bytes of the standard files of the months to make, and of the crosswalk."""
    files = [file for one in plans for part in one.of(work[one.schema.name]) for file in part]
    return sum(file.bytes for file in [*files, *(file for parts in walk.values() for file in files_of(parts))])


def held_back(settings: Settings, one: Plan, withheld: Withheld, before: Before, again: bool) -> Plan:
    """A plan that withholds rows of opposed persons."""
    name = one.schema.name
    known = before.withheld.get(name, {})
    return withholding(settings, one, withheld, before.fingerprints.get(name, {}), known, again)


def told_of_rights(plans: list[Plan], before: Before) -> dict[str, Any]:
    """What is withheld by table and month, and the ledger lines of what came under opposition since the base."""
    held = {one.schema.name: {month: list(told) for month, told in one.withheld.items()} for one in plans}
    lines = []
    for one in plans:
        was = sum(told[2] for told in before.withheld.get(one.schema.name, {}).values())
        count = sum(told.rows for told in one.withheld.values()) - was
        if count > 0 and not one.schema.veillee.get("derive"):
            about = {"source": source_of(one.schema.veillee["standard"]), "table": one.schema.name}
            lines.append(line(count, stage="pseudonymise", event="opposed", **about))
    told = {name: months for name, months in held.items() if months}
    return {"withheld": told, "ledger": lines} if told or before.withheld else {}


def linked(settings: Settings, night: str) -> tuple[Tables, Tables]:
    """Tables of the night's index and of its crosswalk. Raises DataRefused when link has not run."""
    try:
        walk = tables_from_json(read_json(pointer(settings, night))["tables"])
        return tables_from_json(read_json(settings.identity / night / "index.json")["tables"]), walk
    except FileNotFoundError:
        raise DataRefused(f"night {night} is not linked; run jobs.link first.") from None


def load_before(settings: Settings, night: str, version: int) -> Before:
    """What the base published. Raises DataRefused when its pointer is gone, ConfigError when the key is another.

    The version changes by a rotation alone, which takes the base along: so it is the base's here, or a mistake.
    """
    base = base_night(settings, night)
    if base is None:
        return Before(None, {}, {})
    path = settings.candidate / base / "pseudonymised.json"
    if not path.is_file():
        raise DataRefused(f"night {base} is published but its pseudonymised.json is gone: restore a backup.")
    found = read_json(path)
    if found["key_version"] != version:
        what = f"night {base} was published under centre.v{found['key_version']}, the newest key is centre.v{version}"
        raise fault("KEY-004", what, "restore the missing version, or take the added one away and run jobs.rekey")
    require_same_key(settings, "centre", found["key_check"], version)
    return Before(base, tables_from_json(found["tables"]), found["fingerprints"], found.get("withheld", {}))


def kept(plans: list[Plan], before: Before) -> Tables:
    """The base's files of unchanged months, and its persons."""
    tables: Tables = {"person": before.tables.get("person", {})}
    for one in plans:
        marks = before.fingerprints.get(one.schema.name, {})
        old = before.tables.get(one.schema.name, {})
        same = [month for month, mark in one.fingerprints.items() if marks.get(month) == mark]
        tables[one.schema.name] = {month: old[month] for month in same if month in old}
    return tables


def persons(
    job: Work, plans: list[Plan], work: dict[str, list[str]], tables: Tables, before: Before, index: Tables
) -> Partitions:
    """The persons of the base, with those whose first rows came and without those whose last rows went.

    Raises nothing when nobody moved: the base's files stay as they are.
    """
    schema = load_schema("published/person")
    base = before.tables.get("person", {})
    moved = came(job, plans, work, index, read_published(job, base))
    gone = job.attempt / "departed.parquet"
    count = departed(*touched_paths(job.settings, plans, work, tables, before), gone)
    leaving = job.spark.read.parquet(str(gone)) if count else None
    touched = set(partitions_to_write(moved, schema))
    if leaving is not None:
        old = read_published(job, base).join(leaving, "pseudonym", how="left_semi")
        touched |= set(partitions_to_write(old, schema))
    rows = moved.unionByName(read_published(job, {month: base[month] for month in sorted(touched) if month in base}))
    if leaving is not None:
        rows = rows.join(leaving, "pseudonym", how="left_anti")
    stay = {month: files for month, files in base.items() if month not in touched}
    return stay | (write_table(rows, schema, candidate_pool(job.settings), job.attempt) if touched else {})


def came(job: Work, plans: list[Plan], work: dict[str, list[str]], index: Tables, known: DataFrame) -> DataFrame:
    """Published rows of who was not published and has rows in tonight's months, or took a published person's place."""
    subjects = None
    for one in plans:
        files, _ = one.of(work[one.schema.name])
        if files and one.shows_persons:
            found = job.standard_rows(one.schema.veillee["standard"], files).select("subject_id")
            subjects = found if subjects is None else subjects.unionByName(found)
    schema = load_schema("identity/person")
    everybody = read_files(job.spark, Pool(job.settings.identity / "pool"), files_of(index.get("person", {})), schema)
    if subjects is None and not job.successors:
        return known.limit(0)
    ids = frame_of(job.spark, "person_id", job.successors, job.attempt)
    if subjects is not None:
        ids = ids.unionByName(subjects.distinct().join(job.people(), "subject_id", how="inner").select("person_id"))
    rows = person_rows(everybody.join(ids, "person_id", how="left_semi"), job.key, job.version)
    path = str(job.attempt / "came")  # read three times; a file costs less than making it three times
    rows.join(known.select("pseudonym"), "pseudonym", how="left_anti").write.parquet(path)
    return job.spark.read.schema(load_schema("published/person").spark).parquet(path)


def read_published(job: Work, parts: Partitions) -> DataFrame:
    """Rows of published persons, from whichever pool holds their files."""
    schema = load_schema("published/person")
    paths = paths_of(job.settings, files_of(parts))
    if not paths:
        return job.spark.createDataFrame([], schema.spark)
    return job.spark.read.schema(schema.spark).parquet(*[str(path) for path in paths])


def touched_paths(
    settings: Settings, plans: list[Plan], work: dict[str, list[str]], tables: Tables, before: Before
) -> tuple[list[Path], list[Path], list[Path]]:
    """Care files of touched months as they were, as they are, and those of untouched months; of persons alone."""
    old: list[DataFile] = []
    new: list[DataFile] = []
    rest: list[DataFile] = []
    for one in filter(lambda item: item.shows_persons, plans):
        was, now = before.tables.get(one.schema.name, {}), tables[one.schema.name]
        touched = set(work[one.schema.name]) | (set(was) - set(now))
        old += [file for month in touched for file in was.get(month, [])]
        new += [file for month in touched for file in now.get(month, [])]
        rest += [file for month, files in now.items() if month not in touched for file in files]
    return paths_of(settings, old), paths_of(settings, new), paths_of(settings, rest)


def paths_of(settings: Settings, files: Iterable[DataFile]) -> list[Path]:
    """Where files of a candidate lie, in the order of their names."""
    return [locate(settings, file) for file in sorted(set(files))]
