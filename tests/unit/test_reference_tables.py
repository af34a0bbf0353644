"""Code lists as dated tables: what is embedded passes the loader's own checks, and releases add up as declared."""

import csv
from datetime import date

import pytest
from pyspark.sql import SparkSession

from jobs.core.errors import ConfigError
from jobs.core.schema import load_schema
from jobs.core.settings import REPOSITORY, Settings
from jobs.reference import codes, labels, table
from jobs.reference.declared import EMBEDDED, code_list, declared_lists
from jobs.reference.strict import read_list
from jobs.reference.tables import arrow_table

ROWS = {
    "ccam": 8593, "ccam_extension": 471, "cim10": 18334, "cim10_pmsi_type": 25, "ghm": 2639, "ucd": 1775,
    "ucd_indication": 2250, "commune": 37544, "commune_change": 4792, "finess_duplicate": 166, "cip13": 20874,
}  # fmt: skip
EMBEDDED_LISTS = sorted(name for name, about in declared_lists().items() if about.embedded)


@pytest.mark.parametrize("name", EMBEDDED_LISTS)
def test_an_embedded_list_passes_the_checks_of_the_loader(name: str):
    about = code_list(name)
    read = read_list((EMBEDDED / f"{name}.csv").read_bytes(), about)
    assert read.faults == [] and read.encoding == "utf-8"
    assert len(read.rows) == ROWS.get(name, len(read.rows)) == arrow_table(None, name).num_rows
    assert about.valid_on and about.source


def test_every_embedded_list_is_described_with_its_origin():
    told = (EMBEDDED / "SOURCES.md").read_text(encoding="utf-8")
    assert [name for name in declared_lists() if f"`{name}`" not in told] == []
    explained = (REPOSITORY / "docs" / "reference" / "codes.md").read_text(encoding="utf-8")
    assert [name for name, about in declared_lists().items() if about.columns and f"`{name}`" not in explained] == []


def test_what_is_not_published_says_why_and_stays_out_of_the_labels():
    published = set(labels().column("list").to_pylist())
    for name, about in declared_lists().items():
        assert about.published == (name in published) != bool(about.why_not_published)
    assert labels().schema.names == load_schema("published/code_label").arrow.names


def test_a_table_has_its_declared_columns_and_types(spark: SparkSession, settings: Settings):
    frames = {name: table(spark, settings, name) for name in ("ccam", "commune_change", "finess")}
    assert frames["ccam"].dtypes == [
        ("code", "string"), ("act_type", "string"), ("sex_compatibility", "string"), ("valid_from", "date"),
        ("valid_to", "date"), ("valid_on", "string"), ("source", "string"),
    ]  # fmt: skip
    assert frames["finess"].isEmpty() and frames["finess"].columns[1] == "level"
    ended = frames["ccam"].where("code = 'AANL001'").collect()
    assert [(row.valid_from, row.valid_to, row.valid_on) for row in ended] == [
        (date(2005, 3, 1), date(2010, 5, 1), "2025-01")
    ]
    assert codes(spark, settings, "finess").isEmpty()


def test_the_same_as_the_file_when_read_by_another_engine():
    duckdb = pytest.importorskip("duckdb")
    for name in ("ccam", "ucd_indication", "commune_change"):
        ours = arrow_table(None, name)
        columns = ", ".join(
            f"cast({column} as {'date' if kind == 'date' else 'varchar'}) as {column}"
            for column, kind in [("code", "text"), *[(one.name, one.type) for one in code_list(name).columns]]
        )
        path = EMBEDDED / f"{name}.csv"
        other = f"select {columns} from read_csv('{path}', all_varchar = true, header = true)"
        names = ", ".join(["code", *code_list(name).column_names])
        connection = duckdb.connect()
        connection.register("ours", ours)
        left = connection.sql(f"(select {names} from ours) except all ({other})").fetchall()
        right = connection.sql(f"({other}) except all (select {names} from ours)").fetchall()
        assert left == right == [] and ours.num_rows == ROWS[name]


def test_an_undeclared_list_is_an_error_of_configuration(spark: SparkSession, settings: Settings):
    with pytest.raises(ConfigError):
        table(spark, settings, "no_such_list")


def write(settings: Settings, name: str, valid_on: str, rows: list[str]) -> None:
    about = code_list(name)
    folder = settings.root / "reference" / name
    folder.mkdir(parents=True, exist_ok=True)
    head = ",".join(["code", "label_fr", "label_en", "valid_on", "source", *about.column_names])
    (folder / f"{valid_on}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def test_a_row_of_an_older_release_stays_where_releases_add(settings: Settings):
    write(
        settings, "ccam", "2026-01", ["AAFA001,,,2026-01,test,0,0,2005-03-01,2025-12-31", "ZZZZ999,,,2026-01,t,1,2,,"]
    )
    rows = {row["code"]: row for row in arrow_table(settings, "ccam").to_pylist()}
    assert len(rows) == ROWS["ccam"] + 1
    assert rows["AAFA001"]["valid_to"] == date(2025, 12, 31) and rows["AAFA001"]["valid_on"] == "2026-01"
    assert rows["AAFA002"]["valid_to"] is None and rows["AAFA002"]["valid_on"] == "2025-01"


def test_the_newest_release_alone_counts_where_releases_replace(settings: Settings):
    write(settings, "commune", "2026", ["01001,,,2026,test,COM,01,Ici,"])
    write(settings, "commune", "2020", ["01002,,,2020,test,COM,01,Jadis,"])
    assert [row["name"] for row in arrow_table(settings, "commune").to_pylist()] == ["Ici"]


def test_a_group_has_one_row_per_year(settings: Settings):
    write(settings, "ghm", "2026", ["01C031,,,2026,test,2026,D05,C02"])
    years = [row["valid_year"] for row in arrow_table(settings, "ghm").to_pylist() if row["code"] == "01C031"]
    assert years == ["2025", "2026"]


def test_embedded_facts_that_a_reader_may_rely_on():
    with (EMBEDDED / "ucd_indication.csv").open(encoding="utf-8") as stream:
        indications = list(csv.DictReader(stream))
    assert {row["code"] for row in indications if row["indication"] == "I999999"} == {"*"}
    assert {row["valid_to"].year for row in arrow_table(None, "finess_duplicate").to_pylist()} == {2017}
