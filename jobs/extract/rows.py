"""The rows of one table of an extract, in DuckDB: chosen, coarsened, and without those whose class is too small."""

from dataclasses import dataclass

import duckdb

from jobs.core.schema import load_schema
from jobs.disclosure.measure import Exposure, columns, exposure_of, quoted, values_of
from jobs.disclosure.sets import QuasiSet, sets_of
from jobs.extract.generalise import OTHER, RARE, RULES
from jobs.extract.project import Project, Wanted

STEPS = (3, 1, 0)  # characters that a rare code keeps, step by step; with none it is "other"
ROUNDS = 20  # leaving out a class of one set may make a class of another too small


@dataclass(frozen=True)
class Limits:
    """What a class must have: members (k) and different sensitive values (l)."""

    members: int
    values: int


@dataclass(frozen=True)
class Table:
    """What became of the rows: how many stay, are left out for small classes, or for being one person's too many."""

    rows: int
    suppressed: int
    capped: int


def choose(
    connection: duckdb.DuckDBPyConnection, source: str, project: Project, wanted: Wanted, limits: Limits
) -> Table:
    """Make the table ``rows`` of the extract from a relation (SQL) of published rows."""
    connection.execute(f"CREATE OR REPLACE TABLE rows AS {chosen(source, project, wanted)}")
    capped = cap(connection, project, wanted)
    before = count(connection)
    for _ in range(ROUNDS):
        now = count(connection)
        for column in rare_columns(wanted):
            merge_rare(connection, column, str(people_of(wanted)), limits.members)
        suppress(connection, sets_within(wanted), limits)
        if count(connection) == now:  # what was left out may have made another code rare
            break
    left = count(connection)
    return Table(left, before - left, capped)


def rare_columns(wanted: Wanted) -> list[str]:
    """Columns whose rare codes are merged; none where nobody can be counted."""
    return [column for column, rule in wanted.generalise if rule == RARE] if people_of(wanted) else []


def chosen(source: str, project: Project, wanted: Wanted) -> str:
    """Query for the wanted columns, coarsened, of the wanted months and departments."""
    schema = load_schema(f"published/{wanted.table}")
    rules = {column: RULES[rule].sql(quoted(column)) for column, rule in wanted.generalise}
    shown = ", ".join(f"{rules.get(name, quoted(name))} AS {quoted(name)}" for name in wanted.columns)
    first, last = project.months
    month = quoted(schema.partition[0])
    where = [f"{month} BETWEEN '{first}' AND '{last}'"] if schema.partition == ("care_month",) else ["true"]
    if project.departments and "department" in schema.names:
        where.append(f"department IN ({', '.join(repr(code) for code in project.departments)})")
    return f"SELECT {shown} FROM ({source}) WHERE {' AND '.join(where)}"  # noqa: S608  names of our own declarations


def people_of(wanted: Wanted) -> str | None:
    """The column that says whose a row is, where the table has one and the project sees it."""
    sets = sets_of(load_schema(f"published/{wanted.table}"))
    about = sets[0].about if sets else "pseudonym"
    return about if about in wanted.columns else None


def sets_within(wanted: Wanted) -> list[QuasiSet]:
    """The declared sets as far as the wanted columns hold them."""
    schema = load_schema(f"published/{wanted.table}")
    return [one for one in (item.within(list(wanted.columns)) for item in sets_of(schema)) if one]


def cap(connection: duckdb.DuckDBPyConnection, project: Project, wanted: Wanted) -> int:
    """Leave out a person's rows beyond the project's number of them: who has most rows is known to a neighbour."""
    about = people_of(wanted)
    if project.max_rows_per_person is None or about is None:
        return 0
    before = count(connection)
    order = columns(wanted.columns)
    connection.execute(
        f"CREATE OR REPLACE TABLE rows AS SELECT * FROM rows "  # noqa: S608
        f"QUALIFY row_number() OVER (PARTITION BY {quoted(about)} ORDER BY {order}) <= {project.max_rows_per_person}"
    )
    return before - count(connection)


def merge_rare(connection: duckdb.DuckDBPyConnection, column: str, about: str, least: int) -> None:
    """Give a code of fewer than ``least`` persons its parent's characters, until enough persons share it."""
    name = quoted(column)
    for kept in STEPS:
        parent = f"left({name}, {kept})" if kept else f"'{OTHER}'"
        connection.execute(
            f"UPDATE rows SET {name} = {parent} WHERE {name} IN "  # noqa: S608
            f"(SELECT {name} FROM rows GROUP BY {name} HAVING count(DISTINCT {quoted(about)}) < {least})"
        )


def suppress(connection: duckdb.DuckDBPyConnection, sets: list[QuasiSet], limits: Limits) -> None:
    """Leave out the rows of classes with too few members or too few sensitive values, until none is left."""
    for _ in range(ROUNDS):
        before = count(connection)
        for one in sets:
            connection.execute(without_small(one, limits))
        if count(connection) == before:
            return


def without_small(one: QuasiSet, limits: Limits) -> str:
    """Statement that keeps the rows of classes that are large and mixed enough."""
    mixed = f"AND {values_of(one)} >= {limits.values}" if one.sensitive else ""
    same = " AND ".join(f"rows.{quoted(name)} IS NOT DISTINCT FROM kept.{quoted(name)}" for name in one.fields)
    return (
        f"CREATE OR REPLACE TABLE rows AS SELECT rows.* FROM rows JOIN (SELECT {columns(one.fields)} FROM rows "  # noqa: S608
        f"GROUP BY ALL HAVING count(DISTINCT {quoted(one.about)}) >= {limits.members} {mixed}) kept ON {same}"
    )


def exposures(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted, before: str | None, limits: Limits
) -> dict[str, Exposure]:
    """What each set still shows in the table ``rows``, compared with the extract before (SQL)."""
    return {
        one.name: exposure_of(connection, "SELECT * FROM rows", before, one, limits.members)
        for one in sets_within(wanted)
    }


def count(connection: duckdb.DuckDBPyConnection) -> int:
    """Rows of the table ``rows``."""
    return int(connection.execute("SELECT count(*) FROM rows").fetchall()[0][0])
