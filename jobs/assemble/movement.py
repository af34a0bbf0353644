"""Rows added and removed between two versions of a partition, counted as multisets."""

import duckdb

from jobs.core.ledger import line
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions
from jobs.release.pools import locate


def movement(settings: Settings, before: Partitions, after: Partitions) -> tuple[int, int]:
    """(added, removed) rows of a table; partitions with the same files are not opened."""
    added = removed = 0
    for partition in sorted(set(before) | set(after)):
        old, new = before.get(partition, []), after.get(partition, [])
        if old == new:
            continue
        gained, lost = difference(paths(settings, old), paths(settings, new), rows(old), rows(new))
        added, removed = added + gained, removed + lost
    return added, removed


def rows(files: list[DataFile]) -> int:
    """Rows of some files, as their snapshot says."""
    return sum(file.rows for file in files)


def paths(settings: Settings, files: list[DataFile]) -> list[str]:
    """Where the files lie."""
    return [str(locate(settings, file)) for file in files]


def difference(old: list[str], new: list[str], old_rows: int, new_rows: int) -> tuple[int, int]:
    """Rows of ``new`` not in ``old`` and the reverse, each with its multiplicity."""
    if not old or not new:
        return new_rows, old_rows
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    query = f"SELECT count(*) FROM ({select(new)} EXCEPT ALL {select(old)})"  # noqa: S608
    added = int(connection.execute(query).fetchall()[0][0])
    connection.close()
    return added, old_rows - (new_rows - added)


def select(files: list[str]) -> str:
    """Query for all rows of some files; their names are hashes below our own root."""
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in files)
    return f"SELECT * FROM read_parquet([{names}])"  # noqa: S608


def ledger_lines(table: str, source: str | None, added: int, removed: int) -> list[dict[str, object]]:
    """Ledger lines of what moved; none for a count of zero."""
    return [
        line(count, stage="assemble", source=source, table=table, event=event)
        for event, count in (("added", added), ("removed", removed))
        if count
    ]
