"""Base64 bodies: measured and hashed here, so that they never become a column."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from jobs.standardise.documents import sniff
from jobs.standardise.shared_record.oids import path

URL_SAFE = bytes.maketrans(b"-_", b"+/")
MEDIA_TYPE = re.compile(r"^[a-z]{1,20}/[a-z0-9.+-]{1,60}$")
TEXT = {"unknown", "empty"}
OPENABLE = {"xml", "html", "json", "zip", "gzip", "ole", "hl7v2"}  # a document inside a document: never opened
ACTIVE = (b"/JavaScript", b"/Launch")  # what a PDF may run
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
    packed = "".join(text.split()).encode("ascii", "replace").translate(URL_SAFE).rstrip(b"=")
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


def read_body(root: etree._Element, copy: etree._Element | None = None) -> tuple[dict[str, Any], list[str]]:
    """``level``, ``body_media_type`` (declared), ``body_bytes``, ``body_sha256`` of the decoded body; warning codes.

    ``copy`` is the section that holds a copy of a structured document as a file, when it has one.
    Text bodies count as their UTF-8 bytes; a body by reference has neither size nor hash.
    """
    level = 1 if root.find(path("component", "nonXMLBody")) is not None else 3
    element = body_element(root, copy)
    values: dict[str, Any] = {"level": level, "body_media_type": None, "body_bytes": None, "body_sha256": None}
    if element is None:
        return values, []
    values["body_media_type"] = media_type(element.get("mediaType"))
    text = "".join(element.itertext()) if len(element) else element.text or ""
    if not text.strip():
        return values, []
    raw = decoded(text) if element.get("representation") == "B64" else text.encode("utf-8")
    measured, told = measure(raw, values["body_media_type"])
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
    if kind == "pdf" and any(mark in raw for mark in ACTIVE):
        yield "DOC-212"
