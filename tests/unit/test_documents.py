# ruff: noqa: E501 - a table of cases reads better with one case a line
"""What is not trusted is refused with a reason, quickly, and touches neither files nor network."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from jobs.core.rules import rule
from jobs.standardise.documents import Limits, Refused, parse_document, sniff
from jobs.standardise.shared_record.columns import ARROW
from jobs.standardise.shared_record.parse import parser, read_file
from tests.documents_made import INS_OID, archive, document, ins, local, metadata, package, patient

LIMITS = Limits(max_document_bytes=20_000_000, max_members=50, max_package_bytes=30_000_000, max_ratio=100)
GOOD = document()
BODY = GOOD.partition("\n")[2]
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
SUBSET = "IHE_XDM/SUBSET01/"


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
    # E: packages
    "E-01 package": (package(GOOD), None),
    "E-01 lower-case names": (package(GOOD).replace(b"METADATA.XML", b"metadata.xml"), None),
    "E-02 wrong hash": (package(GOOD, said={"hash": "0" * 40}), "DOC-010"),
    "E-02 wrong size": (package(GOOD, said={"size": "7"}), "DOC-010"),
    "E-02 missing member": (package(GOOD, said={"URI": "DOC0009.XML"}), "DOC-010"),
    "E-02 member that nobody named": (package(GOOD, extra={f"{SUBSET}DOC0002.XML": GOOD.encode()}), "DOC-010"),
    "E-04 parent folder": (package(GOOD, extra={"../../x": b""}), "DOC-011"),
    "E-04 absolute name": (package(GOOD, extra={"/etc/x": b""}), "DOC-011"),
    "E-04 drive letter": (package(GOOD, extra={"C:x": b""}), "DOC-011"),
    "E-04 backslash": (package(GOOD, extra={"a\\..\\x": b""}), "DOC-011"),
    "E-04 same name twice": (package(GOOD, extra={"index.htm": b""}), "DOC-011"),
    "E-05 swells a thousandfold": (package(GOOD, extra={"x": b" " * 25_000_000}), "DOC-011"),
    "E-05 too many members": (package(GOOD, extra={f"x{i}": b"" for i in range(60)}), "DOC-011"),
    "E-06 truncated": (package(GOOD)[:-40], "DOC-019"),
    "E-06 empty zip": (archive({}), "DOC-019"),
    "E-06 zip in zip": (archive({f"{SUBSET}METADATA.XML": metadata([("A.ZIP", package(GOOD), {})]), f"{SUBSET}A.ZIP": package(GOOD)}), "DOC-002"),
    "E-07 metadata without documents": (archive({f"{SUBSET}METADATA.XML": metadata([])}), "DOC-019"),
    "E-07 document without metadata": (archive({f"{SUBSET}DOC0001.XML": GOOD.encode()}), "DOC-019"),
    "E-07 two patients": (package(GOOD, document("2.25.2", who=patient(ids=local("IPP-2")))), "DOC-018"),
    "B-17 metadata of another patient": (package(GOOD, said={"patientId": f"{ins('1800151999002')}^^^&{INS_OID}&ISO^NH"}), "DOC-018"),
    "metadata of another document": (package(GOOD, said={"uniqueId": "2.25.9"}), "DOC-018"),
    "DOCTYPE in the metadata": (archive({f"{SUBSET}METADATA.XML": b"<!DOCTYPE a>" + metadata([])}), "DOC-019"),
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


def test_a_broken_package_is_refused_whole_and_says_which_document_broke_it() -> None:
    found = read_file(package(GOOD, document("2.25.2"), "<facture/>"), LIMITS)
    assert [item["rule"] for item in found] == ["DOC-016", "DOC-016", "DOC-004"]


def test_detected_kind_is_told() -> None:
    kinds = {name: sniff(data[:4096]) for name, (data, _) in CASES.items() if name.startswith("A-17")}
    assert list(kinds.values()) == ["empty", "empty", "html", "pdf", "json", "gzip"]


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A loopback server that remembers whoever knocks."""
    knocks: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                knocks.append(b"knock")
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], knocks
        stop.set()
        thread.join()


def test_hostile_xml_reads_no_file_calls_nobody_and_ends_at_once(
    listener: tuple[int, list[bytes]], tmp_path: Path
) -> None:
    port, knocks = listener
    canary = tmp_path / "canary.txt"
    canary.write_text("CANARY-7F3A")
    url = f"http://127.0.0.1:{port}/x"
    attacks = [
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{canary.as_uri()}">]><a>&x;</a>',
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]><a>&x;</a>',
        f'<!DOCTYPE a [<!ENTITY % p SYSTEM "{url}"> %p;]><a/>',
        f'<!DOCTYPE a SYSTEM "{url}"><a/>',
        BODY.replace("<title>", f'<title><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}"/>'),
        BODY.replace(" xmlns:xsi", f' s:schemaLocation="urn:hl7-org:v3 {url}" xmlns:s="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsi'),
        f'<?xml-stylesheet type="text/xsl" href="{url}"?>{BODY}',
        f'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><xsl:copy-of select="document(\'{url}\')"/></xsl:template>{BODY}</xsl:stylesheet>',
    ]  # fmt: skip
    attacks += [data.decode("utf-8", "replace") for name, (data, _) in CASES.items() if name.startswith("A-18 b")]
    began = time.monotonic()
    for text in attacks:
        assert "CANARY" not in str(read_file(text.encode(), LIMITS))
    assert time.monotonic() - began < len(attacks)
    time.sleep(0.3)
    assert knocks == []
    with socket.create_connection(("127.0.0.1", port)):
        time.sleep(0.3)
    assert knocks == [b"knock"]  # the listener would have heard


def test_a_refusal_never_quotes_the_document() -> None:
    with pytest.raises(Refused) as caught:
        parse_document(b"<a>SECRET-NAME</b>", 1_000)
    assert "SECRET" not in str(caught.value) and caught.value.__suppress_context__
