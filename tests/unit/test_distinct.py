"""Columns in Arrow that stand beside Spark's: the same tokens, the same ages, exact decimals."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.core.ages import age, ages
from jobs.core.distinct import decimals, each, each_pair, each_several, when
from jobs.core.session import SHARES, shares
from jobs.core.tokens import AT_ONCE, joined, text_base32, text_hex, token_base32_array, token_hex_array

MONEY = pa.decimal128(12, 2)
KEY = bytes(range(32))


@settings(deadline=None)  # the first call loads a library
@given(st.lists(st.none() | st.integers(-(10**12) + 1, 10**12 - 1)))
def test_hundredths_become_the_same_decimals(values: list[int | None]) -> None:
    told = decimals(pa.array(values, pa.int64()), MONEY)
    told.validate(full=True)
    assert told.to_pylist() == [None if value is None else Decimal(value).scaleb(-2) for value in values]


def test_a_distinct_text_is_asked_once_and_null_is_not_asked():
    asked: list[str] = []

    def parse(text: str) -> int:
        asked.append(text)
        return len(text)

    texts = pa.array(["a", "bb", None, "a", "bb"])
    assert each(texts, parse, pa.int64()).to_pylist() == [1, 2, None, 1, 2]
    assert sorted(asked) == ["a", "bb"]
    both = each_several(texts, lambda text: (text * 2, text == "a"), (pa.string(), pa.bool_()))
    assert [one.to_pylist() for one in both] == [["aa", "bbbb", None, "aa", "bbbb"], [True, False, None, True, False]]
    assert [len(one) for one in each_several(texts[:0], parse, (pa.string(), pa.bool_()))] == [0, 0]


def test_what_is_unknown_counts_as_no():
    numbers = pa.array([1, 2, 3], pa.int64())
    some = pa.array([True, False, None])
    assert when(some, numbers).to_pylist() == [1, None, None]
    assert each_pair(numbers, numbers, some, lambda one, two: one + two, pa.int64()).to_pylist() == [2, None, None]


@settings(deadline=None)  # the first call loads a library
@given(st.lists(st.tuples(st.none() | st.text(), st.text()), max_size=20))
def test_tokens_are_those_of_the_text(parts: list[tuple[str | None, str]]) -> None:
    columns = [pa.array([one[place] for one in parts], pa.string()) for place in (0, 1)]
    told = token_hex_array(KEY, joined("ticket", *columns)).to_pylist()
    assert told == [None if one is None else text_hex(KEY, "ticket", one, two) for one, two in parts]


BIRTHS = {"1985-05-12": 41, "1985-11-22": 41, "1985-11-23": 40, "2024-02-29": 2, "2026-11-22": 0}


def test_ages_are_the_same_in_spark_and_in_arrow(spark: SparkSession):
    born = pa.array([*map(date.fromisoformat, BIRTHS), None], pa.date32())
    on = pa.array([date(2026, 11, 22)] * len(born), pa.date32())
    assert ages(born, on).to_pylist() == [*BIRTHS.values(), None]
    frame = spark.createDataFrame([(day,) for day in BIRTHS], "day string")
    told = frame.select("day", age(F.col("day").cast("date"), F.lit("2026-11-22").cast("date")).alias("age"))
    assert {row.day: row.age for row in told.collect()} == BIRTHS


@pytest.mark.parametrize(("size", "parts"), [(10, 2), (200_000_000, 6)])
def test_shuffles_have_as_many_parts_as_the_bytes_ask_for(spark: SparkSession, size: int, parts: int):
    before = spark.conf.get(SHARES)
    with shares(spark, size):
        assert spark.conf.get(SHARES) == str(max(parts, int(before or 0)))
    assert spark.conf.get(SHARES) == before


def test_a_column_of_many_messages_is_hashed_whole_and_in_its_order():
    values = [f"person {number}" for number in range(2 * AT_ONCE + 3)]
    told = token_base32_array(KEY, pa.array(["before", *values]).slice(1), "person").to_pylist()
    assert told == [text_base32(KEY, "person", one) for one in values]
