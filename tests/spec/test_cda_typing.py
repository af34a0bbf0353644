"""Text to types: facts as read in, typed rows out. Ids are those of the catalogue of mess."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.pseudonymise.derive.asserted import asserted
from jobs.standardise.shared_record.columns import PARSED
from jobs.standardise.shared_record.facts import TABLES
from jobs.standardise.shared_record.times import BAD_ZONE, MAY_BE_CLOCK_CHANGE, READABLE, moment
from jobs.standardise.shared_record.typed import typed
from jobs.standardise.shared_record.typed_facts import fact_tables
from tests.documents_made import INS_OID, ins

NIGHT = "2026-11-22"
RPPS, FINESS = "1.2.250.1.71.4.2.1^", "1.2.250.1.71.4.2.2^"
DOCUMENT = {
    "producer": "DMP1", "delivery_id": "D", "file": "1.xml", "record": 1, "kind": "document", "carrier": "cda",
    "id_root": "2.25.1", "id_extension": "", "created_text": "20261103101500+0100", "ins": ins(), "ins_oid": INS_OID,
    "family_name": "PATIENTE", "first_given_name": "ALIX", "birth_text": "19790328", "gender": "F", "warnings": [],
}  # fmt: skip
# name -> what the document says beside DOCUMENT -> the warnings told of it
TOLD: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing to tell": ({"level": 3, "vaccinations": [{"product_code": "1"}]}, None),
    "B-09 sex against the number": ({"gender": "M"}, "DOC-214"),
    "B-09 birth month against the number": ({"birth_text": "19790428"}, "DOC-214"),
    "B-09 month code 20 says nothing": ({"ins": ins("2792051999001")}, None),
    "B-04 B-09 wrong key under the production OID": ({"ins": ins()[:13] + "00"}, "IDE-001"),
    "B-10 key missing": ({"ins": ins()[:13]}, "IDE-004"),
    "B-14 birth to the year": ({"birth_text": "1979"}, None),
    "B-14 birth with time and offset": ({"birth_text": "19790328000000+0200"}, None),
    "C-01 zone of four digits": ({"vaccinations": [{"time": "20261101083000+0100", "product_code": "1"}]}, None),
    "C-01 zone with colon": ({"vaccinations": [{"time": "20261101083000+01:00", "product_code": "1"}]}, None),
    "C-01 zone of three digits": ({"vaccinations": [{"time": "20261101083000+100", "product_code": "1"}]}, "DOC-102"),
    "C-02 to the hour": ({"procedures": [{"start": "2026110108", "code": "1"}]}, None),
    "C-03 fraction of a second": ({"procedures": [{"start": "20261101083000.000-0500", "code": "1"}]}, None),
    "C-03 nonsense": ({"procedures": [{"start": "-5", "code": "1"}]}, "DOC-201"),
    "C-03 day with slashes": ({"problems": [{"start": "01/01/01", "code": "1"}]}, "DOC-201"),
    "C-03 year one": ({"problems": [{"start": "00010101", "code": "1"}]}, "DOC-201"),
    "C-03 past fact to come": ({"vaccinations": [{"time": "20270101", "product_code": "1"}]}, "DOC-203"),
    "C-03 end at the end of time": ({"problems": [{"start": "2020", "end": "99991231", "code": "1"}]}, "DOC-201"),
    "C-03 a treatment may lie ahead": ({"prescriptions": [{"start": "20270101", "product_code": "1"}]}, None),
    "C-04 hour that is skipped": ({"results": [{"time": "20260329023000", "code_kind": "loinc"}]}, "DOC-207"),
    "C-04 hour that is there twice": ({"results": [{"time": "20261025023000", "code_kind": "loinc"}]}, "DOC-207"),
    "C-04 the same with a zone": ({"results": [{"time": "20261025023000+0200", "code_kind": "loinc"}]}, None),
    "C-04 of the document": ({"created_text": "20261025023000"}, "DOC-207"),
    "C-05 upside down": ({"prescriptions": [{"start": "20261103", "end": "20261101", "product_code": "1"}]}, "DOC-202"),
    "C-05 end alone": ({"procedures": [{"end": "20261101", "code": "1"}]}, "DOC-202"),
    "C-06 not a number": ({"results": [{"value_number": "NaN", "code_kind": "loinc"}]}, "DOC-109"),
    "C-06 thousands": ({"results": [{"value_number": "1\u202f234,5", "code_kind": "loinc"}]}, None),
    "C-06 dose of words": ({"prescriptions": [{"dose_value": "une", "product_code": "1"}]}, "DOC-109"),
    "C-07 unit not UCUM": ({"vital_signs": [{"unit": "mUI/l", "code_kind": "loinc"}]}, "DOC-101"),
    "C-07 EDQM code as unit": ({"prescriptions": [{"dose_unit": "30009000", "product_code": "1"}]}, "DOC-101"),
    "C-07 boxes counted in EDQM codes": ({"dispensations": [{"quantity_unit": "30009000", "product_code": "1"}]}, None),
    "C-07 boxes counted in words": ({"dispensations": [{"quantity_unit": "boîte", "product_code": "1"}]}, "DOC-101"),
    "C-08 negated vaccination": ({"vaccinations": [{"product_code": "1", "negated": "true"}]}, "DOC-205"),
    "C-09 local code of a result": ({"results": [{"code": "CRP", "code_kind": "local"}]}, "DOC-103"),
    "C-09 in words only": ({"problems": [{"null_flavor": "OTH"}]}, "DOC-208"),
    "C-10 CIM-10 in small letters": ({"problems": [{"code": "u07.1", "icd10": "u07.1 "}]}, None),
    "C-10 not CIM-10": ({"problems": [{"code": "401.9", "icd10": "401.9"}]}, "DOC-209"),
    "F-11 a structured document that tells nothing": ({"level": 3}, "DOC-216"),
    "F-11 one whose only fact is negated": (
        {"level": 3, "allergies": [{"agent_code": "1", "negated": "true"}]},
        "DOC-205",
    ),
    "F-01 an unstructured one": ({"level": 1}, None),
    "F-12 one that is out of scope": ({"level": 3, "type_code": "REMB"}, None),
    "D-09 one that is to be deleted": ({"level": 3, "action": "D"}, None),
    "C-10 not CCAM": ({"procedures": [{"code": "1234", "ccam": "1234"}]}, "DOC-209"),
}


def parsed(spark: SparkSession, documents: list[dict[str, Any]]) -> DataFrame:
    """Documents as a reader hands them over."""
    rows = [DOCUMENT | {"record": place, "id_root": f"2.25.{place}"} | one for place, one in enumerate(documents, 1)]
    whole = [tuple(complete(row.get(item.name), item.dataType) for item in PARSED.fields) for row in rows]
    return spark.createDataFrame(whole, PARSED).coalesce(1)


def complete(value: Any, kind: Any) -> Any:
    """Facts with all their fields."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return value
    return [{name: one.get(name) for name in kind.elementType.names} for one in value]


@pytest.fixture(scope="module")
def key(spark: SparkSession) -> DataFrame:
    """A key for tokens."""
    return spark.createDataFrame([(bytearray(b"k" * 32),)], "key binary")


def test_each_case_is_told_as_the_catalogue_says(spark: SparkSession, key: DataFrame) -> None:
    frame = typed(parsed(spark, [said for said, _ in TOLD.values()]), key, NIGHT)
    found = {row.record: row.warnings for row in frame.select("record", "warnings").collect()}
    assert {name: found[place] for place, name in enumerate(TOLD, 1)} == {
        name: code for name, (_, code) in TOLD.items()
    }


def texts() -> list[str]:
    """Times with every kind of year, month, day, clock, fraction and zone, right and wrong."""
    years = ("1899", "1900", "1999", "2000", "2023", "2024", "2100", "2199", "2200", "0001")
    days = [f"{month:02d}{day:02d}" for month in (0, 1, 2, 4, 10, 12, 13) for day in (0, 1, 28, 29, 30, 31, 32)]
    whole = [year + day for year in years for day in days]
    clocks = ("08", "24", "0830", "0860", "083059", "083060", "0", "023000", "083", "08305")
    ends = ("", ".0", ".000-0500", "Z", "+100", "+0100", "+01:00", "-1500", "+1", "z", "+01:0", " +0100")
    timed = [f"{day}{clock}{end}" for day in ("20260329", "20261025", "20240229") for clock in clocks for end in ends]
    odd = ["", "2026", "202613", "202610", "20261", "-5", "01/01/01", "99991231", "2026-10-25", "demain"]
    return [*odd, *whole, *timed, *(f"2026{end}" for end in ends)]


def test_the_patterns_for_lists_say_what_a_moment_says(spark: SparkSession) -> None:
    at = moment(F.col("text"))
    frame = spark.createDataFrame([(text,) for text in texts()], "text string").coalesce(1)
    readable = F.col("text").rlike(READABLE)
    differ = frame.where(
        (readable == at.unreadable)
        | ((readable & F.col("text").rlike(BAD_ZONE)) != at.bad_zone)
        | (at.clock_change & ~F.col("text").rlike(MAY_BE_CLOCK_CHANGE))
    )
    assert [row.text for row in differ.collect()] == []
    assert frame.where(at.clock_change).count() >= 2 and frame.where(at.bad_zone).count() >= 10


FACTS: dict[str, list[dict[str, Any]]] = {
    "results": [
        {"time": "2026110308+0100", "code": "718-7", "code_kind": "loinc", "value_type": "PQ", "value_number": "1,950",
         "value_comparator": "<", "unit": "g/dL", "status": "corrected", "reference_low": "1.2"},
        {"time": "279035199900187", "code_kind": "missing", "value_number": "chez M. PATIENTE", "null_flavor": "MSK"},
    ],
    "vital_signs": [{"time": "20261103", "code": "8480-6", "code_kind": "loinc", "value_number": "1.2e2"}],
    "vaccinations": [
        {"time": "202610", "product_code": "65087364", "cis": "65087364", "atc": "j07bb02", "dose_number": "2",
         "dose_value": "0.5", "dose_unit": "mL"},
        {"time": "20261015", "product_code": "65087364", "cis": "65087364", "negated": "true"},
    ],
    "prescriptions": [
        {"start": "20261103", "end": "20261113", "cip13": "3400930212820", "dose_value": "1", "dose_unit": "30009000",
         "quantity_value": "3", "quantity_unit": "boîtes", "repeats": "deux"},
    ],
    "dispensations": [{"time": "20261103", "product_code": "9", "substituted": "false"}],
    "problems": [{"kind": "problem", "start": "2019", "code": "I10", "icd10": "u07.1"}],
    "allergies": [{"kind_code": "419511003", "start": "20070501", "agent_code": "7980", "negated": "true"}],
    "procedures": [{"start": "20141002103026-0500", "code": "1", "ccam": "hhfa016", "null_flavor": "MSK"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(spark: SparkSession, key: DataFrame) -> Iterator[dict[str, DataFrame]]:
    """The standard tables of one document with facts of every kind."""
    frame = typed(parsed(spark, [FACTS]), key, NIGHT)
    rows = fact_tables(frame.localCheckpoint())
    yield {table: load_schema(f"standard/{table}").select(rows[table]) for table in TABLES.values()}


def shown(frame: DataFrame, *names: str) -> list[tuple[str, ...]]:
    """Some columns as text, null as a dash."""
    columns = [F.coalesce(F.col(name).cast("string"), F.lit("-")) for name in names]
    return [
        tuple(row)
        for row in frame.orderBy(*[c for c in frame.columns if c.endswith("_rank")]).select(*columns).collect()
    ]


def test_c_02_c_06_results(tables: dict[str, DataFrame]) -> None:
    times = ("observed", "observed_on", "observed_at", "observed_precision", "observed_text")
    assert shown(tables["lab_result"], *times) == [
        ("2026-11-03", "2026-11-03", "2026-11-03 07:00:00", "hour", "2026110308+0100"),
        ("-", "-", "-", "-", "-"),  # digits as many as an identity has: not even shown as text
    ]
    values = ("value_number", "value_text", "value_decimals", "value_comparator", "unit_ucum", "status", "null_flavor")
    assert shown(tables["lab_result"], *values) == [
        ("1.950000", "1,950", "3", "<", "true", "corrected", "-"),
        ("-", "-", "-", "-", "-", "-", "MSK"),
    ]
    assert shown(tables["vital_sign"], "value_number", "observed_on", "observed_at") == [
        ("120.000000", "2026-11-03", "-")
    ]


def test_c_08_negated_facts_stay_in_the_standard_zone(tables: dict[str, DataFrame]) -> None:
    columns = ("vaccinated", "vaccinated_on", "vaccinated_precision", "product_kind", "atc", "dose_number", "negated")
    assert shown(tables["vaccination"], *columns) == [
        ("2026-10", "-", "month", "cis", "J07BB02", "2", "false"),
        ("2026-10-15", "2026-10-15", "day", "cis", "-", "-", "true"),
    ]
    assert shown(asserted(tables["vaccination"]), "fact_rank") == [("1",)]
    assert shown(asserted(tables["allergy"]), "fact_rank") == []
    for table in TABLES.values():
        published = load_schema(f"published/{table}")
        assert published.veillee["derive"] == "asserted" and "negated" not in published.names
        assert not [name for name in published.names if name.endswith("_text")]


def test_c_07_units_say_what_kind_they_are(tables: dict[str, DataFrame]) -> None:
    columns = ("started", "ended_on", "product_kind", "dose_value", "dose_unit_kind", "quantity_unit_kind", "repeats")
    expected = ("2026-11-03", "2026-11-13", "cip13", "1.000000", "edqm", "other", "-")
    assert shown(tables["prescription"], *columns) == [expected]
    assert shown(tables["document_dispensation"], "dispensed_on", "product_kind", "substituted") == [
        ("2026-11-03", "other", "false")
    ]


def test_c_10_codes_in_one_spelling_and_years_that_stay_years(tables: dict[str, DataFrame]) -> None:
    assert shown(tables["problem"], "problem_kind", "started", "started_on", "started_precision", "code", "icd10") == [
        ("problem", "2019", "-", "year", "I10", "U071")
    ]
    assert shown(tables["procedure_history"], "started_on", "started_at", "ccam", "null_flavor") == [
        ("2014-10-02", "2014-10-02 15:30:26", "HHFA016", "MSK")
    ]


def test_b_19_b_20_b_21_who_wrote_is_a_token_or_the_patient(spark: SparkSession, key: DataFrame) -> None:
    sent = [
        {"author_id": f"{RPPS}810000000001", "organisation_id": f"{FINESS}1990000010"},
        {"author_id": f"{RPPS}10000000001", "organisation_id": f"{FINESS}990000010", "producer": "DMP2"},
        {"author_id": f"{RPPS}810000000002", "organisation_id": f"{FINESS}399000001000011"},
        {"author_id": f"{RPPS}3990000010/77", "organisation_id": f"{FINESS}99000001000011"},
        {"author_id": "patient"},
        {"author_id": f"{INS_OID}^{ins()}"},
        {},
    ]
    frame = typed(parsed(spark, sent), key, NIGHT).orderBy("record")
    rows = frame.select("author_kind", "author_id", "organisation_id").collect()
    assert [row.author_kind for row in rows] == ["professional"] * 4 + ["patient"] * 2 + [None]
    authors, houses = [row.author_id for row in rows], [row.organisation_id for row in rows]
    assert authors[0] == authors[1] and houses[0] == houses[1]  # the same with and without the first digit, anywhere
    assert len(set(authors[:4])) == 3 and authors[4:] == [None] * 3
    assert houses[2] == houses[3] and all(len(token) == 32 for token in (*authors[:4], *houses[:4]))
