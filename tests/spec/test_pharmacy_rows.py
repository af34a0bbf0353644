"""Cells to values: the test vectors, and one line per rule and warning."""

import csv
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.rules import rule
from jobs.core.settings import REPOSITORY
from jobs.standardise.delimited import PLACE, clean
from jobs.standardise.dialects import Dialect, load_dialects, spark_pattern
from jobs.standardise.pharmacy import fields
from jobs.standardise.pharmacy.columns import COLUMNS
from jobs.standardise.pharmacy.products import damaged, with_product
from jobs.standardise.pharmacy.rows import typed_rows
from jobs.standardise.pharmacy.traits import claims_of, with_tokens
from jobs.standardise.pharmacy.warn import Terms

VECTORS = REPOSITORY / "tests" / "data" / "pharmacy" / "code_amount_date_vectors.csv"
TERMS = Terms("2026-11-22", 6, 27, frozenset({"PH7", "HD7"}))


def vectors(*kinds: str) -> list[dict[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["kind"] in kinds]


@pytest.fixture(scope="module")
def dialects() -> dict[str, Dialect]:
    return load_dialects(Path(REPOSITORY) / "config" / "dialects", COLUMNS)


def cleaned(spark: SparkSession, rows: list[dict[str, str]]) -> DataFrame:
    texts = clean(pa.array([row["raw"] for row in rows], pa.string()))
    return spark.createDataFrame(list(enumerate(texts.to_pylist())), "n int, t string")


def test_amounts_rates_and_quantities_of_the_vectors(spark: SparkSession):
    rows = vectors("amount_eur", "amount_centimes", "rate", "quantity")
    kinds = [row["kind"] for row in rows]
    text = F.col("t")
    read = cleaned(spark, rows).select(
        "n",
        fields.euros(text).alias("amount_eur"),
        fields.cents(text).alias("amount_centimes"),
        fields.rate(text).alias("rate"),
        fields.quantity(text).cast("decimal(12,2)").alias("quantity"),
        fields.unreadable(text, fields.euros(text)).alias("refused_amount_eur"),
        fields.unreadable(text, fields.cents(text)).alias("refused_amount_centimes"),
        fields.unreadable_rate(text, fields.rate(text)).alias("refused_rate"),
        fields.quantity(text).isNull().alias("refused_quantity"),
    )
    for row in read.collect():
        case, kind = rows[row.n], kinds[row.n]
        told = (row[kind], row[f"refused_{kind}"])
        if case["expected"] in ("valid", "flag") and ";" not in case["normalized"]:
            assert told == (Decimal(case["normalized"]), False), case
        elif case["flags"] == "blank_numeric" or (case["expected"] == "missing" and kind != "quantity"):
            assert told == (None, False), case  # a blank amount of an extract is missing; B2 would refuse it
        else:
            assert told == (None, True), case  # two rates in one cell, fractions and missing quantities included


def boxes(spark: SparkSession):
    """One known presentation, whose class changed on 1 July 2026."""
    atcs = [("2019-11", "N02BE01"), ("2026-07", "N02BE51")]
    shape = "code string, atcs array<struct<since: string, atc: string>>, price_eur decimal(12,2)"
    rows = [("3400935955838", atcs, Decimal("2.18"), Decimal("3.20"))]
    return spark.createDataFrame(rows, f"{shape}, public_price_eur decimal(12,2)")


def test_product_codes_of_the_vectors(spark: SparkSession):
    rows = vectors("drug_code")
    frame = cleaned(spark, rows).withColumn("code_raw", F.col("t")).withColumn("damaged", damaged(F.col("t")))
    frame = frame.withColumn("dispensed_on", F.lit("2026-11-21").cast("date"))
    for row in with_product(frame, boxes(spark)).collect():
        case = rows[row.n]
        if case["expected"] == "valid" and case["normalized"].startswith("34009"):
            known = case["normalized"] == "3400935955838"
            assert (row.code_class, row.cip13, row.code_known) == ("drug", case["normalized"], known), case
        elif case["expected"] == "valid":
            assert (row.code_class, row.cip13, row.ucd13) == ("hospital_drug", None, case["normalized"]), case
        elif case["expected"] == "other_product":
            assert (row.code_class, row.cip13) == ("other_product", None), case
        elif case["expected"] == "missing":
            assert (row.code_class, row["product"]) == ("unknown", None), case
        elif case["flags"] == "bad_ucd_key":
            assert (row.code_class, row.cip13) == ("unknown", None), case
        else:
            assert (row.code_class, row.damaged) == ("unknown", case["flags"] == "scientific_notation"), case


def test_the_class_is_that_of_the_day_of_dispensing(spark: SparkSession):
    days = [("2026-06-30", "N02BE01"), ("2026-07-01", "N02BE51"), ("2018-01-01", "N02BE01")]
    frame = spark.createDataFrame([("3400935955838", day) for day, _ in days], "code_raw string, day string")
    frame = frame.withColumn("dispensed_on", F.col("day").cast("date"))
    assert {(row.day, row.atc) for row in with_product(frame, boxes(spark)).collect()} == set(days)


PATTERNS = {
    "": "%d/%m/%Y", "iso": "%Y-%m-%d", "iso_datetime": "%Y-%m-%dT%H:%M:%S", "compact": "%Y%m%d", "aammjj": "%y%m%d",
    "jjmmaaaa": "%d%m%Y", "two_digit_year": "%d/%m/%y", "excel_serial": "%d/%m/%Y",
    "unpadded_two_digit_year": "%d/%m/%y",
    "missing_zero": "%d/%m/%Y",
}  # fmt: skip
LATER = ("sas_datetime", "sas_date", "float")  # SAS deliveries come with DCIR


def test_dates_of_the_vectors(spark: SparkSession):
    rows = [row for row in vectors("event_date") if row["flags"] not in LATER and "JAN" not in row["raw"]]
    patterns = [PATTERNS.get(row["flags"], "%d/%m/%Y" if "-" not in row["raw"] else "%Y-%m-%d") for row in rows]
    moment = F.lit(None).cast("timestamp")
    for pattern in sorted(set(patterns)):
        chosen = F.col("n").isin([n for n, one in enumerate(patterns) if one == pattern])
        moment = F.when(chosen, F.try_to_timestamp("t", F.lit(spark_pattern(pattern)))).otherwise(moment)
    frame = cleaned(spark, rows).withColumn("m", moment)
    read = frame.select("n", fields.day(F.col("m")).alias("day"), fields.no_date(F.col("t"), F.col("m")).alias("none"))
    for row in read.collect():
        case = rows[row.n]
        expected = {"valid": (case["normalized"], False), "sentinel": (None, True), "missing": (None, True)}
        assert (row.day and row.day.isoformat(), row.none) == expected.get(case["expected"], (None, False)), case


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
    ({"birth_date": "12/13/1985"}, "PHA-003", "birth_date", None),
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


def raw_frame(spark: SparkSession, changes: list[dict[str, str]], dialect: str = "standard") -> DataFrame:
    place = ", ".join(f"{name} {'bigint' if name in ('record', 'offset') else 'string'}" for name in PLACE)
    cells = ", ".join(f"{name} string" for name in COLUMNS)
    rows = [
        (
            "PH1",
            "D1",
            "f.csv",
            n,
            0,
            "",
            dialect,
            None,
            None,
            None,
            *clean(pa.array([{**GOOD, **change}.get(name) for name in COLUMNS], pa.string())).to_pylist(),
        )
        for n, change in enumerate(changes)
    ]
    return spark.createDataFrame(rows, f"{place}, {cells}")


def typed(spark: SparkSession, dialects: dict[str, Dialect], changes: list[dict[str, str]]) -> DataFrame:
    return typed_rows(raw_frame(spark, changes), dialects, boxes(spark), TERMS)


def test_each_rule_and_warning(spark: SparkSession, dialects: dict[str, Dialect]):
    rows = typed(spark, dialects, [case[0] for case in CASES]).orderBy("record").collect()
    told = [(CASES[row.record][0], row.rule, row.field, row.warnings) for row in rows]
    assert told == CASES
    for _, code, _, warnings in CASES:
        for found in filter(None, [code, *(warnings or "").split(",")]):
            assert rule(found).severity == ("critical" if found == code else "warning")


def test_returns_are_negative_and_amounts_follow(spark: SparkSession, dialects: dict[str, Dialect]):
    changes = [
        {"event_type": "annulation"},
        {"quantity_signed": "-1", "amount_total": "-2,18"},
        {"amount_total": "1 466,29"},
    ]
    rows = typed(spark, dialects, changes).orderBy("record").collect()
    assert [(row.quantity, row.amount_total_value) for row in rows] == [
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


def test_subjects_and_claims(spark: SparkSession, dialects: dict[str, Dialect]):
    key = spark.createDataFrame([(bytearray(32),)], "key binary")
    rows = with_tokens(typed(spark, dialects, [one[1] for one in PEOPLE]), key)
    found = rows.select("record", "subject_id").orderBy("record").collect()
    same = [row.subject_id == found[0].subject_id for row in found]
    assert same == [one[2] for one in PEOPLE]
    others = [row.subject_id for row, alike in zip(found, same, strict=True) if not alike]
    assert len(set(others)) == len(others)
    claims = claims_of(rows.orderBy("record").coalesce(1)).collect()
    roles = ["own" if one.own_nir else "holder" if one.holder_nir else None for one in claims]
    assert roles == [one[3] for one in PEOPLE]
    assert {one.own_nir or one.holder_nir for one in claims} == {"1850575990042", None}
    assert [one.used_name for one, (name, *_) in zip(claims, PEOPLE, strict=True) if "anonymous" in name] == [None] * 2


# what each vector of numbers is to us; the last is twelve characters once its blank key is gone
NUMBERS = ["sentinel", "sentinel", "valid", "valid", "malformed"]


def test_numbers_of_the_vectors_and_what_is_counted(spark: SparkSession, dialects: dict[str, Dialect]):
    raws = [row["raw"] for row in vectors("nir13+key")]
    rows = typed(spark, dialects, [{"patient_nir": raw[:13], "patient_nir_key": raw[13:]} for raw in raws])
    found = rows.orderBy("record").collect()
    assert [row.nir_state for row in found] == NUMBERS
    assert [row.warnings for row in found] == [None if state == "valid" else "IDE-002" for state in NUMBERS]
