"""Emergency visits on their way to a candidate: no pseudonym, no person, no orphan, coarse enough to publish."""

from datetime import date
from typing import Any

from pyspark.sql import SparkSession

from jobs.assemble.run import assemble
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.gate.run import gate
from jobs.pseudonymise.run import pseudonymise
from tests.spec.national_cases import Rows, close, decide, store
from tests.spec.test_pseudonymise_nights import FIRST, PRODUCERS, SECOND, linked, published, stay

VISIT = {
    "producer": "H1", "period": "2026-11", "key_id": "c" * 32, "key_rank": 1, "content_id": "d" * 32,
    "site": "990000010", "entry_date": date(2026, 11, 5), "entry_hour": 23, "duration_minutes": 61, "age_years": 97,
    "sex": "2", "residence_code": "20200", "commune_given": True, "reason_given": False, "diagnosis_count": 1,
    "procedure_count": 0, "covid": False, "covid_confirmed": False, "delivery_id": "d", "file": "f", "record": 1,
}  # fmt: skip
TABLES = ("emergency_visit", "emergency_diagnosis", "emergency_procedure")


def visit(token: str, **more: Any) -> dict[str, Any]:
    """A visit of the standard table."""
    return VISIT | {"visit_id": token * 32} | more


def diagnosis(token: str, month: str = "2026-11") -> dict[str, Any]:
    """Its only diagnosis."""
    row = {"producer": "H1", "period": month, "visit_id": token * 32, "kind": "principal", "diagnosis_rank": 1}
    return row | {"code": "I10", "code_known": True, "delivery_id": "d", "file": "f", "record": 1}


def hospital(settings: Settings, night: str, content: dict[str, Rows]) -> None:
    """Close the hospital source with these rows."""
    tables: dict[str, Any] = {}
    for name, rows in content.items():
        for month in sorted({row["period"] for row in rows}):
            part = [row for row in rows if row["period"] == month]
            file = store(settings, settings.standard / "hospital", f"standard/{name}", part)
            tables.setdefault(name, {})[f"H1__{month}"] = [file]
    close(settings, night, "hospital", tables=tables, producers=PRODUCERS, ledger=[])
    for source in ("pharmacy", "shared_record"):
        close(settings, night, source, ledger=[])
    linked(settings, night)


def test_visits_are_published_without_persons(spark: SparkSession, settings: Settings) -> None:
    stays = [stay("anna", "2026-10", "1")]
    visits = [visit("7"), visit("8", age_years=None, residence_code=None)]
    diagnoses = [diagnosis("7")]
    hospital(settings, FIRST, dict(zip(("hospital_stay", *TABLES[:2]), (stays, visits, diagnoses), strict=True)))
    pseudonymise(settings, FIRST)
    assemble(settings, FIRST)
    assert gate(settings, FIRST)["decision"] == "publish"
    found = published(settings, FIRST, "emergency_visit")
    assert [set(row) for row in found] == [set(load_schema("published/emergency_visit").names)] * 2
    old = next(row for row in found if row["age_years"] is not None)
    assert (old["age_years"], old["department"], old["care_month"], old["entry_hour"]) == (90, "2B", "2026-11", 23)
    assert old["visit_id"] == published(settings, FIRST, "emergency_diagnosis")[0]["visit_id"]
    people = published(settings, FIRST, "person")
    assert len(people) == 1, "a visit makes nobody a person"
    text = repr((found, people))
    assert all(secret not in text for secret in ("7" * 32, "c" * 32, "d" * 32, "20200"))
    decide(settings, FIRST, "publish")

    # the visits are corrected, the only stay is withdrawn: its person leaves, and visits do not keep it
    content = {"emergency_visit": [visits[0] | {"duration_minutes": 90}, visits[1]], "emergency_diagnosis": diagnoses}
    hospital(settings, SECOND, content)
    counts = pseudonymise(settings, SECOND)
    assert (counts["months_made"], counts["months_kept"]) == (1, 1)
    assemble(settings, SECOND)
    assert published(settings, SECOND, "person") == []
    now = read_json(settings.candidate / SECOND / "candidate.json")
    moved = {(one["table"], one["event"], one.get("source")): one["count"] for one in now["ledger"]}
    assert moved["emergency_visit", "added", "hospital"] == moved["emergency_visit", "removed", "hospital"] == 1
    assert ("emergency_diagnosis", "added", "hospital") not in moved


def test_only_visits_and_nobody_at_all(spark: SparkSession, settings: Settings) -> None:
    hospital(settings, FIRST, {"emergency_visit": [visit("7")]})
    pseudonymise(settings, FIRST)
    assemble(settings, FIRST)
    assert len(published(settings, FIRST, "emergency_visit")) == 1
    assert published(settings, FIRST, "person") == []


def test_a_table_has_a_pseudonym_exactly_when_its_standard_rows_have_a_subject() -> None:
    from jobs.pseudonymise.months import care_tables

    for schema in care_tables():
        subject = "subject_id" in load_schema(f"standard/{schema.veillee['standard']}").names
        assert ("pseudonym" in schema.names) == (subject and schema.name != "reconciliation"), schema.name
    assert {schema.name for schema in care_tables() if "pseudonym" not in schema.names} == {
        *TABLES, "hospital_unit", "hospital_stay_change",
        "beneficiary", "claim_line", "claim_net", "long_term_illness", "reconciliation",
    }  # fmt: skip
