# ruff: noqa: E501 - a table of cases reads better with one case a line
"""IHE_XDM packages (catalogue group E): taken whole, or refused with a reason; never a package without a record."""

import dataclasses
import io
import tomllib
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.core.rules import rule
from jobs.core.settings import REPOSITORY
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.parse import read_file
from tests.documents_made import INS_OID, archive, document, ins, local, metadata, package, patient
from tests.hostile_made import BODY, GOOD, SUBSET, bombs, member, names, patched, zip64
from tests.registry_made import Said, association, uid, xdm

LIMITS = Limits.of(tomllib.loads((REPOSITORY / "config" / "policy.toml").read_text(encoding="utf-8")))
SECOND = document("2.25.2")
DOC = f"{SUBSET}DOC0001.XML"


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def renamed(data: bytes, old: str, new: str) -> bytes:
    return archive({name.replace(old, new): content for name, content in members(data).items()})


TWO_SUBSETS = archive(
    members(package(GOOD))
    | {
        name.replace("SUBSET01", "SUBSET02"): data
        for name, data in members(package(SECOND)).items()
        if "SUBSET" in name
    }
)
ACCEPTED: dict[str, tuple[bytes, int]] = {
    "E-01 standard layout": (package(GOOD), 1),
    "E-01 members in another order": (archive(dict(reversed(members(package(GOOD)).items()))), 1),
    "E-01 lower-case names": (archive({name.lower(): data for name, data in members(package(GOOD)).items()}), 1),
    "E-01 several documents": (package(GOOD, SECOND, document("2.25.3")), 3),
    "E-01 several subsets": (TWO_SUBSETS, 2),
    "E-01 URI with ./": (package(GOOD, said={"URI": "./DOC0001.XML"}), 1),
    "E-03 urn:uuid: twice": (package(GOOD, said={"uniqueId": "urn:oid:2.25.1"}), 1),
    "E-04 accents in a name, UTF-8": (member("LISEZ-MOI-é.TXT"), 1),
    "E-04 accents in a name, cp437": (member("LISEZ-MOI-N.TXT").replace(b"N.TXT", b"\x82.TXT"), 1),
    "E-05 an archive beside the documents is not opened": (package(GOOD, extra={"42.zip": archive({"x": b" " * 9_000_000})}), 1),
    "B-17 metadata of the same local number": (package(GOOD, said={"sourcePatientId": " ipp-1^^^&amp;2.25.80&amp;ISO^PI"}), 1),
    "B-17 a local number that the document does not hold": (package(GOOD, said={"sourcePatientId": "7^^^&amp;2.25.83&amp;ISO^PI"}), 1),
    "E-07 one patient, no number in common": (package(document(who=patient(ids=local("1", "2.25.81"))), document("2.25.2", who=patient(ids=local("1", "2.25.82"), given="ALEX"))), 2),
    "E-07 one patient under two spellings": (package(GOOD, document("2.25.2", who=patient(family="PATIENT"))), 2),
    "a request about a document sent before": (xdm(Said("2.25.1", logical=uid("l"))), 1),
}  # fmt: skip
REFUSED: dict[str, tuple[bytes, str]] = {
    "E-02 wrong hash": (package(GOOD, said={"hash": "0" * 40}), "DOC-010"),
    "E-02 wrong size": (package(GOOD, said={"size": "7"}), "DOC-010"),
    "E-02 missing member": (package(GOOD, said={"URI": "DOC0009.XML"}), "DOC-010"),
    "E-02 no URI and no request": (xdm(Said("2.25.1")), "DOC-010"),
    "E-02 member that nobody named": (package(GOOD, extra={f"{SUBSET}DOC0002.XML": GOOD.encode()}), "DOC-010"),
    **{name: (data, "DOC-011") for name, data in (names() | bombs()).items()},
    "E-06 a member behind the end": (patched(package(GOOD), b"PK\x01\x02", 42, "<I", 65_536), "DOC-019"),
    "E-06 damaged": (patched(package(GOOD), b"PK\x01\x02", 16, "<I", 7), "DOC-019"),
    "E-06 encrypted": (patched(package(GOOD), b"PK\x01\x02", 8, "<H", 1), "DOC-019"),
    "E-06 truncated": (package(GOOD)[:-40], "DOC-019"),
    "E-06 first part of a split archive": (patched(package(GOOD), b"PK\x05\x06", 4, "<HH", 0, 1, last=True), "DOC-019"),
    "E-06 last part of a split archive": (patched(package(GOOD), b"PK\x05\x06", 4, "<HH", 1, 0, last=True), "DOC-019"),
    "E-06 zip64": (zip64(), "DOC-019"),
    "E-06 a compression that nobody uses": (patched(package(GOOD), b"PK\x01\x02", 10, "<H", 97), "DOC-019"),
    "E-06 empty zip": (archive({}), "DOC-019"),
    "E-06 zip in zip": (archive({f"{SUBSET}METADATA.XML": metadata([("A.ZIP", package(GOOD), {})]), f"{SUBSET}A.ZIP": package(GOOD)}), "DOC-002"),
    "E-07 metadata without documents": (archive({f"{SUBSET}METADATA.XML": metadata([])}), "DOC-019"),
    "E-07 document without metadata": (archive({DOC: GOOD.encode()}), "DOC-019"),
    "E-07 two patients": (package(GOOD, document("2.25.2", who=patient(ids=local("IPP-2")))), "DOC-018"),
    "B-17 metadata of another patient": (package(GOOD, said={"patientId": f"{ins('1800151999002')}^^^&{INS_OID}&ISO^NH"}), "DOC-018"),
    "B-17 metadata of another local number": (package(GOOD, said={"sourcePatientId": "IPP-2^^^&amp;2.25.80&amp;ISO^PI"}), "DOC-018"),
    "E-07 two patients by their traits": (package(document(who=patient(ids=local("1", "2.25.81"))), document("2.25.2", who=patient(ids=local("1", "2.25.82"), family="AUTRE"))), "DOC-018"),
    "metadata of another document": (package(GOOD, said={"uniqueId": "2.25.9"}), "DOC-018"),
    "DOCTYPE in the metadata": (archive({f"{SUBSET}METADATA.XML": b"<!DOCTYPE a>" + metadata([])}), "DOC-019"),
    "metadata of another root": (archive({f"{SUBSET}METADATA.XML": BODY.encode()}), "DOC-019"),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    data, documents = ACCEPTED[name]
    found = read_file(data, LIMITS)
    assert ([item.get("rule") for item in found], len({item["id_root"] for item in found})) == (
        [None] * documents,
        documents,
    )


@pytest.mark.parametrize("name", REFUSED)
def test_quarantined(name: str) -> None:
    data, code = REFUSED[name]
    assert {item["rule"] for item in read_file(data, LIMITS)} == {code}
    assert rule(code).severity == "critical"


def test_a_broken_package_is_refused_whole_and_says_which_document_broke_it() -> None:
    found = read_file(package(GOOD, SECOND, "<facture/>"), LIMITS)
    assert [item["rule"] for item in found] == ["DOC-016", "DOC-016", "DOC-004"]


def test_what_the_registry_says() -> None:
    """Codes sorted, times in UTC, identifiers bare, relations by uniqueId; no trait of ``sourcePatientInfo``."""
    traits = {"sourcePatientInfo": "PID-5|SECRET^NAME^^^^^L"}
    first = Said("2.25.1", GOOD, ("V", "MASQUE_PS", " n "), logical="urn:uuid:urn:uuid:LOGICAL", slots=traits)
    second = Said("2.25.2^Ab", SECOND.replace('root="2.25.2"', 'root="2.25.2" extension="Ab"'))
    one, two = read_file(xdm(first, second, more=association("RPLC", second.ident, first.ident)), LIMITS)
    assert (one["visibility"], one["availability"], one["submitted_text"]) == (
        "MASQUE_PS N V",
        "approved",
        "20261103090000+0000",
    )
    assert (one["logical_id"], one["entry_id"]) == ("logical", first.ident.removeprefix("urn:uuid:"))
    assert (two["replaces_root"], two["replaces_extension"], two["id_extension"]) == ("2.25.1", "", "Ab")
    assert "SECRET" not in str((one, two))


@pytest.mark.parametrize(
    ("status", "availability", "action"),
    [
        ("urn:oasis:names:tc:ebxml-regrep:StatusType:Approved", "approved", None),
        ("urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated", "deprecated", None),
        ("urn:asip:ci-sis:2010:StatusType:Archived", "archived", None),
        ("urn:asip:ci-sis:2010:StatusType:Deleted", "deleted", "D"),
        ("urn:oasis:names:tc:ebxml-regrep:StatusType:Submitted", None, None),
        ("", None, None),
        ("urn:x:Strange", "unknown", None),
    ],
)
def test_d09_status(status: str, availability: str | None, action: str | None) -> None:
    (found,) = read_file(xdm(dataclasses.replace(Said("2.25.1", GOOD), status=status)), LIMITS)
    assert (found["availability"], found["action"]) == (availability, action)


def test_codes_that_are_none_stay_as_one_that_nobody_knows() -> None:
    (found,) = read_file(xdm(Said("2.25.1", GOOD, ("N", f"M. {ins()}", ""))), LIMITS)
    assert found["visibility"] == "N UNREADABLE"


@given(data=st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_record_with_an_outcome(data: bytes) -> None:
    assert_outcome(data)


@given(
    where=st.integers(0, 10_000),
    what=st.binary(max_size=6),
    cut=st.integers(0, 6),
    base=st.sampled_from([GOOD.encode(), GOOD.encode("utf-16"), package(GOOD, SECOND)]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_gives_a_record_with_an_outcome(where: int, what: bytes, cut: int, base: bytes) -> None:
    place = where % len(base)
    assert_outcome(base[:place] + what + base[place + cut :])


def assert_outcome(data: bytes) -> None:
    """At least one record; each is read or has a rule that exists and says why."""
    found = read_file(data, LIMITS)
    assert found
    for item in found:
        assert rule(item["rule"]) if item.get("rule") else item["id_root"] and item["created_text"]
        assert item["kind"] and item.get("rule") != "DOC-015", "nothing unforeseen"
