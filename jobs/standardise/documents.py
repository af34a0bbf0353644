"""Reading what nobody trusts: bytes that should be one XML document. Nothing is fetched, executed or expanded.

The recipe, in this order: size gate; kind by the bytes, never by the name; no more elements than a tree should hold;
no DOCTYPE, before and after parsing; a parser without network, DTD or entities; limits on depth, attributes and
text. Whatever is refused is refused with a rule code. No message quotes the document.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from lxml import etree

# Above this size the parser's own limits (10 MB a text, 256 levels) must give way for large base64 bodies; the size
# gate has bounded the memory by then, and the limits below take over.
HUGE = 9_000_000
MAX_DEPTH = 256
MAX_ATTRIBUTES = 256
MAX_ATTRIBUTE_LENGTH = 65_536
MAX_MARKUP = 200_000  # ``<``, and ``=``, of one document; the richest of the 21 open samples holds 2,458 and 1,513

SIGNATURES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"{\\rtf", "rtf"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"MSH|", "hl7v2"),
    (b"\x0bMSH|", "hl7v2"),  # framed for the wire
    (b"FHS|", "hl7v2"),
    (b"BHS|", "hl7v2"),
)
NOT_READ_YET = {"hl7v2": "DOC-303"}  # kinds that are documents' carriers too, without a reader
BLANKS = b" \t\r\n"
ENCODINGS = {"utf-8", "utf8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
DECLARATION = re.compile(rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
PROLOG = {"<?": "?>", "<!--": "-->"}  # what may stand before a root, and how it ends
NOT_BLANK = re.compile(r"\S")
RESOURCE_LIMIT = 114  # libxml2's XML_ERR_RESOURCE_LIMIT


class Refused(Exception):
    """A document is not read further. Carries a rule code and the detected kind, never a value."""

    def __init__(self, rule: str, kind: str, field: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.kind = kind
        self.field = field


@dataclass(frozen=True)
class Limits:
    """Caps of the policy's ``[documents]``, in bytes but for the counts."""

    max_document_bytes: int
    max_members: int
    max_package_bytes: int
    max_ratio: int

    @staticmethod
    def of(policy: dict[str, Any]) -> "Limits":
        """From the parsed policy."""
        own = policy["documents"]
        return Limits(own["max_document_bytes"], own["max_members"], own["max_package_bytes"], own["max_ratio"])


def sniff(data: bytes) -> str:
    """The kind of some bytes: ``empty``, ``xml``, ``html``, ``json``, ``zip``, ``pdf``…, else ``unknown``."""
    if not data:
        return "empty"
    for signature, kind in SIGNATURES:
        if data.startswith(signature):
            return kind
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")):
        return "xml"
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip(BLANKS)
    if not start:
        return "unknown" if data.strip(BLANKS) else "empty"
    if start[:1] in b"{[":
        return "json"
    if re.match(rb"<(!doctype\s+html|html[\s>])", start, re.IGNORECASE):
        return "html"
    return "xml" if start.startswith(b"<") else "unknown"


def parse_document(data: bytes, max_bytes: int, max_markup: int = MAX_MARKUP) -> etree._Element:
    """The root of one safely parsed XML document. Raises Refused (DOC-001 to DOC-005, DOC-012, DOC-013, DOC-303)."""
    check_size(data, max_bytes)
    kind = sniff(data)
    if kind == "empty":
        raise Refused("DOC-001", kind)
    if kind != "xml":
        raise Refused(NOT_READ_YET.get(kind, "DOC-002"), kind)
    check_markup(data, max_markup)
    check_prolog(data)
    root = parse_xml(data)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused("DOC-005", "xml")
    if local_name(root).lower() == "html":
        raise Refused("DOC-002", "html")
    check_shape(root, data)
    return root


def check_size(data: bytes, max_bytes: int) -> None:
    """Refuse what is too large to be looked at (DOC-013)."""
    if len(data) > max_bytes:
        raise Refused("DOC-013", sniff(data[:4096]))


def check_markup(data: bytes, most: int) -> None:
    """Refuse what would be a tree many times as large as its bytes (DOC-013): too many elements, or attributes.

    UTF-16 holds both octets as often as their letters, or oftener.
    """
    if len(data) > most and (data.count(b"<") > most or data.count(b"=") > most):
        raise Refused("DOC-013", "xml")


def check_prolog(data: bytes) -> None:
    """Refuse a DOCTYPE before any parser sees it, and encodings other than the few that documents are sent in."""
    if data.startswith((b"<\x00", b"\x00<")):
        raise Refused("DOC-012", "xml")  # UTF-16 without its mark: a guess would be needed
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            raise Refused("DOC-012", "xml") from None
    else:
        declared = DECLARATION.search(data[:256])
        if declared and declared.group(1).decode("ascii").lower() not in ENCODINGS:
            raise Refused("DOC-012", "xml")
        text = data.decode("iso-8859-1").removeprefix("\xef\xbb\xbf")
    root = behind_prolog(text)
    if text[root : root + 9].upper() == "<!DOCTYPE":
        raise Refused("DOC-005", "xml")


def behind_prolog(text: str) -> int:
    """Where a document's root begins, or its DOCTYPE: behind blanks, instructions and comments."""
    place = 1 if text.startswith("\ufeff") else 0
    while (found := NOT_BLANK.search(text, place)) is not None:
        place = found.start()
        start = next((one for one in PROLOG if text.startswith(one, place)), None)
        end = text.find(PROLOG[start], place + len(start)) if start else -1
        if start is None or end < 0:
            return place
        place = end + len(PROLOG[start])
    return len(text)


@cache  # one is used again and again; making one for each document costs
def parser(*, huge: bool) -> etree.XMLParser:
    """A parser with everything off that reads, fetches or expands."""
    return etree.XMLParser(
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        resolve_entities=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,
        strip_cdata=True,
        recover=False,
        collect_ids=False,
        huge_tree=huge,
    )


def parse_xml(data: bytes) -> etree._Element:
    """Parse with everything off that reads, fetches or expands. Raises Refused."""
    try:
        return etree.fromstring(data, parser(huge=len(data) > HUGE))
    except etree.XMLSyntaxError as error:
        raise Refused(syntax_rule(data, error.code), "xml") from None
    except ValueError:
        raise Refused("DOC-003", "xml") from None


def syntax_rule(data: bytes, code: int) -> str:
    """Why a parse failed: a limit, undecodable bytes, two documents in one file, or plain bad XML."""
    if code == RESOURCE_LIMIT:
        return "DOC-013"
    if not decodes(data):
        return "DOC-012"
    if len(re.findall(rb"</(?:[\w.-]+:)?ClinicalDocument\s*>", data)) > 1:
        return "DOC-006"
    return "DOC-003"


def decodes(data: bytes) -> bool:
    """Whether the bytes are text in the encoding they declare, UTF-8 when they declare none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    declared = DECLARATION.search(data[:256])
    encoding = declared.group(1).decode("ascii") if declared else "utf-8"
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)  # not final: a text cut inside a character is only cut
    except (UnicodeDecodeError, LookupError):
        return False
    return True


TOO_WIDE = etree.XPath(f"boolean(//*[count(@*) > {MAX_ATTRIBUTES}])")
TOO_LONG = etree.XPath(f"boolean(//@*[string-length() > {MAX_ATTRIBUTE_LENGTH}])")
TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
WIDE_TAG = MAX_ATTRIBUTES * len(' a=""')  # bytes; no tag with more attributes is shorter
NOT_XML_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);|#)")


def check_shape(root: etree._Element, data: bytes) -> None:
    """Refuse absurd depth, attribute counts and attribute lengths (DOC-013) and unresolved entities (DOC-003).

    The bytes tell cheaply of nearly every document that none of them can be there; the others are walked. Below HUGE
    the parser itself bounds depth.
    """
    wide, long = suspects(data)
    if (wide and TOO_WIDE(root)) or (long and TOO_LONG(root)) or (len(data) > HUGE and TOO_DEEP(root)):
        raise Refused("DOC-013", "xml")
    if b"&" in data and NOT_XML_ENTITY.search(data) and next(root.iter(etree.Entity), None) is not None:
        raise Refused("DOC-003", "xml")


def suspects(data: bytes) -> tuple[bool, bool]:
    """Whether a document may have too many attributes in a tag, and whether one may be too long.

    A ``<`` stands in no attribute, so a tag lies between two of them: with as many ``=`` as it has attributes, and with
    a quotation mark behind its last one. UTF-16 is not looked at, and may have both.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True, True
    starts = np.append(np.flatnonzero(np.frombuffer(data, np.uint8) == ord("<")), len(data))
    far = np.flatnonzero(np.diff(starts) > WIDE_TAG)
    spans = [(int(starts[place]), int(starts[place + 1])) for place in far]
    wide = any(data.count(b"=", start, end) > MAX_ATTRIBUTES for start, end in spans)
    last = [max(data.rfind(mark, start, end) for mark in (b'"', b"'")) - start for start, end in spans]
    return wide, any(place > MAX_ATTRIBUTE_LENGTH for place in last)


def local_name(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)
