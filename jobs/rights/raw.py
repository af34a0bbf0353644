"""Deposited bytes without a person: raw packs are written anew, received deliveries leave the landing."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.core.attempt import attempt_folder, new_name
from jobs.core.cli import SOURCES
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.pull.packs import PackWriter, pull_path, raw_folder, remove_unnamed
from jobs.pull.received import is_closed, received_elsewhere
from jobs.pull.stage import content_of, place_pack
from jobs.rights.numbers import Seeker
from jobs.rights.register import Entry
from jobs.rights.resolve import Values
from jobs.rights.spots import Spots, by_numbers, by_reading, by_stays, left_of, with_whole_exports
from jobs.rights.zones import Removed
from jobs.standardise.deliveries import pulled_nights

Producers = dict[str, Values]
Delivery = tuple[str, str, str]  # source, producer, delivery


def find_raw(
    spark: SparkSession, settings: Settings, entry: Entry, producers: Producers
) -> dict[tuple[str, str], Spots]:
    """Where packs hold the person, by source and night. Packs that no pull names are removed on the way.

    A night that may still be pulled or read is left alone: what it reads is refused, and the next run finds its bytes.
    """
    found: dict[tuple[str, str], Spots] = {}
    seeker = Seeker(settings, entry.numbers)
    for source in SOURCES:
        for night in closed_pulls(settings, source):
            remove_unnamed(raw_folder(settings, source, night), read_json(pull_path(settings, source, night))["packs"])
            spots = Spots()
            by_numbers(settings, source, night, seeker, spots)
            if source == "hospital":
                by_stays(spark, settings, night, entry.stays, spots)
            else:
                known = producers.get(source, frozenset())
                with attempt_folder(settings) as attempt:
                    by_reading(spark, settings, source, night, known, entry.subjects, attempt, spots)
                with_whole_exports(settings, source, night, spots)
            if spots.deliveries:
                found[source, night] = spots
    return found


def deliveries_of(found: dict[tuple[str, str], Spots]) -> set[Delivery]:
    """The deliveries that packs hold the person of."""
    return {(source, *one) for (source, _), spots in found.items() for one in spots.deliveries}


def rewrite_raw(settings: Settings, found: dict[tuple[str, str], Spots]) -> Removed:
    """Packs without what was found: a line is overwritten by blanks, a file of another format goes as a whole."""
    removed = Removed()
    for (source, night), spots in found.items():
        with attempt_folder(settings) as attempt:
            rewrite_night(settings, source, night, spots, attempt, removed)
    return removed


def closed_pulls(settings: Settings, source: str) -> list[str]:
    """Nights of a source whose deliveries are read for good."""
    return [night for night in pulled_nights(settings, source) if is_closed(settings, source, night)]


def still_open(settings: Settings, source: str) -> set[tuple[str, str]]:
    """(producer, delivery) of what an open night has pulled; pulling it again asks the landing."""
    nights = set(pulled_nights(settings, source)) - set(closed_pulls(settings, source))
    pulls = [read_json(pull_path(settings, source, night)) for night in sorted(nights)]
    return {(one["producer"], one["delivery_id"]) for pull in pulls for one in pull["deliveries"]}


def rewrite_night(settings: Settings, source: str, night: str, spots: Spots, attempt: Path, removed: Removed) -> None:
    """Write a night's packs without the spots, name them, delete the old ones."""
    folder, pull = raw_folder(settings, source, night), read_json(pull_path(settings, source, night))
    after: dict[str, str | None] = {}
    for name in pull["packs"]:
        target = attempt / new_name("pack")
        counts = rewrite_pack(folder / f"{name}.parquet", target, spots)
        if counts["lines"] or counts["files"]:
            after[name] = place_pack(target, folder) if pq.read_metadata(target).num_rows else None
            removed.files[name] = after[name]
            told = removed.tables.setdefault(f"raw {source}", Counter())
            told.update(files=1, rows=counts["lines"], whole_files=counts["files"])
    packs = [after.get(name, name) for name in pull["packs"]]
    write_json(pull_path(settings, source, night), forgotten(pull, spots) | {"packs": [one for one in packs if one]})
    remove_unnamed(folder, [one for one in packs if one])


def rewrite_pack(path: Path, target: Path, spots: Spots) -> Counter[str]:
    """Write a pack without the spots; how many lines were blanked and how many files left out."""
    counts: Counter[str] = Counter()
    gone: set[tuple[str, str, str]] = set()
    with pq.ParquetFile(path) as pack, PackWriter(target) as writer:
        for number in range(pack.num_row_groups):
            rows = []
            for part in pack.read_row_group(number).to_pylist():
                left, lines = left_of(part, spots)
                if left is None:
                    gone.add((part["producer"], part["delivery_id"], part["file"]))
                    continue
                counts["lines"] += lines
                rows.append(left)
            if rows:
                table = pa.Table.from_pylist(rows, schema=writer.schema)
                writer.extend(table, content_of(table))
    return counts + Counter(files=len(gone))


def forgotten(pull: dict[str, Any], spots: Spots) -> dict[str, Any]:
    """What the pull found, without the files that went as a whole: their names may name the person."""
    deliveries = [
        one
        | {
            "files": [
                item for item in one["files"] if (one["producer"], one["delivery_id"], item["name"]) not in spots.whole
            ]
        }
        for one in pull["deliveries"]
    ]
    return pull | {"deliveries": deliveries}


def clear_landing(settings: Settings, entry: Entry, found: set[Delivery]) -> tuple[Removed, list[str]]:
    """Remove received deliveries that hold the person from a landing that is a folder; and notes on what stays.

    A delivery that nobody has pulled for good stays: it is read, and the person's records in it are refused.
    """
    removed, notes = Removed(), list[str]()
    if settings.policy["landing"]["kind"] != "folder":
        named = ", ".join(sorted("/".join(one) for one in found))
        return removed, [f"landing: not a folder of this root; to be deleted there: {named}."] if named else []
    seeker, waiting = Seeker(settings, entry.numbers), 0
    for source in SOURCES:
        received = set(received_elsewhere(settings, source, "").told) - still_open(settings, source)
        for folder in sorted((settings.landing / source).glob("*/*")):
            place = (source, folder.parent.name, folder.name)
            if not folder.is_dir() or folder.is_symlink() or not (place in found or holds(folder, seeker)):
                continue
            if place[1:] not in received:
                waiting += 1
                continue
            told = removed.tables.setdefault(f"landing {source}", Counter())
            told.update(whole_deliveries=1, files=sum(1 for path in folder.iterdir()))
            shutil.rmtree(folder)
    if waiting:
        notes.append(
            f"landing: {waiting} deliveries are not read for good yet; their records of the person will be refused."
        )
    return removed, notes


def holds(folder: Path, seeker: Seeker) -> bool:
    """Whether a file of a delivery holds a number of the person."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return any(seeker.holds(path.read_bytes()) for path in paths)
