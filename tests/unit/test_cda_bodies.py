# ruff: noqa: E501 - markup reads better unbroken
"""Bodies of documents: measured and hashed, never opened, never carried. Ids are those of the catalogue of mess."""

import base64
import hashlib
import time

import pytest

from jobs.core.rules import rule
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record import embedded
from jobs.standardise.shared_record.columns import PARSED
from jobs.standardise.shared_record.parse import read_file
from tests.cda_made import read, section
from tests.documents_made import document, ins, local, patient

LIMITS = Limits(max_document_bytes=20_000_000, max_members=50, max_package_bytes=30_000_000, max_ratio=100)
PDF, PNG, JPEG, RTF = b"%PDF-1.7 \xfb\xff\xfe" * 3, b"\x89PNG\r\n\x1a\n..", b"\xff\xd8\xff\xe0..", b"{\\rtf1 x}"


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def blob(text: str, media: str = "application/pdf") -> str:
    return f'<nonXMLBody><text mediaType="{media}" representation="B64">{text}</text></nonXMLBody>'


ROWS = {  # case -> body, declared type, decoded bytes (None: no size, no hash), what is told
    "F-01 PDF": (blob(packed(PDF)), "application/pdf", PDF, []),
    "F-01 plain text": ('<nonXMLBody><text mediaType="text/plain">é</text></nonXMLBody>', "text/plain", "é".encode(), []),
    "F-01 plain text in base64": (blob(packed(b"note"), "text/plain"), "text/plain", b"note", []),
    "F-01 RTF": (blob(packed(RTF), "text/rtf"), "text/rtf", RTF, []),
    "F-01 by reference only": ('<nonXMLBody><text mediaType="application/pdf"><reference value="UnstructuredDocument.pdf"/></text></nonXMLBody>', "application/pdf", None, []),
    "F-01 declared type with parameters": (blob(packed(PDF), "Application/PDF; name=dupont.pdf"), "application/pdf", PDF, []),
    "F-01 no declared type": ("<nonXMLBody><text>x</text></nonXMLBody>", None, b"x", []),
    "F-02 white space and line feeds": (blob("\n ".join(packed(PDF)[i : i + 8] for i in range(0, 60, 8))), "application/pdf", PDF, []),
    "F-02 padding missing": (blob(packed(b"%PDF").rstrip("=")), "application/pdf", b"%PDF", []),
    "F-02 padding too long": (blob(packed(b"%PDF") + "="), "application/pdf", b"%PDF", []),
    "F-02 URL-safe alphabet": (blob(base64.urlsafe_b64encode(PDF).decode()), "application/pdf", PDF, []),
    "F-02 cut": (blob(packed(PDF)[:-3]), "application/pdf", None, ["DOC-108"]),
    "F-02 not base64": (blob("«illisible»"), "application/pdf", None, ["DOC-108"]),
    "F-03 declared JPEG, real PNG": (blob(packed(PNG), "image/jpeg"), "image/jpeg", PNG, ["DOC-107"]),
    "F-03 real JPEG": (blob(packed(JPEG), "image/jpeg"), "image/jpeg", JPEG, []),
    "F-03 PDF with a script": (blob(packed(PDF + b"/S /JavaScript /JS (x)")), "application/pdf", PDF + b"/S /JavaScript /JS (x)", ["DOC-212"]),
    "F-03 XML in base64": (blob(packed(b"<a><b/></a>"), "application/xml"), "application/xml", b"<a><b/></a>", ["DOC-211"]),
    "F-03 zip declared PDF": (blob(packed(b"PK\x03\x04")), "application/pdf", b"PK\x03\x04", ["DOC-107", "DOC-211"]),
    "F-09 digits like a NIR inside base64": (blob(packed(ins().encode()), "text/plain"), "text/plain", ins().encode(), []),
}  # fmt: skip


PLAIN = blob(packed(PDF))
COPY = section(
    "55108-5",
    f'<entry><observationMedia><value mediaType="image/png" representation="B64">{packed(PNG)}</value></observationMedia></entry>',
)
ODD = {  # case -> body, how many texts are taken out before the document is parsed
    **{name: (body, None) for name, (body, *_) in ROWS.items()},
    "plain": (PLAIN, 1),
    "two of them": (f"<structuredBody>{COPY}{COPY}</structuredBody>", 2),
    "nothing in it": (blob(""), 0),
    "an empty tag": ('<nonXMLBody><text representation="B64"/></nonXMLBody>', 0),
    "other quotes": (PLAIN.replace('"', "'"), 0),
    "a quoted declaration": (f"<nonXMLBody><text mediaType=' representation=\"B64\"'>{packed(PDF)}</text></nonXMLBody>", 0),
    "an attribute that holds a >": (PLAIN.replace("<text ", '<text language=">" '), 0),
    "an element behind it": (PLAIN.replace("</text>", "<reference/></text>"), 0),
    "a CDATA section": (PLAIN.replace("JVBE", "<![CDATA[JVBE").replace("</text>", "]]></text>"), 0),
    "told inside a CDATA section": (f"<structuredBody>{section('55108-5', f'<text><![CDATA[{PLAIN}]]></text>')}</structuredBody>", 0),
    "told inside a comment": (f"<!-- {PLAIN} -->{PLAIN}", 2),
    "the octet of the marks": (f"<!-- \x7f -->{PLAIN}", 0),
    "a brace that opens nothing": (f'<!-- "[IU]" -->{PLAIN}', 1),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_text_taken_out_before_parsing_changes_nothing(
    name: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, count = ODD[name]
    data = document(body=body).replace("UTF-8", encoding).encode(encoding)
    monkeypatch.setattr(embedded, "LEAST", 10**9)
    whole = read_file(data, LIMITS)
    monkeypatch.setattr(embedded, "LEAST", 4)
    found = read_file(data, LIMITS)
    if count == 2:  # wrapping counts of a text that is not the body, unless it was taken out
        whole, found = ([one | {"content_sha256": None} for one in rows] for rows in (whole, found))
    assert found == whole
    taken = embedded.without_base64(data)[0].count(embedded.MARK) - data.count(embedded.MARK)
    assert encoding == "utf-16" or count is None or taken == count


@pytest.mark.parametrize("end", ["", ">", "><"])
def test_declarations_without_an_end_are_passed_over_at_once(end: str) -> None:
    data = b"<a" + (b' representation="B64"' + end.encode()) * 200_000
    began = time.process_time()
    assert embedded.without_base64(data) == (data, {})
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ROWS)
def test_a_body_is_known_by_type_size_and_hash(name: str) -> None:
    body, media, data, told = ROWS[name]
    (found,) = read_file(document(body=body).encode(), LIMITS)
    size, digest = (len(data), hashlib.sha256(data).hexdigest()) if data is not None else (None, None)
    assert (found["level"], found["body_media_type"], found["body_bytes"], found["body_sha256"]) == (
        1,
        media,
        size,
        digest,
    )
    assert found["warnings"] == told
    assert {rule(code).severity for code in told or []} <= {"warning"}


@pytest.mark.parametrize("place", ["in a section", "in a nested section"])
def test_f_01_a_copy_embedded_in_a_structured_document(place: str) -> None:
    media = f'<observationMedia><value mediaType="application/pdf" representation="B64">{packed(PDF)}</value></observationMedia>'
    copy = section("55108-5", f"<organizer><component>{media}</component></organizer>")
    found = read(copy if place == "in a section" else section("", inside=copy))
    assert (found["level"], found["body_bytes"], found["body_media_type"]) == (3, len(PDF), "application/pdf")


@pytest.mark.parametrize(("megabytes", "rule_code"), [(12, None), (20, "DOC-013")])
def test_f_04_large_bodies_up_to_the_cap(megabytes: int, rule_code: str | None) -> None:
    (found,) = read_file(document(body=blob("JVBERi0x" * (megabytes * 125_000))).encode(), LIMITS)
    assert found.get("rule") == rule_code
    assert rule_code or found["body_bytes"] == megabytes * 750_000


SECRETS = ("PATIENTE", "NOMDUTUTEUR", "MEREBIO", "MEDECINNOM", "0612345678", "rue des Lilas", ins()[:13])


def hostile() -> str:
    """A document with a name, number, address or telephone in every place where one has been seen."""
    who = patient(ids=local("7"))
    guardian = "<guardian><addr><streetAddressLine>1 rue des Lilas</streetAddressLine></addr><telecom value='tel:0612345678'/><guardianPerson><name><family>NOMDUTUTEUR</family></name></guardianPerson></guardian>"
    mother = f'<sdtc:id xmlns:sdtc="urn:hl7-org:sdtc" root="1.2.250.1.213.1.4.8" extension="{ins()}"/><sdtc:raceCode xmlns:sdtc="urn:hl7-org:sdtc" code="MEREBIO"/>'
    who = who.replace("</patient>", f"{guardian}{mother}</patient>")
    text = document(who=who, body=f"<structuredBody>{section('11450-4', entry())}</structuredBody>")
    names = "<informant><assignedEntity><id root='2.25.9' extension='0612345678'/><assignedPerson><name>NOMDUTUTEUR</name></assignedPerson></assignedEntity></informant>"
    return (
        text.replace("MÉDECIN", "MEDECINNOM")
        .replace("<component>", f"{names}<component>", 1)
        .replace("Compte rendu", "PATIENTE ALIX, née le 28/03/1979")
    )


def entry() -> str:
    """A problem whose every text holds an identity."""
    words = f"PATIENTE {ins()} 0612345678"
    return (
        f'<observation moodCode="EVN"><!-- {words} --><code code="ASSERTION" displayName="{words}"/><text>{words}</text>'
        f'<value xsi:type="CD" code="{ins()}" displayName="{words}" codeSystemName="{words}"><originalText>{words}</originalText>'
        f'<translation code="{words}" displayName="{words}"/></value></observation>'
    )


def test_f_05_f_06_f_07_f_08_no_identity_outside_of_the_patient_s_own_fields() -> None:
    """The patient's fields feed the claims of the identity zone; nothing else may hold an identity."""
    (found,) = read_file(hostile().encode(), LIMITS)
    assert found.get("rule") is None
    identity = {
        "ins",
        "holder_number",
        "local_number",
        "family_name",
        "used_name",
        "given_names",
        "first_given_name",
        "birth_text",
    }
    shown = str({name: value for name, value in found.items() if name not in identity})
    assert [secret for secret in SECRETS if secret in shown] == []
    assert (found["ins"], found["local_number"]) == (None, "7")  # neither the mother's number nor the e-mail's
    assert set(found) - {"kind", "carrier", "warnings"} <= set(PARSED.names)


def test_f_06_the_search_would_have_found_them() -> None:
    text = hostile()
    assert all(secret in text for secret in SECRETS)


@pytest.mark.parametrize("code", ["EXPORT_DUI", "REMB"])
def test_f_12_types_out_of_scope_are_routed_by_type_and_counted(code: str) -> None:
    (found,) = read_file(document(code=code).encode(), LIMITS)
    assert (found["type_code"], found["warnings"]) == (code, ["DOC-213"])
