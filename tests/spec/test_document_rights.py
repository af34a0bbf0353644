"""Who may see a document: masks, restored documents, deletions. Catalogue group D, numbers 9, 10, 12 and 13."""

import pytest
from pyspark.sql import SparkSession

from jobs.core.errors import ConfigError
from jobs.core.settings import prepare_root
from jobs.standardise import shared_record
from jobs.standardise.shared_record.registry import visibility_policy
from tests.documents_made import document, laboratory, observation
from tests.registry_made import ARCHIVED, DELETED, DEPRECATED, Said, association, uid, xdm
from tests.shared_record_nights import Files, Result, Row, balance, run

LAB = laboratory(observation('<value xsi:type="PQ" value="13,5" unit="g/dL"/>') * 2)
CODES = [
    "N", "R", "V", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REP_LEGAUX",
    "CONNEXION_SECRETE", "MODIF_CONF_CODE", "INVENTED_CODE",
]  # fmt: skip
ZONES = ("document", "lab_result")


def lab(unique: str) -> str:
    return document(unique, code="11502-2", body=LAB)


def said(number: int, *visibility: str, text: bool = True, entry: int = 1, status: str = Said.status) -> Said:
    """A document of the registry, number 2.25.<number>; each change of its metadata is a new entry."""
    unique = f"2.25.{number}"
    codes = visibility or ("N",)
    name = uid(f"{unique} entry {entry}")
    return Said(unique, lab(unique) if text else None, codes, entry=name, logical=uid(unique), status=status)


def request(number: int, *visibility: str, entry: int = 2, status: str = Said.status) -> Said:
    """Other metadata for a document that is not sent again."""
    return said(number, *visibility, text=False, entry=entry, status=status)


def on(day: int, *entries: Said, **more: str) -> bytes:
    return xdm(*entries, submitted=f"202611{day:02d}100000", **more)


FIRST: Files = {f"code{n}.zip": on(20, said(100 + n, code)) for n, code in enumerate(CODES)} | {
    "1.zip": on(20, said(1)), "2.zip": on(20, said(2, "MASQUE_PS")), "3.zip": on(20, said(3)),
    "4.zip": on(20, said(4)), "5.zip": on(20, said(5)), "6.zip": on(20, said(6)), "7.zip": on(20, said(7)),
    "8.zip": on(20, said(8)), "9.zip": on(20, said(9, "INVISIBLE_PATIENT", "N")), "10.zip": on(20, said(10, "V")),
    "11.zip": on(20, said(11, status="urn:x:Strange")),
    # two submission sets in one package: only the second one deletes
    "12.zip": xdm(said(12), said(13), sets=(
        f'{association("HasMember", "s1", said(12).ident)}<rim:RegistryPackage id="s1"/>'
        f'{association("HasMember", "s2", said(13).ident)}<rim:RegistryPackage id="s2"><rim:Slot name="urn:action:extra'
        'MetadataSlot"><rim:ValueList><rim:Value>D</rim:Value></rim:ValueList></rim:Slot></rim:RegistryPackage>')),
}  # fmt: skip
SECOND: Files = {
    "21.zip": on(22, request(1, "MASQUE_PS")),
    "22.zip": on(22, request(2, "N")),
    "23.zip": on(22, said(3, "INVISIBLE_REP_LEGAUX", entry=2)),  # the document is sent again with its new metadata
    "24.zip": on(22, request(4, status=DEPRECATED)),
    "25.zip": on(22, request(5, status=ARCHIVED)),
    "26.zip": on(22, request(6, status=DELETED)),
    "27.zip": on(22, said(7, entry=2), action="D"),
    "28.zip": on(22, request(8, "N")),  # a new entry that says the same
    "29.zip": on(22, request(77, status=DELETED)),  # nobody knows it yet
    "30.zip": on(22, request(78, "R")),
    "31.zip": on(22, said(10, "V", entry=2), action="D"),  # deleted while it was masked
    "32.zip": on(21, request(1, "N", entry=3)),  # came later, was said earlier
}  # fmt: skip
THIRD: Files = {
    "41.zip": on(23, request(1, "N", entry=4)),
    "43.xml": lab("2.25.3").encode(),  # the document alone says nothing of who may see it
    "44.zip": on(23, request(4, entry=3)),
    "45.zip": on(23, request(5, entry=3)),
    "46.zip": on(23, said(6, entry=3)),  # deleted before, submitted again
    "47.zip": on(23, said(77)),
    "48.zip": on(21, said(78)),  # submitted before the request that hides it
    "49.zip": on(23, request(26, status=DELETED), request(26, status=DELETED, entry=3)),
}  # fmt: skip


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    settings = prepare_root(tmp_path_factory.mktemp("rights") / "root", "synthetic")
    found: list[Result] = []
    for night, name, deposited in (("2026-11-21", "a", FIRST), ("2026-11-23", "b", SECOND), ("2026-11-24", "c", THIRD)):
        found.append(run(spark, settings, night, found[-1].base if found else None, {("DMP1", name): deposited}))
    found.append(run(spark, settings, "2026-11-24", found[1].base, {("DMP1", "c"): THIRD}))
    other = visibility_policy(settings.policy) | {"V": "publish"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_record, "visibility_policy", lambda policy: other)
        found.append(
            run(spark, settings, "2026-11-25", found[2].base, {("DMP1", "d"): {"51.xml": lab("2.25.51").encode()}})
        )
    return found


def rows(night: Result, *names: str) -> dict[str, list[Row]]:
    """Rows of every table that come from some files."""
    return {
        table: [row for row in night.tables[table] if night.unshown(row["file"]) in {f"{name}.zip" for name in names}]
        for table in ZONES
    }


def shown(night: Result, *names: str) -> list[bool]:
    found = [{table for table, kept in rows(night, name).items() if kept} for name in names]
    assert all(tables in (set(), set(ZONES)) for tables in found), "a document and its facts come and go together"
    return [bool(tables) for tables in found]


def test_d10_every_code_has_its_policy_and_an_unknown_one_is_withheld(nights: list[Result]) -> None:
    published = dict(zip(CODES, shown(nights[0], *[f"code{n}" for n in range(len(CODES))]), strict=True))
    assert published == {code: code == "N" for code in CODES}
    accepted = {nights[0].unshown(name) for name, said in nights[0].outcomes().items() if said == "accepted"}
    assert {f"code{n}.zip" for n in range(len(CODES))} <= accepted, "masked is no refusal"
    told = {nights[0].unshown(name): codes for name, codes in nights[0].told().items()}
    assert told == {"code9.zip": "DOC-313", "11.zip": "DOC-314"}
    assert shown(nights[0], "9", "11") == [False, False], "one code that hides is enough; so is an unknown status"


def test_a_policy_of_other_words_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"\[visibility\]"):
        visibility_policy({"visibility": {"N": "publish", "R": "hide"}})


def test_another_policy_takes_effect_with_the_next_delivery_for_all_documents(nights: list[Result]) -> None:
    assert shown(nights[2], "code0", "code1", "code2") == [True, False, False]
    assert shown(nights[4], "code0", "code1", "code2") == [True, False, True], "V is code 2"
    assert nights[4].befell() == [("a", "document", "restored", "metadata", 1)]


def test_d10_masked_after_publication_is_gone_and_comes_back_as_it_was(nights: list[Result]) -> None:
    assert [shown(night, "1") for night in nights[:3]] == [[True], [False], [True]]
    assert rows(nights[2], "1") == rows(nights[0], "1"), "to the last value, though it was not sent again"
    assert [shown(night, "2") for night in nights[:3]] == [[False], [True], [True]]
    (first,), second = (rows(nights[1], "2")[table] for table in ZONES)
    assert (first["result_count"], [str(row["value_number"]) for row in second]) == (2, ["13.500000"] * 2)


def test_d10_a_document_sent_again_with_other_metadata_is_no_new_document(nights: list[Result]) -> None:
    assert [shown(night, "3") for night in nights[:3]] == [[True], [False], [False]]
    assert nights[1].outcomes()["23.zip"] == "accepted"
    assert nights[2].outcomes()["43.xml"] == "duplicate", "a bare document does not unmask"


def test_d09_status_and_slot_of_the_registry(nights: list[Result]) -> None:
    assert shown(nights[0], "4", "5", "6", "7") == [True] * 4
    assert shown(nights[1], "4", "5", "6", "7") == [False] * 4
    assert shown(nights[2], "4", "5", "6", "7") == [True, True, False, False], "deprecated and archived may come back"
    assert shown(nights[2], "46", "47") == [False, False], "a deleted one does not, known or not"
    assert shown(nights[2], "48") == [False], "masked before it came"


def test_several_submission_sets_in_a_package(nights: list[Result]) -> None:
    assert [row["record"] for row in rows(nights[0], "12")["document"]] == [1]


def test_d12_metadata_alone_change_no_document(nights: list[Result]) -> None:
    assert nights[1].outcomes()["28.zip"] == "accepted"
    assert rows(nights[1], "8") == rows(nights[0], "8")


def test_d09_a_deletion_asked_twice_is_a_duplicate(nights: list[Result]) -> None:
    assert sorted(row["outcome"] for row in nights[2].intake if row["file"] == "49.zip") == ["accepted", "duplicate"]


def test_d13_the_same_night_again_makes_the_same_files(nights: list[Result]) -> None:
    assert nights[3].base == nights[2].base
    assert (nights[3].intake, nights[3].events) == (nights[2].intake, nights[2].events)


def test_events(nights: list[Result]) -> None:
    assert nights[0].befell() == [
        ("a", "document", "applied", "delete", 1),
        ("a", "document", "masked", "unknown", 1),
        ("a", "document", "masked", "visibility", 12),
    ]
    assert nights[1].befell() == [
        ("a", "document", "deleted", "delete", 2),
        ("a", "document", "masked", "archived", 1),
        ("a", "document", "masked", "deprecated", 1),
        ("a", "document", "masked", "visibility", 2),
        ("a", "document", "restored", "metadata", 1),
        ("a", "withheld_row", "deleted", "delete", 1),
        ("b", "document", "applied", "delete", 4),
        ("b", "document", "applied", "metadata", 8),
    ]
    for last in (1, 2, 3):
        assert balance(nights[:last]) == len(nights[last - 1].tables["document"])


def test_masked_documents_are_kept_aside_and_deleted_ones_nowhere(nights: list[Result]) -> None:
    for night in nights:
        status = {row["document_id"]: row["status"] for row in night.tables["document_version"]}
        assert {row["document_id"] for row in night.tables["withheld_row"]} == {
            name for name, one in status.items() if one == "masked"
        }
        assert {row["document_id"] for row in night.tables["document"]} == {
            name for name, one in status.items() if one == "current"
        }
