"""Whose rows fail: the same rules as Spark predicates, counted per producer in one job."""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalogue import Check, Suite


def failing(check: Check) -> Column:
    """True for a row that fails the check, null where the check does not apply. Raises ValueError on other types."""
    kwargs = check.kwargs
    if check.type == "expect_column_pair_values_a_to_be_greater_than_b":
        return F.col(kwargs["column_A"]) < F.col(kwargs["column_B"])
    column = F.col(kwargs["column"])
    match check.type:
        case "expect_column_values_to_not_be_null":
            return column.isNull()
        case "expect_column_values_to_be_in_set":
            return ~column.isin(kwargs["value_set"])
        case "expect_column_values_to_match_regex":
            return ~column.rlike(kwargs["regex"])
        case "expect_column_values_to_be_between":
            low, high = kwargs.get("min_value"), kwargs.get("max_value")
            below = F.lit(False) if low is None else column < low
            above = F.lit(False) if high is None else column > high
            return F.when(column.isNotNull(), below | above)
    raise ValueError(f"{check.code}: {check.type} is no rule on rows")


def by_producer(frame: DataFrame, suite: Suite, codes: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Producers that fail any of the named checks by their own rows: ``{producer: [{code, severity, table, …}]}``.

    A share is judged for each producer alone, so that one whose rows are all wrong cannot hide among the others.
    """
    wide = frame.select("*", *[F.expr(sql).alias(name) for name, sql in suite.columns.items()])
    checks = [check for check in suite.checks if check.code in codes and check.by_row]
    counts = [F.sum(failing(check).cast("bigint")).alias(f"bad{place}") for place, check in enumerate(checks)]
    totals = [F.count(failing(check)).alias(f"all{place}") for place, check in enumerate(checks)]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in wide.groupBy("producer").agg(*counts, *totals).collect() if checks else []:
        for place, check in enumerate(checks):
            bad, total = row[f"bad{place}"] or 0, row[f"all{place}"]
            if total >= max(check.least_rows, 1) and bad > (1 - check.mostly) * total + 1e-9:
                found.setdefault(row["producer"], []).append(failure(check, bad, total))
    for check in (one for one in suite.checks if one.code in codes and one.type == "key"):
        for producer, bad in repeated_keys(frame, check):
            found.setdefault(producer, []).append(failure(check, bad, bad))
    return found


def repeated_keys(frame: DataFrame, check: Check) -> list[tuple[str, int]]:
    """Producers with rows whose key occurs more than once, and how many rows."""
    keys = check.kwargs["column_list"]
    repeated = frame.groupBy(*keys).count().where(F.col("count") > 1).drop("count")
    rows = frame.join(repeated, keys, how="left_semi").groupBy("producer").count().collect()
    return [(row["producer"], row["count"]) for row in rows]


def failure(check: Check, bad: int, total: int) -> dict[str, Any]:
    """A failed rule of a producer, as check.json states it."""
    return {"code": check.code, "severity": check.severity, "table": check.table, "count": bad, "total": total}
