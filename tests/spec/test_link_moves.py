"""Persons over nights: merges by proof, merges and splits by decision, and the same again from zero."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.cli import SOURCES
from jobs.core.errors import DataRefused
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.link import index, run
from jobs.link.decisions import decisions_path
from jobs.link.run import link
from jobs.review.decide import decide as review
from tests.linkage import index_rows, persons
from tests.spec.link_cases import claim, number, subject
from tests.spec.national_cases import Rows, close, decide, store

FIRST, SECOND, THIRD = "2026-11-22", "2026-11-23", "2026-11-24"
ANNA, EVE, ZOE = "1980-03-14", "1991-01-30", "1964-12-01"
IDA, UNA, MAX, LISE, BORN = "1975-08-08", "1971-10-02", "1966-04-17", "1990-06-01", "2026-11-20"
OWN = number(1, BORN)  # of a boy born to lise; a hospital knows him under hers until his comes
STEWARD = ("identity steward", "two patients", date(2026, 11, 23))

CLAIMS: dict[str, dict[str, Rows]] = {
    FIRST: {
        "hospital": [
            claim("H1:anna", ANNA, "2", own_nir=number(2, ANNA), given="Anna", name="Martin"),
            claim("H1:eve", EVE, "2", name="Roux", given="Eve"),
            claim("H2:eve", EVE, "2", name="Roux", given="Eve"),
            claim("H1:zoe", ZOE, "2", name="Petit", given="Zoé"),
            claim("H1:old", "1950-05-05", "1", name="Blanc", given="Luc"),
            claim("H1:lise", LISE, "2", own_nir=number(2, LISE)),
            claim("H1:boy", BORN, "1", holder_nir=number(2, LISE), rank=1),
            claim("H2:girl", BORN, "2", holder_nir=number(2, LISE, 7), rank=1),
        ],
        "shared_record": [
            claim("D1:boy", BORN, "1", ins=OWN, name="Petit", given="Théo"),
            claim("D1:max", MAX, "1", ins=number(1, MAX), name="Ozouf", given="Max"),
            claim("D1:ida", IDA, "2", ins=number(2, IDA), name="Rey", given="Ida"),
            claim("D1:una", UNA, "2", ins=number(2, UNA), name="Gil", given="Una"),
            claim("D2:una", IDA, "2", name="Rey", given="Ida"),  # taken for ida
        ],
        "pharmacy": [
            claim("P1:anna", ANNA, "2", own_nir=number(2, ANNA), given="Anna"),
            claim("P1:zoe", ZOE, "2", own_nir=number(2, ZOE), name="Durand", given="Zoé"),
            claim("P1:old", "1950-05-05", "1", own_nir=number(1, "1950-05-05"), name="Noir", given="Jean"),
        ],
    },
    SECOND: {
        "hospital": [
            # her number came, and with it the name that the pharmacy knows: two proofs
            claim("H1:zoe", ZOE, "2", own_nir=number(2, ZOE), name="Petit", used="Durand", given="Zoé"),
            # a number and a birth date, and another name: one proof
            claim("H1:old", "1950-05-05", "1", own_nir=number(1, "1950-05-05"), name="Blanc", given="Jean"),
            # a sex that contradicts the other record of the same person
            claim("H2:eve", EVE, "1", name="Roux", given="Eve"),
            claim("H1:boy", BORN, "1", own_nir=OWN, holder_nir=number(2, LISE), rank=1),
            claim("H2:girl", BORN, "2", own_nir=number(2, BORN), holder_nir=number(2, LISE, 7), rank=1),
        ],
        "pharmacy": [claim("P3:max", MAX, "1", used="Max", given="Ozouf")],  # names swapped, no number
        "shared_record": [
            claim("D1:girl", BORN, "2", ins=number(2, BORN), name="Petit", given="Nina"),
            claim("D2:una", UNA, "2", ins=number(2, UNA), name="Gil", given="Una"),
        ],
    },
}


def close_night(settings: Settings, night: str) -> None:
    """Close the three sources with all claims until a night."""
    for source in SOURCES:
        entries = [
            {"night": told, "files": [store(settings, settings.identity, "identity/claim", rows[source])], "except": []}
            for told, rows in CLAIMS.items()
            if told <= night and source in rows
        ]
        close(settings, night, source, claims=entries)


def linked(settings: Settings, night: str, again: bool = False) -> dict[str, Any]:
    """Link and publish a night; the same night again adds and changes nothing."""
    close_night(settings, night)
    counts = link(settings, night)
    pointers = [settings.identity / night / "index.json", settings.crosswalk / night / "crosswalk.json"]
    if again:
        written = [path.read_bytes() for path in pointers]
        link(settings, night)
        assert [path.read_bytes() for path in pointers] == written
    decide(settings, night, "publish")
    return counts


def alike(settings: Settings, night: str) -> Callable[..., bool]:
    """Whether two labels are one person in a night."""
    walk = persons(settings, night)
    return lambda one, other: walk[subject(one)] == walk[subject(other)]


def review_all(settings: Settings) -> None:
    """After the second night: anna's two records are two patients; luc and jean are one."""
    review(settings, "different", subject("H1:anna"), subject("P1:anna"), *STEWARD)
    review(settings, "same", subject("H1:old"), subject("P1:old"), *STEWARD)


def test_merges_and_splits(spark: SparkSession, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="LNK-051"):
        review(settings, "same", "a" * 32, "b" * 32, *STEWARD)
    linked(settings, FIRST)
    same = alike(settings, FIRST)
    assert same("H1:anna", "P1:anna") and same("H1:eve", "H2:eve")
    assert not same("H1:zoe", "P1:zoe") and not same("H1:old", "P1:old")
    before = persons(settings, FIRST)

    assert same("D1:ida", "D2:una") and not same("H1:boy", "D1:boy") and not same("H1:boy", "H1:lise")
    linked(settings, SECOND)
    same = alike(settings, SECOND)
    assert same("H1:boy", "D1:boy"), "a newborn's own number came: it is the person who has it"
    assert same("H2:girl", "D1:girl"), "a number that comes in the night in which another brings it"
    assert not same("H1:boy", "H1:lise") and not same("H1:boy", "H2:girl")
    assert same("P3:max", "D1:max"), "swapped names meet, also where a pharmacy tells the used name"
    assert not same("D1:ida", "D1:una"), "no rule joins two persons through a subject taken for another"
    assert same("H1:zoe", "P1:zoe"), "an own number and equal traits: two proofs"
    assert not same("H1:old", "P1:old"), "one proof is for a steward"
    assert same("H1:eve", "H2:eve"), "nobody is split without a steward"
    event = index_rows(settings, SECOND, "person_event")
    assert sorted((one["kind"], one["proof"]) for one in event) == [
        ("merged", "number newborn"),
        ("merged", "number traits"),
    ]
    older = min(before[subject("H1:zoe")], before[subject("P1:zoe")])
    zoe = next(one for one in event if one["proof"] == "number traits")
    assert persons(settings, SECOND)[subject("H1:zoe")] == older == zoe["person_id"]
    items = {(one["queue"], one["reason"]): one for one in index_rows(settings, SECOND, "review_item")}
    assert {subject("H1:eve"), subject("H2:eve")} == {items["split", "sexes"][side] for side in ("left_id", "right_id")}
    assert {subject("D1:ida"), subject("D2:una")} == {
        items["split", "own_numbers"][side] for side in ("left_id", "right_id")
    }
    ends = {before[subject("D1:ida")], before[subject("D1:una")]}
    assert ends == {items["match", "broken_group"][side] for side in ("left_id", "right_id")}
    ends = {before[subject("H1:old")], before[subject("P1:old")]}
    assert ends == {items["match", "one_proof"][side] for side in ("left_id", "right_id")}

    bad_entries(settings)
    review_all(settings)
    review(settings, "same", subject("H1:old"), subject("P1:old"), *STEWARD)  # the same again adds nothing
    with pytest.raises(DataRefused, match="LNK-052: D-"):
        review(settings, "different", subject("H1:old"), subject("P1:old"), *STEWARD)
    assert not alike(settings, SECOND)("H1:old", "P1:old"), "a decision holds from the next night on"
    linked(settings, THIRD, again=True)
    told(settings, before)
    again_from_zero(settings, tmp_path)


def bad_entries(settings: Settings) -> None:
    """What is refused at entry, each with its rule and what to do."""
    anna, other = subject("H1:anna"), subject("P1:anna")
    for code, arguments in (
        ("LNK-051: the right subject", ("same", anna, "f" * 32, *STEWARD)),
        ("LNK-051: both sides", ("same", anna, anna, *STEWARD)),
        ("LNK-053: this kind", ("perhaps", anna, other, *STEWARD)),
        ("LNK-053: this role", ("same", anna, other, "Mrs Smith", *STEWARD[1:])),
        ("LNK-053: this reason", ("same", anna, other, STEWARD[0], "born in Lyon", STEWARD[2])),
        ("LNK-052: no decision", ("withdrawn", anna, other, *STEWARD)),
    ):
        with pytest.raises(DataRefused, match=code):
            review(settings, *arguments)
    assert not decisions_path(settings).exists()


def told(settings: Settings, before: dict[str, str]) -> None:
    """What the third night did with the decisions."""
    same, now = alike(settings, THIRD), persons(settings, THIRD)
    assert not same("H1:anna", "P1:anna") and same("H1:old", "P1:old") and same("H1:zoe", "P1:zoe")
    assert len({before[subject("H1:anna")], now[subject("H1:anna")], now[subject("P1:anna")]}) == 2, "one part keeps it"
    events = [one for one in index_rows(settings, THIRD, "person_event") if one["night"] == THIRD]
    assert sorted(one["kind"] for one in events) == ["merged", "split"]
    assert all(one["proof"].startswith("D-") for one in events)
    people = {one["person_id"]: one for one in index_rows(settings, THIRD, "person")}
    drawn = next(one["other_person_id"] for one in events if one["kind"] == "split")
    assert (people[drawn]["created_night"], people[drawn]["birth_date"]) == (THIRD, date.fromisoformat(ANNA))


def again_from_zero(settings: Settings, tmp_path: Path) -> None:
    """The same nights with the same decisions make the same bytes; other rules do not undo a decision."""
    other = prepare_root(tmp_path / "again", "synthetic")
    shutil.copytree(settings.keys, other.keys, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(other.root))
        linked(other, FIRST)
        linked(other, SECOND)
        review_all(other)
        linked(other, THIRD)
        for name in (f"identity/{THIRD}/index.json", f"crosswalk/{THIRD}/crosswalk.json"):
            assert (other.root / name).read_bytes() == (settings.root / name).read_bytes()
        fourth = "2026-11-25"
        CLAIMS[fourth] = {"pharmacy": [claim("P2:anna", ANNA, "2", own_nir=number(2, ANNA), given="Anna")]}
        for module in (index, run):
            patch.setattr(module, "RULES_VERSION", "of-next-year")
        linked(other, fourth)
        del CLAIMS[fourth]
    assert read_json(other.identity / fourth / "index.json")["rules_version"] == "of-next-year"
    same = alike(other, fourth)
    assert not same("H1:anna", "P1:anna"), "a subject that fits both does not bring them together again"
    assert same("H1:old", "P1:old")
