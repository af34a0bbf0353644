# ruff: noqa: E501 - a table of cases reads better with one case a line
"""Archives and documents made to harm whoever opens them. Small, made here, harmful to nobody who refuses them."""

import gzip
import io
import random
import struct
import zipfile

from tests.documents_made import archive, document, metadata, package, patient

GOOD = document()
BODY = GOOD.partition("\n")[2]
SUBSET = "IHE_XDM/SUBSET01/"
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def entities(url: str) -> dict[str, bytes]:
    """A-18: every sort of DOCTYPE; ``url`` is what they try to fetch."""
    return {
        "A-18 file entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        "A-18 http entity": f'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]><a>&x;</a>'.encode(),
        "A-18 parameter entity": f'<!DOCTYPE a [<!ENTITY % p SYSTEM "{url}"> %p;]><a/>'.encode(),
        "A-18 external subset": f'<!DOCTYPE a SYSTEM "{url}"><a/>'.encode(),
        "A-18 public subset": f'<!DOCTYPE a PUBLIC "-//X" "{url}"><a/>'.encode(),
        "A-18 billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(),
        "A-18 quadratic blow-up": f'<!DOCTYPE a [<!ENTITY q "{"q" * 50_000}">]><a>{"&q;" * 50_000}</a>'.encode(),
        "A-18 recursion": b'<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>',
        "A-18 harmless": b"<!DOCTYPE ClinicalDocument>" + BODY.encode(),
        "A-18 after instructions": b"<?x y?>\n<!-- c -->\n<!doctype a>" + BODY.encode(),
        "A-18 in UTF-16": ("<!DOCTYPE a>" + BODY).encode("utf-16"),
        "A-18 before a prolog of 2 MB": b"<!--" + b"-x" * 1_000_000 + b"--><!DOCTYPE a><a/>",
    }


def fetching(url: str) -> dict[str, bytes]:
    """A-19: documents that name something elsewhere; they are read, and nothing is fetched."""
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}"/>'
    return {
        "A-19 XInclude": BODY.replace("<title>", f"<title>{include}").encode(),
        "A-19 XInclude of a file": BODY.replace("<title>", f"<title>{include.replace(url, '/etc/hostname')}").encode(),
        "A-19 schemaLocation": BODY.replace(
            "<ClinicalDocument ", f'<ClinicalDocument xsi:schemaLocation="urn:hl7-org:v3 {url}" '
        ).encode(),
        "A-19 stylesheet instruction": f'<?xml-stylesheet type="text/xsl" href="{url}"?>{BODY}'.encode(),
        "A-19 stylesheet with document()": f'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:import href="{url}"/><xsl:template match="/"><xsl:copy-of select="document(\'{url}\')"/></xsl:template>{BODY}</xsl:stylesheet>'.encode(),
        "A-19 body by reference": BODY.replace(
            '<text mediaType="text/plain">note</text>', f'<text><reference value="{url}"/></text>'
        ).encode(),
    }


def shapes() -> dict[str, bytes]:
    """A-20: depth, width and length beyond all reason."""
    return {
        "A-20 deep": GOOD.replace("Compte", "<a>" * 5_000 + "</a>" * 5_000).encode(),
        "A-20 deeper, not closed": b"<a>" * 500_000,
        "A-20 many attributes": GOOD.replace(
            "<title", "<title " + " ".join(f'a{i}="1"' for i in range(100_000))
        ).encode(),
        "A-20 long attribute": GOOD.replace("<title", f'<title a="{"x" * 1_000_000}"').encode(),
    }


def filled(markup: str) -> str:
    """A document with a section of some markup."""
    return document(body=f"<structuredBody><component><section>{markup}</section></component></structuredBody>")


def crowds() -> dict[str, bytes]:
    """A-20: more elements or attributes than a tree should hold, each allowed by itself."""
    wide = "<a " + " ".join(f'a{i}=""' for i in range(250)) + "/>"
    names = "<a " + " ".join(f'xmlns:a{i}="b"' for i in range(250)) + "/>"
    return {
        "A-20 millions of elements": filled("<a/>" * 3_000_000).encode(),
        "A-20 millions of elements in UTF-16": filled("<a/>" * 1_500_000).replace("UTF-8", "UTF-16").encode("utf-16"),
        "A-20 millions of attributes": filled(wide * 5_000).encode(),
        "A-20 millions of namespaces": filled(names * 5_000).encode(),
    }


def blanks() -> dict[str, bytes]:
    """F-02, B-13: texts that are taken in, and that would be many times their size if they were cut at each blank."""
    body = '<nonXMLBody><text mediaType="application/pdf" representation="B64">{}</text></nonXMLBody>'
    name = patient(family="x " * 10_000_000)
    return {
        "F-02 base64 with a blank behind each letter": document(body=body.format("A " * 10_000_000)).encode(),
        "F-02 the same, wider blanks": document(body=body.format("A\u00a0" * 5_000_000)).encode(),
        "B-13 a name of 20 MB": document(who=name).encode(),
        "A-08 a prolog of 20 MB": ("<?x y?>" + " " * 20_000_000 + BODY).encode(),
        "A-08 a prolog of 90,000 instructions": ("<?x?>" * 90_000 + BODY).encode(),
    }


def noise(size: int) -> bytes:
    """Bytes that do not pack, the same each time; no line ends among them."""
    return random.Random(1).randbytes(size).replace(b"\n", b" ")


def repeats() -> dict[str, bytes]:
    """E-05: small packages, no member of which swells too much, that are much to read."""
    comment = b"<!--" + noise(130_000).hex().encode() + b"-->"
    markup = GOOD.replace("Compte", f"{comment.decode()}{'<a/>' * 3_000_000}").encode()
    sets = b'<rim:RegistryPackage id="s">' + b"<rim:Slot/>" * 45_000 + b"</rim:RegistryPackage>"
    one = [("A.XML", GOOD.encode(), {})]

    def packed(said: bytes, data: bytes = GOOD.encode()) -> bytes:
        return archive({f"{SUBSET}METADATA.XML": said + comment, f"{SUBSET}A.XML": data})

    return {
        "E-05 one document named 2,000 times": packed(metadata(one * 2_000)),
        "E-05 one document named 20,000 times": packed(metadata(one * 20_000)),
        "E-05 100,000 objects": packed(metadata(one).replace(b"</lcm", b"<rim:ExtrinsicObject/>" * 100_000 + b"</lcm")),
        "E-05 2,000 objects of a set of 45,000 slots": packed(
            metadata([]).replace(b"</lcm", sets + b"<rim:ExtrinsicObject/>" * 2_000 + b"</lcm")
        ),
        "E-05 millions of elements": packed(metadata([("A.XML", markup, {})]), markup),
    }


def exports() -> dict[str, tuple[str, bytes]]:
    """E-09: files of a FHIR export, each with the rule that refuses it."""
    start = b'{"resourceType":"Observation","id":"1","component":'
    tiny = b'{"resourceType":"List","id":"1"}\n'
    return {
        "E-09 packed line ends": ("FHR-023", gzip.compress(noise(200_000) + b"\n" * 19_000_000)),
        "E-09 packed line ends behind lines": ("FHR-023", gzip.compress(tiny * 5_000 + b" \n" * 400_000)),
        "E-09 packed tiny lines": ("FHR-023", gzip.compress(noise(150_000) + tiny * 450_000)),
        "E-09 line ends": ("FHR-001", tiny + b"\n" * 12_000_000),
        "E-09 a line of numbers": ("FHR-004", start + b"[" + b"1," * 3_000_000 + b"1]}"),
        "E-09 a line of objects": ("FHR-004", start + b"[" + b'{"a":{}},' * 1_000_000 + b"1]}"),
        "E-09 a deep line": ("FHR-004", start + b"[" * 900 + b"]" * 900 + b"}"),
        "E-09 a deeper line": ("FHR-004", start + b"[" * 2_000_000 + b"]" * 2_000_000 + b"}"),
        "E-09 a line deeper than Python goes": ("FHR-004", start + b'[{"a":' * 40_000 + b"1" + b"}]" * 40_000 + b"}"),
    }


def member(name: str, data: bytes = b"x", *, mode: int = 0) -> bytes:
    """A good package with one more member."""
    buffer = io.BytesIO(package(GOOD))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as target:
        info = zipfile.ZipInfo("placeholder", (2020, 1, 1, 0, 0, 0))
        info.external_attr = mode << 16
        info.filename = name
        target.writestr(info, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def named(raw: bytes) -> bytes:
    """A good package with a member whose name is these bytes, which zipfile would clean."""
    return member("N" * len(raw)).replace(b"N" * len(raw), raw)


def patched(data: bytes, signature: bytes, offset: int, layout: str, *values: int, last: bool = False) -> bytes:
    """Bytes with a field behind a signature changed, at its first or last place."""
    place = (data.rfind if last else data.find)(signature) + offset
    return data[:place] + struct.pack(layout, *values) + data[place + struct.calcsize(layout) :]


def lying(factor: float) -> bytes:
    """A package whose directory says of its last member that it is smaller or larger than it is."""
    data = member("x", b" " * 4_000_000)
    size = int(4_000_000 * factor)
    return patched(patched(data, b"PK\x01\x02", 24, "<I", size, last=True), b"PK\x03\x04", 22, "<I", size, last=True)


def overlapping() -> bytes:
    """Two members that are the same bytes of the archive."""
    return patched(member("a/x" * 3, b"y" * 9_000), b"PK\x01\x02", 42, "<I", 0, last=True)


def zip64() -> bytes:
    """An archive whose directory is a zip64 one."""
    data = package(GOOD)
    end = data.rfind(b"PK\x05\x06")
    record = struct.pack(
        "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, end - data.find(b"PK\x01\x02"), data.find(b"PK\x01\x02")
    )
    return data[:end] + record + struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1) + data[end:]


def bombs() -> dict[str, bytes]:
    """E-05: small archives that would fill the memory."""
    blank = b" " * 30_000_000
    return {
        "E-05 a thousand to one": package(GOOD, extra={"x": blank * 3}),
        "E-05 as a document": archive(
            {f"{SUBSET}METADATA.XML": metadata([("A.XML", blank, {})]), f"{SUBSET}A.XML": blank}
        ),
        "E-05 as the metadata": archive({f"{SUBSET}METADATA.XML": blank}),
        "E-05 a million members": package(GOOD)[:-22] + b"PK\x01\x02" * 1_000_000 + package(GOOD)[-22:],
        "E-05 many members": package(GOOD, extra={f"x{i}": b"" for i in range(2_100)}),
        "E-05 overlapping entries": overlapping(),
        "E-05 larger than it says": lying(0.001),
        "E-05 smaller than it says": lying(1_000),
    }


def names() -> dict[str, bytes]:
    """E-04: members that would be written elsewhere, or take another's place."""
    return {
        "E-04 parent folder": package(GOOD, extra={"../../x": b""}),
        "E-04 parent folder inside": package(GOOD, extra={f"{SUBSET}../../../x": b""}),
        "E-04 absolute name": package(GOOD, extra={"/etc/x": b""}),
        "E-04 drive letter": package(GOOD, extra={"C:x": b""}),
        "E-04 backslash": named(b"a\\..\\x"),
        "E-04 network share": named(b"\\\\host\\x"),
        "E-04 NUL": named(b"INDEX.HTM\x00.EXE"),
        "E-04 link": member("link", b"/etc/passwd", mode=0o120777),
        "E-04 same name twice": package(GOOD, extra={"index.htm": b""}),
    }
