"""Three nights of documents through every stage: what was replaced, masked or deleted stays out of every later release.

1. Five documents are published, one is masked; a package is refused, its documents being larger than a cap.
2. One is replaced, one masked, one deleted; the masked one is unmasked. The release holds the others.
3. The cap is raised and the refused package of night 1 taken in again: older contents of the three, and a new document.
"""

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.release.publish import current_release
from jobs.replay.__main__ import main as replay
from jobs.standardise import shared_record
from jobs.standardise.documents import Limits
from tests import deposits
from tests.documents_made import document, laboratory, observation
from tests.nights import run_night
from tests.registry_made import DELETED, Said, uid, xdm

N1, N2, N3 = "2026-11-22", "2026-11-23", "2026-11-24"
OPERATOR = "DMP1"
CAP = 6_000


def dated(day: int, unique: str, *, replaces: str = "", long: bool = False) -> str:
    """A laboratory report known by its day of October, which is also its only result."""
    body = laboratory(observation(f'<value xsi:type="PQ" value="{day}" unit="g/dL"/>'))
    text = document(unique, when=f"202610{day:02d}", code="11502-2", body=body, replaces=replaces)
    return text.replace("Compte", "Compte " + "x" * CAP) if long else text


def said(unique: str, text: str | None, *codes: str, entry: int = 1, status: str = Said.status) -> Said:
    return Said(unique, text, codes or ("N",), status, uid(f"{unique} {entry}"), uid(unique))


OLD = [said(f"2.25.{n}", dated(20 + n, f"2.25.{n}", long=True)) for n in (1, 3, 5, 9)]
SENT = {
    N1: {
        "1.xml": dated(1, "2.25.1").encode(),
        "3.zip": xdm(said("2.25.3", dated(3, "2.25.3"))),
        "4.zip": xdm(said("2.25.4", dated(4, "2.25.4"), "INVISIBLE_PATIENT")),
        "5.zip": xdm(said("2.25.5", dated(5, "2.25.5"))),
        "7.xml": dated(7, "2.25.7").encode(),
        "8.xml": dated(8, "2.25.8").encode(),
        "99.zip": xdm(*OLD, submitted="20261101090000"),
    },
    N2: {
        "2.xml": dated(2, "2.25.2", replaces="2.25.1").encode(),
        "3.zip": xdm(said("2.25.3", None, "MASQUE_PS", entry=2), submitted="20261122200000"),
        "4.zip": xdm(said("2.25.4", None, entry=2), submitted="20261122200000"),
        "5.zip": xdm(said("2.25.5", None, entry=2, status=DELETED), submitted="20261122200000"),
    },
    N3: {},
}


@dataclass
class Story:
    """What each night left."""

    settings: Settings
    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    releases: dict[str, str | None] = field(default_factory=dict)

    def days(self, night: str) -> tuple[set[int], set[int]]:
        """Days of October of the documents in a night's release, and of the results."""
        view = self.settings.published / str(self.releases[night])
        queries = {"document": "day(created_on)", "lab_result": "value_number::int"}
        found = [
            {row[0] for row in duckdb.sql(f"select {what} from read_parquet('{view}/{table}/*.parquet')").fetchall()}
            for table, what in queries.items()
        ]
        return found[0], found[1]

    def proposal(self, night: str) -> dict[str, Any]:
        entry: dict[str, Any] = read_json(self.settings.standard / "shared_record" / night / "proposal.json")
        return entry


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The nights, told once."""
    with pytest.MonkeyPatch.context() as patch:
        found = Story(prepare_root(tmp_path_factory.mktemp("rights") / "root", "synthetic"))
        patch.setenv("VEILLEE_ROOT", str(found.settings.root))
        deposits.register(found.settings, (OPERATOR, "shared_record"))
        partitions = spark.conf.get("spark.sql.shuffle.partitions")
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        for night, files in SENT.items():
            cap = CAP if night == N1 else 10 * CAP
            patch.setattr(shared_record, "Limits", Capped(cap))
            if files:
                name, covers = f"D-{night}", (night, night)
                deposits.deposit(found.settings, "shared_record", OPERATOR, name, files, covers=covers, mode="append")
            else:
                assert replay(["--delivery", f"D-{N1}"]) == 0
            found.codes[night] = run_night(night)
            found.releases[night] = current_release(found.settings)
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
        return found


class Capped:
    """The policy's limits with another cap on documents."""

    def __init__(self, cap: int) -> None:
        self.cap = cap

    def of(self, policy: dict[str, Any]) -> Limits:
        return Limits.of({"documents": policy["documents"] | {"max_document_bytes": self.cap}})


def test_every_stage_of_every_night_is_well(story: Story) -> None:
    assert {stage: code for codes in story.codes.values() for stage, code in codes.items() if code} == {}
    assert len({*story.releases.values()} - {None}) == 3


def test_the_first_release_holds_what_may_be_shown(story: Story) -> None:
    assert story.days(N1) == ({1, 3, 5, 7, 8}, {1, 3, 5, 7, 8})
    assert story.proposal(N1)["producers"][OPERATOR]["rules"] == {"DOC-013": 4}


def test_what_was_replaced_masked_or_deleted_is_gone_with_its_facts_and_what_was_unmasked_is_there(
    story: Story,
) -> None:
    assert story.days(N2) == ({2, 4, 7, 8}, {2, 4, 7, 8})


def test_taking_in_again_what_an_earlier_night_refused_brings_nothing_of_it_back(story: Story) -> None:
    entry = story.proposal(N3)["producers"][OPERATOR]
    assert entry["released"] == 4, "three older contents and a document that nobody had read"
    assert story.days(N3) == ({2, 4, 7, 8, 29}, {2, 4, 7, 8, 29})
