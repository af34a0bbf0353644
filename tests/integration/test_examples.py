"""Each reader reads each published table with one line."""

import os
import subprocess
import sys

import duckdb
import pytest

from jobs.core.schema import schemas_of
from jobs.core.settings import REPOSITORY, Settings

READERS = ("duckdb", "pandas", "polars", "spark")
TABLES = [schema.name for schema in schemas_of("published")]


def counted(settings: Settings, reader: str, table: str) -> int:
    script = REPOSITORY / "examples" / f"with_{reader}.py"
    environment = os.environ | {
        "VEILLEE_ROOT": str(settings.root),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }
    done = subprocess.run(
        [sys.executable, str(script), table], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_counts_what_the_release_says(in_root: Settings, reader: str) -> None:
    view = in_root.published / "current"
    expected = duckdb.sql(f"select count(*) from '{view}/dispensation/*.parquet'").fetchall()[0][0]
    assert counted(in_root, reader, "dispensation") == expected > 0


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_reads_every_table(in_root: Settings, table: str) -> None:
    """Nobody is merged in the first nights, so that table may be empty; it is there and can be read."""
    assert counted(in_root, "duckdb", table) > 0 or table == "pseudonym_succession"


@pytest.mark.parametrize(("table", "which"), [("dispensation_net", []), ("claim_net", ["claims"])])
def test_net_boxes_of_a_class_by_month_and_department(in_root: Settings, table: str, which: list[str]) -> None:
    """The example counts what the lines say: paracetamol, since the simulator's counters sell some."""
    environment = os.environ | {"VEILLEE_ROOT": str(in_root.root)}
    script = [sys.executable, str(REPOSITORY / "examples" / "net_boxes.py"), "N02BE01", *which]
    shown = subprocess.run(script, env=environment, capture_output=True, text=True, check=True).stdout
    found = sorted(tuple(line.split()) for line in shown.splitlines())
    lines = "dispensation" if table == "dispensation_net" else "claim_line"
    true = duckdb.sql(
        f"select care_month, coalesce(department, 'None'), sum(quantity)::bigint::varchar "
        f"from '{in_root.published}/current/{lines}/*.parquet' where atc = 'N02BE01' and unit = 'box' "
        f"{'' if lines == 'dispensation' else 'and counts_boxes'} group by all"
    ).fetchall()
    assert found == sorted(true) != []
