"""The one place that runs Great Expectations: an ephemeral context, no samples, nothing sent anywhere.

Results are plain dicts of codes and counts. A failing value never enters them: the result format is fixed here, and
messages of exceptions are dropped, since they quote what they met.
"""

import os
import warnings
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import: it would post to its vendor

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its own dependencies import sre_constants
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    from jobs.spared import ROWS, stated_once

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalogue import Check, Suite
from jobs.core.schema import TableSchema

# Counts only: any sample would cost one Spark job per rule and carry values of persons.
COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
# For the table of producers alone, which holds no person: which producers fail a rule.
PRODUCERS = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["producer"],
    "include_unexpected_rows": False,
    "exclude_unexpected_values": True,
}
AGGREGATES = ("expect_column_mean_to_be_between", "expect_column_sum_to_be_between")


def context() -> Any:
    """A context that lives in memory: no progress bars, no analytics, no folder of pages in ``/tmp``."""
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    quiet = DataContextConfig(
        store_backend_defaults=stores, analytics_enabled=False, progress_bars=ProgressBarsConfig(globally=False)
    )
    return gx.get_context(mode="ephemeral", project_config=quiet)


def judge(frame: DataFrame, suite: Suite, schema: TableSchema) -> list[dict[str, Any]]:
    """Every check of a suite on a frame: ``{code, table, zone, severity, success, unexpected_count, element_count}``.

    A wrong or missing column fails its own rule and those that need it; the others are still judged.
    """
    columns = columns_result(frame, schema)
    if not columns["success"]:
        return [columns] + [unjudged(check) for check in suite.checks]
    wide = frame.select("*", *[F.expr(sql).alias(name) for name, sql in suite.columns.items()])
    mine = [check for check in suite.checks if check.type == "key"]
    theirs = [check for check in suite.checks if check.type != "key"]
    keys = [key_result(frame, check) for check in mine]
    rows = keys[0]["element_count"] if keys else frame.count()
    if not rows:
        return [columns, *keys, *[{**outcome(check, True, 0, 0), "too_few_rows": True} for check in theirs]]
    ROWS.set(rows)
    needed = sorted({name for check in theirs for name in check.columns})
    made = context().data_sources.add_spark("spark", persist=False).add_dataframe_asset("table")
    batch = made.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": wide.select(*needed)})
    return [columns, *keys, *settle(run(batch, theirs, COUNTS), theirs, rows)]


def judge_producers(measures: pd.DataFrame, checks: tuple[Check, ...]) -> dict[str, list[str]]:
    """Which producers fail each check of the measures table: ``{code: [producer]}``."""
    asset = context().data_sources.add_pandas("pandas").add_dataframe_asset("measures")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": measures})
    found = run(batch, list(checks), PRODUCERS)
    named = {one.code: found[one.code].result.get("unexpected_index_list") or [] for one in checks}
    return {code: sorted(name for row in rows for name in row["producer"]) for code, rows in named.items()}


def run(batch: Any, checks: list[Check], result_format: dict[str, Any]) -> dict[str, Any]:
    """Validate a batch; results by code (one exception may repeat results, so order says nothing)."""
    entries = [{"type": one.type, "kwargs": one.kwargs, "meta": {"code": one.code}} for one in checks]
    suite = gx.ExpectationSuite(name="suite", expectations=entries)
    with warnings.catch_warnings(), stated_once():
        warnings.simplefilter("ignore")  # its use of pandas and pyspark is not ours to mend
        result = batch.validate(suite, result_format=result_format)
    return {one.expectation_config.meta["code"]: one for one in result.results}


def settle(found: dict[str, Any], checks: list[Check], rows: int) -> list[dict[str, Any]]:
    """Plain results in the order of the checks."""
    return [plain(check, found.get(check.code), rows) for check in checks]


def plain(check: Check, result: Any, rows: int) -> dict[str, Any]:
    """One result. What rests on too few rows passes unjudged; what could not be computed fails."""
    if result is None or (raised(result) and rows):
        return unjudged(check)
    numbers = result.result
    judged = numbers.get("element_count", rows) - (numbers.get("missing_count") or 0)
    enough = judged >= max(check.least_rows, 1)
    made = outcome(check, bool(result.success) or not enough, numbers.get("unexpected_count") or 0, judged)
    if not enough:
        made["too_few_rows"] = True
    elif check.type in AGGREGATES and numbers.get("observed_value") is not None:
        made["observed"] = str(round(numbers["observed_value"], 4))
    return made


def raised(result: Any) -> bool:
    """Whether a check could not be computed."""
    info = result.exception_info or {}
    return any(item.get("raised_exception") for item in [info, *info.values()] if isinstance(item, dict))


def unjudged(check: Check) -> dict[str, Any]:
    """The failure of a check that could not be computed."""
    return {**outcome(check, False, 0, 0), "not_computed": True}


def outcome(check: Check, success: bool, unexpected: int, judged: int) -> dict[str, Any]:
    """The shape of every result."""
    return {
        "code": check.code,
        "table": check.table,
        "zone": check.zone,
        "severity": check.severity,
        "success": success,
        "unexpected_count": int(unexpected),
        "element_count": int(judged),
    }


def key_result(frame: DataFrame, check: Check) -> dict[str, Any]:
    """Rows whose key occurs more than once: one group-by, where the library's window would sort every row."""
    sizes = frame.groupBy(*check.kwargs["column_list"]).agg(F.count(F.lit(1)).alias("n"))
    more = F.when(F.col("n") > 1, F.col("n")).otherwise(0)
    rows, repeated = sizes.agg(F.coalesce(F.sum("n"), F.lit(0)), F.coalesce(F.sum(more), F.lit(0))).first() or (0, 0)
    return outcome(check, repeated == 0, repeated, rows)


def columns_result(frame: DataFrame, schema: TableSchema) -> dict[str, Any]:
    """Whether every declared column is there with its declared type."""
    types = {item.name: item.dataType for item in frame.schema.fields}
    wrong = sum(types.get(item.name) != item.spark for item in schema.fields)
    made = Check(f"STR-{schema.name}-columns", schema.name, schema.zone, "columns", {}, "critical", "core", {}, {})
    return outcome(made, wrong == 0, wrong, len(schema.fields))
