"""k, l and uniques: tiny tables by eye, and a brute-force count that must agree."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.core.schema import SCHEMAS, SchemaMismatch, load_schema, parse_schema
from jobs.disclosure.measure import Exposure, exposure, relation_of, together
from jobs.disclosure.sets import QuasiSet, quasi_sets, sets_of

SET = QuasiSet("stay", "patient", ("age", "sex"), "who", "illness")
Row = tuple[int | None, str | None, str, str | None]


def relation(folder: Path, name: str, rows: list[Row]) -> str:
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    types = (pa.int64(), pa.string(), pa.string(), pa.string())
    arrays = [pa.array(list(column), kind) for column, kind in zip(columns, types, strict=True)]
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(arrays, names=["age", "sex", "who", "illness"]), path)
    return relation_of([path])


def test_a_person_alone_and_a_class_of_one_illness(tmp_path: Path) -> None:
    rows = relation(
        tmp_path,
        "now",
        [
            (40, "1", "ann", "flu"),
            (40, "1", "ann", "gout"),  # the same person twice is one member
            (40, "1", "bob", "flu"),
            (90, "2", "eve", "flu"),  # alone
            (None, "2", "joe", "flu"),  # unknown is a value
            (None, "2", "kim", "flu"),  # two members, one illness: l = 1
        ],
    )
    assert exposure(rows, None, SET, 2) == Exposure(classes=3, members=5, k=1, l=1, below=1, unique=1)


def test_what_two_nights_together_show(tmp_path: Path) -> None:
    before = relation(tmp_path, "before", [(40, "1", "ann", "flu"), (50, "1", "bob", "flu"), (60, "1", "cal", "flu")])
    now = relation(tmp_path, "now", [(40, "1", "ann", "flu"), (50, "1", "bob", "flu"), (50, "1", "dan", "flu")])
    found = exposure(now, before, SET, 2)
    assert (found.unique, found.unique_in_both) == (1, 1)  # ann
    assert found.alone_in_difference == 2  # dan came to bob's class, cal left one
    assert exposure(now, None, SET, 2).alone_in_difference == 0  # the first night differs from nothing


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([40, 50, None]),
            st.sampled_from(["1", "2", None]),
            st.sampled_from("abcdef"),
            st.sampled_from(["flu", "gout", None]),
        ),
        max_size=12,
    ),
    limit=st.integers(1, 4),
)
def test_a_count_by_hand_agrees(tmp_path_factory: pytest.TempPathFactory, rows: list[Row], limit: int) -> None:
    found = exposure(relation(tmp_path_factory.mktemp("k"), "now", rows), None, SET, limit)
    members: dict[Any, set[str]] = defaultdict(set)
    values: dict[Any, set[str | None]] = defaultdict(set)
    for age, sex, who, illness in rows:
        members[age, sex].add(who)
        values[age, sex].add(illness)
    sizes = [len(people) for people in members.values()]
    assert (found.classes, found.members) == (len(sizes), sum(sizes))
    assert (found.k, found.l) == (min(sizes, default=None), min(map(len, values.values()), default=None))
    assert found.below == sum(size for size in sizes if size < limit)
    assert found.unique == sizes.count(1)


def test_months_add_up_and_the_weakest_counts() -> None:
    parts = [Exposure(3, 30, 5, 2, 5, 0, 0, 1), Exposure(1, 12, 12, 1, 0, 0, 0, 0), Exposure()]
    assert together(parts) == Exposure(4, 42, 5, 1, 5, 0, 0, 1)


def test_every_declared_set_names_columns_that_are_there() -> None:
    tables = {one.table for one in quasi_sets()}
    assert {"hospital_stay", "dispensation", "document", "beneficiary", "claim_line", "person"} <= tables
    schema = load_schema("published/person")
    schema.veillee["quasi_sets"]["sets"].append({"name": "wrong", "fields": ["postcode"]})
    try:
        with pytest.raises(SchemaMismatch, match="no column postcode"):
            sets_of(schema)
    finally:
        schema.veillee["quasi_sets"]["sets"].pop()


def test_a_table_with_an_age_and_a_person_declares_its_sets() -> None:
    """Whoever adds a published table with quasi-identifiers of persons has to say which ones combine."""
    declared = {one.table for one in quasi_sets()}
    for path in sorted((SCHEMAS / "published").glob("*.json")):
        schema = parse_schema(json.loads(path.read_text(encoding="utf-8")))
        if "age_years" in schema.names:
            assert schema.name in declared, schema.name
