"""What of the standard zone is withheld from a night's publication: rows of opposed persons, month by month."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.nights import previous_state
from jobs.core.schema import load_schema, source_of
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, tables_from_json
from jobs.rights.opposed import read_opposed
from jobs.rights.register import OPPOSITION, load
from jobs.rights.resolve import Values, lines
from jobs.standardise.pools import standard_pool

STAY_FILES = "hospital_line"  # says whose a stay is


@dataclass(frozen=True)
class Withheld:
    """Subjects, and stays for the tables that know no subject. Empty when nobody has opposed."""

    subjects: Values = frozenset()
    stays: Values = frozenset()

    def __bool__(self) -> bool:
        return bool(self.subjects or self.stays)

    def of(self, table: str) -> tuple[str, Values] | None:
        """The column of a standard table by which its rows are withheld, and the values that are."""
        names = load_schema(f"standard/{table}").names
        if "subject_id" in names:
            return ("subject_id", self.subjects) if self.subjects else None
        return ("stay_id", self.stays) if "stay_id" in names and self.stays else None


def withheld_of(settings: Settings, night: str, hospital_lines: Partitions) -> Withheld:
    """What the opposed of a night withhold. ``hospital_lines`` as the night's state names them, by month.

    A stay that is withdrawn tonight is in the state before alone; one withdrawn earlier is in the register, if its run
    saw it. A stay that is somebody else's now is not withheld.
    """
    subjects = read_opposed(settings, night).subjects
    if not subjects:
        return Withheld()
    pool = standard_pool(settings, "hospital")
    now = [str(pool.path(file)) for _, file in pairs(hospital_lines)]
    before = (previous_state(settings, "hospital", night) or {}).get("tables", {})
    held = tables_from_json(before).get(STAY_FILES, {})
    both = sorted({*now, *[str(pool.path(file)) for _, file in pairs(held)]})
    stays = frozenset(stay for _, stay in lines(both, subjects, "subject_id"))
    stays |= load(settings).all_of(OPPOSITION, "stays")
    others = frozenset(stay for subject, stay in lines(now, stays, "stay_id") if subject not in subjects)
    return Withheld(subjects, stays - others)


def withheld_months(
    settings: Settings, table: str, files: Partitions, withheld: Withheld
) -> dict[str, tuple[str, int]]:
    """Months of a standard table that hold withheld rows: a mark of whose, and their number. Reads one column."""
    by = withheld.of(table)
    paths = {str(standard_pool(settings, source_of(table)).path(file)): month for month, file in pairs(files)}
    if by is None or not paths:
        return {}
    seen: dict[str, set[str]] = {}
    rows: dict[str, int] = {}
    with duckdb.connect() as engine:
        engine.register("withheld", pa.table({"value": pa.array(sorted(by[1]), pa.string())}))
        query = (
            f"SELECT filename, {by[0]}, count(*) FROM read_parquet(?, filename = true) "  # noqa: S608
            f"WHERE {by[0]} IN (SELECT value FROM withheld) GROUP BY ALL"
        )
        for name, value, count in engine.execute(query, [sorted(paths)]).fetchall():
            seen.setdefault(paths[name], set()).add(value)
            rows[paths[name]] = rows.get(paths[name], 0) + count
    return {month: (mark_of(values), rows[month]) for month, values in seen.items()}


def mark_of(values: Iterable[str]) -> str:
    """Tells one set of tokens from another, and nothing about either."""
    return hashlib.sha256("\n".join(sorted(values)).encode()).hexdigest()[:16]


def pairs(files: Partitions) -> list[tuple[str, DataFile]]:
    """(month, file) of a table."""
    return [(month, file) for month, named in files.items() for file in named]


def without(rows: DataFrame, table: str, withheld: Withheld, spark: SparkSession, attempt: Path) -> DataFrame:
    """Rows of a standard table but for those that are withheld."""
    by = withheld.of(table)
    if by is None:
        return rows
    column, values = by
    return rows.join(F.broadcast(frame_of(spark, column, values, attempt)), column, how="left_anti")


def frame_of(spark: SparkSession, column: str, values: Values, attempt: Path) -> DataFrame:
    """Tokens as a frame of one column, through a file of the attempt: as literals they would show in plans."""
    path = attempt / f"withheld-{column}.parquet"
    if not path.exists():
        pq.write_table(pa.table({column: pa.array(sorted(values), pa.string())}), path)
    return spark.read.schema(f"{column} string").parquet(str(path))
