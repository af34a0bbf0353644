"""Three nights of documents through every stage: what was replaced, masked, deleted or opposed is in no later release.

1. Six documents are published, one is masked; two packages are refused, their documents being larger than a cap.
   Three more operators send the same facts, each by another carrier.
2. One is replaced, one masked, one deleted, the patient of another opposes; the masked one is unmasked. The release
   holds the others.
3. A backfill of night 1: the cap is raised and its refused packages are taken in again: older contents of the four,
   and a new document.
"""

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.release.publish import current_release, kept_releases
from jobs.replay.__main__ import main as replay
from jobs.standardise import shared_record
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.facts import TABLES
from tests import deposits
from tests.documents_made import INS_OID, document, ins, laboratory, local, observation, package, patient
from tests.fhir_made import export
from tests.fhir_made import patient as fhir_patient
from tests.nights import run_night
from tests.registry_made import DELETED, Said, uid, xdm
from tests.spec import test_fhir_night as same
from tests.spec.rights_cases import ask

N1, N2, N3 = "2026-11-22", "2026-11-23", "2026-11-24"
OPERATOR = "DMP1"
CAP = 10_000
OPPOSED = ins("1800151999002")
WHO = patient(ids=local(OPPOSED, INS_OID), family="OPPOSANTE", given="CAMILLE", birth="19800115", gender="M")


def dated(day: int, unique: str, *, replaces: str = "", long: bool = False, who: str | None = None) -> str:
    """A laboratory report known by its day of October, which is also its only result."""
    body = laboratory(observation(f'<value xsi:type="PQ" value="{day}" unit="g/dL"/>'))
    text = document(unique, when=f"202610{day:02d}", code="11502-2", body=body, replaces=replaces, who=who)
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
        "6.xml": dated(6, "2.25.6", who=WHO).encode(),
        "7.xml": dated(7, "2.25.7").encode(),
        "8.xml": dated(8, "2.25.8").encode(),
        "98.zip": package(dated(26, "2.25.6", long=True, who=WHO)),
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
BARE = "shared-record"
CARRIERS = {  # operator -> format, files: one laboratory report and one summary with every other kind of fact
    "CDA": (BARE, {"1.xml": same.CDA.encode(), "2.xml": same.SUMMARY_CDA.encode()}),
    "XDM": (BARE, {"1.zip": package(same.CDA, same.SUMMARY_CDA)}),
    "FHIR": (
        "fhir-bulk",
        export(fhir_patient(), same.report(related=same.NAMED), *same.FACTS, *same.AUTHORS, same.summary(), *same.TOLD),
    ),
}


@dataclass
class Story:
    """What each night left."""

    settings: Settings
    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    releases: dict[str, str | None] = field(default_factory=dict)
    shown: dict[str, tuple[set[int], set[int]]] = field(default_factory=dict)

    def days(self, release: str | None) -> tuple[set[int], set[int]]:
        """Days of October of the operator's documents in a release, and of their results."""
        queries = {"document": "day(created_on)", "lab_result": "value_number::int"}
        found = [
            {row[0] for row in self.rows(release, table, f"{what} where producer = '{OPERATOR}'")}
            for table, what in queries.items()
        ]
        return found[0], found[1]

    def rows(self, release: str | None, table: str, what: str) -> list[tuple[Any, ...]]:
        """Rows of a table of a release; ``what`` is the columns and the condition."""
        columns, _, where = what.partition(" where ")
        path = f"{self.settings.published}/{release}/{table}/*.parquet"
        return duckdb.sql(f"select {columns} from read_parquet('{path}') where {where} order by all").fetchall()

    def proposal(self, night: str) -> dict[str, Any]:
        entry: dict[str, Any] = read_json(self.settings.standard / "shared_record" / night / "proposal.json")
        return entry


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The nights, told once."""
    with pytest.MonkeyPatch.context() as patch:
        found = Story(prepare_root(tmp_path_factory.mktemp("rights") / "root", "synthetic"))
        patch.setenv("VEILLEE_ROOT", str(found.settings.root))
        others = [(operator, "shared_record", form) for operator, (form, _) in CARRIERS.items()]
        deposits.register(found.settings, (OPERATOR, "shared_record"), *others)
        partitions = spark.conf.get("spark.sql.shuffle.partitions")
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        for night, files in SENT.items():
            cap = CAP if night == N1 else 10 * CAP
            patch.setattr(shared_record, "Limits", Capped(cap))
            sent = {OPERATOR: (BARE, files)} if files else {}
            for operator, (form, own) in (sent | CARRIERS if night == N1 else sent).items():
                about: dict[str, Any] = {"covers": (night, night), "mode": "append", "form": form}
                deposits.deposit(found.settings, "shared_record", operator, f"{operator}-{night}", own, **about)
            if night == N2:
                assert ask(found.settings, "R-2026-001", "opposition", {"ins": OPPOSED, "oid": INS_OID}) == 0
            if night == N3:
                assert replay(["--delivery", f"{OPERATOR}-{N1}"]) == 0
            found.codes[night] = run_night(night)
            found.releases[night] = current_release(found.settings)
            found.shown[night] = found.days(found.releases[night])
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
    assert story.shown[N1] == ({1, 3, 5, 6, 7, 8}, {1, 3, 5, 6, 7, 8})
    assert story.proposal(N1)["producers"][OPERATOR]["rules"] == {"DOC-013": 5}


def test_what_was_replaced_masked_deleted_or_opposed_is_gone_with_its_facts_and_what_was_unmasked_is_there(
    story: Story,
) -> None:
    assert story.shown[N2] == ({2, 4, 7, 8}, {2, 4, 7, 8})


def test_a_backfill_of_an_earlier_night_brings_nothing_of_it_back(story: Story) -> None:
    entry = story.proposal(N3)["producers"][OPERATOR]
    assert entry["released"] == 5, "four older contents and a document that nobody had read"
    assert story.shown[N3] == ({2, 4, 7, 8, 29}, {2, 4, 7, 8, 29})


def test_what_was_opposed_is_in_no_release_that_is_kept(story: Story) -> None:
    kept = kept_releases(story.settings)
    assert len(kept) == 3 and story.releases[N1] not in kept, "the first night's has a successor"
    for release in kept:
        assert not {6, 26} & set.union(*story.days(release))


@pytest.mark.parametrize("table", TABLES.values())
def test_the_same_facts_by_every_carrier_are_the_same_published_rows(story: Story, table: str) -> None:
    """Equal to the last column, the pseudonym too; a document's own token and its operator are its carrier's."""
    by = {
        operator: story.rows(
            story.releases[N3], table, f"* exclude (producer, document_id) where producer = '{operator}'"
        )
        for operator in CARRIERS
    }
    assert len(by["CDA"]) == (len(same.FACTS) if table == "lab_result" else 1)
    assert by["CDA"] == by["XDM"] == by["FHIR"]


def test_the_same_document_by_every_carrier_is_the_same_published_row(story: Story) -> None:
    what = "* exclude (producer, document_id) where type_code = '11502-2' and producer = "
    by = [story.rows(story.releases[N3], "document", f"{what}'{operator}'") for operator in CARRIERS]
    assert len(by[0]) == 1 and by[0] == by[1] == by[2]
