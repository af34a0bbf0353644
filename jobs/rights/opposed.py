"""Who is opposed in a night: everybody in the register, and who came since under one of its numbers.

`link` writes it beside the night's index, so that a refused night leaves no trace of it either.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.core.keys import key_table
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import Partitions, Pool, files_of, read_json, write_json
from jobs.core.tables import read_files
from jobs.link.walk import MOVE, Tables, people
from jobs.rights.register import KEY, OPPOSITION, Register, load
from jobs.rights.resolve import Known, Values, own_numbers


@dataclass(frozen=True)
class Opposed:
    """Persons whose rows are not published, and all their subjects.

    ``again`` says that a subject is opposed whom earlier nights knew and published: months that nothing else touches
    may hold its rows. A subject that came tonight has rows in tonight's files alone.
    """

    persons: Values = frozenset()
    subjects: Values = frozenset()
    again: bool = True

    def joined(self, other: "Opposed") -> "Opposed":
        """Those of both."""
        return Opposed(self.persons | other.persons, self.subjects | other.subjects)

    def to_json(self, night: str) -> dict[str, Any]:
        """As written beside the index."""
        told = {"night": night, "again": self.again}
        return told | {"persons": sorted(self.persons), "subjects": sorted(self.subjects)}


def opposed_path(settings: Settings, night: str) -> Path:
    """Where a night's opposed persons are written."""
    return settings.identity / night / "opposed.json"


def read_opposed(settings: Settings, night: str | None) -> Opposed:
    """Opposed persons of a night; none when nobody had opposed."""
    path = opposed_path(settings, night) if night else None
    if path is None or not path.is_file():
        return Opposed()
    value = read_json(path)
    return Opposed(frozenset(value["persons"]), frozenset(value["subjects"]), value["again"])


def in_register(register: Register) -> Opposed:
    """Those that the register knows."""
    return Opposed(register.all_of(OPPOSITION, "persons"), register.all_of(OPPOSITION, "subjects"))


def write_opposed(
    settings: Settings,
    night: str,
    base: str | None,
    spark: SparkSession | None = None,
    traits: Partitions | None = None,
    walk: Tables | None = None,
) -> int:
    """Write the opposed of a night and return their number; nothing at all when nobody has opposed.

    ``traits`` and ``walk`` as the night's index and crosswalk have them, with the base's partitions. Only what the
    night added or moved is searched: what was there before, the register's own run has searched.
    """
    register = load(settings)
    if not register.has(OPPOSITION):
        opposed_path(settings, night).unlink(missing_ok=True)
        return 0
    before = read_opposed(settings, base)
    found, came = before.joined(in_register(register)), frozenset[str]()
    if spark is not None:
        found, came = came_tonight(spark, settings, night, found, register, traits or {}, walk or {})
    found = replace(found, again=not found.subjects - before.subjects <= came)
    write_json(opposed_path(settings, night), found.to_json(night))
    return len(found.persons)


def came_tonight(
    spark: SparkSession,
    settings: Settings,
    night: str,
    before: Opposed,
    register: Register,
    traits: Partitions,
    walk: Tables,
) -> tuple[Opposed, Values]:
    """The opposed, with whoever came tonight under a number of the register; and their subjects that came tonight.

    Whom a merge of tonight makes one person with an opposed one is opposed too. A split frees nobody: the request may
    have meant either of the two.
    """
    rows = frame(spark, settings.identity / "pool", "identity/person_trait", {night: traits.get(night, [])})
    tonight = {name: {night: parts.get(night, [])} for name, parts in walk.items()}
    new = Known(own_numbers(rows, key_table(spark, settings, KEY)), people(spark, settings, tonight))
    all_, moves = Known(rows, people(spark, settings, walk)), bool(files_of(tonight.get(MOVE, {})))
    by_number = all_.persons_of(new.subjects_of_numbers(register.all_of(OPPOSITION, "numbers")))
    by_move = all_.persons_of(before.subjects) if moves else frozenset[str]()
    persons = before.persons | by_number | by_move | new.persons_of(before.subjects)
    came = new.subjects_of(persons)
    whole = persons if moves else persons - before.persons
    return before.joined(Opposed(persons, came | all_.subjects_of(whole))), came


def frame(spark: SparkSession, pool: Path, name: str, parts: Partitions) -> DataFrame:
    """Rows of some partitions of a table."""
    return read_files(spark, Pool(pool), files_of(parts), load_schema(name))
