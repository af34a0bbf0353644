# ruff: noqa: E501 - a table of cases reads better with one case a line
"""Bytes, encodings and XML (catalogue group A), patients that a document has or lacks (B): read, or refused with a reason."""

from base64 import encodebytes
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.core.rules import rule
from jobs.pull.cut import Part
from jobs.pull.packs import PackWriter
from jobs.standardise.documents import TOO_LONG, TOO_WIDE, Limits, Refused, parse_document, parse_xml, sniff, suspects
from jobs.standardise.shared_record.columns import ARROW, PLACE
from jobs.standardise.shared_record.groups import parsed_group
from jobs.standardise.shared_record.parse import parser, read_file
from tests.documents_made import INS_OID, document, ins, laboratory, local, observation, patient

LIMITS = Limits(max_document_bytes=20_000_000, max_members=50, max_package_bytes=30_000_000, max_ratio=100)
GOOD = document()
BODY = GOOD.partition("\n")[2]
LAB = document(code="11502-2", body=laboratory(observation('<value xsi:type="PQ" value="13.5" unit="g/dL"/>')))
XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def declared(encoding: str) -> str:
    return GOOD.replace("UTF-8", encoding)


CASES: dict[str, tuple[bytes, str | None]] = {
    # A: bytes, encoding, XML
    "A-01 byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), None),
    "A-02 no declaration": (BODY.encode(), None),
    "A-03 ISO-8859-1, rightly declared": (declared("ISO-8859-1").encode("iso-8859-1"), None),
    "A-04 cp1252 declared as UTF-8": (GOOD.encode("cp1252"), "DOC-012"),
    "A-05 UTF-16 with mark": (declared("UTF-16").encode("utf-16"), None),
    "A-05 UTF-16 without mark": (BODY.encode("utf-16-le"), "DOC-012"),
    "A-06 blank before the root": ((" \n" + BODY).encode(), None),
    "A-07 blank before the declaration": ((" " + GOOD).encode(), "DOC-003"),
    "A-08 instructions and comments": (
        GOOD.replace("<Clin", '<?xml-stylesheet href="http://127.0.0.1:1/x.xsl"?><!-- a --><Clin', 1).encode(),
        None,
    ),
    "A-09 root with prefix": (
        BODY.replace("xmlns=", "xmlns:c=").replace("</", "</c:").replace("<", "<c:").replace("<c:/c:", "</c:").encode(),
        None,
    ),
    "A-10 stylesheet around one document": (
        f'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform">{BODY}</xsl:stylesheet>'.encode(),
        None,
    ),
    "A-11 another document in a comment": (GOOD.replace("<Clin", f"<!--{BODY}--><Clin", 1).encode(), None),
    "A-12 two documents end to end": ((GOOD + BODY).encode(), "DOC-006"),
    "A-12 two documents below one root": (f"<all>{BODY}{BODY}</all>".encode(), "DOC-006"),
    "A-11 another document in CDATA": (GOOD.replace("Compte", f"<![CDATA[{BODY}]]>").encode(), None),
    "A-13 xsi:type without its prefix declared": (LAB.replace(XSI, "").encode(), "DOC-003"),
    "A-14 another URI for xsi": (LAB.replace("2001/XMLSchema-instance", "2001/XMLSchema").encode(), None),
    "A-15 prefix lab by the old URI": (GOOD.replace(" xmlns:xsi", ' xmlns:lab="urn:oid:1.3.6.1.4.1.19376.1.3.2" xmlns:xsi').encode(), None),
    "A-15 prefix lab by the new URI": (GOOD.replace(" xmlns:xsi", ' xmlns:lab="urn:hl7-org:lab" xmlns:xsi').encode(), None),
    "A-13 undeclared prefix": (GOOD.replace("xmlns:xsi", "xmlns:xs").replace("<title", "<x:title").encode(), "DOC-003"),
    "A-16 unknown entity": (GOOD.replace("Compte", "&eacute;").encode(), "DOC-003"),
    "A-16 control character": (GOOD.replace("Compte", "\x01").encode(), "DOC-003"),
    "A-16 cut in the middle of a character": (GOOD.encode()[: GOOD.encode().index("É".encode()) + 1], "DOC-003"),
    "A-17 empty": (b"", "DOC-001"),
    "A-17 blanks only": (b" \r\n ", "DOC-001"),
    "A-17 HTML error page": (b"<!DOCTYPE html>\n<html><body>504</body></html>", "DOC-002"),
    "A-17 PDF": (b"%PDF-1.4 ...", "DOC-002"),
    "A-17 JSON": (b'{"resourceType": "Bundle"}', "DOC-002"),
    "A-17 gzip": (b"\x1f\x8b\x08\x00", "DOC-002"),
    "A-17 JPEG": (b"\xff\xd8\xff\xe0", "DOC-002"),
    "A-17 plain text": (b"Monsieur,", "DOC-002"),
    "A-18 file entity": (GOOD.replace("\n", '\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>').encode(), "DOC-005"),
    "A-18 DOCTYPE after a comment, lower case": (GOOD.replace("\n", "\n<!-- x --><!doctype a>").encode(), "DOC-005"),
    "A-18 DOCTYPE in UTF-16": (("<!DOCTYPE a>" + BODY).encode("utf-16"), "DOC-005"),
    "A-18 billion laughs": (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(), "DOC-005"),
    "A-18 quadratic blow-up": (f'<!DOCTYPE a [<!ENTITY q "{"q" * 50_000}">]><a>{"&q;" * 50_000}</a>'.encode(), "DOC-005"),
    "A-20 deep nesting": (GOOD.replace("Compte", "<a>" * 5_000 + "</a>" * 5_000).encode(), "DOC-013"),
    "A-20 deep nesting in a large file": (
        GOOD.replace("Compte", "<a>" * 1_000 + "</a>" * 1_000 + "x" * 9_500_000).encode(),
        "DOC-013",
    ),
    "A-20 many attributes": (
        GOOD.replace("<title", "<title " + " ".join(f'a{i}="1"' for i in range(100_000))).encode(),
        "DOC-013",
    ),
    "A-20 long attribute": (GOOD.replace("<title", f'<title a="{"x" * 1_000_000}"').encode(), "DOC-013"),
    "A-21 CDATA, references, mixed line ends": (GOOD.replace("Compte", "<![CDATA[<x>]]>&#160;\r\n\r").encode(), None),
    "A-21 blanks that do not break, accents in two parts": (GOOD.replace("Compte", "\u00a0\u202fE\u0301").encode(), None),
    "A-22 one line of 600 kB": (GOOD.replace("\n", "").replace("Compte", "x" * 600_000).encode(), None),
    "HL7 v2 message": (b"MSH|^~\\&|LAB|H1\rOBX|1|ED|", "DOC-303"),
    "HL7 v2 message framed for the wire": (b"\x0bMSH|^~\\&|LAB|H1\r\x1c\r", "DOC-303"),
    "HL7 v2 batch": (b"FHS|^~\\&|LAB\rBHS|", "DOC-303"),
    "size beyond the cap": (GOOD.replace("Compte", "x" * 20_000_001).encode(), "DOC-013"),
    "encoding that nobody sends": (declared("UTF-7").encode(), "DOC-012"),
    "wrong root": (b"<facture/>", "DOC-004"),
    "right root, wrong namespace": (BODY.replace("urn:hl7-org:v3", "urn:hl7-org:v4").encode(), "DOC-004"),
    # B: patients
    "B-02 only a local number": (document(who=patient(ids=local("7"))).encode(), None),
    "B-03 test identity": (document(who=patient(ids=local(ins(), "1.2.250.1.213.1.4.10"))).encode(), "DOC-007"),
    "B-03 demonstration identity": (document(who=patient(ids=local(ins(), "1.2.250.1.213.1.4.11"))).encode(), "DOC-007"),
    "B-08 identifier unknown": (document(who=patient(ids=f'<id root="{INS_OID}" nullFlavor="UNK"/>')).encode(), "DOC-008"),
    "B-18 two patients": (document(who=patient() + patient()).encode(), "DOC-020"),
    "no patient at all": (document(who="").encode(), "DOC-008"),
    "no identifier of its own": (GOOD.replace('<id root="2.25.1"/>', "", 1).encode(), "DOC-014"),
}  # fmt: skip


def test_every_case_has_its_outcome_and_none_harms_its_batch() -> None:
    rows = [
        {"producer": "P", "delivery_id": "D", "file": name, "wanted": None, "oversize": False, "bytes": data}
        for name, (data, _) in CASES.items()
    ]
    (batch,) = parser(LIMITS)(iter([pa.RecordBatch.from_pylist(rows)]))
    assert batch.schema == ARROW
    found = {(row["file"], row["rule"]) for row in batch.to_pylist() if row["record"] == 1}
    assert found == {(name, code) for name, (_, code) in CASES.items()}
    assert {rule(code).severity for _, code in found if code} == {"critical"}


def test_detected_kind_is_told() -> None:
    kinds = {name: sniff(data[:4096]) for name, (data, _) in CASES.items() if name.startswith("A-17")}
    assert list(kinds.values()) == ["empty", "empty", "html", "pdf", "json", "gzip", "jpeg", "unknown"]


def test_a_refusal_never_quotes_the_document() -> None:
    with pytest.raises(Refused) as caught:
        parse_document(b"<a>SECRET-NAME</b>", 1_000)
    assert "SECRET" not in str(caught.value) and caught.value.__suppress_context__


def test_a14_values_of_another_xsi_are_told() -> None:
    (found,) = read_file(CASES["A-14 another URI for xsi"][0], LIMITS)
    assert "DOC-112" in found["warnings"]


def test_a03_a21_letters_come_out_exact() -> None:
    """The same name in several encodings is the same name, whatever the bytes."""
    name = "LÉONÇÛR"
    text = document(who=patient(family=name))
    read = [
        read_file(text.replace("UTF-8", encoding).encode(encoding), LIMITS)[0]["family_name"]
        for encoding in ("UTF-8", "ISO-8859-1", "ISO-8859-15", "windows-1252", "UTF-16")
    ]
    assert read == [name] * 5


def test_a10_a11_only_the_real_document_is_read() -> None:
    """Not the one in a comment, in CDATA, or that a stylesheet would make."""
    for name in (
        "A-10 stylesheet around one document",
        "A-11 another document in a comment",
        "A-11 another document in CDATA",
    ):
        (found,) = read_file(CASES[name][0].replace(b"2.25.1", b"2.25.9", 1), LIMITS)
        assert found["id_root"] in ("2.25.1", "2.25.9") and not found.get("rule")


WIDE = " ".join(f'a{number}=""' for number in range(257))
SHAPES = {
    "plain": f"<a>{document()}</a>".replace('<?xml version="1.0" encoding="UTF-8"?>', ""),
    "257 attributes": f"<a><b {WIDE}/></a>",
    "257 attributes behind a >": f'<a><b x=">" {WIDE}>text</b></a>',
    "a long attribute": f'<a><b c="{"x" * 65_537}"/></a>',
    "a long attribute that ends with a >": f"<a><b c='{'x' * 65_537}>'>text</b></a>",
    "a long text, with marks before it": f'<a b="1">"{"x" * 70_000}</a>',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", SHAPES)
def test_a20_what_the_bytes_do_not_suspect_the_tree_does_not_hold(name: str, encoding: str) -> None:
    data = SHAPES[name].encode(encoding)
    wide, long = suspects(data)
    root = parse_xml(data)
    assert (wide or not TOO_WIDE(root)) and (long or not TOO_LONG(root))
    if encoding == "utf-8":
        assert (wide, long) == (bool(TOO_WIDE(root)), bool(TOO_LONG(root)))


def test_d03_how_base64_is_wrapped_does_not_count_and_what_it_holds_does() -> None:
    def content(body: str) -> object:
        text = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{body}</text></nonXMLBody>'
        [found] = read_file(document(body=text).encode(), LIMITS)
        return found["content_sha256"]

    wrapped = encodebytes(b"%PDF-1.4 " + bytes(200)).decode()
    assert content(wrapped) == content(wrapped.replace("\n", "")) == content(f"\n   {wrapped}")
    assert content(wrapped) != content(encodebytes(b"%PDF-1.4 " + bytes(201)).decode())
    assert content("no * base64") != content("no *  base64"), "what is none counts as it was sent"


def test_packs_read_by_the_workers_give_what_spark_would_hand_over(tmp_path: Path) -> None:
    files = {"1.xml": document().encode(), "2.xml": b"<html/>", "3.xml": b"", "4.xml": document("2.25.4").encode()}
    sent = [("P", "d", "shared-record"), ("P", "late", "shared-record"), ("F", "d", "fhir-bulk")]
    pack = tmp_path / "pack.parquet"
    with PackWriter(pack) as writer:
        for producer, delivery, form in sent:
            for name, data in files.items():
                writer.add(producer, delivery, form, name, Part(0, 0, 0, data))
    wanted = frozenset({("P", "d"), ("F", "d")})
    found = list(parsed_group(pq.ParquetFile(pack), 0, LIMITS, wanted, "fhir-bulk"))
    rows = [
        dict(zip(PLACE, ("P", "d", name), strict=True)) | {"wanted": None, "oversize": False, "bytes": data}
        for name, data in files.items()
    ]
    assert found == list(parser(LIMITS)(iter([pa.RecordBatch.from_pylist(rows)])))
    assert [one.num_rows for one in found] == [4]
