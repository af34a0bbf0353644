"""The published table of persons: those with at least one published care row that is about a person."""

from pathlib import Path

import duckdb
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import TableSchema, load_schema
from jobs.pseudonymise.generalise import OLDEST, under_key


def person_rows(persons: DataFrame, key: DataFrame, version: int) -> DataFrame:
    """Published rows of persons of the index (person_id, created_night, sex, birth_date)."""
    return under_key(generalised_persons(persons), load_schema("published/person"), key, version)


def generalised_persons(persons: DataFrame) -> DataFrame:
    """Persons of the index as published, but for the pseudonym, which is the person still."""
    return persons.select(
        F.col("person_id").alias("pseudonym"),
        F.substring("created_night", 1, 7).alias("first_seen"),
        F.when(F.col("sex").isin("1", "2", "3"), F.col("sex")).alias("sex"),
        age_on_new_year(F.col("birth_date"), F.substring("created_night", 1, 4).cast("int")).alias("age_years"),
    )


def age_on_new_year(birth: Column, year: Column) -> Column:
    """Completed years on 1 January of ``year``, 90 and over together; -1 for who is born later in that year."""
    born_on_new_year = F.date_format(birth, "MMdd") == "0101"
    age = year - F.year(birth) - F.when(born_on_new_year, 0).otherwise(1)
    return F.when(birth.isNotNull(), F.least(F.greatest(age, F.lit(-1)), F.lit(OLDEST))).cast("bigint")


def departed(old: list[Path], new: list[Path], rest: list[Path], target: Path) -> int:
    """Write the pseudonyms that have rows in ``old`` and none in ``new`` or ``rest``; return how many.

    Only when some left the touched months (withdrawals, corrections) are the untouched ones read, one column of them.
    """
    if not old:
        return 0
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute(f"CREATE TABLE gone AS {pseudonyms(old)} {minus(new)}")
    count = counted(connection)
    if count and rest:
        connection.execute(f"CREATE OR REPLACE TABLE gone AS SELECT pseudonym FROM gone {minus(rest)}")  # noqa: S608
        count = counted(connection)
    if count:
        connection.execute(f"COPY (SELECT pseudonym FROM gone ORDER BY pseudonym) TO '{target}' (FORMAT parquet)")  # noqa: S608
    connection.close()
    return count


def counted(connection: duckdb.DuckDBPyConnection) -> int:
    """Rows of the table of the departed."""
    return int(connection.execute("SELECT count(*) FROM gone").fetchall()[0][0])


def pseudonyms(files: list[Path]) -> str:
    """Query for the pseudonyms of some files; their names are hashes below our own root."""
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    return f"SELECT DISTINCT pseudonym FROM read_parquet([{names}])"  # noqa: S608


def minus(files: list[Path]) -> str:
    """The clause that takes the pseudonyms of some files away."""
    return f"EXCEPT {pseudonyms(files)}" if files else ""


def partitions_to_write(rows: DataFrame, schema: TableSchema) -> list[str]:
    """Months of first_seen that the rows belong to."""
    return sorted(row[0] for row in rows.select(*schema.partition).distinct().collect())
