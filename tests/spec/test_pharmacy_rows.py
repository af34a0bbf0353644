"""Cells to values: the test vectors, and one line per rule and warning."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.core.rules import rule
from jobs.core.settings import REPOSITORY
from jobs.core.tokens import text_hex
from jobs.standardise.delimited import PLACE, PLACE_TYPES, clean
from jobs.standardise.dialects import Dialect, Values, load_dialects
from jobs.standardise.pharmacy import days, fields
from jobs.standardise.pharmacy.boxes import Boxes, atc_on
from jobs.standardise.pharmacy.columns import COLUMNS
from jobs.standardise.pharmacy.products import carried, damaged, with_product
from jobs.standardise.pharmacy.rows import typed_columns
from jobs.standardise.pharmacy.terms import Terms

VECTORS = REPOSITORY / "tests" / "data" / "pharmacy" / "code_amount_date_vectors.csv"
TERMS = Terms("2026-11-22", 6, 27, frozenset({"PH7", "HD7"}))


def vectors(*kinds: str) -> list[dict[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["kind"] in kinds]


@pytest.fixture(scope="module")
def standard() -> Dialect:
    return load_dialects(Path(REPOSITORY) / "config" / "dialects", COLUMNS)["standard"]


def cleaned(rows: list[dict[str, str]]) -> list[str]:
    return clean(pa.array([row["raw"] for row in rows], pa.string())).to_pylist()


READERS = {
    "amount_eur": (fields.euros, fields.missing, 100),
    "amount_centimes": (fields.cents, fields.missing, 100),
    "rate": (fields.rate, fields.missing_rate, 100),
    "quantity": (fields.quantity, lambda text: False, 1),
}


def test_amounts_rates_and_quantities_of_the_vectors():
    rows = vectors(*READERS)
    for case, text in zip(rows, cleaned(rows), strict=True):
        read, missing, parts = READERS[case["kind"]]
        value = read(text)
        told = (None if value is None else Decimal(value) / parts, value is None and not missing(text))
        if case["expected"] in ("valid", "flag") and ";" not in case["normalized"]:
            assert told == (Decimal(case["normalized"]), False), case
        elif case["flags"] == "blank_numeric" or (case["expected"] == "missing" and case["kind"] != "quantity"):
            assert told == (None, False), case  # a blank amount of an extract is missing; B2 would refuse it
        else:
            assert told == (None, True), case  # two rates in one cell, fractions and missing quantities included


ATCS = (("2019-11", "N02BE01"), ("2026-07", "N02BE51"))  # the class changed on 1 July 2026
BOXES = Boxes({"3400935955838": (ATCS, 218, 320)})  # one known presentation


def test_product_codes_of_the_vectors():
    rows = vectors("drug_code")
    for case, text in zip(rows, cleaned(rows), strict=True):
        row = BOXES.product(text)
        if case["expected"] == "valid" and case["normalized"].startswith("34009"):
            known = case["normalized"] == "3400935955838"
            assert (row.code_class, row.cip13, row.known) == ("drug", case["normalized"], known), case
        elif case["expected"] == "valid":
            assert (row.code_class, row.cip13, row.ucd13) == ("hospital_drug", None, case["normalized"]), case
        elif case["expected"] == "other_product":
            assert (row.code_class, row.cip13) == ("other_product", None), case
        elif case["expected"] == "missing":
            assert (row.code_class, row.product) == ("unknown", None), case
        elif case["flags"] == "bad_ucd_key":
            assert (row.code_class, row.cip13) == ("unknown", None), case
        else:
            assert (row.code_class, row.damaged) == ("unknown", case["flags"] == "scientific_notation"), case


def test_columns_of_spark_say_of_a_code_what_is_said_of_it_one_by_one(spark: SparkSession):
    more = ["", "0", "3541848", "0000003541848", "9009994", "9000024", "9999999", "3400 935 955 838", "1850575990042",
            "3-mars", "7.0", "3400892065366", "INT0042", "rappeler", "3400935955838"]  # fmt: skip
    texts = [*cleaned(vectors("drug_code")), *more]
    shape = "code string, atcs array<struct<since: string, atc: string>>, price_eur decimal(12,2)"
    known = spark.createDataFrame([("3400935955838", list(ATCS), Decimal("2.18"))], shape)
    frame = spark.createDataFrame(list(enumerate(texts)), "n int, code_raw string")
    frame = frame.withColumn("dispensed_on", F.lit("2026-11-21").cast("date"))
    told = with_product(frame.withColumn("damaged", damaged(F.col("code_raw"))), known)
    for row in told.withColumn("carried", carried(F.col("product"))).collect():
        one = BOXES.product(texts[row.n])
        assert one[:5] == (row["product"], row.code_class, row.cip13, row.ucd13, row.code_known), texts[row.n]
        assert (one.carried, one.damaged) == (row.carried, row.damaged), texts[row.n]
        assert atc_on(one.atcs, date(2026, 11, 21)) == row.atc


def test_the_class_is_that_of_the_day_of_dispensing():
    classes = {"2026-06-30": "N02BE01", "2026-07-01": "N02BE51", "2018-01-01": "N02BE01"}
    assert {day: atc_on(ATCS, date.fromisoformat(day)) for day in classes} == classes


PATTERNS = {
    "": "%d/%m/%Y", "iso": "%Y-%m-%d", "iso_datetime": "%Y-%m-%dT%H:%M:%S", "compact": "%Y%m%d", "aammjj": "%y%m%d",
    "jjmmaaaa": "%d%m%Y", "two_digit_year": "%d/%m/%y", "excel_serial": "%d/%m/%Y",
    "unpadded_two_digit_year": "%d/%m/%y",
    "missing_zero": "%d/%m/%Y",
}  # fmt: skip
LATER = ("sas_datetime", "sas_date", "float")  # SAS deliveries come with DCIR


def test_dates_of_the_vectors():
    rows = [row for row in vectors("event_date") if row["flags"] not in LATER and "JAN" not in row["raw"]]
    for case, text in zip(rows, cleaned(rows), strict=True):
        pattern = PATTERNS.get(case["flags"], "%d/%m/%Y" if "-" not in case["raw"] else "%Y-%m-%d")
        day, none = days.day(text, days.reader(pattern))
        expected = {"valid": (case["normalized"], False), "sentinel": (None, True), "missing": (None, True)}
        assert (day and day.isoformat(), none) == expected.get(case["expected"], (None, False)), case


GOOD = {
    "ticket_id": "T1", "line_id": "1", "event_type": "sale", "event_ts_local": "21/11/2026 10:00:00",
    "patient_nir": "1850575990042", "patient_nir_key": "85", "birth_date": "12/05/1985", "birth_rank": "1", "sex": "1",
    "family_name": "DURAND", "given_name": "PAUL", "prescriber_id": "10000000009", "prescription_date": "20/11/2026",
    "code_raw": "3400935955838", "label": "DOLIPRANE", "quantity_signed": "2", "unit": "box", "amount_total": "4,36",
    "amount_base": "4,36", "amount_insurance": "2,83", "rate": "65", "service_code": "PH7",
}  # fmt: skip
# changed cells -> rule and field, or warnings
CASES: list[tuple[dict[str, str], str | None, str | None, str | None]] = [
    ({}, None, None, None),
    ({"ticket_id": " "}, "PHA-008", "ticket_id", None),
    ({"line_id": ""}, "PHA-008", "line_id", None),
    ({"event_type": "troc"}, "PHA-007", "event_type", None),
    ({"unit": "palette"}, "PHA-009", "unit", None),
    ({"event_ts_local": "31/02/2026 10:00:00"}, "PHA-003", "event_ts_local", None),
    ({"event_ts_local": ""}, "PHA-003", "event_ts_local", None),
    ({"event_ts_local": "21/11/2924 10:00:00"}, "PHA-003", "event_ts_local", None),
    ({"prescription_date": "hier"}, "PHA-003", "prescription_date", None),
    ({"birth_date": "mai 1985"}, "PHA-003", "birth_date", None),
    ({"birth_date": "00/05/2027"}, "PHA-003", "birth_date", None),
    ({"birth_date": "00/05/1905"}, "PHA-003", "birth_date", None),
    ({"birth_date": "12/13/1985"}, None, None, "PHA-118"),
    ({"quantity_signed": "1,5"}, "PHA-004", "quantity_signed", None),
    ({"quantity_signed": ""}, "PHA-004", "quantity_signed", None),
    ({"code_raw": "3,40094E+12"}, "PHA-005", "code_raw", None),
    ({"code_raw": "05/03/2018"}, "PHA-005", "code_raw", None),
    ({"amount_base": "gratuit"}, "PHA-002", "amount_base", None),
    ({"rate": "650"}, "PHA-002", "rate", None),
    ({"patient_nir_key": "86"}, None, None, "IDE-001"),
    ({"patient_nir": "0000000000000"}, None, None, "IDE-002"),
    ({"code_raw": "3400935955839"}, None, None, "PHA-101"),
    ({"code_raw": "3400930299166"}, None, None, "PHA-101"),
    ({"code_raw": "3525722032742"}, None, None, None),
    ({"code_raw": ""}, None, None, None),
    ({"given_name": "PA\x92UL"}, None, None, "PHA-102"),
    ({"birth_date": "00/00/0000"}, None, None, "PHA-103"),
    ({"amount_total": "4.36"}, None, None, "PHA-104"),
    ({"event_ts_local": "23/11/2026 10:00:00"}, None, None, "PHA-105"),
    ({"quantity_signed": "999"}, None, None, "PHA-106"),
    ({"event_type": "Retour"}, None, None, "PHA-107"),
    ({"event_type": "return", "quantity_signed": "-2"}, None, None, None),
    ({"sex": "X"}, None, None, "PHA-108"),
    ({"sex": "9"}, None, None, None),
    ({"birth_date": "12/05/2027"}, None, None, "PHA-109"),
    ({"service_code": "demander Mme Durand"}, None, None, "PHA-110"),
    ({"service_code": "PH9"}, None, None, "PHA-116"),
    ({"amount_total": "640,00"}, None, None, "PHA-114"),
    ({"amount_total": "0,06"}, None, None, "PHA-114"),
    ({"amount_total": "30,00"}, None, None, None),
    ({"amount_total": "640,00", "unit": "unit"}, None, None, None),
    ({"amount_total": "640,00", "code_raw": "3525722032742"}, None, None, None),
    ({"event_ts_local": "31/05/2026 23:59:59"}, None, None, None),
    ({"event_ts_local": "30/04/2026 23:59:59"}, None, None, "PHA-115"),
    ({"event_ts_local": "01/08/2024 00:00:00"}, None, None, "PHA-115"),
    ({"event_ts_local": "31/07/2024 10:00:00"}, "PHA-015", "event_ts_local", None),
    ({"amount_total": "", "prescription_date": "", "rate": "999"}, None, None, None),
]  # fmt: skip


def batch_of(changes: list[dict[str, str]], dialect: str) -> pa.RecordBatch:
    """Records as they are read, each the good one with some cells changed."""
    place = {"producer": "PH1", "delivery_id": "D1", "file": "f.csv", "offset": 0, "bytes": b"", "dialect": dialect}
    rows = [dict.fromkeys(PLACE) | place | {"record": rank} for rank in range(len(changes))]
    arrays = [pa.array([row[name] for row in rows], PLACE_TYPES.get(name, pa.string())) for name in PLACE]
    cells = [{**GOOD, **change} for change in changes]
    arrays += [clean(pa.array([one.get(name) for one in cells], pa.string())) for name in COLUMNS]
    return pa.RecordBatch.from_arrays(arrays, names=[*PLACE, *COLUMNS])


def typed(dialect: Values, changes: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What every record of a batch becomes, with all that is found on the way."""
    columns = typed_columns(batch_of(changes, dialect.name), dialect, BOXES, TERMS, bytes(32))
    values = {name: column.to_pylist() for name, column in columns.items()}
    return [{name: value[rank] for name, value in values.items()} for rank in range(len(changes))]


def test_each_rule_and_warning(standard: Dialect):
    rows = typed(standard, [case[0] for case in CASES])
    told = [(CASES[row["record"]][0], row["rule"], row["field"], row["warnings"]) for row in rows]
    assert told == CASES
    for _, code, _, warnings in CASES:
        for found in filter(None, [code, *(warnings or "").split(",")]):
            assert rule(found).severity == ("critical" if found == code else "warning")


def test_returns_are_negative_and_amounts_follow(standard: Dialect):
    changes = [
        {"event_type": "annulation"},
        {"quantity_signed": "-1", "amount_total": "-2,18"},
        {"amount_total": "1 466,29"},
    ]
    assert [(row["quantity"], row["amount_total"]) for row in typed(standard, changes)] == [
        (-2, Decimal("-4.36")),
        (-1, Decimal("-2.18")),
        (2, Decimal("1466.29")),
    ]


ANONYMOUS = {"patient_nir": "1555555751333", "patient_nir_key": "74"}
# name, changed cells, same subject as the first, role of the number in the claim
PEOPLE: list[tuple[str, dict[str, str], bool, str | None]] = [
    ("the patient", {}, True, "own"),
    ("without names", {"family_name": "", "given_name": ""}, True, "own"),
    ("wrong key of the same number", {"patient_nir_key": "86"}, True, None),
    ("number printed with blanks", {"patient_nir": "1 85 05 75 990 042"}, True, "own"),
    ("a daughter on the card", {"sex": "2", "birth_date": "01/02/2015"}, False, "holder"),
    ("a son born the same month of the year", {"birth_date": "12/05/2015"}, False, "holder"),
    ("the other sex, as an invoice cannot tell", {"sex": "2"}, True, "holder"),
    ("no rank, the other sex", {"birth_rank": "", "sex": "2"}, False, "holder"),
    ("his twin on the card", {"birth_rank": "2", "given_name": "LUC"}, False, "own"),
    ("no rank", {"birth_rank": ""}, False, "own"),
    ("no rank, a twin", {"birth_rank": "", "given_name": "LUC"}, False, "own"),
    ("no number, names", {"patient_nir": "", "patient_nir_key": ""}, False, None),
    ("filler as number", {"patient_nir": "0000000000000", "patient_nir_key": "00", "given_name": "LUC"}, False, None),
    ("an anonymous bill", {**ANONYMOUS, "ticket_id": "T8"}, False, None),
    ("another anonymous bill of the same day", {**ANONYMOUS, "ticket_id": "T9"}, False, None),
    ("a provisional number", {"patient_nir": "7850575990042", "patient_nir_key": ""}, False, None),
    ("nobody", {"patient_nir": "", "patient_nir_key": "", "birth_date": "", "given_name": ""}, False, None),
]  # fmt: skip


def test_subjects_and_claims(standard: Dialect):
    rows = typed(standard, [one[1] for one in PEOPLE])
    same = [row["subject_id"] == rows[0]["subject_id"] for row in rows]
    assert same == [one[2] for one in PEOPLE]
    others = [row["subject_id"] for row, alike in zip(rows, same, strict=True) if not alike]
    assert len(set(others)) == len(others)
    roles = ["own" if row["own_nir"] else "holder" if row["holder_nir"] else None for row in rows]
    assert roles == [one[3] for one in PEOPLE]
    assert {row["own_nir"] or row["holder_nir"] for row in rows} == {"1850575990042", None}
    names = [row["used_name"] for row, (name, *_) in zip(rows, PEOPLE, strict=True) if "anonymous" in name]
    assert names == [None] * 2


# what each vector of numbers is to us; the last is twelve characters once its blank key is gone
NUMBERS = ["sentinel", "sentinel", "valid", "valid", "malformed"]


def test_lunar_birth_dates_keep_the_patient(standard: Dialect):
    """As an invoice does: text and year are kept, no day; the subject is the one that an invoice makes."""
    texts = ["00/05/1985", "12/13/1985", "31/02/1985", "00/00/1985"]
    rows = typed(standard, [{"birth_date": text} for text in texts])
    kept = [(row["rule"], row["birth_date"], row["age_years"], row["birth_date_text"]) for row in rows]
    assert kept == [(None, None, None, f"1985-{text[3:5]}-{text[:2]}") for text in texts]
    assert len({row["subject_id"] for row in rows}) == 4
    as_invoice = text_hex(bytes(32), "pharmacy", "partly", "PH1", "1850575990042", "1985-05-00", "1")
    assert rows[0]["subject_id"] == as_invoice
    twins = typed(
        standard, [{"birth_date": texts[0], "birth_rank": "", "given_name": name} for name in ("PAUL", "LUC")]
    )
    assert len({row["subject_id"] for row in [*twins, rows[0]]}) == 3
    assert days.lunar("00/05/30", date(2026, 11, 21), "%d/%m/%y") == "1930-05-00"
    assert days.lunar("00/05/26", date(2026, 11, 21), "%d/%m/%y") == "2026-05-00"


def test_a_batch_states_each_claim_once(standard: Dialect):
    other, later = {"family_name": "AUTRE"}, {"quantity_signed": "2"}
    refused = {"family_name": "REFUSE", "quantity_signed": "deux"}
    rows = typed(standard, [{"quantity_signed": "deux"}, {}, later, other, {}, refused, other, {"birth_date": ""}])
    assert [row["states_claim"] for row in rows] == [False, True, False, True, False, False, False, True]


def test_numbers_of_the_vectors_and_what_is_counted(standard: Dialect):
    raws = [row["raw"] for row in vectors("nir13+key")]
    rows = typed(standard, [{"patient_nir": raw[:13], "patient_nir_key": raw[13:]} for raw in raws])
    assert [row["nir_state"] for row in rows] == NUMBERS
    assert [row["warnings"] for row in rows] == [None if state == "valid" else "IDE-002" for state in NUMBERS]
