"""The erasure of a person from every zone.

What tells whose a record is goes last, so that a run that was stopped finds the rest: raw, quarantine and releases are
found through the standard zone, and the standard zone through claims and crosswalk. The register remembers both. Of
deposited bytes the landing goes first: what in it holds no number is found through the packs of raw.
"""

from collections.abc import Iterator

import duckdb
from pyspark.sql import SparkSession

from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool
from jobs.rights.certificate import Told
from jobs.rights.cut import Columns, Marks, Values
from jobs.rights.memory import refused_nights
from jobs.rights.numbers import numbers_known
from jobs.rights.publication import told_of_shared, unpublish
from jobs.rights.quarantine import clear_quarantine
from jobs.rights.raw import Producers, clear_landing, deliveries_of, find_raw, rewrite_raw
from jobs.rights.register import Entry
from jobs.rights.resolve import files_with
from jobs.rights.work import clear_staging
from jobs.rights.zones import Removed, by_marks, clear_zone, standard_pools

NUMBERS = ("own_nir", "holder_nir", "ins", "number")


def erase(spark: SparkSession, settings: Settings, entry: Entry) -> Iterator[Told]:
    """Take a person out of one zone after the other; doing it again finds what is left or came since."""
    found = find_raw(spark, settings, entry, producers_of(settings, entry.subjects))
    landing, notes = clear_landing(settings, entry, deliveries_of(found))
    clear_staging(settings)
    yield Told({"landing": landing}, notes=notes)
    raw = rewrite_raw(settings, found)
    yield Told({"raw": raw}, notes=whole_files(raw))
    yield Told({"quarantine": clear_quarantine(spark, settings, entry)})
    shared = told_of_shared(settings, entry)
    published, releases = unpublish(settings, entry)
    yield Told({"published": published}, releases, notes=shared)
    yield Told({"standard": clear_standard(settings, entry)})
    yield Told({"identity": clear_identity(settings, entry)})
    yield Told({"crosswalk": clear_crosswalk(settings, entry)})


def whole_files(raw: Removed) -> list[str]:
    """What the certificate must say when more than the person's records went."""
    count = raw.count("whole_files")
    return [f"RGT-008: {count} raw files could not be cut and went as a whole."] if count else []


def producers_of(settings: Settings, subjects: Values) -> Producers:
    """By source, the producers who stated a claim of some subjects, or whose records of them a night refused."""
    files = [str(path) for path in files_with(settings.identity / "pool", load_schema("identity/claim").names)]
    found: dict[str, set[str]] = {}
    if files and subjects:
        with duckdb.connect() as engine:
            query = "SELECT DISTINCT source, producer FROM read_parquet(?) WHERE list_contains(?, subject_id)"
            for source, producer in engine.execute(query, [files, sorted(subjects)]).fetchall():
                found.setdefault(source, set()).add(producer)
    for source, night in refused_nights(settings):
        told = {producer for subject, producer, *_ in night.places if subject in subjects}
        found.setdefault(source, set()).update(told)
    return {source: frozenset(names) for source, names in found.items()}


def clear_standard(settings: Settings, entry: Entry) -> Removed:
    """Care rows of all subjects; a child's row no longer names the mother's stay."""
    rows: dict[Columns, Values] = {("subject_id",): entry.subjects, ("stay_id",): entry.stays}
    marks = Marks(rows, {"mother_stay_id": entry.stays})
    return clear_zone(settings, "standard", standard_pools(settings), by_marks(marks))


def clear_identity(settings: Settings, entry: Entry) -> Removed:
    """Claims, person, links, events, decisions; other people's rows no longer state the number, subject or identifier.

    States of the standard zone name claim files too.
    """
    pool = Pool(settings.identity / "pool")
    rows: dict[Columns, Values] = {("subject_id",): entry.subjects, ("person_id",): entry.persons}
    numbers = numbers_known(settings, pool, NUMBERS, entry.numbers)
    ends = dict.fromkeys(("left_subject", "right_subject"), entry.subjects)
    named = dict.fromkeys(("other_id", "left_id", "right_id"), entry.subjects | entry.persons)
    marks = Marks(rows, {"mother_subject_id": entry.subjects} | named | dict.fromkeys(NUMBERS, numbers), ends)
    return clear_zone(settings, "identity", [pool], by_marks(marks), "standard")


def clear_crosswalk(settings: Settings, entry: Entry) -> Removed:
    """The bridge from the person's subjects."""
    rows: dict[Columns, Values] = {("subject_id",): entry.subjects}
    return clear_zone(settings, "crosswalk", [Pool(settings.crosswalk / "pool")], by_marks(Marks(rows)))
