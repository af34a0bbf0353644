"""Which claims are new to the index, and where a night's index starts from."""

from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.cli import SOURCES
from jobs.core.errors import DataRefused
from jobs.core.nights import base_night, state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, Pool, read_json, tables_from_json
from jobs.core.tables import read_files
from jobs.link.walk import MOVE, Tables, pointer

Entry = dict[str, Any]  # {night, files, except: [producer]} as in a state


@dataclass(frozen=True)
class Base:
    """Index and crosswalk of the newest published night; empty before the first one."""

    night: str | None = None
    index: dict[str, Partitions] = field(default_factory=dict)
    walk: Tables = field(default_factory=dict)  # crosswalk and moves
    inputs: dict[str, list[Entry]] = field(default_factory=dict)
    key_check: str | None = None
    model_version: str | None = None

    def also(self, index: Tables, moves: Partitions) -> "Base":
        """The base with what decisions change tonight, from which the rules then go on."""
        changed = {name: joined(self.index.get(name, {}), parts) for name, parts in index.items()}
        walk = self.walk | {MOVE: joined(self.walk.get(MOVE, {}), moves)}
        return replace(self, index=self.index | changed, walk=walk)


def joined(parts: Partitions, more: Partitions) -> Partitions:
    """Partitions with the files of others added; a file that is there already stays one."""
    return parts | {name: list(dict.fromkeys([*parts.get(name, []), *files])) for name, files in more.items()}


@dataclass(frozen=True)
class Arrival:
    """Claim files to read: all producers but ``without``, or only those in ``only``."""

    files: tuple[DataFile, ...]
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


def states_of(settings: Settings, night: str) -> dict[str, dict[str, Any]]:
    """The closed states of the three sources. Raises DataRefused naming those that are not closed."""
    missing = [source for source in SOURCES if not state_path(settings, source, night).is_file()]
    if missing:
        raise DataRefused(f"not closed for this night: {', '.join(missing)}; run close for each, then this again.")
    return {source: read_json(state_path(settings, source, night)) for source in SOURCES}


def load_base(settings: Settings, night: str) -> Base:
    """What this night starts from. Raises DataRefused when the published night's index or crosswalk is gone."""
    found = base_night(settings, night)
    if found is None:
        return Base()
    try:
        index = read_json(settings.identity / found / "index.json")
        crosswalk = read_json(pointer(settings, found))
    except FileNotFoundError:
        raise DataRefused(f"night {found} is published but its index or crosswalk is gone: restore a backup.") from None
    return Base(
        night=found,
        index=tables_from_json(index["tables"]),
        walk=tables_from_json(crosswalk["tables"]),
        inputs=index["inputs"],
        key_check=index["key_check"],
        model_version=index.get("model_version"),
    )


def arrivals(states: dict[str, dict[str, Any]], base: Base) -> list[Arrival]:
    """Claims that the base index has not seen: of new nights, and of producers that were held at the base."""
    found = []
    for source in SOURCES:
        before = {entry["night"]: entry for entry in base.inputs.get(source, [])}
        for entry in sorted(states[source]["claims"], key=lambda item: item["night"]):
            arrival = unseen(entry, before.get(entry["night"]))
            if arrival is not None and arrival.files:
                found.append(arrival)
    return found


def unseen(entry: Entry, before: Entry | None) -> Arrival | None:
    """What of one night's claims the base did not take in; nothing when it took in all."""
    files = tuple(DataFile.from_json(item) for item in entry["files"])
    if before is None or before["files"] != entry["files"]:
        return Arrival(files, without=tuple(sorted(entry["except"])))
    released = sorted(set(before["except"]) - set(entry["except"]))
    return Arrival(files, only=tuple(released)) if released else None


def read_claims(spark: SparkSession, settings: Settings, found: list[Arrival]) -> DataFrame:
    """The new claims, one row per subject and claim (a claim sent in two nights counts once)."""
    schema = load_schema("identity/claim")
    pool = Pool(settings.identity / "pool")
    claims = read_files(spark, pool, [], schema)
    for arrival in found:
        rows = read_files(spark, pool, list(arrival.files), schema)
        if arrival.only:
            rows = rows.where(F.col("producer").isin(*arrival.only))
        if arrival.without:
            rows = rows.where(~F.col("producer").isin(*arrival.without))
        claims = claims.unionByName(rows)
    rest = [name for name in schema.names if name not in ("subject_id", "claim_id")]
    return (
        claims.groupBy("subject_id", "claim_id")
        .agg(F.min(F.struct(*rest)).alias("c"))
        .select("subject_id", "claim_id", "c.*")
    )
