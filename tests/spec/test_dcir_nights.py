"""Flux months over nights: appended, overtaken, refused whole; references told whole; what is published of them."""

import re
from typing import Any

from pyspark.sql import SparkSession

from jobs.core.keys import ensure_key, key_table
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.pseudonymise.generalise import generalised, under_key
from tests.dcir_files import FUND, Row, Sent, base_of, file, night, outcomes, rows, rules

PHARMACY = "992000018"
TABLES = ("claim_line", "claim_net", "beneficiary", "long_term_illness")
ANOTHER = {"DCT_ORD_NUM": "2"}


def files(*services: Row, people: tuple[Row, ...] = ()) -> dict[str, bytes]:
    """Services with a drug each, and perhaps beneficiaries."""
    keys = [{"DCT_ORD_NUM": one.get("DCT_ORD_NUM", "1")} for one in services]
    found = {"ER_PRS_F.csv": file("ER_PRS_F", *services), "ER_PHA_F.csv": file("ER_PHA_F", *keys)}
    return found | ({"IR_BEN_R.csv": file("IR_BEN_R", *people)} if people else {})


def scope(proposal: dict[str, Any], table: str) -> list[str]:
    """The periods that a night replaces."""
    found: list[str] = proposal["producers"][FUND]["scope"][table]
    return found


def events(proposal: dict[str, Any]) -> dict[str, int]:
    """Lines of the ledger that are events."""
    return {one["event"]: one["count"] for one in proposal["ledger"] if "event" in one}


def test_an_appended_month_keeps_what_was_told(spark: SparkSession, settings: Settings):
    ensure_key(settings, "collector")
    first = night(spark, settings, "2026-12-01", Sent(files({}), mode="append"))
    assert outcomes(first) == {"accepted": 2}
    changed = {"BSE_REM_MNT": "9.99"}
    more = Sent(files({}, ANOTHER), mode="append", name="again")
    other = Sent(files(changed), mode="append", name="other")
    second = night(spark, settings, "2026-12-02", more, other, base=base_of(first, "2026-12-01"))
    assert outcomes(second) == {"accepted": 2, "duplicate": 3, "quarantined": 1}
    assert rules(second) == {"DCI-014": 1}, "a correction must replace its month"
    assert sorted(row["delivery_id"] for row in rows(settings, second, "claim_line")) == ["D2026-12-01-0", "again"]


def test_the_later_delivery_of_a_night_tells_the_month_and_references_are_whole(
    spark: SparkSession, settings: Settings
):
    ensure_key(settings, "collector")
    people = ({}, {"NUM_ENQ": "P0000002"})
    early = Sent(files({}, people=people), name="early")
    late = Sent(files(ANOTHER, people=people[:1]), name="late")
    first = night(spark, settings, "2026-12-01", early, late)
    assert outcomes(first) == {"accepted": 7} and events(first) == {"superseded": 4}
    assert [row["delivery_id"] for row in rows(settings, first, "claim_line")] == ["late"]
    assert len(rows(settings, first, "beneficiary")) == 1

    # All services refused: the month stays as it was. The references of a later month take the place of the earlier.
    base = base_of(first, "2026-12-01")
    broken = files(ANOTHER | {"PRS_NAT_REF": ""}) | {"IR_BEN_R.csv": file("IR_BEN_R", *people)}
    second = night(spark, settings, "2026-12-31", Sent(broken, last="2026-12-31"), base=base)
    assert (rules(second), scope(second, "claim_line")) == ({"DCI-005": 1, "DCI-013": 1}, [])
    assert scope(second, "beneficiary") == ["2026-11", "2026-12"]
    assert {row["period"] for row in rows(settings, second, "beneficiary")} == {"2026-12"}

    # And references of an earlier month never take the place of later ones.
    base = base_of(second, "2026-12-31", base)
    third = night(spark, settings, "2027-01-02", Sent({"IR_BEN_R.csv": broken["IR_BEN_R.csv"]}), base=base)
    assert (outcomes(third), events(third)) == ({"accepted": 2}, {"superseded": 2})
    assert all(scope(third, table) == [] for table in TABLES)


SOLD = (
    "ticket_id;line_id;event_type;event_ts_local;patient_nir;patient_nir_key;birth_date;code_raw;quantity_signed\r\n"
    "T1;1;sale;21/11/2026 10:00:00;1850599999042;;12/05/1985;3400935955838;2\r\n"
    "T1;2;sale;31/02/2026 10:00:00;1850599999042;;12/05/1985;3400935955838;2\r\n"
)


def test_claims_and_extracts_of_one_night_are_counted_together(spark: SparkSession, settings: Settings):
    ensure_key(settings, "collector")
    claims = files({}, ANOTHER | {"PRS_NAT_REF": ""})
    alone = night(spark, settings, "2026-12-01", Sent(claims))
    extract = Sent({"extract": SOLD.encode()}, mode="append", producer=PHARMACY, format="pharmacy-csv")
    both = night(spark, settings, "2026-12-01", Sent(claims), extract)
    assert outcomes(alone) == outcomes(both) == {"accepted": 2, "quarantined": 2}
    assert outcomes(both, PHARMACY) == {"accepted": 1, "quarantined": 1}
    assert alone["producers"][FUND]["tables"] | {"dispensation": {}} == both["producers"][FUND]["tables"]
    held = [sum(one["rows"] for one in each["tables"]["quarantined_record"]) for each in (alone, both)]
    assert held == [2, 3]


def test_what_is_published_has_other_tokens_and_no_year_of_birth(spark: SparkSession, settings: Settings):
    for name in ("collector", "centre"):
        ensure_key(settings, name)
    sent = Sent(files({}, people=({},)) | {"IR_IMB_R.csv": file("IR_IMB_R", {})})
    proposal = night(spark, settings, "2026-12-01", sent)
    for table in TABLES:
        standard, published = load_schema(f"standard/{table}"), load_schema(f"published/{table}")
        [row] = rows(settings, proposal, table)
        told = generalised(spark.createDataFrame([row], standard.spark), published)
        [out] = under_key(told, published, key_table(spark, settings, "centre"), 1).collect()
        tokens = {item.name for item in standard.fields if item.privacy == "token" and row[item.name]}
        assert {"beneficiary_id"} <= tokens and not {row[name] for name in tokens} & set(out.asDict().values())
        assert re.fullmatch("[A-Z2-7]{26}", out["beneficiary_id"]) and out["care_month"] == row["period"]
        assert not {"birth_year", "delivery_id", "file", "claim_print", "subject_id"} & set(published.names)
