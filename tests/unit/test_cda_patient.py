# ruff: noqa: E501 - markup reads better unbroken
"""Whose document it is, and who wrote it: identifiers by OID, traits as sent. Ids are those of the catalogue of mess."""

from itertools import permutations
from typing import Any

import pytest

from jobs.identifiers.ins import python_ins_status
from jobs.standardise.documents import Refused, parse_document
from jobs.standardise.shared_record.cda import read_document
from tests.documents_made import INS_OID, document, ins, local, patient

NIA_OID, INSURER, TEST, DEMO = (f"1.2.250.1.213.1.4.{last}" for last in (9, 13, 10, 11))
NIA = ins("8790351999001")
OLD = ins("2790351999002")
CORSICA = ins("2790320999001").replace("2790320999001", "279032A999001")


def identity(ids: str = "", **more: str) -> dict[str, Any]:
    """What is read of a document of some patient."""
    who = patient(ids=ids, **more) if ids else patient(**more)
    return read_document(parse_document(document(who=who).encode(), 10_000_000))


def number(value: str, oid: str = INS_OID) -> str:
    return f'<id root="{oid}" extension="{value}"/>'


@pytest.mark.parametrize("order", list(permutations((number(ins()), local("IPP-1"), number("1790351999009", INSURER)))))
def test_b_01_b_06_b_11_the_ins_is_chosen_by_oid_not_by_place(order: tuple[str, ...]) -> None:
    found = identity("".join(order))
    assert (found["ins"], found["ins_oid"], found["local_number"]) == (ins(), INS_OID, "IPP-1")
    assert (found["holder_number"], found["warnings"]) == ("1790351999009", [])


def test_b_02_only_a_local_number() -> None:
    found = identity(local("IPP-1"))
    assert (found["ins"], found["local_root"], found["local_number"]) == (None, "2.25.80", "IPP-1")


@pytest.mark.parametrize("oid", [TEST, DEMO])
@pytest.mark.parametrize("beside", ["", local("IPP-1"), number(ins())])
def test_b_03_a_test_identity_is_refused_whatever_stands_beside_it(oid: str, beside: str) -> None:
    with pytest.raises(Refused) as refused:
        identity(number(ins(), oid) + beside)
    assert refused.value.rule == "DOC-007"


def test_b_05_a_waiting_number_counts_until_there_is_a_permanent_one() -> None:
    assert identity(number(NIA, NIA_OID))["ins_oid"] == NIA_OID
    assert identity(number(NIA, NIA_OID) + number(ins()))["ins_oid"] == INS_OID
    assert python_ins_status(NIA) == "valid"


def test_b_06_the_insurer_s_number_alone_is_never_an_ins() -> None:
    found = identity(number(ins(), INSURER) + local("IPP-1"))
    assert (found["ins"], found["holder_number"]) == (None, ins())


def test_b_07_a_number_like_a_nir_under_an_unknown_oid_is_local_and_told() -> None:
    found = identity(local(ins(), "2.25.99"))
    assert (found["ins"], found["local_number"], found["warnings"]) == (None, ins(), ["DOC-104"])


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (" 2 79 03 51 999 001 " + ins()[13:], ins()),
        (CORSICA.lower(), CORSICA),
        (f"{ins()[:13]}\u00a0{ins()[13:]}", ins()),
        ("ABCDEF", "ABCDEF"),  # kept and barred later (IDE-004)
    ],
)
def test_b_08_blanks_and_small_letters(sent: str, read: str) -> None:
    assert identity(number(sent) + local("IPP-1"))["ins"] == read


@pytest.mark.parametrize("empty", ['nullFlavor="UNK"', 'extension=""', 'extension="  "'])
def test_b_08_a_number_that_is_not_there(empty: str) -> None:
    nothing = f'<id root="{INS_OID}" {empty}/>'
    assert identity(nothing + local("IPP-1"))["ins"] is None
    with pytest.raises(Refused) as refused:
        identity(nothing)
    assert refused.value.rule == "DOC-008"


def test_b_11_several_ins_are_told_and_one_is_chosen_whatever_the_order() -> None:
    for ids in (number(ins()) + number(OLD), number(OLD) + number(ins())):
        found = identity(ids)
        assert (found["ins"], found["warnings"]) == (min(ins(), OLD), ["DOC-215"])
    assert identity(number(ins()) + number(ins()))["warnings"] == []


@pytest.mark.parametrize("missing", ["family", "birth", "gender"])
def test_b_12_an_ins_without_all_its_traits_is_told(missing: str) -> None:
    assert identity(**{missing: ""})["warnings"] == ["DOC-105"]


NAMES = {
    "BR and CL": ('<family qualifier="BR">NÉE</family><family qualifier="CL">USUELLE</family><given>ALIX</given>', ("NÉE", "USUELLE", "ALIX", "ALIX")),
    "SP": ('<family qualifier="SP">USUELLE</family><family qualifier="BR">NÉE</family><given>ALIX</given>', ("NÉE", "USUELLE", "ALIX", "ALIX")),
    "no qualifier": ("<family>UN</family><family>DEUX</family><given>ALIX</given>", ("UN", None, "ALIX", "ALIX")),
    "composed and listed": ('<family qualifier="BR">D\'ARC  LE\u00a0GOFF</family><given>DOMINIQUE MARIE-LOUISE</given><given qualifier="BR">DOMINIQUE</given>', ("D'ARC LE GOFF", None, "DOMINIQUE MARIE-LOUISE", "DOMINIQUE")),
    "several given": ("<family>UN</family><given>ALIX</given><given>MARIE</given>", ("UN", None, "ALIX MARIE", "ALIX")),
    "none": ("", (None, None, None, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_b_13_names(name: str) -> None:
    parts, expected = NAMES[name]
    who = f"<recordTarget><patientRole>{local('IPP-1')}<patient><name>{parts}</name></patient></patientRole></recordTarget>"
    found = read_document(parse_document(document(who=who).encode(), 10_000_000))
    columns = ("family_name", "used_name", "given_names", "first_given_name")
    assert tuple(found[column] for column in columns) == expected


@pytest.mark.parametrize("birth", ["1979", "197903", "19790328", "19790328120000", "19790328000000+0200"])
def test_b_14_a_birth_time_stays_as_sent(birth: str) -> None:
    assert identity(birth=birth)["birth_text"] == birth


@pytest.mark.parametrize("code", ["99999", "75056", "75115", "2A999", "97999", ""])
def test_b_15_b_16_any_birth_place_or_none(code: str) -> None:
    text = document().replace("<county>51999</county>", f"<county>{code}</county>" if code else "")
    assert read_document(parse_document(text.encode(), 10_000_000))["birth_place"] == (code or None)


def author(ids: str = "", house: str = "") -> tuple[str | None, str | None]:
    """Who is read as author and organisation."""
    place = f"<representedOrganization>{house}<name>CABINET DUPONT</name></representedOrganization>"
    text = document().replace("<assignedAuthor>", f"<assignedAuthor>{ids}{place}")
    found = read_document(parse_document(text.encode(), 10_000_000))
    return found["author_id"], found["organisation_id"]


PRO, HOUSE = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"


@pytest.mark.parametrize("oid", [INS_OID, NIA_OID, TEST, INSURER])
def test_b_19_a_patient_who_wrote_is_not_a_number(oid: str) -> None:
    assert author(number(ins(), oid))[0] == "patient"
    assert author(local("77") + number(ins(), oid))[0] == "patient"


@pytest.mark.parametrize("sent", ["810000000001", "10000000001", "0991234567", "3990000010/77", "3480787529/1453"])
def test_b_20_professionals_by_the_national_system_first(sent: str) -> None:
    assert author(local("77") + number(sent, PRO))[0] == f"{PRO}^{sent}"


@pytest.mark.parametrize("sent", ["990000010", "1990000010", "99000001000011", "399000001000011"])
def test_b_21_structures(sent: str) -> None:
    assert author("", number(sent, HOUSE))[1] == f"{HOUSE}^{sent}"


def test_an_author_without_a_number() -> None:
    assert author(f'<id root="{PRO}" nullFlavor="UNK"/>') == (None, None)
