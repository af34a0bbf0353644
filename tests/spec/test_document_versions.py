"""Which version of a document stands: catalogue group D, numbers 1 to 8, over three nights."""

import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import prepare_root
from tests.documents_made import document, local, package, patient
from tests.registry_made import Said, association, uid, xdm
from tests.shared_record_nights import Files, Result, balance, run

OTHER = patient(ids=local("IPP-2"), family="AUTRE", birth="19800101")
A, B = "1200000001", "1200000002"


def doc(unique: str, replaces: str = "", org: str = "", **more: object) -> str:
    """A document, with its author's organisation when one is given."""
    text = document(unique, replaces=replaces, **more)  # type: ignore[arg-type]
    held = f'<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="{org}"/></representedOrganization>'
    return text.replace("</assignedAuthor>", f"{held}</assignedAuthor>") if org else text


def rplc(source: str, target: str) -> str:
    return association("RPLC", source, target)


def files(**named: bytes | str) -> Files:
    return {f"{name}.xml": data.encode() if isinstance(data, str) else data for name, data in named.items()}


STRANGERS = {
    f"d01-{n}": document("2.25.683", who=patient(ids=local("SAME"), family=f"F{n}", birth="19700101"))
    for n in range(12)
}
FIRST = files(
    # D-01 one document id, one local number, many patients
    **STRANGERS,
    # D-02, D-03 the same bytes twice, and the same document indented otherwise
    twice1=doc("2.25.1"), twice2=doc("2.25.1"), twice3=doc("2.25.1").replace("<title>", "\n  <title>"),
    # D-04 a chain of three, a circle of three, a child without its parent, a document that names itself
    chain1=doc("2.25.11"), chain2=doc("2.25.12", "2.25.11"), chain3=doc("2.25.13", "2.25.12"),
    circle1=doc("2.25.21", "2.25.23"), circle2=doc("2.25.22", "2.25.21"), circle3=doc("2.25.23", "2.25.22"),
    orphan=doc("2.25.32", "2.25.31"), itself=doc("2.25.33", "2.25.33"),
    long1=doc("2.25.41", "2.25.42"), stranger=doc("2.25.52", "2.25.51"),
    # D-05 each of the ways to replace
    by_slot1=doc("2.25.61", set_id="2.25.60"), by_number1=doc("2.25.62", set_id="2.25.69", version=1),
    by_entry1=xdm(Said("2.25.63", doc("2.25.63"), logical=uid("l63"))), by_cda1=doc("2.25.64"),
    by_unique1=doc("2.25.65"), inside=xdm(Said("2.25.66", doc("2.25.66")), Said("2.25.67", doc("2.25.67")),
        more=rplc("urn:oid:2.25.67", uid("entry 2.25.66"))),
    # D-06 versions, and a number that says the contrary of the identifier
    v1=doc("2.25.71", set_id="2.25.70", version=1), high=doc("2.25.73", set_id="2.25.72", version=3),
    # D-07 documents of organisation A
    org1=doc("2.25.81", org=A), type1=doc("2.25.82", org=A),
    # D-08 documents that others transform and append to
    kept1=doc("2.25.91"), kept2=doc("2.25.92"),
    late=xdm(Said("2.25.95", doc("2.25.95", when="20261102")), submitted="20261110120000"),
)  # fmt: skip
SECOND = files(
    parent=doc("2.25.31"), long2=doc("2.25.42", "2.25.43"), stranger0=doc("2.25.51", who=OTHER),
    by_slot2=xdm(Said("2.25.161", doc("2.25.161", set_id="2.25.60")), action="C", submitted="20261122200000"),
    by_number2=doc("2.25.162", set_id="2.25.69", version=2),
    by_entry2=xdm(Said("2.25.163", doc("2.25.163")), more=rplc(uid("entry 2.25.163"), uid("entry 2.25.63"))),
    by_cda2=doc("2.25.164", "2.25.64"),
    by_unique2=xdm(Said("2.25.165", doc("2.25.165")), more=rplc("2.25.165", "urn:oid:2.25.65")),
    v3=doc("2.25.74", set_id="2.25.70", version=3), v1_again=doc("2.25.75", set_id="2.25.70", version=1),
    low=doc("2.25.76", "2.25.73", set_id="2.25.72", version=2),
    org2=doc("2.25.181", "2.25.81", org=B), type2=doc("2.25.182", "2.25.82", org=A, code="11502-2"),
    kept3=xdm(Said("2.25.191", doc("2.25.191")), more=association("XFRM", "2.25.191", "2.25.91")),
    kept4=xdm(Said("2.25.192", doc("2.25.192")), more=association("APND", "2.25.192", "2.25.92")),
    early=xdm(Said("2.25.95", doc("2.25.95", when="20261101")), submitted="20261101120000"),
)  # fmt: skip
THIRD = files(
    twice4=doc("2.25.1"), long3=doc("2.25.43", "2.25.41"), same_org=doc("2.25.281", "2.25.81", org=A),
    v2=doc("2.25.77", set_id="2.25.70", version=2),
    latest=xdm(Said("2.25.95", doc("2.25.95", when="20261103")), submitted="20261111120000"),
    badtime=xdm(Said("2.25.96", doc("2.25.96")), submitted="hier"),
    broken=package(doc("2.25.97"), doc("2.25.98", "2.25.82", org=B)),
)  # fmt: skip


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    settings = prepare_root(tmp_path_factory.mktemp("versions") / "root", "synthetic")
    found: list[Result] = []
    for night, delivery, deposited in (
        ("2026-11-22", "a", FIRST),
        ("2026-11-23", "b", SECOND),
        ("2026-11-24", "c", THIRD),
    ):
        found.append(run(spark, settings, night, found[-1].base if found else None, {("DMP1", delivery): deposited}))
    return found


def outcome(nights: list[Result], *names: str) -> list[str | None]:
    """Of some files, in the night that brought them: rule when refused, else outcome."""
    every = {night.unshown(name): said for night in nights for name, said in night.outcomes().items()}
    return [every[f"{name}.xml"] for name in names]


def stands(night: Result, *names: str) -> list[bool]:
    current = {night.unshown(name) for name in night.current()}
    return [f"{name}.xml" in current for name in names]


def test_d01_many_patients_under_one_identifier_are_never_collapsed(nights: list[Result]) -> None:
    assert outcome(nights, *STRANGERS) == ["DOC-009"] * len(STRANGERS)


def test_d02_d03_the_same_again_is_one_row_and_counted(nights: list[Result]) -> None:
    assert outcome(nights, "twice1", "twice2", "twice3", "twice4") == ["accepted"] + ["duplicate"] * 3
    assert stands(nights[2], "twice1", "twice2", "twice3", "twice4") == [True, False, False, False]


def test_d04_chains_circles_and_parents_that_come_late(nights: list[Result]) -> None:
    assert stands(nights[0], "chain1", "chain2", "chain3") == [False, False, True]
    assert outcome(nights, "circle1", "circle2", "circle3") == ["DOC-021"] * 3
    assert stands(nights[0], "orphan", "itself") == [True, True]
    assert (outcome(nights, "parent"), stands(nights[1], "orphan", "parent")) == (["accepted"], [True, False])
    # a circle that three nights make: who closes it is refused, the others stay as they were
    assert outcome(nights, "long1", "long2", "long3") == ["accepted", "accepted", "DOC-021"]
    assert stands(nights[2], "long1", "long2") == [True, False]
    # a parent that comes late and is another patient's is not replaced
    assert stands(nights[1], "stranger", "stranger0") == [True, True]


@pytest.mark.parametrize("way", ["by_slot", "by_number", "by_entry", "by_cda", "by_unique"])
def test_d05_every_way_of_replacing_works_alone(nights: list[Result], way: str) -> None:
    assert stands(nights[0], f"{way}1") == [True]
    assert stands(nights[1], f"{way}1", f"{way}2") == [False, True]


def test_d05_a_package_may_hold_both_versions(nights: list[Result]) -> None:
    (row,) = [row for row in nights[0].tables["document"] if nights[0].unshown(row["file"]) == "inside.xml"]
    assert row["record"] == 2


def test_d06_numbers_that_do_not_grow_are_told(nights: list[Result]) -> None:
    told = {night.unshown(name): codes for night in nights for name, codes in night.told().items()}
    assert told == {
        "v3.xml": "DOC-312",  # 2 is missing
        "v1_again.xml": "DOC-311",
        "low.xml": "DOC-311",
        "v2.xml": "DOC-311",
    }
    assert stands(nights[2], "v1", "v1_again", "v2", "v3") == [False, False, False, True]
    assert stands(nights[2], "high", "low") == [False, True]  # the identifier counts before the number


def test_d07_only_the_same_organisation_may_replace_by_the_same_type(nights: list[Result]) -> None:
    assert outcome(nights, "org2", "type2", "same_org") == ["DOC-301", "DOC-302", "accepted"]
    assert stands(nights[1], "org1", "type1") == [True, True]
    assert stands(nights[2], "org1", "type1", "same_org") == [False, True, True]
    assert sorted(row["rule"] for row in nights[2].intake if nights[2].unshown(row["file"]) == "broken.xml") == [
        "DOC-016",
        "DOC-301",
    ]


def test_d08_transformed_and_appended_documents_stay(nights: list[Result]) -> None:
    assert stands(nights[2], "kept1", "kept2", "kept3", "kept4") == [True] * 4


def test_the_later_submission_stands_whenever_it_arrives(nights: list[Result]) -> None:
    assert outcome(nights, "late", "early", "latest") == ["accepted"] * 3
    assert stands(nights[1], "late", "early") == [True, False]
    assert stands(nights[2], "late", "early", "latest") == [False, False, True]
    assert outcome(nights, "badtime") == ["DOC-304"]


def test_the_ledger_says_what_stands(nights: list[Result]) -> None:
    for last in (1, 2, 3):
        assert balance(nights[:last]) == len(nights[last - 1].tables["document"])
