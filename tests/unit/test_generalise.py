"""What leaves the standard zone, and what it looks like afterwards."""

import datetime
import hashlib
import hmac
from base64 import b32encode

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.keys import key_bytes, key_table
from jobs.core.schema import SchemaMismatch, load_schema, parse_schema, schemas_of
from jobs.core.settings import Settings
from jobs.core.tokens import text_base32, text_hex, token_base32_array, token_hex, with_key
from jobs.pseudonymise.generalise import (
    DOMAINS,
    RULES,
    cap_90,
    column,
    department,
    generalised,
    producer_token,
    under_key,
    zone,
)
from jobs.pseudonymise.months import care_tables
from jobs.pseudonymise.persons import age_on_new_year
from jobs.reference.lists import embedded
from jobs.standardise.shared_record.facts import TABLES

DEPARTMENTS = {
    "75011": "75",
    "01000": "01",
    "20090": "2A",
    "20167": "2A",
    "20200": "2B",
    "20620": "2B",
    "2A004": "2A",
    "2b033": "2B",
    "20300": None,
    "97110": "971",
    "97600": "976",
    "97970": None,
    "97500": "97Z",
    "97700": "97Z",
    "97800": "978",
    "98400": "97Z",
    "98600": "97Z",
    "98800": "988",
    "98000": "99",
    "99109": "99",
    "96000": None,
    "00000": None,
    "7501": None,
    "75 11": None,
    "": None,
}
AGES = {"1980-01-01": 46, "1980-01-02": 45, "1979-12-31": 46, "1920-06-01": 90, "2026-01-01": 0, "2026-05-05": -1}


def test_department(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(code,) for code in [*DEPARTMENTS, None]], "code string")
    found = {row.code: row.d for row in frame.select("code", department(F.col("code")).alias("d")).collect()}
    assert found == DEPARTMENTS | {None: None}


def test_places_of_few_inhabitants_are_published_together(spark: SparkSession) -> None:
    """A zone has 20,000 inhabitants; what is counted alone in the list has them too or lies in a zone."""
    told = {str(row["code"]): row for row in embedded("department")}
    few = {code: row["zone"] for code, row in told.items() if row["inhabitants"] and int(row["inhabitants"]) < 20_000}
    assert few == {"975": "97Z", "977": "97Z", "984": "97Z", "986": "97Z"}
    assert int(told["97Z"]["inhabitants"] or 0) == sum(int(told[code]["inhabitants"] or 0) for code in few) >= 20_000
    frame = spark.createDataFrame([(code,) for code in [*told, None]], "code string")
    found = {row.code: row.z for row in frame.select("code", zone(F.col("code")).alias("z")).collect()}
    assert found == {code: few.get(code, code) for code in told} | {None: None}
    places = [
        (one.name, item) for one in care_tables() for item in one.fields if item.veillee.get("codes") == "department"
    ]
    assert len(places) > 7
    assert {item.veillee["generalise"] for _, item in places} == {"department", "zone"}, (
        "no place is published as it is"
    )


def test_ages(spark: SparkSession) -> None:
    births = [(datetime.date.fromisoformat(text), text) for text in AGES] + [(None, "unknown")]
    frame = spark.createDataFrame(births, "birth date, text string")
    aged = frame.select("text", age_on_new_year(F.col("birth"), F.lit(2026)).alias("age"))
    assert {row.text: row.age for row in aged.collect()} == AGES | {"unknown": None}
    capped = spark.createDataFrame([(89,), (90,), (104,), (None,)], "age bigint").select(
        cap_90(F.col("age")).alias("a")
    )
    assert [row.a for row in capped.collect()] == [89, 90, 90, None]


def test_tokens_are_those_of_rfc_2104_and_rfc_4648(spark: SparkSession, settings: Settings) -> None:
    key, rows = key_bytes(settings, "centre"), [("PH0000001", "é" * 20), (None, None)]
    schema = load_schema("published/dispensation")
    frame = spark.createDataFrame(rows, "producer string, person_id string").withColumns(
        {item.name: F.lit(None).cast(item.spark) for item in load_schema("standard/dispensation").fields
         if item.name != "producer"}
    )  # fmt: skip
    frame = frame.withColumn("dispensation_id", F.col("producer"))
    made, nothing = under_key(generalised(frame, schema), schema, key_table(spark, settings, "centre"), 3).collect()
    assert made.producer == producer_token(key, "PH0000001") != made.dispensation_id
    assert made.dispensation_id == text_base32(key, "token", "PH0000001")
    plain = hmac.new(key, ("person\x1f" + "é" * 20).encode(), hashlib.sha256).digest()
    assert made.pseudonym == "3." + b32encode(plain)[:26].decode()
    assert {made.ticket_id, nothing.producer, nothing.pseudonym, nothing.dispensation_id} == {None}
    told = with_key(frame.select("person_id"), key_table(spark, settings, "centre")).select(token_hex("a", "person_id"))
    assert [row[0] for row in told.collect()] == [text_hex(key, "a", "person_id")] * 2


@given(st.lists(st.none() | st.text(alphabet="a0é", max_size=3), max_size=40), st.integers(1, 2000))
def test_a_column_of_tokens_is_that_of_its_values(values: list[str | None], times: int) -> None:
    """Whether its values come again or not, whatever is null among them."""
    keys = bytes(32), b"k" * 65
    for key in keys:
        told = {value: text_base32(key, "person", value) for value in values if value is not None}
        made = token_base32_array(key, pa.array(values * min(times, 60), pa.string()), "person").to_pylist()
        assert made == [told.get(value) for value in values] * min(times, 60)  # type: ignore[arg-type]


def test_every_published_field_says_how_it_is_made() -> None:
    for schema in care_tables():
        for item in schema.fields:
            assert item.veillee["generalise"] in {*RULES, *DOMAINS}, f"{schema.name}.{item.name}"
            assert item.veillee["privacy"] != "token" or item.veillee["generalise"] == "rekey"
            if item.veillee["from"] in ("age_years", "residence_code"):
                assert item.veillee["generalise"] in ("cap_90", "department")


def test_a_field_without_a_rule_stops_the_night() -> None:
    item = next(schema for schema in schemas_of("published") if schema.name == "person")["sex"]
    with pytest.raises(ConfigError, match="sex"):
        column(item)


@pytest.mark.parametrize("privacy", ["direct", "subject", "person"])
def test_a_published_table_with_an_identity_cannot_exist(privacy: str) -> None:
    field = {"name": "nir", "title": "t", "description": "d", "type": "string", "veillee": {"privacy": privacy}}
    own = {"zone": "published", "partition": [], "sort": []}
    value = {"name": "leak", "title": "t", "description": "d", "fields": [field], "primaryKey": [], "veillee": own}
    with pytest.raises(SchemaMismatch, match="cannot be published"):
        parse_schema(value)


def test_a_published_table_with_an_instant_cannot_exist() -> None:
    """Care dates are published to the day: the minute of a sample or a signature singles somebody out."""
    field = {"name": "at", "title": "t", "description": "d", "type": "datetime", "veillee": {"privacy": "quasi"}}
    value = {"name": "leak", "title": "t", "description": "d", "fields": [field], "primaryKey": []}
    own = {"partition": [], "sort": []}
    assert parse_schema(value | {"veillee": own | {"zone": "standard"}}).names == ["at"]
    with pytest.raises(SchemaMismatch, match="no more than the day"):
        parse_schema(value | {"veillee": own | {"zone": "published"}})


def test_f10_a_rare_disease_stands_beside_no_commune_and_no_birth_date() -> None:
    """Where somebody lives is published as a department, when somebody was born as an age that stops at 90."""
    made = {
        (one.name, item.veillee["from"]): item.veillee["generalise"] for one in care_tables() for item in one.fields
    }
    assert ("problem", "icd10") in made and ("hospital_diagnosis", "code") in made
    places = {how for (_, source), how in made.items() if source in ("residence_code", "birth_place", "commune")}
    ages = {how for (_, source), how in made.items() if source == "age_years"}
    assert (places, ages) == ({"department"}, {"cap_90"})
    assert [source for _, source in made if source.startswith("birth")] == []
    of_documents = {"document", *TABLES.values()}
    held = {item.name for one in schemas_of("standard") if one.name in of_documents for item in one.fields}
    assert held.isdisjoint({"residence_code", "birth_text", "birth_date", "birth_place"}), "it stays with the claims"
