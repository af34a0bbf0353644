"""National identifiers: every vector, as Spark columns and in Python, and against an independent library."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F
from stdnum import luhn
from stdnum.fr import nir as stdnum

from jobs.identifiers.finess import finess_status, python_finess_status
from jobs.identifiers.ins import ins_status, python_ins13, python_ins_status
from jobs.identifiers.nir import nir13, nir_status, python_expected_key, python_nir13, python_nir_status

DATA = Path(__file__).parents[1] / "data" / "hospital"
# What the vectors call an outcome, in the words of number_status. The kind decides where several share one outcome.
OUTCOMES = {
    "accept": "valid",
    "accept_without_key": "valid",
    "accept_after_cleaning": "valid",
    "reject_key": "key_wrong",
    "reject_length": "malformed",
    "reject_shape": "malformed",
    "missing_declared": "sentinel",
    "missing_blank": "missing",
    "reject_sentinel": "sentinel",
}
BY_INPUT = {
    "0000000000000": "sentinel",
    "999999999999999": "sentinel",
    "7850575990042": "provisional",
    "8850575990042": "provisional",
    "5850575990042": "passing",
    "6850575990042": "passing",
}
MORE = [
    ("1850575990042", "85", "valid"),  # number and key in two fields
    ("1850575990042", "86", "key_wrong"),
    ("1850575990042", "  ", "valid"),
    ("1850575990042", "8", "malformed"),
    ("1850575990042", "8X", "malformed"),
    ("XXXXXXXXXXXXX", "XX", "sentinel"),
    ("1555555991333", "05", "sentinel"),  # an anonymous bill, whoever the patient
    (None, None, "missing"),
    ("185057599004285", "85", "malformed"),  # the key twice
    ("1 85 05 75 990 042", "85", "valid"),  # no-break blanks
]
INS = [
    ("185057599004285", "valid"),
    ("185057599004286", "key_wrong"),
    ("1850575990042", "malformed"),  # an INS is never sent without its key
    ("785057599004276", "valid"),  # a waiting number has a key as INS
    ("785057599004275", "key_wrong"),
    ("", "missing"),
    ("000000000000000", "sentinel"),
    ("279035121518989", "valid"),
]


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def wanted(row):
    return BY_INPUT.get(row["input"]) or OUTCOMES[row["expected"]]


@pytest.fixture(scope="module")
def judged(spark):
    """Every vector judged by the columns, in one job."""
    numbers = [(row["input"], None) for row in rows("nir_cases.csv")] + [(number, key) for number, key, _ in MORE]
    numbers += [(number, None) for number, _ in INS] + [(row["input"], None) for row in rows("finess_cases.csv")]
    frame = spark.createDataFrame(numbers, "number string, key string")
    found = frame.select(
        "number",
        "key",
        nir_status(F.col("number"), F.col("key")).alias("nir"),
        nir13(F.col("number"), F.col("key")).alias("nir13"),
        ins_status(F.col("number"), F.col("key")).alias("ins"),
        finess_status(F.col("number")).alias("finess"),
    ).collect()
    return {(row.number, row.key): row for row in found}


def test_all_vectors_are_there():
    assert len(rows("nir_cases.csv")) == 48


def test_nir_vectors(judged):
    wrong = [
        (row["input"], row["note"])
        for row in rows("nir_cases.csv")
        if judged[row["input"], None].nir != wanted(row) or python_nir_status(row["input"]) != wanted(row)
    ]
    assert wrong == []


def test_the_thirteen_characters_of_a_valid_number(judged):
    for row in rows("nir_cases.csv"):
        thirteen = row["first_13"] if wanted(row) == "valid" else None
        assert judged[row["input"], None].nir13 == python_nir13(row["input"]) == thirteen


@pytest.mark.parametrize(("number", "key", "status"), MORE)
def test_number_and_key_in_two_fields(judged, number, key, status):
    assert judged[number, key].nir == python_nir_status(number, key) == status


@pytest.mark.parametrize(("number", "status"), INS)
def test_ins(judged, number, status):
    assert judged[number, None].ins == python_ins_status(number) == status
    assert python_ins13(number) == (number[:13] if status == "valid" else None)


def test_columns_and_python_agree_on_everything(judged):
    for (number, key), row in judged.items():
        assert row.nir == python_nir_status(number, key)
        assert row.ins == python_ins_status(number, key)
        assert row.finess == python_finess_status(number)


def test_an_independent_library_calls_valid_what_we_call_valid():
    full = [row for row in rows("nir_cases.csv") if wanted(row) == "valid" and row["expected"] != "accept_without_key"]
    assert len(full) > 20
    for row in full:
        assert stdnum.is_valid(row["input"].replace("-", "").upper())


# Numbers of nobody: commune 999, or 99 overseas.
NOBODY = st.builds(
    "{}{:02d}{:02d}{}{:03d}".format,
    st.sampled_from("12"),
    st.integers(0, 99),
    st.integers(1, 12),
    st.sampled_from(["01999", "2A999", "2B999", "75999", "97499", "99999"]),
    st.integers(1, 999),
)


@settings(max_examples=200, deadline=None)
@given(NOBODY, st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(thirteen, place, step):
    key = f"{python_expected_key(thirteen):02d}"
    assert python_nir_status(thirteen, key) == "valid" and stdnum.is_valid(thirteen + key)
    if thirteen[place].isdigit():
        other = str((int(thirteen[place]) + step) % 10)
        assert python_nir_status(thirteen[:place] + other + thirteen[place + 1 :], key) != "valid"


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 99_999_999), st.integers(0, 9))
def test_a_finess_number_has_the_key_that_luhn_gives_it(number, key):
    text = f"{number:08d}{key}"
    assert python_finess_status(text) == ("valid" if luhn.is_valid(text) else "key_wrong")


def test_finess_numbers_of_corsica():
    # 2A counts as 21, seen on two published numbers; what 2B counts as is not known, so no key of it is called wrong
    assert [python_finess_status(f"2A000015{key}") for key in "45"] == ["valid", "key_wrong"]
    assert {python_finess_status(f"2B000015{key}") for key in "0123456789"} == {"valid"}


def test_finess_vectors(judged):
    verdicts = {
        "accept": "valid",
        "accept_after_cleaning": "valid",
        "suspect": "valid",  # a company number of nine digits passes too: only the register tells them apart
        "repair_or_reject": "malformed",
    }
    cases = rows("finess_cases.csv")
    assert len(cases) == 14
    for row in cases:
        wrong = "key_wrong" if row["note"] == "key off by one" else "malformed"
        assert judged[row["input"], None].finess == verdicts.get(row["expected"], wrong), row["note"]
