"""The person index over nights: it grows, it knows who it knows, and a refused night leaves no trace."""

import pytest
from pyspark.sql import SparkSession

from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.link.run import link
from tests.spec.link_cases import claim, number, subject
from tests.spec.national_cases import close, close_rest, decide, rows_of, store

FIRST, SECOND, THIRD, FOURTH = "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"
ANNA, EVE = "1980-03-14", "1991-01-30"


def test_link_names_the_sources_that_are_not_closed(settings: Settings) -> None:
    close(settings, FIRST, "pharmacy")
    with pytest.raises(DataRefused, match="hospital, shared_record"):
        link(settings, FIRST)


def test_a_night_without_claims_is_linked_without_spark(settings: Settings) -> None:
    close_rest(settings, FIRST)
    assert link(settings, FIRST)["subjects_new"] == 0
    assert read_json(settings.identity / FIRST / "index.json")["tables"] == {
        "link": {},
        "person": {},
        "person_trait": {},
    }


def test_three_nights(spark: SparkSession, settings: Settings) -> None:
    hospital = [
        claim("H1:anna", ANNA, "2", own_nir=number(2, ANNA), given="Anna"),
        claim("H2:eve", EVE, "2", own_nir=number(2, EVE), given="Eve"),
    ]
    pharmacy = [claim("P1:anna", ANNA, "2", own_nir=number(2, ANNA), name="Durand", given="Anna")]
    seen = {
        "hospital": [
            {
                "night": FIRST,
                "files": [store(settings, settings.identity, "identity/claim", hospital)],
                "except": ["H2"],
            }
        ],
        "pharmacy": [
            {"night": FIRST, "files": [store(settings, settings.identity, "identity/claim", pharmacy)], "except": []}
        ],
    }
    for source, claims in seen.items():
        close(settings, FIRST, source, claims=claims)
    close_rest(settings, FIRST)
    assert link(settings, FIRST)["tiers"] == {"number_birth_date": 2}
    pointers = [settings.identity / FIRST / "index.json", settings.crosswalk / FIRST / "crosswalk.json"]
    written = [path.read_bytes() for path in pointers]
    link(settings, FIRST)
    assert [path.read_bytes() for path in pointers] == written
    decide(settings, FIRST, "publish")

    later = [
        claim("P1:anna", ANNA, "2", own_nir=number(2, ANNA), name="Petit", given="Anna"),
        claim("P1:new", "1970-07-07", "1", own_nir=number(1, "1970-07-07"), given="Ugo"),
    ]
    record = [claim("D1:anna", ANNA, "2", ins=number(2, ANNA), given="ANNA")]
    entry = {"night": SECOND, "files": [store(settings, settings.identity, "identity/claim", later)], "except": []}
    seen["pharmacy"] = [*seen["pharmacy"], entry]
    seen["shared_record"] = [
        {"night": SECOND, "files": [store(settings, settings.identity, "identity/claim", record)], "except": []}
    ]
    for source, claims in seen.items():
        close(settings, SECOND, source, claims=claims)
    refused = link(settings, SECOND)
    assert (refused["subjects_new"], refused["subjects_known"], refused["persons_new"]) == (2, 1, 1)
    drawn = {
        row["person_id"] for row in rows_of(settings.identity, settings.identity / SECOND / "index.json", "person")
    }
    with pytest.raises(DataRefused, match=SECOND):
        close(settings, THIRD, "hospital")
        link(settings, THIRD)
    decide(settings, SECOND, "refuse")

    seen["hospital"] = [seen["hospital"][0] | {"except": []}]  # H2 is released
    for source, claims in seen.items():
        close(settings, THIRD, source, claims=claims)
    third = link(settings, THIRD)
    assert (third["subjects_new"], third["subjects_known"], third["persons_new"]) == (3, 1, 2)
    index = settings.identity / THIRD / "index.json"
    assert read_json(index)["base"] == FIRST
    assert sorted(read_json(index)["tables"]["link"]) == [FIRST, THIRD]

    walk = {
        row["subject_id"]: row["person_id"]
        for row in rows_of(settings.crosswalk, pointers[1].parents[1] / THIRD / "crosswalk.json", "crosswalk")
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
    for source, claims in seen.items():
        close(settings, FOURTH, source, claims=claims)
    assert link(settings, FOURTH)["claims"] == 0
    with pytest.raises(DataRefused, match="decided already"):
        link(settings, FIRST)
