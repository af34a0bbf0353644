"""From what a request names to everything that is the same person's: claims and the crosswalk, both ways."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.keys import key_table
from jobs.core.nights import closed_nights, state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, read_json
from jobs.core.tokens import token_hex, with_key
from jobs.link.traits import is_own, trait_rows
from jobs.link.walk import MOVE, moved, moves_of, published_walk
from jobs.rights.memory import refused_nights
from jobs.rights.register import KEY, NUMBER, Entry, reached
from jobs.standardise.pools import standard_pool

Values = frozenset[str]
Moves = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Known:
    """What the zones tell of identities: (subject, number token) of own numbers, the crosswalk as it is now, moves."""

    numbers: DataFrame
    crosswalk: DataFrame
    moves: Moves = ()

    def subjects_of_numbers(self, tokens: Iterable[str]) -> Values:
        """Subjects that have one of the numbers as their own."""
        return picked(self.numbers, "token", tokens, "subject_id")

    def numbers_of(self, subjects: Iterable[str]) -> Values:
        """Own numbers of some subjects: a waiting number, an older INS, the NIR that came later."""
        return picked(self.numbers, "subject_id", subjects, "token")

    def persons_of(self, subjects: Iterable[str]) -> Values:
        """Persons of some subjects."""
        return picked(self.crosswalk, "subject_id", subjects, "person_id")

    def subjects_of(self, persons: Iterable[str]) -> Values:
        """Subjects of some persons."""
        return picked(self.crosswalk, "person_id", persons, "subject_id")


def picked(frame: DataFrame, column: str, values: Iterable[str], wanted: str) -> Values:
    """Values of one column where another has one of some values."""
    wanted_values = sorted(values)
    if not wanted_values:
        return frozenset()
    rows = frame.where(F.col(column).isin(wanted_values)).select(wanted).distinct().collect()
    return frozenset(row[0] for row in rows)


def known(spark: SparkSession, settings: Settings) -> Known:
    """Everything the identity zone and the crosswalk hold, also of nights that were held or refused."""
    key = key_table(spark, settings, KEY)
    claims = frame_of(spark, settings.identity / "pool", "identity/claim")
    walk = frame_of(spark, settings.crosswalk / "pool", "crosswalk/crosswalk", but=("former_id",))
    moves = published_walk(settings).get(MOVE, {})
    now = moved(spark, settings, walk.distinct(), moves).localCheckpoint()
    return Known(own_numbers(trait_rows(claims), key).localCheckpoint(), now, tuple(moves_of(settings, moves)))


def own_numbers(traits: DataFrame, key: DataFrame) -> DataFrame:
    """``subject_id`` and ``token`` of numbers that are the subject's own, not a parent's or an insured's."""
    own = with_key(traits.where(is_own()), key)
    return own.select("subject_id", token_hex(NUMBER, F.col("number")).alias("token")).distinct()


def frame_of(spark: SparkSession, pool: Path, name: str, but: tuple[str, ...] = ()) -> DataFrame:
    """All files of a pool that have the columns of a table and none of some others, whatever pointer names them."""
    schema = load_schema(name)
    paths = [str(path) for path in files_with(pool, schema.names) if not set(but) & set(pq.read_schema(path).names)]
    return spark.read.schema(schema.spark).parquet(*paths) if paths else spark.createDataFrame([], schema.spark)


def files_with(pool: Path, names: list[str]) -> Iterator[Path]:
    """Files of a pool that have some columns."""
    for path in sorted(pool.glob("*/*.parquet")):
        if set(names) <= set(pq.read_schema(path).names):
            yield path


def resolve(settings: Settings, known: Known, entry: Entry) -> Entry:
    """The entry with all subjects, persons, numbers and stays of its person. Follows every way until nothing is new.

    A number is followed only where it is the subject's own, so that neither a parent nor a child is taken along. What
    nights refused because of this request is its own too.
    """
    refused = [night for _, night in refused_nights(settings)]
    came = frozenset(subject for one in refused for subject, token in one.subjects if token in entry.numbers)
    entry = reached(entry, subjects=came)
    while True:
        subjects = entry.subjects | known.subjects_of_numbers(entry.numbers) | subjects_of_stays(settings, entry.stays)
        persons = entry.persons | known.persons_of(subjects)
        subjects |= known.subjects_of(persons)
        more = reached(entry, numbers=known.numbers_of(subjects), subjects=subjects, persons=persons)
        if more == entry:
            told = frozenset(stay for one in refused for subject, stay in one.stays if subject in entry.subjects)
            former = former_persons(known, entry)
            return reached(entry, persons=former, stays=told | stays_of(settings, entry.subjects))
        entry = more


def former_persons(known: Known, entry: Entry) -> Values:
    """Persons that the entry's subjects were before a merge or a split, and that nobody else was or is.

    Kept releases may bear their pseudonyms.
    """
    were: dict[str, set[str]] = {}
    for one in known.moves:
        were.setdefault(one["former_id"], set()).add(one["subject_id"])
    own = {person for person, subjects in were.items() if subjects <= entry.subjects}
    shared = known.persons_of(known.subjects_of(own) - entry.subjects)
    return frozenset(own - shared)


def stay_files(settings: Settings) -> tuple[list[str], list[str]]:
    """Files that say whose a stay is: those of every kept state, and those of the newest one."""
    pool = standard_pool(settings, "hospital").root
    every = list(files_with(pool, load_schema("standard/hospital_line").names))
    nights = closed_nights(settings, "hospital")
    newest = read_json(state_path(settings, "hospital", nights[-1])) if nights else {}
    parts = newest.get("tables", {}).get("hospital_line", {})
    names = {DataFile.from_json(item).sha256 for files in parts.values() for item in files}
    return [str(path) for path in every], [str(path) for path in every if path.stem in names]


def stays_of(settings: Settings, subjects: Values) -> Values:
    """Stays of some subjects, withdrawn ones too, but for those that the newest state gives to somebody else."""
    every, newest = stay_files(settings)
    found = frozenset(row[1] for row in lines(every, subjects, "subject_id"))
    return found - frozenset(row[1] for row in lines(newest, found, "stay_id") if row[0] not in subjects)


def subjects_of_stays(settings: Settings, stays: Values) -> Values:
    """Subjects that the newest state gives some stays to."""
    return frozenset(row[0] for row in lines(stay_files(settings)[1], stays, "stay_id"))


def lines(files: list[str], values: Values, column: str) -> set[tuple[str, str]]:
    """(subject, stay) of the lines that have one of some values in a column."""
    if not files or not values:
        return set()
    with duckdb.connect() as engine:
        query = f"SELECT DISTINCT subject_id, stay_id FROM read_parquet(?) WHERE list_contains(?, {column})"  # noqa: S608
        rows = engine.execute(query, [files, sorted(values)]).fetchall()
    return {(subject, stay) for subject, stay in rows if subject and stay}
