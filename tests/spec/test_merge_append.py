"""The merge for sources that append, as tables: what is a duplicate, what supersedes, and what keeps its place."""

import datetime as dt

import pytest

from jobs.core.schema import load_schema
from jobs.core.settings import prepare_root
from jobs.core.tables import write_table
from jobs.standardise.context import Context
from jobs.standardise.deliveries import Delivery
from jobs.standardise.merge import merge_append
from jobs.standardise.pools import standard_pool

SCHEMA = load_schema("standard/dispensation")
KEY, CONTENT = ["dispensation_id"], ["period", "quantity"]
# key, period, quantity, delivery, record
BASE = [
    ("same", "2026-01", 1, "D0", 1),
    ("told", "2026-01", 1, "D0", 2),
    ("rest", "2026-01", 1, "D0", 3),
    ("newer", "2026-01", 5, "D2", 1),
    ("repeat", "2026-01", 7, "D2", 2),
    ("moved", "2026-02", 1, "D0", 4),
    ("far", "2026-03", 1, "D0", 5),
]
NEW = [
    ("same", "2026-01", 1, "D3", 1),  # as in the base
    ("told", "2026-01", 2, "D3", 2),  # other content: takes its place
    ("first", "2026-01", 1, "D3", 3),
    ("first", "2026-01", 1, "D4", 1),  # as earlier tonight
    ("twice", "2026-01", 1, "D3", 4),
    ("twice", "2026-01", 2, "D4", 2),  # a later delivery of the same night wins
    ("newer", "2026-01", 4, "D1", 1),  # taken in again, but a later delivery told it anew since
    ("repeat", "2026-01", 7, "D1", 2),  # taken in again, and the base says the same
    ("moved", "2026-01", 1, "D3", 5),  # the correction lies in another period
]
OUTCOMES = {
    ("D3", 1): "duplicate",
    ("D3", 2): "accepted",
    ("D3", 3): "accepted",
    ("D4", 1): "duplicate",
    ("D3", 4): "accepted",
    ("D4", 2): "accepted",
    ("D1", 1): "accepted",
    ("D1", 2): "duplicate",
    ("D3", 5): "accepted",
}
AFTER = {
    ("same", 1, "D0"),
    ("told", 2, "D3"),
    ("rest", 1, "D0"),
    ("newer", 5, "D2"),
    ("repeat", 7, "D2"),
    ("first", 1, "D3"),
    ("twice", 2, "D4"),
    ("moved", 1, "D3"),
}
EVENTS = [("D0", "told", "D3"), ("D0", "moved", "D3"), ("D1", "newer", "D2"), ("D3", "twice", "D4")]


def delivery(name, night, replayed=False):
    return Delivery(name, "PH1", "append", "pharmacy-csv", night, night, f"{night}T20:00", night, (), replayed)


def row(key, period, quantity, delivery_id, record):
    values = {
        "producer": "PH1",
        "period": period,
        "subject_id": "0" * 32,
        "dispensation_id": key,
        "ticket_id": key,
        "event_type": "sale",
        "dispensed_on": dt.date(2026, 1, 5),
        "code_class": "drug",
        "code_known": True,
        "quantity": quantity,
        "unit": "box",
        "delivery_id": delivery_id,
        "file": "f.csv",
        "record": record,
    }
    return tuple(values.get(name) for name in SCHEMA.names)


@pytest.fixture(scope="module")
def merged(spark, tmp_path_factory):
    settings = prepare_root(tmp_path_factory.mktemp("merge") / "root", "synthetic")
    base = spark.createDataFrame([row(*one) for one in BASE], SCHEMA.spark)
    parts = write_table(base, SCHEMA, standard_pool(settings, "pharmacy"), settings.work)
    files = {part: [file.to_json() for file in files] for part, files in parts.items()}
    state = {"night": "2026-03-02", "tables": {"dispensation": files}, "claims": []}
    tonight = [delivery("D3", "2026-03-03"), delivery("D4", "2026-03-03"), delivery("D1", "2026-03-01", replayed=True)]
    context = Context(spark, settings, "2026-03-03", "pharmacy", tonight, {}, state, settings.work)
    # D2 came a night after D1, which is taken in again tonight
    context.order = {("PH1", "D1"): 1, ("PH1", "D2"): 2, ("PH1", "D3"): 3, ("PH1", "D4"): 4}
    new = spark.createDataFrame([row(*one) for one in NEW], SCHEMA.spark)
    result = merge_append(context, "dispensation", new, key=KEY, content=CONTENT, across_periods=True)
    return {
        "outcomes": {(one.delivery_id, one.record): one.outcome for one in result.outcomes.collect()},
        "rows": result.rows.collect(),
        "events": result.events,
        "scope": result.scope,
    }


def test_outcomes(merged):
    assert merged["outcomes"] == OUTCOMES


def test_content_after_the_merge(merged):
    assert {(one.dispensation_id, one.quantity, one.delivery_id) for one in merged["rows"]} == AFTER
    assert len(merged["rows"]) == len(AFTER)


def test_superseded_rows_are_counted_with_their_cause(merged):
    expected = sorted((was, f"replaced by {by}", 1) for was, _, by in EVENTS)
    grouped = sorted((one["delivery_id"], one["cause"], one["count"]) for one in merged["events"])
    joined = {}
    for was, cause, count in expected:
        joined[was, cause] = joined.get((was, cause), 0) + count
    assert grouped == sorted((was, cause, count) for (was, cause), count in joined.items())


def test_only_touched_periods_are_in_scope(merged):
    assert merged["scope"] == [("PH1", "2026-01"), ("PH1", "2026-02")]
