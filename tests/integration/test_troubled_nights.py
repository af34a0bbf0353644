"""Four nights of one root in which much goes wrong: every source and producer is decided, none is stuck.

1. All is well.
2. A hospital's file is cut in the middle, a pharmacy never comes, another changed its software, the shared record
   crashes.
3. Only the hospitals deliver, and the policy asks for pharmacies: the night is refused.
4. Nobody delivers; what was rejected is taken in again after a register and a policy were mended.
"""

import json
from collections import Counter

import duckdb
import pytest
from pyspark.sql import SparkSession

from jobs.core.keys import key_bytes
from jobs.core.nights import base_night, decision_path
from jobs.core.snapshot import Pool, read_json, tables_from_json
from jobs.pseudonymise.generalise import producer_token
from tests.troubled import N1, N2, N3, N4, N5, OPERATOR, Story, tell


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The nights, told once."""
    return tell(tmp_path_factory.mktemp("troubled"))


def test_the_first_night_is_well(story: Story) -> None:
    assert set(story.codes[N1].values()) == {0}
    assert story.rows(N1, "select distinct status from {source_state}") == [("accepted",)]


def test_a_cut_file_holds_its_hospital_at_its_last_good_state(story: Story) -> None:
    entry = story.state("hospital", N2)["producers"][story.cut]
    assert (entry["status"], entry["as_of"], entry["held_since"], entry["rule"]) == ("corrupt", N1, N2, "DEL-001")
    assert story.published_state(N2, "hospital", story.cut) == ("held", N1, N2, "DEL-001")
    told = [one for one in story.run(N2)["holds"] if one["producer"] == story.cut]
    assert [(one["held_since"], one["as_of"], one["rule"]) for one in told] == [(N2, N1, "DEL-001")]
    stays = f"select stay_id, count(*) from {{hospital_diagnosis}} where producer = '{story.cut}' group by 1 order by 1"
    assert story.rows(N2, stays) == story.rows(N1, stays) != []


def test_the_rest_of_that_night_is_published(story: Story) -> None:
    codes = {stage: code for stage, code in story.codes[N2].items() if not stage.endswith(" shared_record")}
    assert set(codes.values()) == {0}, codes
    assert story.releases[N2] not in (None, story.releases[N1])
    others = {name: one for name, one in story.state("hospital", N2)["producers"].items() if name != story.cut}
    assert {(one["status"], one["as_of"]) for one in others.values()} == {("accepted", N2)} and len(others) == 2
    fresh = "select count(*) from {hospital_stay} where exit_date = date '2026-11-22'"
    assert story.rows(N1, fresh) == [(0,)] and story.rows(N2, fresh)[0][0] > 0


def test_a_pharmacy_that_never_comes_is_missing_as_of_its_last_night(story: Story) -> None:
    entry = story.state("pharmacy", N2)["producers"][story.absent]
    assert (entry["status"], entry["as_of"], entry["rule"]) == ("missing", N1, "DEL-008")
    assert story.published_state(N2, "pharmacy", story.absent) == ("missing", N1, None, "DEL-008")
    key = key_bytes(story.settings, "centre", 1)
    rows = f"select count(*) from {{dispensation}} where producer = '{producer_token(key, story.absent)}'"
    assert story.rows(N2, rows) == story.rows(N1, rows) != [(0,)]


def test_a_source_that_crashes_is_failed_and_stays_at_its_last_good_state(story: Story) -> None:
    codes = {stage.split()[0]: code for stage, code in story.codes[N2].items() if stage.endswith(" shared_record")}
    assert codes == {"pull": 0, "standardise": 1, "check": 65, "close": 0, "verdict": 65}
    state = story.state("shared_record", N2)
    assert (state["status"], state["rule"]) == ("failed", "SRC-001")
    assert story.published_state(N2, "shared_record", OPERATOR) == ("held", N1, N2, "SRC-001")
    documents = "select document_id from {document} order by 1"
    assert story.rows(N2, documents) == story.rows(N1, documents) != []


def test_closing_again_changes_nothing(story: Story) -> None:
    assert story.twice and all(story.twice)


def test_a_refused_night_ends_at_the_gate_with_one_line(story: Story) -> None:
    codes = story.codes[N3]
    assert (codes["gate"], "release" in codes, codes["report"]) == (65, False, 0)
    assert {code for stage, code in codes.items() if stage != "gate"} == {0}
    (line,) = story.refusal
    assert "NGT-001" in line and "pharmacy" in line and "\n" not in line
    decision = read_json(decision_path(story.settings, N3))
    assert (decision["decision"], decision["reasons"]) == ("refuse", ["NGT-001"])
    assert story.run(N3)["decision"] == "refuse"
    assert story.releases[N3] == story.releases[N2]


def persons(story: Story, night: str) -> set[str]:
    """Persons of a night's crosswalk."""
    tables = tables_from_json(read_json(story.settings.crosswalk / night / "crosswalk.json")["tables"])
    pool = Pool(story.settings.crosswalk / "pool")
    paths = [str(pool.path(file)) for files in tables["crosswalk"].values() for file in files]
    return {row[0] for row in duckdb.sql(f"select distinct person_id from read_parquet({paths})").fetchall()}


def test_a_refused_night_leaves_no_trace_in_the_next(story: Story) -> None:
    drawn = persons(story, N3) - persons(story, N2)
    assert drawn, "the refused night met nobody new: it proves nothing"
    assert persons(story, N4).isdisjoint(drawn) and persons(story, N4) > persons(story, N2)
    assert base_night(story.settings, N4) == N2
    index = read_json(story.settings.identity / N4 / "index.json")
    assert index["base"] == N2 and all(N3 not in parts for parts in index["tables"].values())


def test_the_next_night_publishes_what_the_refused_one_took_in(story: Story) -> None:
    assert set(story.codes[N4].values()) == {0}, story.codes[N4]
    assert story.releases[N4] not in (story.releases[N2], None)
    release = read_json(story.settings.published / str(story.releases[N4]) / "release.json")
    assert release["previous"] == story.releases[N2]
    assert story.state("hospital", N3)["producers"][story.cut]["status"] == "accepted"
    fresh = f"select count(*) from {{hospital_stay}} where exit_date > date '2026-11-21' and producer = '{story.cut}'"
    assert story.rows(N2, fresh) == [(0,)] and story.rows(N4, fresh)[0][0] > 0


def test_what_a_crashed_source_had_received_loads_in_the_next_night(story: Story) -> None:
    (again,) = story.proposal("shared_record", N3)["producers"][OPERATOR]["deliveries"]
    pulled = read_json(story.settings.raw / "shared_record" / N2 / "pull.json")["deliveries"]
    assert [one["delivery_id"] for one in pulled] == [again]
    assert story.published_state(N4, "shared_record", OPERATOR)[1] == N4
    assert outcomes(story, "shared_record", N3)["accepted"] > 0


def outcomes(story: Story, source: str, night: str) -> Counter[str]:
    """Records of a night's intake by outcome."""
    found: Counter[str] = Counter()
    for one in story.proposal(source, night)["ledger"]:
        if one.get("outcome"):
            found[one["outcome"]] += one["count"]
    return found


def released(story: Story, source: str, night: str) -> dict[str | None, int]:
    """Records that a night took in again, by the rule that had rejected them."""
    lines = [one for one in story.proposal(source, night)["ledger"] if one.get("event") == "released"]
    return {one.get("rule"): one["count"] for one in lines}


def documents_rejected(story: Story) -> int:
    """Documents that were too large for the strict policy."""
    lines = story.proposal("shared_record", N3)["ledger"]
    return sum(one["count"] for one in lines if one.get("rule") == "DOC-013")


def test_documents_rejected_for_their_size_are_taken_in_when_the_limit_is_mended(story: Story) -> None:
    rejected = documents_rejected(story)
    assert rejected > 0 and released(story, "shared_record", N4) == {"DOC-013": rejected}
    accepted = outcomes(story, "shared_record", N3)["accepted"]
    before, after = (story.rows(night, "select count(*) from {document}")[0][0] for night in (N2, N4))
    assert after - before == accepted + rejected


def test_a_pharmacy_that_changed_its_software_is_taken_in_when_its_dialect_is_mended(story: Story) -> None:
    (delivery,) = story.proposal("pharmacy", N2)["producers"][story.changed]["deliveries"]
    manifest = json.loads(
        (story.settings.landing / "pharmacy" / story.changed / delivery / "manifest.json").read_text(encoding="utf-8")
    )
    key = key_bytes(story.settings, "centre", 1)
    rows = f"select count(*) from {{dispensation}} where producer = '{producer_token(key, story.changed)}'"
    before, after = (story.rows(night, rows)[0][0] for night in (N2, N4))
    assert story.rows(N1, rows) == [(before,)]
    assert 0 < after - before <= manifest["files"][0]["records"]
    assert sum(released(story, "pharmacy", N4).values()) == after - before


@pytest.mark.parametrize("source", ["pharmacy", "shared_record"])
def test_what_was_taken_in_again_is_never_taken_in_twice(story: Story, source: str) -> None:
    assert set(story.codes[N5].values()) == {0}
    assert sum(released(story, source, N4).values()) > 0
    assert released(story, source, N5) == {}
    held = story.state(source, N4)["tables"]
    for producer in story.proposal(source, N5)["producers"].values():
        assert producer["read"] == 0
        for table, partitions in producer["tables"].items():
            assert {name: held[table].get(name) for name in partitions} == partitions
