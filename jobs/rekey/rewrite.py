"""One published file under the next key: same rows, other tokens, in the order and bytes that a night would write."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from jobs.core.attempt import new_name
from jobs.core.errors import DataRefused
from jobs.core.parquet import ROW_GROUP, open_writer, regrouped
from jobs.core.schema import TableSchema
from jobs.rekey.columns import MIXED, keyed_columns
from jobs.rekey.renaming import BATCH


@dataclass(frozen=True)
class Target:
    """A file of a table, and the declaration that it was written with."""

    path: Path
    schema: TableSchema

    @property
    def keyed(self) -> list[str]:
        """Its columns that stand under the key; none of a file without rows, which is the same under every key."""
        about = pq.read_metadata(self.path)
        names = set(about.schema.to_arrow_schema().names) if about.num_rows else set()
        return [name for name in keyed_columns(self.schema) if name in names]


def renew(engine: duckdb.DuckDBPyConnection, target: Target, attempt: Path) -> Path:
    """Write the file anew and compare it with the old one, row for row under the map; returns the new file.

    Raises DataRefused: REK-003 when a token was made from nothing that is kept, REK-004 when the new file differs.
    """
    shape = pq.read_schema(target.path)
    local_map(engine, target)
    engine.execute(f"CREATE OR REPLACE TEMP TABLE renamed AS {translated(target, shape.names)}")
    order = ", ".join(f'"{name}"' for name in target.schema.order if name in shape.names)
    path = attempt / new_name("rekey")
    rows = engine.sql(f"FROM renamed ORDER BY {order}").to_arrow_reader(BATCH)
    with open_writer(path, shape) as writer:
        for group in regrouped(shape, iter(rows)):
            writer.write_table(group, row_group_size=ROW_GROUP)
    if summary(engine, "FROM renamed") != summary(engine, f"SELECT * FROM read_parquet('{path}')"):  # noqa: S608
        raise DataRefused(f"REK-004: a file of {target.schema.name} differs row for row; nothing was changed.")
    return path


def local_map(engine: duckdb.DuckDBPyConnection, target: Target) -> None:
    """The part of the map that a file needs, as table ``local``: the map may be far larger than the file."""
    values = " UNION ".join(f'SELECT "{name}" AS value FROM read_parquet(?)' for name in target.keyed)  # noqa: S608
    files = [str(target.path)] * len(target.keyed)
    asked = f"SELECT value FROM ({values}) WHERE value IS NOT NULL"  # noqa: S608
    engine.execute(f"CREATE OR REPLACE TEMP TABLE asked AS {asked}", files)
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE local AS SELECT old, new FROM map.moved WHERE old IN (SELECT value FROM asked)"
    )
    missing = "SELECT count(*) FROM asked WHERE value NOT IN (SELECT old FROM local)"
    if target.schema.name in MIXED:
        name, decides, sources = MIXED[target.schema.name]
        listed = ", ".join(f"'{source}'" for source in sources)
        missing = (
            f"SELECT count(*) FROM read_parquet('{target.path}') WHERE \"{decides}\" IN ({listed}) "  # noqa: S608
            f'AND "{name}" NOT IN (SELECT old FROM local)'
        )
    count = engine.execute(missing).fetchall()[0][0]
    if count:
        raise DataRefused(
            f"REK-003: {count} tokens of {target.schema.name} were made from nothing that is kept: "
            "keep fewer releases, or restore the standard zone; nothing was changed."
        )


def translated(target: Target, names: list[str]) -> str:
    """Query for the rows of a file with the new tokens."""
    joins, columns = [], []
    for position, name in enumerate(names):
        if name in target.keyed:
            alias = f"m{position}"
            joins.append(f'LEFT JOIN local {alias} ON {alias}.old = t."{name}"')
            kept = f't."{name}"' if target.schema.name in MIXED else "NULL"
            columns.append(f'coalesce({alias}.new, {kept}) AS "{name}"')
        else:
            columns.append(f't."{name}"')
    return f"SELECT {', '.join(columns)} FROM read_parquet('{target.path}') t {' '.join(joins)}"  # noqa: S608


def summary(engine: duckdb.DuckDBPyConnection, rows: str) -> tuple[int, ...]:
    """Tells one multiset of rows from another: their number, and sums over two hashes of each."""
    query = f"SELECT count(*), sum(hash(r)::HUGEINT), bit_xor(hash(r, 'second')) FROM ({rows}) r"  # noqa: S608
    found: tuple[int, ...] = engine.execute(query).fetchall()[0]
    return found
