"""Unit lines as the controls see them: plausible stays from a few fields, and the lists they are judged by."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.standardise.hospital.controls import References

NAMES = (
    "producer delivery_id file version stay rss_id rum_id ghm_cmd ghm_suffix return_code sex unit_code "
    "bed_authorisation birth_text entry_text exit_text entry_mode entry_origin exit_mode exit_destination "
    "residence_code newborn_weight gestational_age last_menses session_count principal_diagnosis related_diagnosis "
    "severity_score coding_confirmed radiotherapy_machine dosimetry_type conversion raac context_surveillance "
    "hospital_reserve tariff_ruling intervention_category unscheduled emergency_passage reserved"
)
DATES = ("birth_date", "entry_date", "exit_date", "covers_to")
ACT_NAMES = (
    "act_date ccam_code pmsi_extension phase activity documentary_extension modifiers exceptional_reimbursement "
    "unplanned_association execution_count"
)
TEXT, ACT = NAMES.split(), ACT_NAMES.split()
UNIT_SCHEMA = ", ".join(
    [f"{name} string" for name in TEXT]
    + [f"{name} date" for name in DATES]
    + ["record bigint", "associated array<string>", "documentary array<string>"]
    + [f"acts array<struct<{','.join(f'{name}:string' for name in ACT)}>>"]
)
COUNTED_TWICE = "990000036"
SOME_DAY, NEXT_DAY, LATER = date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 5)
UNIT: dict[str, Any] = {
    "producer": "990000010", "delivery_id": "D1", "file": "rss.txt", "version": "123", "rss_id": "1", "rum_id": "1",
    "ghm_cmd": "05", "ghm_suffix": "M09", "return_code": "000", "sex": "1", "unit_code": "CARD",
    "birth_date": date(1948, 2, 14), "entry_date": SOME_DAY, "exit_date": LATER, "entry_mode": "8", "exit_mode": "8",
    "residence_code": "01100", "session_count": "00", "principal_diagnosis": "I501", "unscheduled": "2",
    "covers_to": date(2026, 12, 31), "associated": [], "documentary": [], "acts": [],
}  # fmt: skip
ADULT = {"birth_date": date(1990, 3, 10), "unscheduled": None}
MOTHER = ADULT | {
    "sex": "2", "ghm_cmd": "14", "ghm_suffix": "Z14", "principal_diagnosis": "O800", "associated": ["Z370"],
    "gestational_age": "39", "last_menses": "05052025",
}  # fmt: skip
NEWBORN = {
    "birth_date": SOME_DAY, "unscheduled": None, "ghm_cmd": "15", "ghm_suffix": "M05", "entry_mode": "N",
    "principal_diagnosis": "Z380", "newborn_weight": "3200", "gestational_age": "39",
}  # fmt: skip
STILLBORN = NEWBORN | {
    "entry_mode": "8", "exit_mode": "9", "exit_date": SOME_DAY, "principal_diagnosis": "P95+0",
    "newborn_weight": "0900",
}  # fmt: skip
SESSION = ADULT | {
    "ghm_cmd": "28", "ghm_suffix": "Z07", "principal_diagnosis": "Z511", "related_diagnosis": "C509",
    "session_count": "01", "exit_date": SOME_DAY,
}  # fmt: skip
SERVICE = {"entry_mode": "0", "entry_origin": "1", "exit_mode": "0", "exit_destination": "1", "exit_date": NEXT_DAY}
DONE = {"act_date": "03022026", "ccam_code": "DEQP003", "phase": "0", "activity": "1", "execution_count": "01"}


def two_units(first: dict[str, Any] | None = None, second: dict[str, Any] | None = None, **both: Any) -> list[dict]:
    """A stay whose patient moves on the second day."""
    moves = {"exit_date": NEXT_DAY, "exit_mode": "6", "exit_destination": "1"}
    arrives = {"entry_date": NEXT_DAY, "entry_mode": "6", "entry_origin": "1", "rum_id": "2"}
    return [both | moves | (first or {}), both | arrives | (second or {})]


def act(**fields: str | None) -> dict[str, Any]:
    """A unit with one act."""
    return acts(fields)


def acts(*told: dict[str, str | None]) -> dict[str, Any]:
    """A unit with some acts."""
    return {"acts": [DONE | one for one in told]}


def units_frame(spark: SparkSession, stays: dict[str, list[dict[str, Any]]]) -> DataFrame:
    """Unit lines of some stays, by stay number; lines of a stay are not in order."""
    names = [item.split()[0] for item in UNIT_SCHEMA.split(", ")]
    rows, record = [], 0
    for stay, units in stays.items():
        for unit in reversed(units):
            record += 1
            line = UNIT | {"stay": stay, "record": record} | unit
            line["acts"] = [tuple(one.get(name) for name in ACT) for one in line["acts"]]
            rows.append(tuple(line.get(name) for name in names))
    return spark.createDataFrame(rows, UNIT_SCHEMA)


def references(spark: SparkSession) -> References:
    """Small lists: acts that began, ended, are of one sex, or only go with others; extensions; types; units."""
    old, open_ = date(2005, 3, 1), None
    ccam = [
        ("DEQP003", "0", "0", old, open_),
        ("JKFA001", "1", "2", old, open_),
        ("YYYY600", "2", "0", old, open_),
        ("AAFA001", "0", "0", old, date(2026, 2, 1)),
        ("AAFA002", "0", "0", date(2026, 2, 6), open_),
        ("AAFA003", "0", "0", date(2026, 2, 5), date(2026, 2, 5)),
        ("AHGA801", "0", "0", old, open_),
    ]
    extensions = [
        ("AHGA801", "02", old, open_),
        ("AHGA801", "03", old, date(2026, 2, 1)),
        ("AHGA801", "04", date(2026, 2, 6), open_),
    ]
    types = [("T149", "1"), ("B900", "4"), ("T76", "2"), ("K359", "3"), ("Z370", "1"), ("Z511", "0"), ("I501", "0")]
    dated = "valid_from date, valid_to date"
    return References(
        ccam=spark.createDataFrame(ccam, f"code string, act_type string, sex_compatibility string, {dated}"),
        ccam_extension=spark.createDataFrame(extensions, f"code string, extension string, {dated}"),
        cim10_type=spark.createDataFrame(types, "code string, mco_type string"),
        units=spark.createDataFrame(
            [(UNIT["producer"], "D1", "CARD"), (UNIT["producer"], "D1", "MATE")],
            "producer string, delivery_id string, unit_code string",
        ),
        counted_twice=(COUNTED_TWICE,),
    )
