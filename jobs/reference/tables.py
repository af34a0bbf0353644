"""A code list as a dated table with all the columns that it declares."""

from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.core.settings import Settings
from jobs.reference.declared import CodeList, code_list
from jobs.reference.lists import Row, releases

ARROW = {"text": pa.string(), "date": pa.date32()}


def table(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """A declared list: ``code``, its declared columns (text or date), ``valid_on``, ``source``; one row per key.

    A list that is not embedded is empty until it is loaded. Raises ConfigError when no list of that name is declared.
    """
    return spark.createDataFrame(arrow_table(settings, name))


def arrow_table(settings: Settings | None, name: str) -> pa.Table:
    """The same as an Arrow table, in the order of its key."""
    about = code_list(name)
    rows = current_rows(settings, about)
    columns = {"code": "text", **{column.name: column.type for column in about.columns}}
    columns |= {"valid_on": "text", "source": "text"}
    return pa.table(
        {
            name: pa.array([typed(row.get(name), kind) for row in rows], ARROW[kind])
            for name, kind in columns.items()
        }
    )  # fmt: skip


def current_rows(settings: Settings | None, about: CodeList) -> list[Row]:
    """One row per key, of the newest release that has it; of the newest release alone when releases replace."""
    found: dict[tuple[str, ...], Row] = {}
    every = releases(settings, about.name)
    for release in every[-1:] if about.releases == "replace" else every:
        for row in release:
            found[tuple(row.get(part) or "" for part in about.key)] = row
    return [row for _, row in sorted(found.items())]


def typed(text: str | None, kind: str) -> str | date | None:
    """A value as Arrow takes it. Dates are ISO: the loader refused any other."""
    return date.fromisoformat(text) if text and kind == "date" else text
