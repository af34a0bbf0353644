"""Every suite on an empty, a perfect and a broken table: each rule is seen to pass, and seen to fail."""

import json
import socket
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.catalogue import EXPECTATIONS, Check, Suite, judgement, read_suite, rule_catalogue, structure, suite_of
from jobs.core.errors import ConfigError
from jobs.core.rules import rules
from jobs.core.schema import TableSchema, load_schema
from jobs.core.settings import REPOSITORY
from jobs.suites import gx, judge, stated_once
from tests.spec.suite_frames import BREAKERS, ROWS, perfect

TABLES = sorted(path.stem.split("_", 1) for path in EXPECTATIONS.glob("[sp]*_*.json") if "measures" not in path.stem)
ALONE = ("141", "604", "902")  # rules that other breakers of their table would make inapplicable
IDS = [f"{zone}_{table}" for zone, table in TABLES]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the library does, it talks to nobody but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert not isinstance(address, tuple) or address[0] in ("127.0.0.1", "localhost"), "a suite left the machine"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def frame(spark: SparkSession, schema: TableSchema, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame(rows, schema.spark).coalesce(1)


def failed(results: list[dict[str, Any]]) -> set[str]:
    return {item["code"] for item in results if not item["success"]}


def test_every_published_table_has_a_suite_with_three_judgements() -> None:
    published = {path.stem for path in (REPOSITORY / "schemas" / "published").glob("*.json")}
    judged = {table for zone, table in TABLES if zone == "published"}
    assert published == judged
    assert all(len(judgement(name)) >= 3 for name in IDS)


def test_every_judgement_rule_has_a_breaker() -> None:
    codes = {check.code[4:] for name in IDS for check in judgement(name)}
    assert codes == set(BREAKERS)


@pytest.mark.parametrize(("zone", "table"), TABLES, ids=IDS)
def test_a_perfect_table_passes_and_an_empty_one_is_no_failure(spark: SparkSession, zone: str, table: str) -> None:
    schema, suite = load_schema(f"{zone}/{table}"), suite_of(zone, table)
    context = spark.sparkContext
    context.setJobGroup(f"perfect {zone} {table}", "")
    results = judge(frame(spark, schema, perfect(schema)), suite, schema)
    jobs = len(context.statusTracker().getJobIdsForGroup(f"perfect {zone} {table}"))
    context.setJobGroup("", "")
    assert failed(results) == set()
    assert {item["code"] for item in results} == {check.code for check in suite.checks} | {f"STR-{table}-columns"}
    assert not any(item.get("not_computed") or item.get("too_few_rows") for item in results), "passed without a look"
    assert jobs <= 5
    assert failed(judge(frame(spark, schema, []), suite, schema)) == set()


def groups(checks: tuple[Check, ...], rows: list[dict[str, Any]]) -> list[list[Check]]:
    """Rules whose breakers change different columns can be broken in one table."""
    made: list[tuple[set[str], list[Check]]] = []
    for check in checks:
        if check.code[4:] in ALONE:
            made.append((set(rows[0]), [check]))
            continue
        changed = {name for name, new in BREAKERS[check.code[4:]](rows[0], 0).items() if new != rows[0][name]}
        place = next((item for item in made if not item[0] & changed), None)
        if place is None:
            made.append((changed, [check]))
        else:
            place[0].update(changed)
            place[1].append(check)
    return [checks for _, checks in made]


def words(zone: str, table: str, check: Check) -> tuple[Any, ...]:
    """All that a rule's verdict can depend on: its kind, its limits, its columns and what they are made from."""
    types = {item.name: item.type for item in load_schema(f"{zone}/{table}").fields}
    derived = suite_of(zone, table).columns
    used = {name: derived.get(name, types.get(name)) for name in check.columns}
    sources = {name: kind for name, kind in types.items() if any(name in str(sql) for sql in used.values())}
    return check.code[4:], check.type, check.kwargs, check.least_rows, used, sources


def only_here(zone: str, table: str) -> tuple[Check, ...]:
    """The rules of a suite without those of a published table that the standard one has word for word."""
    checks = judgement(f"{zone}_{table}")
    if zone == "standard" or ["standard", table] not in TABLES:
        return checks
    same = [words("standard", table, check) for check in judgement(f"standard_{table}")]
    return tuple(check for check in checks if words(zone, table, check) not in same)


@pytest.mark.parametrize(("zone", "table"), TABLES, ids=IDS)
def test_each_judgement_fails_on_the_table_that_breaks_it(spark: SparkSession, zone: str, table: str) -> None:
    schema = load_schema(f"{zone}/{table}")
    rows = perfect(schema)
    for group in groups(only_here(zone, table), rows):
        broken = rows
        for check in group:
            broken = [BREAKERS[check.code[4:]](row, place) for place, row in enumerate(broken)]
        suite = Suite("broken", suite_of(zone, table).columns, tuple(group))
        results = judge(frame(spark, schema, broken), suite, schema)
        assert failed(results) == {check.code for check in group}
        assert not any(item.get("not_computed") for item in results)


@pytest.mark.parametrize(("zone", "table"), TABLES, ids=IDS)
def test_no_value_of_a_broken_table_enters_the_results(spark: SparkSession, zone: str, table: str) -> None:
    """A canary in every text column, nothing in every other: all that can fail does, and nothing is quoted."""
    schema, suite = load_schema(f"{zone}/{table}"), suite_of(zone, table)
    canary = {item.name: f"CANARI-{item.name}" if item.type == "string" else None for item in schema.fields}
    results = judge(frame(spark, schema, [canary] * ROWS), suite, schema)
    texts = {item.name for item in schema.fields if item.type == "string"}
    shapes = [check for check in structure(schema) if check.code.endswith(("-enum", "-pattern"))]
    expected = {check.code for check in shapes if set(check.columns) <= texts}
    assert expected | {f"STR-{table}-key"} <= failed(results)
    assert "CANARI" not in json.dumps(results)


def test_a_missing_column_fails_the_structure_and_leaves_nothing_passed(spark: SparkSession) -> None:
    schema = load_schema("standard/hospital_stay")
    cut = frame(spark, schema, perfect(schema, 3)).drop("exit_date")
    results = judge(cut, suite_of("standard", "hospital_stay"), schema)
    assert results[0]["code"] == "STR-hospital_stay-columns"
    assert not any(item["success"] for item in results)


def test_a_repeated_key_is_counted(spark: SparkSession) -> None:
    schema = load_schema("published/person")
    rows = perfect(schema, 10)
    results = judge(frame(spark, schema, [*rows, rows[0]]), suite_of("published", "person"), schema)
    key = next(item for item in results if item["code"] == "STR-person-key")
    assert (key["success"], key["unexpected_count"], key["element_count"]) == (False, 2, 11)


def test_a_share_of_too_few_rows_is_not_judged(spark: SparkSession) -> None:
    schema = load_schema("published/hospital_stay")
    rows = [{**row, "ghm": "90Z00Z"} for row in perfect(schema, 10)]
    results = judge(frame(spark, schema, rows), suite_of("published", "hospital_stay"), schema)
    share = next(item for item in results if item["code"] == "PUB-102")
    assert share["success"]
    assert share["too_few_rows"]


def test_a_suite_that_its_schema_does_not_allow_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    value = read_suite("published_person")
    for name, text in (
        ("no_remedy", json.dumps(value).replace('"remedy"', '"remedies"')),
        ("other_type", json.dumps(value).replace("expect_column_mean_to_be_between", "expect_anything")),
    ):
        (tmp_path / f"{name}.json").write_text(text)
        (tmp_path / "_schema.json").write_text((EXPECTATIONS / "_schema.json").read_text())
        monkeypatch.setattr("jobs.catalogue.EXPECTATIONS", tmp_path)
        with pytest.raises(ConfigError, match=name):
            read_suite(name)


def test_every_critical_rule_of_suites_deliveries_and_nights_has_a_runbook_page() -> None:
    pages = {path.stem for path in (REPOSITORY / "docs" / "runbooks").glob("*.md")}
    needed = {one.code for one in rules().values() if one.severity == "critical" and one.scope != "record"}
    assert needed | {"STR", "README"} <= pages
    index = (REPOSITORY / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")
    assert [page for page in pages - {"README"} if f"({page}.md)" not in index] == []


def test_the_rule_catalogue_names_every_rule() -> None:
    text = rule_catalogue()
    assert [code for code in rules() if f"`{code}`" not in text] == []


def test_a_rule_states_its_configuration_once_in_a_judgement_and_anew_outside_of_it():
    rule = gx.expectations.ExpectColumnValuesToNotBeNull(column="a")
    with stated_once():
        first = rule.configuration
        assert rule.configuration is first
    assert rule.configuration is not first
    assert rule.configuration.to_json_dict() == first.to_json_dict()
