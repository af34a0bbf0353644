"""Documents and the rows of each table as they were checked by eye against the source, frozen.

Those of ``tests/data/shared_record`` nobody here wrote. No open one holds a dispensation: the one in
``tests/data/documents`` is this project's own, by the published rules of the model. ``rows/<document>.txt`` holds one
block per table: a line of columns (those that say something in that document), then one line per row, ``-`` where
nothing was sent. Texts as received are left out; of a token it is shown that there is one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.columns import ARROW, PARSED
from jobs.standardise.shared_record.facts import TABLES
from jobs.standardise.shared_record.parse import read_file
from jobs.standardise.shared_record.tables import counted
from jobs.standardise.shared_record.typed import typed
from jobs.standardise.shared_record.typed_facts import PLACE, fact_tables

DATA = Path(__file__).parents[1] / "data"
LIMITS = Limits(max_document_bytes=20_000_000, max_members=50, max_package_bytes=30_000_000, max_ratio=100)
CHECKED = {path.stem: path for folder in ("documents", "shared_record") for path in (DATA / folder / "rows").glob("*")}
DOCUMENT = load_schema("standard/document")
LEFT_OUT = ("delivery_id", "file", "record", "producer", "subject_id")
TOKENS = [item.name for item in DOCUMENT.fields if item.privacy == "token"]


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> Iterator[dict[str, list[dict[str, str]]]]:
    """Standard table -> the rows of all checked documents, every value as text."""
    records = []
    for place, (name, rows_of) in enumerate(sorted(CHECKED.items()), 1):
        (record,) = read_file((rows_of.parents[1] / f"{name}.xml").read_bytes(), LIMITS)
        records.append(record | {"producer": "DMP1", "delivery_id": "D", "file": name, "record": place})
    rows = [tuple(record.get(name) for name in ARROW.names) for record in records]
    key = spark.createDataFrame([(bytearray(b"k" * 32),)], "key binary")
    frame = typed(spark.createDataFrame(rows, PARSED).coalesce(1), key, "2026-11-22").localCheckpoint()
    facts = {table: as_text(made) for table, made in fact_tables(frame).items()}
    yield {"document": documents_as_text(counted(frame))} | facts


def documents_as_text(frame: DataFrame) -> list[dict[str, str]]:
    """Rows of the table of documents, one each; the word ``token`` for a token."""
    shown = {name: F.when(F.col(name).isNotNull(), "token") for name in TOKENS}
    names = [item.name for item in DOCUMENT.fields if item.name not in LEFT_OUT]
    chosen = frame.withColumns(shown).select("file", *[F.col(name).cast("string") for name in names])
    return [row.asDict() for row in chosen.collect()]


def as_text(frame: DataFrame) -> list[dict[str, str]]:
    """Rows in the order of their documents."""
    (rank,) = [name for name in frame.columns if name.endswith("_rank")]
    columns = [name for name in frame.columns if name == "file" or (name not in PLACE and not name.endswith("_text"))]
    ordered = frame.orderBy("file", rank).select(*[F.col(name).cast("string") for name in columns])
    return [row.asDict() for row in ordered.collect()]


def drawn(table: str, rows: list[dict[str, str]]) -> list[str]:
    """One block."""
    names = [name for name in rows[0] if name != "file" and any(row[name] not in (None, "false") for row in rows)]
    grid = [names, *[[row[name] or "-" for name in names] for row in rows]]
    widths = [max(len(line[place]) for line in grid) for place in range(len(names))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in grid]
    return [f"== {table}", *lines, ""]


@pytest.mark.parametrize("document", sorted(CHECKED))
def test_the_rows_of_a_document_are_those_that_were_checked(
    document: str, tables: dict[str, list[dict[str, str]]]
) -> None:
    found: list[str] = []
    for table in ("document", *TABLES.values()):
        rows = [row for row in tables[table] if row["file"] == document]
        found += drawn(table, rows) if rows else []
    assert "\n".join(found) == CHECKED[document].read_text(encoding="utf-8")


def test_documents_were_checked_for_every_table() -> None:
    assert len(CHECKED) >= 6
    told = "".join(path.read_text(encoding="utf-8") for path in CHECKED.values())
    assert all(f"== {table}\n" in told for table in ("document", *TABLES.values()))
