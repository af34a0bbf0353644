"""Texts in base64, taken out of a document's bytes before they are parsed: most of what many documents weigh.

Neither the parser nor Python's texts see them. What takes the place of one is a mark that tells its hash, so that the
tree still says what the document says.
"""

import binascii
import hashlib
from collections.abc import Iterator, Mapping

MARK = b"\x7f"  # a document that holds this octet itself is parsed with all its texts
DECLARED = b' representation="B64"'
LEAST = 512  # bytes; shorter ones are not worth the search
TAG = 1_024  # bytes; in a longer start tag nothing is taken for a declaration
BLANKS = b" \t\r\n"
WHITE = BLANKS + b"\v\f"
Bodies = Mapping[str, bytes]


def mark_of(digest: str) -> str:
    """What stands for a text in base64 that holds bytes of this hash."""
    return MARK.decode() + digest


def without_base64(data: bytes) -> tuple[bytes, Bodies]:
    """A document with a mark in the place of each long text in base64, and the bytes that each mark stands for.

    Only letters between a start tag that declares them and an end tag are taken: what is left is well-formed, nested
    and encoded exactly when the whole is. Whatever is not written in the plainest way stays where it is. UTF-16 never
    holds the declaration as it is looked for here.
    """
    if MARK in data:
        return data, {}
    bodies: dict[str, bytes] = {}
    kept, end = [], 0
    for start, stop in spans(data):
        raw = strictly_decoded(data[start:stop])
        if raw is not None:
            mark = mark_of(hashlib.sha256(raw).hexdigest())
            bodies[mark] = raw
            kept += [data[end:start], mark.encode()]
            end = stop
    rest = b"".join([*kept, data[end:]])
    return (data, {}) if b"[" in rest and b"<![CDATA[" in rest else (rest, bodies)


def spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the long texts of elements stand that declare base64, a tag being what it looks like. One way through."""
    at = data.find(DECLARED)
    while at >= 0:
        start = data.find(b">", at) + 1
        stop = data.find(b"<", start)
        if not start or stop < 0:
            return
        tag = data[data.rfind(b"<", max(0, at - TAG), at) : start - 1]
        plain = tag[:1] == b"<" and tag[1:2].isalpha() and b"'" not in tag and b">" not in tag and tag[-1:] != b"/"
        if plain and start <= stop - LEAST and data.startswith(b"</", stop):
            yield start, stop
        at = data.find(DECLARED, stop)


def strictly_decoded(text: bytes) -> bytes | None:
    """Bytes of base64 as the standard writes it, lines wrapped or not; None for anything else."""
    for letters in (text, text.translate(None, WHITE)):
        try:
            return binascii.a2b_base64(letters, strict_mode=True)
        except ValueError:
            continue
    return None
