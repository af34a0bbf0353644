"""The suites of the emergency tables: each rule is seen to pass, and seen to fail."""

import pytest
from pyspark.sql import SparkSession

from jobs.catalogue import Suite, judgement, suite_of
from jobs.core.schema import load_schema
from jobs.core.settings import REPOSITORY
from jobs.suites import judge
from tests.spec import suite_frames
from tests.spec.emergency_breakers import BREAKERS, SPECIAL

TABLES = ("emergency_visit", "emergency_diagnosis", "emergency_procedure")


def codes_of(results: list[dict[str, object]]) -> set[object]:
    return {item["code"] for item in results if not item["success"]}


@pytest.mark.parametrize("table", TABLES)
def test_each_rule_passes_and_fails(spark: SparkSession, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    for name, value in SPECIAL.items():
        monkeypatch.setitem(suite_frames.SPECIAL, name, value)
    schema, suite = load_schema(f"standard/{table}"), suite_of("standard", table)
    rows = suite_frames.perfect(schema)
    perfect = judge(spark.createDataFrame(rows, schema.spark).coalesce(1), suite, schema)
    assert codes_of(perfect) == set()
    assert not any(item.get("not_computed") or item.get("too_few_rows") for item in perfect)
    for check in judgement(f"standard_{table}"):
        broken = [BREAKERS[check.code[4:]](row, place) for place, row in enumerate(rows)]
        alone = Suite("broken", suite.columns, (check,))
        assert codes_of(judge(spark.createDataFrame(broken, schema.spark).coalesce(1), alone, schema)) == {check.code}


def test_both_zones_are_judged_alike_and_each_rule_that_holds_has_a_page() -> None:
    pages = {path.stem for path in (REPOSITORY / "docs" / "runbooks").glob("*.md")}
    told = set()
    for table in TABLES:
        both = [judgement(f"{zone}_{table}") for zone in ("standard", "published")]
        assert [one.code[4:] for one in both[0]] == [one.code[4:] for one in both[1]]
        told |= {check.code[4:] for check in both[0]}
        assert {check.code for checks in both for check in checks if check.severity == "critical"} <= pages
    assert told == set(BREAKERS)
