"""What a night's linkage is measured by, what the gate makes of it, and what the report shows of it."""

from copy import deepcopy
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, tables_from_json, write_json
from jobs.gate.linkage import measured_reasons
from jobs.link.decisions import decision_files
from jobs.link.measures import measure
from jobs.report.linkage import linkage
from jobs.report.render import environment
from jobs.review.decide import decide
from tests.review_root import NIGHT, published_index
from tests.spec.link_cases import subject


@pytest.fixture
def measures(settings: Settings) -> dict[str, Any]:
    """Those of the index by hand, with one decision that it keeps and one that it does not."""
    published_index(settings)
    ends = (subject("H2:luc"), subject("P1:luc"))
    decide(settings, "same", *ends, "identity steward", "other", date(2026, 11, 23))
    decide(
        settings, "different", subject("H1:anna"), subject("P1:anna"), "identity steward", "other", date(2026, 11, 23)
    )
    index = tables_from_json(read_json(settings.identity / NIGHT / "index.json")["tables"])
    walk = tables_from_json(read_json(settings.crosswalk / NIGHT / "crosswalk.json")["tables"])
    homes = settings.work / "homes.parquet"
    pq.write_table(pa.table({"subject_id": [subject("H1:anna")], "department": ["75"]}), homes)
    return measure(settings, NIGHT, index | {"decision": decision_files(settings)}, walk, [str(homes)])


def test_counts_by_source_and_by_group(measures: dict[str, Any]) -> None:
    """Eight subjects: anna in three sources, luc in two; lise, her baby and another anna stand alone."""
    by_source = measures["by_source"]
    assert {name: (one["subjects"], one["linked"]) for name, one in by_source.items()} == {
        "hospital": (4, 2), "pharmacy": (3, 2), "shared_record": (1, 1),
    }  # fmt: skip
    assert by_source["shared_record"]["score"] == 1 and by_source["hospital"]["new_person"] == 2
    assert by_source["pharmacy"]["largest_person"] == 3
    groups = {
        dimension: {value: one["subjects"] for value, one in values.items()}
        for dimension, values in measures["groups"].items()
    }
    assert groups["age_band"] == {"0": 1, "18-39": 1, "40-64": 4, "65-79": 2}
    assert groups["sex"] == {"1": 3, "2": 5}
    assert groups["department"] == {"75": 1, "unknown": 7}
    assert measures["groups"]["age_band"]["0"]["queued"] == 1
    assert measures["largest_person"] == 3
    assert measures["numbers_per_person"] == {"0": 2, "1": 3}
    assert measures["persons_per_number"] == {"1": 3}
    assert measures["queue"] == {"match": 2, "split": 0}, "luc's doubt is decided"
    assert measures["decisions"] == {"asked": 2, "kept": 1, "missed": 0, "wrong": 0}
    assert (measures["merges"], measures["splits"]) == (0, 0)


GOOD: dict[str, Any] = {
    "groups": {"sex": {"1": {"subjects": 500, "linked": 250}, "2": {"subjects": 500, "linked": 240}}},
    "numbers_per_person": {"0": 900, "1": 1000, "2": 10},
    "persons_per_number": {"1": 1000, "2": 10},
    "largest_person": 12,
    "merges": 3,
    "splits": 1,
    "queue": {"match": 40, "split": 2},
    "decisions": {"asked": 100, "kept": 100, "missed": 60, "wrong": 2},
}


@pytest.mark.parametrize(
    ("code", "change", "detail"),
    [
        ("LNK-101", {"decisions": {"asked": 9, "kept": 8, "missed": 0, "wrong": 0}}, "1 of 9 decisions"),
        ("LNK-102", {"largest_person": 201}, "201, limit 200"),
        ("LNK-103", {"queue": {"match": 50_000, "split": 1}}, "50001, limit 50000"),
        ("LNK-104", {"merges": 1_500, "splits": 501}, "2001, limit 2000"),
        (
            "LNK-105",
            {"groups": {"sex": {"1": {"subjects": 500, "linked": 450}, "2": {"subjects": 100, "linked": 50}}}},
            "sex 2",
        ),
        ("LNK-106", {"numbers_per_person": {"0": 900, "1": 90, "2": 9, "3+": 1}}, "numbers_per_person"),
        ("LNK-106", {"persons_per_number": {"1": 90, "2": 10}}, "persons_per_number"),
        ("LNK-107", {"decisions": {"asked": 100, "kept": 100, "missed": 0, "wrong": 6}}, "6 of 100 decisions"),
    ],
)
def test_each_limit_has_its_reason(settings: Settings, code: str, change: dict[str, Any], detail: str) -> None:
    policy = settings.policy["linkage"]
    assert measured_reasons(GOOD, policy) == [] == measured_reasons({"tiers": {}}, policy)
    found = measured_reasons(deepcopy(GOOD) | change, policy)
    assert [(one["code"], one["detail"]) for one in found] == [(code, detail)]
    assert found[0]["severity"] == ("critical" if code < "LNK-105" else "warning")
    few = {"sex": {"1": {"subjects": 500, "linked": 450}, "2": {"subjects": 99, "linked": 0}}}
    assert measured_reasons(GOOD | {"groups": few}, policy) == [], "a share of few is not judged"


def test_the_report_hides_small_counts_and_rounds_the_others(settings: Settings, measures: dict[str, Any]) -> None:
    many = {
        "subjects": 240,
        "linked": 210,
        "number_birth_date": 203,
        "score": 7,
        "new_person": 30,
        "queued": 3,
        "largest_person": 5,
    }
    telling = {
        "subjects": 240,
        "linked": 236,
        "number_birth_date": 236,
        "new_person": 4,
        "queued": 0,
        "largest_person": 5,
    }
    tiers = {"number_birth_date": 439, "score": 7, "new_person": 34}
    told = measures | {"tiers": tiers, "subjects": 480, "persons": 480, "groups": {}}
    told |= {"by_source": {"hospital": many, "pharmacy": telling}}
    write_json(settings.ledger / "linkage" / f"{NIGHT}.json", told)
    rows = {row["name"]: row for row in linkage(settings, NIGHT)["by_source"]}
    assert rows["hospital"]["rate_percent"] == 87
    assert (rows["hospital"]["subjects"], rows["hospital"]["number_birth_date"]) == (240, 200)
    assert rows["hospital"]["queued"] is None and rows["pharmacy"]["queued"] == 0
    assert rows["pharmacy"]["rate_percent"] is None, "98 of 100 would tell of four persons"
    assert "largest_person" not in rows["hospital"]


def test_the_section_is_written_in_both_languages(settings: Settings, measures: dict[str, Any]) -> None:
    write_json(settings.ledger / "linkage" / f"{NIGHT}.json", measures | {"tiers": {}, "subjects": 8, "persons": 5})
    facts = {"linkage": linkage(settings, NIGHT)}
    made = environment().from_string(
        '{% from "words.html.j2" import t, n, source with context %}{% include "linkage.html.j2" %}'
    )
    page = made.render(run=facts)
    for text in ("Rapprochement des personnes", "Linkage of persons", "birth abroad", "masqué", "wrong links"):
        assert text in page
