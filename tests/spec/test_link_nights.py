"""The person index over nights: it grows, it knows who it knows, and a refused night leaves no trace."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.cli import SOURCES
from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.link.run import TABLES, link
from tests.spec.link_cases import claim, number, subject
from tests.spec.national_cases import Rows, close, close_rest, decide, rows_of, store

FIRST, SECOND, THIRD, FOURTH = "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"
ANNA, EVE = "1980-03-14", "1991-01-30"
Seen = dict[str, list[dict[str, Any]]]


def test_link_names_the_sources_that_are_not_closed(settings: Settings) -> None:
    close(settings, FIRST, "pharmacy")
    with pytest.raises(DataRefused, match="hospital, shared_record"):
        link(settings, FIRST)


def test_a_night_without_claims_is_linked_without_spark(settings: Settings) -> None:
    close_rest(settings, FIRST)
    assert link(settings, FIRST)["subjects_new"] == 0
    assert read_json(settings.identity / FIRST / "index.json")["tables"] == {name: {} for name in TABLES}


@pytest.fixture
def first_night(settings: Settings) -> Seen:
    """Anna is known to a hospital and a pharmacy; eve's hospital is held. Linked, linked again, published."""
    hospital = [
        claim("H1:anna", ANNA, "2", own_nir=number(2, ANNA), given="Anna"),
        claim("H2:eve", EVE, "2", own_nir=number(2, EVE), given="Eve"),
    ]
    pharmacy = [claim("P1:anna", ANNA, "2", own_nir=number(2, ANNA), name="Durand", given="Anna")]
    seen = {"hospital": [entry(settings, FIRST, hospital, "H2")], "pharmacy": [entry(settings, FIRST, pharmacy)]}
    close_all(settings, FIRST, seen)
    assert link(settings, FIRST)["tiers"] == {"number_birth_date": 2}
    pointers = [settings.identity / FIRST / "index.json", settings.crosswalk / FIRST / "crosswalk.json"]
    written = [path.read_bytes() for path in pointers]
    link(settings, FIRST)
    assert [path.read_bytes() for path in pointers] == written, "the same night again adds and changes nothing"
    decide(settings, FIRST, "publish")
    return seen


def entry(settings: Settings, night: str, rows: Rows, *held: str) -> dict[str, Any]:
    """One night's claims as a state names them."""
    file = store(settings, settings.identity, "identity/claim", rows)
    return {"night": night, "files": [file], "except": list(held)}


def close_all(settings: Settings, night: str, seen: Seen) -> None:
    """Close the three sources with these claims."""
    for source in SOURCES:
        close(settings, night, source, claims=seen.get(source, []))


def test_three_nights(spark: SparkSession, settings: Settings, first_night: Seen) -> None:
    seen = dict(first_night)
    later = [
        claim("P1:anna", ANNA, "2", own_nir=number(2, ANNA), name="Petit", given="Anna"),
        claim("P1:new", "1970-07-07", "1", own_nir=number(1, "1970-07-07"), given="Ugo"),
    ]
    record = [claim("D1:anna", ANNA, "2", ins=number(2, ANNA), given="ANNA")]
    seen["pharmacy"] = [*seen["pharmacy"], entry(settings, SECOND, later)]
    seen["shared_record"] = [entry(settings, SECOND, record)]
    close_all(settings, SECOND, seen)
    refused = link(settings, SECOND)
    assert (refused["subjects_new"], refused["subjects_known"], refused["persons_new"]) == (2, 1, 1)
    drawn = {
        row["person_id"] for row in rows_of(settings.identity, settings.identity / SECOND / "index.json", "person")
    }
    close_all(settings, THIRD, seen)
    with pytest.raises(DataRefused, match=SECOND):
        link(settings, THIRD)
    decide(settings, SECOND, "refuse")

    seen["hospital"] = [seen["hospital"][0] | {"except": []}]  # H2 is released
    close_all(settings, THIRD, seen)
    third = link(settings, THIRD)
    assert (third["subjects_new"], third["subjects_known"], third["persons_new"]) == (3, 1, 2)
    index = settings.identity / THIRD / "index.json"
    assert read_json(index)["base"] == FIRST
    assert sorted(read_json(index)["tables"]["link"]) == [FIRST, THIRD]

    walk = {
        row["subject_id"]: row["person_id"]
        for row in rows_of(settings.crosswalk, settings.crosswalk / THIRD / "crosswalk.json", "crosswalk")
    }
    assert walk[subject("D1:anna")] == walk[subject("H1:anna")] == walk[subject("P1:anna")]
    assert len(set(walk.values())) == 3
    assert subject("H2:eve") in walk
    persons = {row["person_id"] for row in rows_of(settings.identity, index, "person")}
    assert persons == set(walk.values())
    assert len(persons & drawn) == 1, "anna stays; the person drawn in the refused night is never used"
    traits = rows_of(settings.identity, index, "person_trait")
    assert len(traits) == len({(row["subject_id"], row["claim_id"]) for row in traits}) == 6
    names = sorted(row["family_key"] for row in traits if row["subject_id"] == subject("P1:anna"))
    assert names == ["DURAND", "PETIT"]
    decide(settings, THIRD, "publish")
    close_all(settings, FOURTH, seen)
    assert link(settings, FOURTH)["claims"] == 0
    with pytest.raises(DataRefused, match="decided already"):
        link(settings, FIRST)
