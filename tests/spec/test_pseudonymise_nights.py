"""From standard rows to a candidate: under pseudonym, month by month, balanced against the night before."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.assemble.run import assemble
from jobs.core.errors import DataRefused
from jobs.core.keys import key_bytes
from jobs.core.ledger import check_tables
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.core.tokens import text_base32
from jobs.pseudonymise.run import pseudonymise
from tests.spec.national_cases import Rows, close, close_rest, decide, rows_of, store

FIRST, SECOND = "2026-11-22", "2026-11-23"
SUBJECTS = {name: letter * 32 for name, letter in zip(("anna", "bob", "eve", "unseen"), "abcd", strict=True)}
PERSONS = {name: letter * 32 for name, letter in zip(("anna", "bob", "eve", "unseen"), "1234", strict=True)}
PRODUCERS = {"H1": {"status": "accepted", "as_of": FIRST}}


def stay(who: str, month: str, token: str, **more: Any) -> dict[str, Any]:
    """A stay of a standard table."""
    day = date.fromisoformat(f"{month}-05")
    row = {"producer": "H1", "period": month, "subject_id": SUBJECTS[who], "stay_id": token * 32, "entry_date": day}
    row |= {"exit_date": day, "length_of_stay": 0, "age_years": 93, "sex": "2", "residence_code": "20200"}
    row |= {"valued": True, "covid": False, "covid_confirmed": False, "provisional": False}
    return row | {"line_version": "123", "unit_count": 1, "delivery_id": "d", "file": "f", "record": 1} | more


def diagnosis(who: str, month: str, token: str) -> dict[str, Any]:
    """A diagnosis of that stay."""
    row = {"producer": "H1", "period": month, "subject_id": SUBJECTS[who], "stay_id": token * 32, "unit_rank": 1}
    return row | {"kind": "principal", "diagnosis_rank": 1, "code": "I10", "code_known": True}


def dispensation(who: str, month: str, token: str) -> dict[str, Any]:
    """A line of a pharmacy's ticket."""
    row = {"producer": "PH0000001", "period": month, "subject_id": SUBJECTS[who], "dispensation_id": token * 32}
    row |= {"ticket_id": token * 32, "event_type": "sale", "dispensed_on": date.fromisoformat(f"{month}-06")}
    return row | {"code_class": "unknown", "code_known": False, "quantity": 1, "unit": "box"}


def hospital(settings: Settings, night: str, stays: Rows, diagnoses: Rows) -> None:
    """Close the hospital source with these rows."""
    tables: dict[str, Any] = {}
    for name, rows in (("hospital_stay", stays), ("hospital_diagnosis", diagnoses)):
        for month in sorted({row["period"] for row in rows}):
            part = [row for row in rows if row["period"] == month]
            file = store(settings, settings.standard / "hospital", f"standard/{name}", part)
            tables.setdefault(name, {})[f"H1__{month}"] = [file]
    close(settings, night, "hospital", tables=tables, producers=PRODUCERS)


def pharmacy(settings: Settings, night: str) -> None:
    """Close the pharmacy source: one accepted pharmacy, one held since the first night, one never heard of."""
    rows = [dispensation("bob", "2026-11", "7")]
    file = store(settings, settings.standard / "pharmacy", "standard/dispensation", rows)
    producers = {
        "PH0000001": {"status": "accepted", "as_of": FIRST},
        "PH0000002": {"status": "corrupt", "as_of": FIRST, "held_since": FIRST, "rule": "DEL-001"},
        "PH0000003": {"status": "missing", "as_of": None, "rule": "DEL-008"},
    }
    close(settings, night, "pharmacy", tables={"dispensation": {"PH0000001__2026-11": [file]}}, producers=producers)


def linked(settings: Settings, night: str, moves: Rows = []) -> None:  # noqa: B006  never changed
    """Index and crosswalk of a night, by hand; anna came in an earlier month."""
    created = {name: "2026-10-31" if name == "anna" else FIRST for name in PERSONS}
    people = [
        {"person_id": PERSONS[n], "created_night": created[n], "sex": "2", "birth_date": date(1930, 1, 1)}
        for n in PERSONS
    ]
    people[1]["birth_date"] = None
    walk = [{"subject_id": SUBJECTS[name], "person_id": PERSONS[name]} for name in PERSONS]
    person = {"person": {FIRST: [store(settings, settings.identity, "identity/person", people)]}}
    rows = {"crosswalk": {FIRST: [store(settings, settings.crosswalk, "crosswalk/crosswalk", walk)]}}
    if moves:
        rows["move"] = {night: [store(settings, settings.crosswalk, "crosswalk/move", moves)]}
    write_json(settings.identity / night / "index.json", {"tables": person})
    write_json(settings.crosswalk / night / "crosswalk.json", {"tables": rows})


def pseudonym(settings: Settings, name: str) -> str:
    return "1." + text_base32(key_bytes(settings, "centre"), "person", PERSONS[name])


def published(settings: Settings, night: str, table: str) -> Rows:
    return rows_of(settings.candidate, settings.candidate / night / "candidate.json", table)


def test_two_nights(spark: SparkSession, settings: Settings) -> None:
    stays = [stay("anna", "2026-10", "1"), stay("bob", "2026-11", "2"), stay("eve", "2026-11", "3", age_years=None)]
    diagnoses = [diagnosis("anna", "2026-10", "1"), diagnosis("bob", "2026-11", "2")]
    hospital(settings, FIRST, stays, diagnoses)
    pharmacy(settings, FIRST)
    close_rest(settings, FIRST)
    with pytest.raises(DataRefused, match="not linked"):
        pseudonymise(settings, FIRST)
    linked(settings, FIRST)
    pseudonymise(settings, FIRST)
    assemble(settings, FIRST)
    pointer = settings.candidate / FIRST / "candidate.json"
    before = pointer.read_bytes()
    pseudonymise(settings, FIRST)
    assemble(settings, FIRST)
    assert pointer.read_bytes() == before

    found = {row["pseudonym"]: row for row in published(settings, FIRST, "hospital_stay")}
    assert set(found) == {pseudonym(settings, name) for name in ("anna", "bob", "eve")}
    anna = found[pseudonym(settings, "anna")]
    assert (anna["age_years"], anna["department"], anna["care_month"]) == (90, "2B", "2026-10")
    assert found[pseudonym(settings, "eve")]["age_years"] is None
    joined = {row["stay_id"] for row in published(settings, FIRST, "hospital_diagnosis")}
    assert joined == {row["stay_id"] for row in found.values()} - {found[pseudonym(settings, "eve")]["stay_id"]}
    sold = published(settings, FIRST, "dispensation")[0]
    assert sold["pseudonym"] == pseudonym(settings, "bob")
    people = {row["pseudonym"]: row for row in published(settings, FIRST, "person")}
    assert set(people) == set(found), "who has no care row is not published"
    assert people[pseudonym(settings, "bob")]["age_years"] is None
    assert {row["first_seen"] for row in people.values()} == {"2026-10", "2026-11"}
    states = {(row["source"], row["producer"]): row for row in published(settings, FIRST, "source_state")}
    assert states["pharmacy", sold["producer"]]["status"] == "accepted"
    held = next(row for row in states.values() if row["status"] == "held")
    assert (held["held_since"], held["reason"]) == (FIRST, "DEL-001")
    assert held["reason_fr"]
    assert any(row["status"] == "never_received" for row in states.values())
    text = repr((found, joined, sold, people, states))
    for secret in (*SUBJECTS.values(), *PERSONS.values(), "PH000", "1" * 32, "20200"):
        assert secret not in text
    decide(settings, FIRST, "publish")
    second_night(settings, stays, diagnoses)


def second_night(settings: Settings, stays: Rows, diagnoses: Rows) -> None:
    """Bob's stay is corrected, eve's withdrawn; october is not touched."""
    hospital(settings, SECOND, [stays[0], stays[1] | {"ghm": "05M041"}], diagnoses)
    pharmacy(settings, SECOND)
    close_rest(settings, SECOND)
    linked(settings, SECOND)
    counts = pseudonymise(settings, SECOND)
    assert (counts["months_made"], counts["months_kept"]) == (1, 6)
    assemble(settings, SECOND)
    was = read_json(settings.candidate / FIRST / "candidate.json")
    now = read_json(settings.candidate / SECOND / "candidate.json")
    assert now["tables"]["hospital_stay"]["2026-10"] == was["tables"]["hospital_stay"]["2026-10"]
    assert now["tables"]["person"]["2026-10"] == was["tables"]["person"]["2026-10"]
    assert now["changed"] == {"hospital_stay": ["2026-11"], "person": ["2026-11"]}
    moved = {(one["table"], one["event"]): one["count"] for one in now["ledger"]}
    assert moved == {("hospital_stay", "added"): 1, ("hospital_stay", "removed"): 2, ("person", "removed"): 1}
    assert {one.get("source") for one in now["ledger"] if one["table"] == "hospital_stay"} == {"hospital"}
    check_tables(*[rows_per_table(one) for one in (was, now)], now["ledger"])
    people = {row["pseudonym"] for row in published(settings, SECOND, "person")}
    assert people == {pseudonym(settings, name) for name in ("anna", "bob")}


def rows_per_table(candidate: dict[str, Any]) -> dict[str, int]:
    """Rows of each table of a candidate."""
    return {
        name: sum(file["rows"] for files in parts.values() for file in files)
        for name, parts in candidate["tables"].items()
    }


def test_a_row_without_a_person_is_refused(spark: SparkSession, settings: Settings) -> None:
    hospital(settings, FIRST, [stay("anna", "2026-10", "1", subject_id="f" * 32)], [])
    close_rest(settings, FIRST)
    linked(settings, FIRST)
    with pytest.raises(DataRefused, match="LNK-001: 1 rows of hospital_stay"):
        pseudonymise(settings, FIRST)
    assert not (settings.candidate / FIRST / "pseudonymised.json").exists()


def move(who: str, night: str, kind: str, former: str, now: str) -> dict[str, Any]:
    """A subject that is another person from a night on."""
    row = {"subject_id": SUBJECTS[who], "night": night, "kind": kind}
    return row | {"person_id": PERSONS[now], "former_id": PERSONS[former]}


def borne(settings: Settings, night: str) -> dict[str, set[str]]:
    """By month, whose pseudonyms the stays bear; under ``person`` those of the table of persons."""
    names = {pseudonym(settings, name): name for name in PERSONS}
    found: dict[str, set[str]] = {"person": {names[row["pseudonym"]] for row in published(settings, night, "person")}}
    for row in published(settings, night, "hospital_stay"):
        found.setdefault(row["care_month"][5:], set()).add(names[row["pseudonym"]])
    return found


def replaced(settings: Settings, night: str) -> set[tuple[str, str, str]]:
    """The table of replaced pseudonyms as (old, new, since), with names in the place of pseudonyms."""
    names = {pseudonym(settings, name): name for name in PERSONS}
    rows = published(settings, night, "pseudonym_succession")
    return {(names[row["old"]], names[row["new"]], row["since"]) for row in rows}


def test_merges_wait_for_a_touch_or_the_turn_of_the_month_and_a_split_waits_for_nothing(
    spark: SparkSession, settings: Settings
) -> None:
    """Anna (october) and eve (september) turn out to be bob (november); later eve is told apart again."""
    third, fourth, fifth = "2026-11-30", "2026-12-01", "2026-12-02"
    stays = [stay("anna", "2026-10", "1"), stay("bob", "2026-11", "2"), stay("eve", "2026-09", "3")]
    merges = [move("anna", SECOND, "merged", "anna", "bob"), move("eve", SECOND, "merged", "eve", "bob")]
    split = [move("eve", fifth, "split", "bob", "unseen")]
    touched = [*stays[:2], stays[2] | {"ghm": "05M041"}]
    for night, rows, moves in (
        (FIRST, stays, []),
        (SECOND, stays, merges),
        (third, touched, merges),
        (fourth, touched, merges),
        (fifth, touched, merges + split),
    ):
        hospital(settings, night, rows, [])
        close_rest(settings, night)
        linked(settings, night, moves)
        pseudonymise(settings, night)
        assemble(settings, night)
        before = (settings.candidate / night / "candidate.json").read_bytes()
        pseudonymise(settings, night)
        assemble(settings, night)
        assert (settings.candidate / night / "candidate.json").read_bytes() == before
        decide(settings, night, "publish")

    everybody = {"anna", "bob", "eve"}
    assert borne(settings, FIRST) == {"09": {"eve"}, "10": {"anna"}, "11": {"bob"}, "person": everybody}
    assert replaced(settings, FIRST) == set()
    assert borne(settings, SECOND) == borne(settings, FIRST), "a merge rewrites nothing at once"
    told = {("anna", "bob", SECOND), ("eve", "bob", SECOND)}
    assert replaced(settings, SECOND) == told
    assert borne(settings, third) == {"09": {"bob"}, "10": {"anna"}, "11": {"bob"}, "person": {"anna", "bob"}}
    assert replaced(settings, third) == told
    assert borne(settings, fourth) == {"09": {"bob"}, "10": {"bob"}, "11": {"bob"}, "person": {"bob"}}
    assert replaced(settings, fourth) == told
    split_off = {"09": {"unseen"}, "10": {"bob"}, "11": {"bob"}, "person": {"bob", "unseen"}}
    assert borne(settings, fifth) == split_off, "rows of two people under one pseudonym go at once"
    assert replaced(settings, fifth) == told - {("eve", "bob", SECOND)}, "no row bears eve's old pseudonym any more"
