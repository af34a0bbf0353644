# ruff: noqa: E501 - a table of cases reads better with one case a line
"""Group A of the catalogue: bytes, encodings, XML, and documents made to harm their reader."""

import gzip
import re
import unicodedata
from collections.abc import Callable

from synthetic.documents import REPORT
from synthetic.mess_documents import Case, Subject, accepted, after, refused, swap

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSL = "http://www.w3.org/1999/XSL/Transform"
ERROR_PAGE = "<!DOCTYPE html>\n<html><head><title>504</title></head><body><h1>504 Gateway Time-out</h1></body></html>\n"


def bare(text: str) -> str:
    """Without the XML declaration."""
    return text.removeprefix(DECLARATION)


def declared(text: str, name: str) -> str:
    """With another declared encoding."""
    return text.replace("UTF-8", name, 1)


def with_doctype(subset: str, body: str = "") -> Callable[[str], str]:
    """A document type declaration before the root, and an entity of it used in the title."""

    def change(text: str) -> str:
        return f"{DECLARATION}<!DOCTYPE ClinicalDocument [{subset}]>\n{after(bare(text), '<title>', body)}"

    return change


def prefixed(prefix: str) -> Callable[[str], str]:
    """All elements of HL7 under a prefix."""

    def change(text: str) -> str:
        text = re.sub(r"<(/?)(?![?!])(?!lab:)", rf"<\1{prefix}:", bare(text))
        return DECLARATION + text.replace('xmlns="urn', f'xmlns:{prefix}="urn', 1)

    return change


def in_stylesheet(extra: str = "") -> Callable[[str], str]:
    """The document inside a stylesheet that would show it."""

    def change(text: str) -> str:
        head = f'<xsl:stylesheet version="1.0" xmlns:xsl="{XSL}">\n<xsl:template match="/">{extra}</xsl:template>\n'
        return f"{DECLARATION}{head}{bare(text)}</xsl:stylesheet>\n"

    return change


def in_comment(text: str) -> str:
    """Another document in a comment before the root, and one in a CDATA section of the title."""
    other = bare(text).replace("2.25.9", "2.25.8").replace("--", "- -")
    shown = "<![CDATA[<ClinicalDocument xmlns='urn:hl7-org:v3'/>]]>"
    return f"{DECLARATION}<!-- {other} -->\n{after(bare(text), '<title>', shown)}"


def mixed(text: str) -> str:
    """Line ends of three kinds, CDATA, unbreakable spaces, names in decomposed letters."""
    text = unicodedata.normalize("NFD", text).replace("\n", "\r\n", 20).replace("</title>", "&#160;\u202f</title>", 1)
    return after(text, "<title>", "<![CDATA[Compte & rendu ]]>")


def nested(text: str) -> str:
    """Five thousand levels."""
    return swap("  <component>\n", f"  <component>{'<a>' * 5000}{'</a>' * 5000}\n")(text)


def wide(text: str) -> str:
    """One element with a hundred thousand attributes."""
    return swap("<realmCode ", "<realmCode " + " ".join(f'a{n}="1"' for n in range(100_000)) + " ")(text)


def one_line(text: str) -> str:
    """All on one line, which a long comment makes 600 kB long."""
    text = re.sub(r">\s*\n\s*<", "><", bare(text)).replace("\n", " ")
    return swap("<typeId", f"<!--{'x' * 600_000}--><typeId")(text)


def laughs() -> str:
    """Ten entities, each ten times the one before."""
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!ENTITY l0 "ha">{lines}'


def is_report(subject: Subject) -> bool:
    """A laboratory report, which has typed values."""
    return subject.document.type_code == REPORT


def has_accents(subject: Subject) -> bool:
    """A text that other encodings write with other bytes."""
    return any(ord(letter) > 127 for letter in subject.text)


CASES: tuple[Case, ...] = (
    accepted("A-01", lambda text: b"\xef\xbb\xbf" + text.encode()),
    accepted("A-02/lower-case", lambda text: declared(text, "utf-8")),
    accepted("A-02/none", bare),
    accepted("A-03", lambda text: declared(text, "ISO-8859-1").encode("iso-8859-1", "xmlcharrefreplace")),
    refused("A-04", "DOC-012", lambda text: text.encode("cp1252", "xmlcharrefreplace"), fits=has_accents),
    accepted("A-05/mark", lambda text: declared(text, "UTF-16").encode("utf-16")),
    refused("A-05/no-mark", "DOC-012", lambda text: declared(text, "UTF-16").encode("utf-16-le")),
    accepted("A-06", lambda text: " " + bare(text)),
    refused("A-07", "DOC-003", lambda text: " " + text),
    accepted(
        "A-08",
        lambda text: (
            f'{DECLARATION}<?xml-stylesheet type="text/xsl" href="http://feuille.invalid/cda.xsl"?>\n'
            f'<?oxygen SCHSchema="../schematron.sch"?>\n<!--{" commentaire" * 2000}-->\n{bare(text)}'
        ),
    ),
    accepted("A-09/hl7", prefixed("hl7")),
    accepted("A-09/c", prefixed("c")),
    accepted("A-09/n1", prefixed("n1")),
    accepted("A-10", in_stylesheet(), "DOC-106"),
    accepted("A-11", in_comment),
    refused("A-12", "DOC-006", lambda text: f"{DECLARATION}<documents>{bare(text)}{bare(text)}</documents>\n"),
    refused("A-13", "DOC-003", swap(f'xmlns:xsi="{XSI}" ', ""), fits=is_report),
    accepted("A-14", swap(XSI, "http://www.w3.org/2001/XMLSchema"), "DOC-112", fits=is_report, exact=False),
    accepted("A-15", swap("urn:oid:1.3.6.1.4.1.19376.1.3.2", "urn:hl7-org:lab")),
    refused("A-16/entity", "DOC-003", lambda text: after(text, "<title>", "&eacute;")),
    refused("A-16/control", "DOC-003", lambda text: after(text, "<title>", "\x0b")),
    refused("A-16/cut", "DOC-003", lambda text: text[: len(text) // 2]),
    refused("A-17/empty", "DOC-001", lambda text: ""),
    refused("A-17/html", "DOC-002", lambda text: ERROR_PAGE),
    refused("A-17/pdf", "DOC-002", lambda text: b"%PDF-1.4\n%\xe2\xe3\n1 0 obj <<>> endobj\n"),
    refused("A-17/json", "DOC-002", lambda text: '{"resourceType": "Bundle"}\n'),
    refused("A-17/gzip", "DOC-002", lambda text: gzip.compress(text.encode(), mtime=0)),
    refused("A-17/root", "DOC-004", lambda text: f"{DECLARATION}<facture><ligne/></facture>\n"),
    refused("A-18/file", "DOC-005", with_doctype('<!ENTITY x SYSTEM "file:///etc/hostname">', "&x;")),
    refused("A-18/http", "DOC-005", with_doctype('<!ENTITY x SYSTEM "http://leurre.invalid/x">', "&x;")),
    refused("A-18/parameter", "DOC-005", with_doctype('<!ENTITY % x SYSTEM "http://leurre.invalid/x.dtd"> %x;')),
    refused("A-18/laughs", "DOC-005", with_doctype(laughs(), "&l9;")),
    refused("A-18/quadratic", "DOC-005", with_doctype(f'<!ENTITY q "{"q" * 50_000}">', "&q;" * 5_000)),
    accepted(
        "A-19/include",
        swap("<realmCode", '<!--x--><realmCode xmlns:xi="http://www.w3.org/2001/XInclude" xi:href="file:///etc/hostname"'),
    ),
    accepted(
        "A-19/schema", swap("<ClinicalDocument ", '<ClinicalDocument xsi:schemaLocation="urn:hl7-org:v3 http://leurre.invalid/CDA.xsd" ')
    ),
    accepted("A-19/document", in_stylesheet("<xsl:copy-of select=\"document('file:///etc/hostname')\"/>"), "DOC-106"),
    refused("A-20/deep", "DOC-013", nested),
    refused("A-20/wide", "DOC-013", wide),
    refused("A-20/long", "DOC-013", swap("<realmCode ", f'<realmCode a="{"x" * 1_000_000}" ')),
    accepted("A-21", mixed),
    accepted("A-22", one_line),
)  # fmt: skip
