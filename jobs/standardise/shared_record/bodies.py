"""Base64 bodies: measured and hashed here, so that they never become a column."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from jobs.standardise.documents import sniff
from jobs.standardise.shared_record.embedded import WHITE, Bodies, mark_of
from jobs.standardise.shared_record.oids import path

WIDE_BLANKS = tuple(blank.encode() for blank in ("\u00a0", "\u202f"))
URL_SAFE = bytes.maketrans(b"-_", b"+/")
MEDIA_TYPE = re.compile(r"^[a-z]{1,20}/[a-z0-9.+-]{1,60}$")
TEXT = {"unknown", "empty"}
OPENABLE = {"xml", "html", "json", "zip", "gzip", "ole", "hl7v2"}  # a document inside a document: never opened
ACTIVE = re.compile(rb"/(?:JavaScript|Launch)")  # what a PDF may run
SNIFFED = {  # declared media type -> kinds that its bytes may show
    "text/plain": TEXT,
    "application/xml": {"xml"},
    "text/xml": {"xml"},
    "application/pdf": {"pdf"},
    "image/jpeg": {"jpeg"},
    "image/png": {"png"},
    "image/tiff": {"tiff"},
    "text/rtf": {"rtf"},
    "application/rtf": {"rtf"},
}


def decoded(text: str) -> bytes | None:
    """Bytes of base64 text: blanks dropped, URL-safe letters and missing padding allowed; None when it is none."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)  # nearly all: nothing to mend
    except ValueError:
        pass
    octets = text.encode("utf-8", "replace")
    for blank in WIDE_BLANKS:  # never split: a list of pieces is many times the text
        octets = octets.replace(blank, b"")
    packed = octets.translate(URL_SAFE, WHITE).rstrip(b"=")
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def body_element(root: etree._Element, copy: etree._Element | None) -> etree._Element | None:
    """The element that holds the document as a file: an unstructured body, else the copy embedded in a section."""
    text = root.find(path("component", "nonXMLBody", "text"))
    if text is not None:
        return text
    return copy.find(".//" + path("observationMedia", "value")) if copy is not None else None


def media_type(text: str | None) -> str | None:
    """A declared media type in lower case, without its parameters; None when it is not one."""
    value = (text or "").split(";")[0].strip().lower()
    return value if MEDIA_TYPE.match(value) else None


def read_body(root: etree._Element, element: etree._Element | None, bodies: Bodies) -> tuple[dict[str, Any], list[str]]:
    """``level``, ``body_media_type`` (declared), ``body_bytes``, ``body_sha256`` of the decoded body; warning codes.

    ``element`` is what ``body_element`` found, ``bodies`` what was taken out of the document's bytes; a body in base64
    that was not is taken out of its element here, its mark put there.
    Text bodies count as their UTF-8 bytes; a body by reference has neither size nor hash.
    """
    level = 1 if root.find(path("component", "nonXMLBody")) is not None else 3
    values: dict[str, Any] = {"level": level, "body_media_type": None, "body_bytes": None, "body_sha256": None}
    if element is None:
        return values, []
    values["body_media_type"] = media_type(element.get("mediaType"))
    text = "".join(element.itertext()) if len(element) else element.text or ""
    if not text.strip():
        return values, []
    if text in bodies:
        measured, told = measure(bodies[text], values["body_media_type"])
        return values | measured, told
    in_base64 = element.get("representation") == "B64"
    measured, told = measure(decoded(text) if in_base64 else text.encode("utf-8"), values["body_media_type"])
    if in_base64 and measured["body_sha256"] and not len(element):
        element.text = mark_of(measured["body_sha256"])
    return values | measured, told


def measure(raw: bytes | None, declared: str | None) -> tuple[dict[str, Any], list[str]]:
    """``body_bytes``, ``body_sha256`` of a body, and warning codes; None stands for what could not be decoded."""
    if raw is None:
        return {"body_bytes": None, "body_sha256": None}, ["DOC-108"]
    values = {"body_bytes": len(raw), "body_sha256": hashlib.sha256(raw).hexdigest()}
    return values, sorted(doubts(raw, SNIFFED.get(declared or "")))


def doubts(raw: bytes, expected: set[str] | None) -> Iterator[str]:
    """Warning codes on the bytes of a body, which are looked at and never opened."""
    kind = sniff(raw[:1024])
    if expected and kind not in expected:
        yield "DOC-107"
    if kind in OPENABLE:
        yield "DOC-211"
    if kind == "pdf" and ACTIVE.search(raw):
        yield "DOC-212"
