"""k, l and uniques of a set of quasi-identifiers: one GROUP BY each, over files or any relation.

A *class* is one combination of values of the set (unknown is a value), its *members* are the different persons in it: a
person with rows in two classes is a member of both. k is the smallest number of members of a class, l the smallest
number of different sensitive values (Samarati and Sweeney 1998; Machanavajjhala and others 2007).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from jobs.disclosure.sets import QuasiSet

NONE = "NULL"


@dataclass(frozen=True)
class Exposure:
    """What a set shows of the persons of some rows; counts are members of classes."""

    classes: int = 0
    members: int = 0
    k: int | None = None
    l: int | None = None  # noqa: E741  the field's own name
    below: int = 0  # members of classes smaller than the limit
    unique: int = 0  # members who are alone in their class
    unique_in_both: int = 0  # alone under the same values in the rows before, too
    alone_in_difference: int = 0  # classes that gained or lost exactly one member

    def to_json(self) -> dict[str, int | None]:
        """As written in the ledger."""
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, int | None]) -> "Exposure":
        """As read from the ledger."""
        return Exposure(**value)  # type: ignore[arg-type]


def exposure(now: str, before: str | None, one: QuasiSet, limit: int) -> Exposure:
    """The exposure of the rows of a relation (SQL), compared with the rows that it takes the place of.

    ``limit``: the least number of members that policy asks of a class.
    """
    connection = duckdb.connect()
    try:
        connection.execute("SET threads = 2")
        return exposure_of(connection, now, before, one, limit)
    finally:
        connection.close()


def exposure_of(
    connection: duckdb.DuckDBPyConnection, now: str, before: str | None, one: QuasiSet, limit: int
) -> Exposure:
    """The same over relations of a connection; makes its tables ``now`` and ``before``."""
    connection.execute(f"CREATE OR REPLACE TABLE now AS {classes(now, one)}")
    nothing = f"SELECT * FROM ({now}) WHERE false"  # noqa: S608
    connection.execute(f"CREATE OR REPLACE TABLE before AS {classes(before or nothing, one)}")
    found = connection.execute(TOTALS, [limit]).fetchall()[0]
    crossed = connection.execute(crossing(one)).fetchall()[0]
    values = found[3] if one.sensitive else None
    return Exposure(found[0], found[1], found[2], values, found[4], found[5], crossed[0], crossed[1])


TOTALS = """
SELECT count(*), coalesce(sum(members), 0)::BIGINT, min(members), min(vals),
       coalesce(sum(members) FILTER (WHERE members < ?), 0)::BIGINT, count(*) FILTER (WHERE members = 1)
FROM now
"""


def classes(relation: str, one: QuasiSet) -> str:
    """Query: each class of a relation with its members, its different sensitive values, and who is alone in it."""
    values = values_of(one)
    return (
        f"SELECT {columns(one.fields)}, count(DISTINCT {quoted(one.about)}) AS members, {values} AS vals, "  # noqa: S608
        f"min({quoted(one.about)}) AS who FROM ({relation}) GROUP BY ALL"
    )


def values_of(one: QuasiSet) -> str:
    """The different sensitive values of a group; unknown is a value."""
    return f"count(DISTINCT coalesce({quoted(one.sensitive)}::VARCHAR, ''))" if one.sensitive else NONE


def crossing(one: QuasiSet) -> str:
    """Query: who is alone in both, and how many classes differ by one member (what subtracting two releases shows)."""
    same = " AND ".join(f"now.{quoted(name)} IS NOT DISTINCT FROM before.{quoted(name)}" for name in one.fields)
    return (
        "SELECT count(*) FILTER (WHERE now.members = 1 AND before.members = 1 AND now.who = before.who), "  # noqa: S608
        "count(*) FILTER (WHERE abs(coalesce(now.members, 0) - coalesce(before.members, 0)) = 1 "
        "AND (SELECT count(*) FROM before) > 0) "
        f"FROM now FULL JOIN before ON {same}"
    )


def columns(names: Sequence[str]) -> str:
    """Quoted column names."""
    return ", ".join(quoted(name) for name in names)


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def relation_of(files: Sequence[Path]) -> str:
    """Query for the rows of some Parquet files; their names are hashes below our own root."""
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    return f"SELECT * FROM read_parquet([{names}])"  # noqa: S608


def together(parts: Sequence[Exposure]) -> Exposure:
    """The exposure of rows that lie in several partitions, each measured alone (time is known to the neighbour)."""
    return Exposure(
        classes=sum(part.classes for part in parts),
        members=sum(part.members for part in parts),
        k=min((part.k for part in parts if part.k is not None), default=None),
        l=min((part.l for part in parts if part.l is not None), default=None),
        below=sum(part.below for part in parts),
        unique=sum(part.unique for part in parts),
        unique_in_both=sum(part.unique_in_both for part in parts),
        alone_in_difference=sum(part.alone_in_difference for part in parts),
    )
