"""The intake of a night: what is written is what is counted, and what does not balance is not taken."""

from typing import Any

import pyarrow as pa
import pytest

from jobs.core.ledger import Unbalanced
from jobs.standardise.counts import Counts
from jobs.standardise.intake import GROUP, KEPT, PLACE, READ_FROM, Tally

GOOD: dict[str, Any] = {"producer": "PH1", "delivery_id": "D1", "outcome": "accepted", KEPT: False}
TYPES = {"record": pa.int64(), KEPT: pa.bool_()}


def batch(*records: dict[str, Any]) -> pa.RecordBatch:
    names = dict.fromkeys((*PLACE, *GROUP, KEPT))
    rows = [{"file": "f.csv", READ_FROM: "f.csv"} | GOOD | one for one in records]
    schema = pa.schema([(name, TYPES.get(name, pa.string())) for name in names])
    return pa.RecordBatch.from_pylist([{name: row.get(name) for name in names} for row in rows], schema=schema)


def counted(*batches: pa.RecordBatch) -> Counts:
    tally, counts = Tally(), Counts()
    assert sum(one.num_rows for one in tally.watch(batches)) == sum(one.num_rows for one in batches)
    for row in tally.batch("f").to_pylist():
        counts.add(*list(row.values())[1:])
    return counts


def test_records_are_counted_by_outcome_rule_file_and_warning():
    refused = {"outcome": "quarantined", "rule": "PHA-002", KEPT: True}
    first = batch({"record": 1}, {"record": 2, "warnings": "PHA-101,PHA-106"}, {"record": 3} | refused)
    second = batch({"record": 4} | refused, {"record": 1, "file": "token", READ_FROM: "g.csv", "warnings": "PHA-101"})
    counts = counted(first, batch(), second)
    assert counts.outcomes == {
        ("PH1", "D1", "accepted", None): 3,
        ("PH1", "D1", "quarantined", "PHA-002"): 2,
    }
    assert counts.files == {("PH1", "D1", "f.csv"): 4, ("PH1", "D1", "g.csv"): 1}
    assert counts.warnings == {"PH1": {"PHA-101": 2, "PHA-106": 1}}
    assert (counts.read, counts.quarantined) == (5, 2)


def test_each_producer_has_its_own_counts_and_nothing_is_lost_between_them():
    refused = {"outcome": "quarantined", "rule": "PHA-002", KEPT: True, "warnings": "PHA-101"}
    counts = counted(batch({"record": 1}, {"record": 2} | refused), batch({"record": 1, "producer": "PH2"}))
    own = counts.by_producer()
    assert {name: (one.read, one.of("accepted"), one.rules()) for name, one in own.items()} == {
        "PH1": (2, 1, {"PHA-002": 1}),
        "PH2": (1, 1, {}),
    }
    assert own["PH1"].warnings == {"PH1": {"PHA-101": 1}} and not own["PH2"].warnings
    assert own["PH3"].read == 0


@pytest.mark.parametrize(
    ("batches", "told"),
    [
        ([batch({"record": 1}, {"record": 1})], "a record was counted twice"),
        ([batch({"record": 1}), batch({"record": 1})], "a record was counted twice"),  # in two batches
        ([batch({"record": 1, "outcome": "quarantined", "rule": "PHA-002"})], "a record was rejected and not kept"),
        ([batch({"record": 1, "outcome": None})], "a record has no outcome"),
        ([batch({"record": 1, "outcome": "lost"})], "a record has no outcome"),
        ([batch({"record": 1, "outcome": "ignored"})], "records are ignored without a rule"),
        ([batch({"record": 1, "rule": "PHA-002"})], "records are accepted with a rule"),
    ],
)
def test_what_does_not_balance_is_refused(batches: list[pa.RecordBatch], told: str):
    with pytest.raises(Unbalanced, match=f"delivery D1 of PH1: {told}"):
        counted(*batches)
