"""The catalogue of mess of documents: complete, selectable, and each case as the truth says it is."""

import csv
import gzip
import io
import json
import time
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs.core.rules import rules
from jobs.core.settings import prepare_root
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.parse import read_file
from synthetic import catalogue, cda, mess_fhir
from synthetic.documents import FHIR, fate, filed
from synthetic.draws import day_number
from synthetic.mess import QUARANTINED, Plan
from synthetic.mess_documents import Case, Subject, choose, interleaved
from synthetic.mess_identity import qualified
from synthetic.pdf import tiny_pdf
from synthetic.produce import Night
from synthetic.shared_record import shared_record
from synthetic.stays import Sizes
from synthetic.truth_documents import standing
from synthetic.world import World
from tests.unit.test_synthetic_night import NEXT, NIGHT, SMALL, run, truth

LISTED = Path(__file__).parents[1] / "data" / "document_catalogue.csv"
START, UNTIL = day_number("2026-10-23"), day_number("2026-11-21")
LIMITS = Limits(67_108_864, 2_000, 536_870_912, 100)
TOGETHER = ("DOC-009", "DOC-014", "DOC-017", "DOC-021")  # these take more than one document, or types, to see
ARCHIVES = ("E-05/overlap", "E-06/disks")  # how an archive is read is tested where it is read


@pytest.fixture(scope="module")
def subjects() -> list[Subject]:
    world = World(Sizes(persons=4_000, hospitals=5, pharmacies=10, documents=300), START, UNTIL)
    documents = [one for day in range(START, UNTIL + 1) for one in filed(world, day)]
    return [Subject(world, d) for d in documents if not d.action and not fate(d) and d.carrier != FHIR]


def test_the_catalogue_is_complete() -> None:
    with LISTED.open(encoding="utf-8", newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert catalogue.identifiers() == {row["id"] for row in listed if row["sent"] == "mess"}
    assert {row["sent"] for row in listed} == {"mess", "mishap", "operation"}
    groups = {letter: [row["id"] for row in listed if row["id"][0] == letter] for letter in "ABCDEF"}
    assert {letter: len(ids) for letter, ids in groups.items()} == {
        "A": 22,
        "B": 21,
        "C": 12,
        "D": 13,
        "E": 10,
        "F": 12,
    }


def test_codes_are_told_apart_and_rules_exist() -> None:
    codes = [case.code for case in catalogue.CASES]
    assert len(set(codes)) == len(codes) > 140
    known = set(rules())
    old = {case.rule for case in catalogue.CASES if case.rule and not case.rule.startswith("DOC-3")}
    assert old <= known


@pytest.mark.parametrize("case", catalogue.CASES, ids=lambda case: case.code)
def test_each_case_is_what_it_says(case: Case, subjects: list[Subject]) -> None:
    if case.code in ("F-04/60", *ARCHIVES):
        return
    subject = next((one for one in subjects if case.fits(one)), None)
    if subject is None:
        assert case.code == "B-08/corsica"  # few have such a number
        return
    for planted in case.make(subject):
        before = time.process_time()
        found = read_file(planted.content, LIMITS)
        took = time.process_time() - before
        assert len(found) == len(planted.records) and took < 2
        for record in planted.records:
            got = found[record.number - 1].get("rule")
            wanted = record.rule if record.outcome == QUARANTINED and record.rule not in TOGETHER else None
            assert got == wanted, planted.name
    assert [one.content for one in case.make(subject)] == [one.content for one in case.make(subject)]


def test_f07_a_child_has_its_own_number_and_nothing_is_read_of_its_mother(subjects: list[Subject]) -> None:
    case = next(one for one in catalogue.CASES if one.code == "F-07")
    for subject in [one for one in subjects if case.fits(one) and qualified(one)][:5]:
        people = subject.world.people
        mother = int(people.mother[subject.document.person])
        (planted,) = case.make(subject)
        (found,) = read_file(planted.content, LIMITS)
        assert cda.ins_of(people, mother).encode() in planted.content
        assert found["ins"] == subject.ins and cda.ins_of(people, mother)[:13] not in str(found)
        assert found["family_name"] == people.birth_name[subject.document.person]


def test_f09_a_number_in_base64_or_an_oid_is_neither_read_nor_told(subjects: list[Subject]) -> None:
    case = next(one for one in catalogue.CASES if one.code == "F-09")
    subject = next(one for one in subjects if case.fits(one) and qualified(one))
    (planted,) = case.make(subject)
    (good,), (found,) = read_file(subject.data, LIMITS), read_file(planted.content, LIMITS)
    assert found["warnings"] == good["warnings"] == []
    assert [name for name, value in found.items() if subject.ins[:13] in str(value)] == ["ins"]
    assert found["body_bytes"] == len(tiny_pdf(subject.ins)), "the PDF that holds the number was measured"


def test_a_case_can_be_made_of_the_shortest_document_of_every_type_it_fits(subjects: list[Subject]) -> None:
    """A history without any vaccination is still a document with a section."""
    shortest: dict[tuple[str, int], Subject] = {}
    for subject in sorted(subjects, key=lambda one: len(one.text)):
        shortest.setdefault((subject.document.type_code, subject.document.level), subject)
    assert len(shortest) > 8 and all("<section>" in one.text for one in shortest.values() if one.document.level == 3)
    for case in catalogue.CASES:
        if not case.heavy:
            assert all(case.make(subject) for subject in shortest.values() if case.fits(subject))


def test_harmful_cases_are_tiny_and_large_ones_come_only_when_asked_for(subjects: list[Subject]) -> None:
    usual = [case for case in catalogue.CASES if case.answers("")]
    assert {case.code for case in catalogue.CASES if case not in usual} == {
        "F-04/12",
        "F-04/60",
        "F-04/68",
        "F-06/file",
    }
    sizes = {}
    for case in usual:
        subject = next((one for one in subjects if case.fits(one)), None)
        if subject is not None:
            sizes[case.code] = sum(len(planted.content) for planted in case.make(subject))
    assert max(sizes.values()) < 1_500_000
    swelling = next(case for case in usual if case.code == "E-05/swelling").make(subjects[0])[0].content
    with zipfile.ZipFile(io.BytesIO(swelling)) as archive:
        assert max(info.file_size for info in archive.infolist()) == 40_000_000


@pytest.mark.parametrize("only", ["A-05", "A-05/mark", "C-07", "D-04/cycle", "E-04", "F-02", "DOC-020"])
def test_a_case_is_chosen_by_identifier_variant_or_rule(only: str, subjects: list[Subject]) -> None:
    cases = [case for case in catalogue.CASES if case.answers(only)]
    assert cases and all(only in (case.ident, case.code, case.rule) for case in cases)
    world = subjects[0].world
    night = Night("2026-11-22", world, Plan(1, 0.5, only), START - 1, {})
    (parcel, export) = shared_record(night)
    assert {code.partition("/")[0] for code in parcel.mess.code} == {case.ident for case in cases}
    assert set(parcel.mess.code) <= {case.code for case in cases}
    assert parcel.counts["read"] == sum(parcel.counts[name] for name in parcel.counts if name != "read")
    assert export.mess.empty


def test_each_kind_takes_its_turn(subjects: list[Subject]) -> None:
    usual = [case for case in catalogue.CASES if case.answers("")]
    documents = [one.document for one in subjects]
    chosen = [case for case in choose(subjects[0].world, documents, usual, 1, 1.0, 0) if case]
    assert len({case.code for case in chosen}) > 0.95 * len(usual)
    assert not any(choose(subjects[0].world, documents, usual, 1, 0.0, 0))


def test_a_few_documents_show_every_group_and_hardly_a_case_twice() -> None:
    usual = [case for case in catalogue.CASES if case.answers("")]
    order = interleaved(usual)
    assert sorted(case.code for case in order) == sorted(case.code for case in usual)
    for start in range(0, len(order) - 12, 12):
        few = order[start : start + 12]
        assert {case.ident[0] for case in few} == set("ABCDEF")
        assert len({case.ident for case in few}) >= 9


@pytest.mark.parametrize("case", mess_fhir.CASES, ids=lambda case: case.code)
def test_exports_show_their_cases(case: mess_fhir.Case, subjects: list[Subject]) -> None:
    night = Night("2026-11-22", subjects[0].world, Plan(1, 0.1, case.code), START - 1, {})
    (_, export) = shared_record(night)
    files, mess = export.delivery.files, export.mess
    assert set(mess.code) == {case.code} and mess.expected_rule.iloc[0] in (case.rule, "FHR-024")
    assert export.counts["read"] == sum(export.counts[name] for name in export.counts if name != "read")
    manifest = json.loads(files["export.json"])
    packed = {name.removesuffix(".gz"): gzip.decompress(data) for name, data in files.items() if name.endswith(".gz")}
    plain = {name: data for name, data in files.items() if not name.endswith(".gz")} | packed
    if case.alone and case.rule in ("FHR-020", "FHR-021", "FHR-022"):
        assert export.counts["accepted"] == 0 and not export.truth.accepted.any()
        return
    for one in (*manifest["output"], *manifest["deleted"]):
        name = one["url"].rpartition("/")[2].removesuffix(".gz")
        assert plain[name].count(b"\n") == one["count"]
    assert export.counts["accepted"] > 20


def test_two_nights_have_known_results(tmp_path: Path) -> None:
    """Sent in the first night; replaced, deleted or hidden in the second: gone from what stands, or withheld."""
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *SMALL[:6], "--documents", "3000", "--start", "2026-11-15", "--mess", "0") == 0
    assert run(tmp_path, night=NEXT) == 0
    stood, stands = (standing(tmp_path / "truth", night).to_pandas().set_index("unique_id") for night in (NIGHT, NEXT))
    second = truth(tmp_path, "document", NEXT)
    replaced = set(second[second.action == "C"].replaces) & set(stood.index)
    deleted = set(second[second.action == "D"].unique_id) & set(stood.index)
    hidden = set(second[second.action == "M"].unique_id) & set(stood.index)
    assert replaced and hidden
    assert not (replaced | deleted) & set(stands.index)
    assert stands.loc[sorted(hidden)].withheld.all() and not stood.loc[sorted(hidden)].withheld.any()
    assert set(stood.index) - set(stands.index) == replaced | deleted
    facts = pq.read_table(tmp_path / "truth" / NEXT / "document_fact.parquet").to_pandas()
    new = second[second.action == "C"]
    assert set(new[new.level == 3].unique_id) <= set(facts.unique_id)
