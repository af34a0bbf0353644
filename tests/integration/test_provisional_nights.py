"""Two nights of one hospital through every stage: a provisional stay is published, then the validated one instead.

1. A year is validated. In an emergency a fast track adds a stay that is not validated yet, and a trial tells one that
   never was.
2. The year is validated again, with the stay of the fast track coded otherwise.
"""

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.release.publish import current_release
from tests import deposits
from tests.hospital_lines import FINESS, file_of, rss, vid
from tests.nights import run_night

N1, N2 = "2026-04-01", "2026-04-02"
EARLY = {"unit_entry_date": "10012026", "unit_exit_date": "12012026"}
LATE = {"unit_entry_date": "27032026", "unit_exit_date": "30032026"}
A, B = rss("A", rss_id="A", **EARLY), rss("B", rss_id="B", **EARLY)
PROVISIONAL = rss("F", rss_id="F", principal_diagnosis="U0710", **LATE)
VALIDATED = rss("F", rss_id="F", principal_diagnosis="U0711", **LATE)
TOLD_BY_A_TRIAL = rss("T", rss_id="T", principal_diagnosis="U0712", **LATE)
WHO = [vid(stay, stay_entry_date="10012026", stay_exit_date="12012026") for stay in "AB"]
TO_MARCH_25, ALL_MARCH, LAST_DAYS = (
    ("2026-01-01", "2026-03-25"),
    ("2026-01-01", "2026-03-31"),
    ("2026-03-26", "2026-03-31"),
)
SENT = {
    N1: [
        ("D1", [A, B], WHO, TO_MARCH_25, None),
        ("D2", [PROVISIONAL], [vid("F")], LAST_DAYS, "fast_track"),
        ("D3", [A, B, TOLD_BY_A_TRIAL], [*WHO, vid("T")], ALL_MARCH, "trial"),
    ],
    N2: [("D4", [A, B, VALIDATED], [*WHO, vid("F")], ALL_MARCH, "validated")],
}


@dataclass
class Story:
    """What each night left."""

    settings: Settings
    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    releases: dict[str, str | None] = field(default_factory=dict)

    def rows(self, night: str, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query whose ``{table}`` are tables of a night's release."""
        view = self.settings.published / str(self.releases[night])
        names = {path.name: f"read_parquet('{path}/*.parquet')" for path in view.iterdir() if path.is_dir()}
        return duckdb.sql(query.format(**names)).fetchall()

    def covid(self, night: str) -> list[tuple[Any, ...]]:
        """The published stays as somebody counts them who looks for Covid."""
        return self.rows(
            night, "select covid, covid_confirmed, provisional, count(*) from {hospital_stay} group by all order by all"
        )


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The nights, told once."""
    with pytest.MonkeyPatch.context() as patch:
        found = Story(prepare_root(tmp_path_factory.mktemp("provisional") / "root", "synthetic"))
        patch.setenv("VEILLEE_ROOT", str(found.settings.root))
        deposits.register(found.settings, (FINESS, "hospital"))
        partitions = spark.conf.get("spark.sql.shuffle.partitions")
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        for night, deliveries in SENT.items():
            for delivery, stays, identities, covers, transmission in deliveries:
                files = {"rss.txt": file_of(*stays), "vid.txt": file_of(*identities)}
                mode = "append" if transmission == "fast_track" else "replace"
                told = {"covers": covers, "mode": mode, "transmission": transmission}
                deposits.deposit(found.settings, "hospital", FINESS, delivery, files, **told)
            found.codes[night] = run_night(night)  # nobody is registered for the other sources
            found.releases[night] = current_release(found.settings)
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
        return found


def test_every_stage_of_every_night_is_well(story: Story) -> None:
    assert {stage: code for codes in story.codes.values() for stage, code in codes.items() if code} == {}
    assert len({*story.releases.values()} - {None}) == 2


def test_a_provisional_stay_is_published_beside_the_validated_ones(story: Story) -> None:
    assert story.covid(N1) == [(False, False, False, 2), (True, True, True, 1)]


def test_the_validated_stay_takes_its_place_and_is_not_added(story: Story) -> None:
    assert story.covid(N2) == [(False, False, False, 2), (True, False, False, 1)]
    before, after = (
        story.rows(night, "select stay_id, pseudonym from {hospital_stay} order by 1") for night in (N1, N2)
    )
    assert before == after  # the same stay of the same person
    codes = story.rows(N2, "select code from {hospital_diagnosis} where code like 'U07%'")
    assert codes == [("U0711",)]


def test_nothing_of_a_trial_is_published(story: Story) -> None:
    for night in (N1, N2):
        assert story.rows(night, "select count(*) from {hospital_diagnosis} where code = 'U0712'") == [(0,)]
        assert story.rows(night, "select count(*) from {hospital_stay_change} where delivery = 'D3'") == [(0,)]
    entry = read_json(story.settings.standard / "hospital" / N1 / "proposal.json")["producers"][FINESS]
    assert entry["rules"] == {"HOS-019": 6}


def test_the_changes_tell_the_correction_in_order(story: Story) -> None:
    history = (
        "select stay_id, list((change, delivery, night::varchar) order by night) from {hospital_stay_change} group by 1"
    )
    told = sorted(story.rows(N2, history), key=lambda row: (len(row[1]), row[0]))
    assert [row[1] for row in told] == [[("new", "D1", N1)]] * 2 + [[("new", "D2", N1), ("changed", "D4", N2)]]
