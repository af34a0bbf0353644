"""Codes as columns: every vector that a domain person can read, judged in one Spark action per kind of code."""

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import functions as F
from stdnum import ean

from jobs.codes import ccam, cim10, finess, ghm, ucd
from jobs.core.settings import REPOSITORY
from jobs.reference.tables import arrow_table

DATA = REPOSITORY / "tests" / "data" / "hospital"


def rows_of(name):
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def frame_of(spark, name):
    return spark.createDataFrame(arrow_table(None, name))


CIM10_WRITINGS = [
    ("j96.1+0", "J961+0", "a dot and lower case; the plus sign stays"),
    (" F03+01 ", "F03+01", "blanks around"),
    ("C25.0", "C250", "a dot"),
    ("U07.1", "U071", "a dot"),
    ("I64     ", "I64", "padded to eight"),
    ("Z51\u00a01", "Z511", "a no-break blank"),
    ("", None, "nothing was sent"),
    ("?", "?", "not a code, kept all the same"),
]
# code, chapter, parent in the loaded tables, refused as principal / related / associated / documentary
CIM10_FACTS = [
    ("J961+0", 10, "J961", (False, False, False, False)),
    ("J9610", 10, "J961", (False, False, False, False)),
    ("C80+0", 2, "C80", (True, True, True, False)),
    ("C800", 2, "C80", (False, False, False, False)),
    ("T149", 19, "T14", (True, True, False, False)),
    ("B900", 1, "B90", (True, False, False, False)),
    ("T76", 19, None, (True, True, False, False)),
    ("W190", 20, "W19", (True, True, None, False)),  # external cause by its letter; the type of the code is not known
    ("C25", 2, None, (None, None, None, False)),
    ("Z99X", None, "Z99", (None, None, None, False)),
    ("D486", 2, "D48", (None, None, None, False)),
    ("D500", 3, "D50", (None, None, None, False)),
    ("H599", 7, "H59", (None, None, None, False)),
    ("H600", 8, "H60", (None, None, None, False)),
    ("D490", None, None, (None, None, None, False)),  # no such chapter
    ("F03+99", 5, "F03", (None, None, None, False)),  # unknown, and its parent is still told
]


@pytest.fixture(scope="module")
def diagnoses(spark):
    """Every diagnosis code of this file with all that is known of it, in one action."""
    typed = [row["code"] for row in rows_of("icd10_pmsi_cases.csv")]
    texts = {*typed, *[text for text, _, _ in CIM10_WRITINGS], *[fact[0] for fact in CIM10_FACTS]}
    frame = spark.createDataFrame([(text,) for text in sorted(texts)], "text string")
    frame = frame.withColumn("code", cim10.normalise(F.col("text")))
    known = cim10.with_cim10(frame, frame_of(spark, "cim10"), frame_of(spark, "cim10_pmsi_type"))
    code, mco_type = F.col("code"), F.col("mco_type")
    found = known.select(
        "*",
        cim10.has_shape(code).alias("shape"),
        cim10.chapter(code).alias("chapter"),
        cim10.category(code).alias("category"),
        cim10.without_plus(code).alias("without_plus"),
        cim10.open_category(code, F.col("has_children")).alias("open_category"),
        *[cim10.refused(F.lit(place), code, mco_type).alias(place) for place in cim10.POSITIONS],
    ).collect()
    assert len(found) == len(texts)
    return {row.text: row for row in found}


@pytest.mark.parametrize(("text", "code", "why"), CIM10_WRITINGS)
def test_a_diagnosis_is_written_in_one_way(diagnoses, text, code, why):
    assert diagnoses[text].code == code, why


@pytest.mark.parametrize("case", rows_of("icd10_pmsi_cases.csv"), ids=lambda case: case["code"])
def test_the_25_known_types(diagnoses, case):
    row = diagnoses[case["code"]]
    kind = case["mco_type"]
    assert (row.code, row.shape, row.code_known, row.mco_type) == (case["code"], True, True, kind)
    assert len(row.code) == int(case["length"])
    refused = {"0": "", "1": "PR", "2": "PR", "3": "PRA", "4": "P"}[kind]
    assert [row.principal, row.related, row.associated, row.documentary] == [place in refused for place in "PRAD"]


@pytest.mark.parametrize(("code", "chapter", "parent", "refused"), CIM10_FACTS)
def test_chapter_parent_and_positions(diagnoses, code, chapter, parent, refused):
    row = diagnoses[code]
    assert (row.chapter, row.parent_code) == (chapter, parent)
    assert (row.principal, row.related, row.associated, row.documentary) == refused


def test_a_category_is_open_when_it_is_divided(diagnoses):
    found = {code: diagnoses[code].open_category for code in ("C25", "I64", "J46", "K359", "A00")}
    assert found == {"C25": True, "I64": False, "J46": False, "K359": False, "A00": True}


def test_codes_without_their_plus_collide_and_with_it_do_not(diagnoses):
    pairs = [("J961+0", "J9610"), ("C80+0", "C800")]
    assert all(diagnoses[plus].without_plus == diagnoses[plain].code for plus, plain in pairs)
    assert all(diagnoses[plus].code != diagnoses[plain].code for plus, plain in pairs)
    assert not diagnoses["?"].shape and not diagnoses["?"].code_known and diagnoses["?"].category is None


def test_every_listed_category_has_a_chapter(spark):
    codes = frame_of(spark, "cim10").where(cim10.has_shape(F.col("code"))).select("code")
    without = codes.where(cim10.chapter(F.col("code")).isNull())
    assert sorted({row.code[:3] for row in without.collect()}) == []


EXTENSIONS = [
    ("-01", "01", "valid"),
    ("-1B", "1B", "valid"),
    ("-00", "00", "valid"),
    ("01", "01", "no_hyphen"),
    ("-1", "1", "malformed"),
    ("-001", "001", "malformed"),
    ("   ", None, "none"),
    (None, None, "none"),
]
# act, extension, entry, exit → validity of the act, validity of the extension, an extension is expected
ACTS = [
    ("AAFA001", None, "2025-01-01", "2025-01-03", "valid", None, False),
    ("AANL001", None, "2010-05-01", "2010-05-04", "valid", None, False),  # entered on the last day: control 078
    ("AANL001", None, "2010-05-02", "2010-05-04", "ended", None, False),
    ("ZZQX784", None, "2024-01-01", "2024-01-08", "valid", None, False),  # left on the first day: control 079
    ("ZZQX784", None, "2024-01-01", "2024-01-07", "not_yet", None, False),
    ("ZZQX784", None, None, None, "undated", None, False),
    ("XXXX999", None, "2024-01-01", "2024-01-07", "unknown", None, False),
    ("xxx", "01", "2024-01-01", "2024-01-07", "unknown", "unknown", False),
    (None, None, "2024-01-01", "2024-01-07", "unknown", None, False),
    ("AHGB801", "01", "2020-01-01", "2020-01-02", "valid", "valid", False),
    ("AHGB801", "77", "2020-01-01", "2020-01-02", "valid", "unknown", False),
    ("AHGB801", "01", "2014-01-01", "2014-01-02", None, "not_yet", False),
    ("AHGB801", None, "2020-01-01", "2020-01-02", "valid", None, True),
    ("AHGB801", "00", "2020-01-01", "2020-01-02", "valid", None, True),
    ("AHGB801", "00", "2014-01-01", "2014-01-02", None, None, False),
]


def test_the_extension_of_an_act(spark):
    frame = spark.createDataFrame([(text,) for text, _, _ in EXTENSIONS], "text string")
    text = F.col("text")
    found = frame.select("text", ccam.extension(text), ccam.extension_status(text)).collect()
    assert [tuple(row) for row in found] == EXTENSIONS


def test_acts_and_extensions_at_a_date(spark):
    given_rows = [(rank, *act[:4]) for rank, act in enumerate(ACTS)]
    frame = spark.createDataFrame(given_rows, "rank int, code string, extension string, entry string, exit string")
    frame = frame.withColumns({name: F.to_date(name) for name in ("entry", "exit")})
    acts = ccam.with_act(frame, frame_of(spark, "ccam"), first="entry", last="exit")
    both = ccam.with_extension(acts, frame_of(spark, "ccam_extension"), first="entry", last="exit")
    found = sorted(both.collect(), key=lambda row: row.rank)
    assert len(found) == len(ACTS)
    for row, (code, extension, _, _, validity, of_extension, expected) in zip(found, ACTS, strict=True):
        assert (row.code, row.extension) == (code, extension)
        assert validity in (None, row.act_validity), ACTS[row.rank]
        assert (row.extension_validity, row.extension_expected) == (of_extension, expected), ACTS[row.rank]
        assert row.code_known == (row.act_validity != "unknown")


def test_parts_of_an_act(spark):
    frame = spark.createDataFrame(
        [("jqga004-01", "0", "4", "A"), ("JQGA004", "x", "6", "O"), ("JQGA004", None, None, None)],
        "act string, phase string, activity string, documentary string",
    )
    found = frame.select(
        ccam.split_act(F.col("act")).alias("act"),
        ccam.phase_known(F.col("phase")).alias("phase"),
        ccam.activity_known(F.col("activity")).alias("activity"),
        ccam.documentary_known(F.col("documentary")).alias("documentary"),
        ccam.has_shape(ccam.split_act(F.col("act"))["code"]).alias("shape"),
    ).collect()
    assert [tuple(row.act) for row in found] == [("JQGA004", "-01"), ("JQGA004", None), ("JQGA004", None)]
    assert [(row.phase, row.activity, row.documentary) for row in found] == [(True,) * 3, (False,) * 3, (False,) * 3]
    assert all(row.shape for row in found)


GROUPS = [  # group as sent, year → known, CMD, root, error, severity, level
    ("01c031", 2025, True, "01", "01C03", False, "1", 1),
    ("90Z00Z", 2025, True, "90", "90Z00", True, "Z", None),
    ("14Z13B", 2025, None, "14", "14Z13", False, "B", 2),
    ("28Z17Z", 2025, None, "28", "28Z17", False, "Z", None),
    ("05M09T", 2025, None, "05", "05M09", False, "T", None),
    ("99C991", 2025, False, "99", "99C99", False, "1", 1),
    ("01C031", 2023, None, "01", "01C03", False, "1", 1),  # no release of that year: not judged
    ("01C0", 2025, False, None, None, False, None, None),
    ("190Z01", 2025, False, None, None, False, None, None),  # contains 90 and is no error group
]


def test_groups(spark):
    frame = spark.createDataFrame([(*group[:2], rank) for rank, group in enumerate(GROUPS)], "t string, y int, r int")
    frame = frame.withColumn("ghm", ghm.normalise(F.col("t")))
    code = F.col("ghm")
    parts = [ghm.cmd(code), ghm.root(code), ghm.is_error(code), ghm.severity(code), ghm.severity_level(code)]
    found = ghm.with_ghm(frame, frame_of(spark, "ghm"), year="y").select("r", "ghm_known", *parts).collect()
    listed = {row["code"] for row in arrow_table(None, "ghm").to_pylist()}
    assert len(found) == len(GROUPS)
    for rank, *row in found:
        text, year, known, *rest = GROUPS[rank]
        assert row == [text.upper() in listed if known is None and year == 2025 else known, *rest], text


DRUGS = [  # as sent → seven digits, status; README of the source data, defect 39, and what is near it
    ("9231824", "9231824", "valid"),
    ("3400892318240", "9231824", "valid"),
    ("0000009231824", "9231824", "padded"),
    ("09231824", "9231824", "padded"),
    ("34008 9000294 3", "9000294", "spaced"),
    (" 9231824 ", "9231824", "valid"),
    ("9231824'", "9231824", "quoted"),
    ('="9231824"', "9231824", "quoted"),
    ("9231824.0", "9231824", "decimal"),
    ("3,40089E+12", None, "rounded"),
    ("3.40089E12", None, "rounded"),
    ("*", None, "any"),
    ("9231825", None, "key_wrong"),
    ("3400892318241", None, "key_wrong"),
    ("9000294", "9000294", "valid"),  # of the range without a key of its own
    ("3400935955838", None, "malformed"),  # a CIP13 is no UCD
    ("1231824", None, "malformed"),
    ("92318240", None, "malformed"),
    ("ABC", None, "malformed"),
    ("0000000000000", None, "missing"),
    ("   ", None, "missing"),
    (None, None, "missing"),
]


def test_drug_codes_as_they_are_sent(spark):
    frame = spark.createDataFrame([(text,) for text, _, _ in DRUGS], "text string")
    found = frame.select("text", ucd.read_ucd(F.col("text")).alias("read")).select("text", "read.*").collect()
    assert [(row.text, row.ucd7, row.status) for row in found] == DRUGS
    assert all((row.ucd13 is not None) == (row.status in ucd.READ) for row in found)
    assert {row.status for row in found} == set(ucd.STATUSES)


def test_all_listed_drugs_have_both_keys_and_another_engine_agrees(spark):
    duckdb = pytest.importorskip("duckdb")
    listed = frame_of(spark, "ucd")
    found = listed.select(
        "code", ucd.ucd13(F.col("code")).alias("long"), ucd.ucd7(F.col("ucd13")).alias("short"), "ucd13",
        ucd.own_key(F.col("code")).alias("key"),
    ).toArrow()  # fmt: skip
    assert found.num_rows == 1775
    odd, even = "list_sum([d[i] for i in [1, 3, 5, 7, 9, 11]])", "list_sum([d[i] for i in [2, 4, 6, 8, 10, 12]])"
    connection = duckdb.connect()
    connection.register("found", found)
    wrong = connection.sql(f"""
        with digits as (select *, [cast(c as int) for c in string_split('34008' || code, '')] as d from found)
        select code from digits where long <> ucd13 or short <> code or cast(key as varchar) <> code[7]
        or cast(ucd13[13] as int) <> (10 - ({odd} + 3 * {even}) % 10) % 10
    """).fetchall()
    assert wrong == []
    assert all(ean.is_valid(row["long"]) for row in found.to_pylist())


def test_the_range_of_drugs_without_a_key_of_their_own(spark):
    codes = frame_of(spark, "ucd_indication").where("code <> '*'").select("code").distinct()
    right = ucd.own_key(F.col("code")) == F.substring("code", 7, 1).cast("int")
    found = codes.groupBy((F.col("code") < ucd.KEYLESS_BELOW).alias("low"), right.alias("right")).count().collect()
    assert {(row.low, row.right) for row in found} == {(True, False), (False, True)}


@hypothesis_settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(0, 999_999), min_size=50, max_size=200, unique=True))
def test_seven_digits_to_thirteen_and_back(spark, numbers):
    seven = [f"9{number:06d}" for number in numbers]
    frame = spark.createDataFrame([(code,) for code in seven], "code string")
    long = ucd.ucd13(F.col("code"))
    found = frame.select("code", long.alias("long"), ucd.ucd7(long).alias("back")).collect()
    assert [(row.code, row.back) for row in found] == [(code, code) for code in seven]
    assert all(ean.is_valid(row.long) and row.long.startswith("34008") for row in found)


ESTABLISHMENTS = [  # number → level, legal entity; of the sample of the register
    ("010008407", "legal", "010008407"),
    ("010005239", "site", "010008407"),
    ("590782553", "site", "590000741"),
    ("260110218", "unknown", None),  # a company number with a right key: only the register tells
    (None, "unknown", None),
]


def test_legal_entity_or_site(spark):
    sample = [(row["finess"], row["level"], row["legal_finess"] or None) for row in rows_of("finess_sample.csv")]
    register = spark.createDataFrame(sample, "code string, level string, legal_finess string")
    frame = spark.createDataFrame([(number, "x") for number, _, _ in ESTABLISHMENTS], "finess string, other string")
    found = finess.with_register(frame, register)
    assert found.columns == ["finess", "other", "finess_level", "legal_finess"]
    assert sorted([(row.finess, row.finess_level, row.legal_finess) for row in found.collect()], key=str) == sorted(
        ESTABLISHMENTS, key=str
    )


def test_numbers_counted_twice_up_to_2017(spark):
    listed = arrow_table(None, "finess_duplicate").column("code").to_pylist()
    numbers = [*listed, "010008407", "907874604", "907874710", None]
    frame = spark.createDataFrame([(number, year) for number in numbers for year in (2017, 2018)], "f string, y int")
    twice = frame.where(finess.counted_twice(F.col("f"), F.col("y"))).collect()
    assert {row.y for row in twice} == {2017}
    whole = {number for number in listed if len(number) == 9}
    # one number is printed with eight characters: whatever begins so is meant, and the eight themselves
    assert {row.f for row in twice} == whole | {"90787460", "907874604"} and len(whole) == 165


def test_dates_of_the_lists_are_dates():
    assert arrow_table(None, "ccam_extension").to_pylist()[0]["valid_from"] == date(2014, 12, 29)
