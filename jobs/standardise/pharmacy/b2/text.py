"""Text zones of a record: capitals without accents, says the norm. Bytes are judged zone by zone; places never move."""

import re

from jobs.standardise.pharmacy.b2 import rules
from jobs.standardise.pharmacy.b2.framing import Record
from jobs.standardise.pharmacy.b2.layout import NAMES, segments
from jobs.standardise.pharmacy.b2.rules import Refused

PLAIN = re.compile(rb"[A-Z0-9 -]*")
LETTERS = re.compile(r"[^\W\d_]|[A-Z0-9 '.’-]", re.IGNORECASE)


def check_text(record: Record) -> bool:
    """Whether a name zone is written otherwise than the norm says. Raises Refused for bytes that no letter is.

    Names are not carried; they are looked at because they tell of a sender with another character set.
    """
    body, segment = record.body, segments()[record.segment]
    if not body.isascii():
        for zone in segment.zones.values():
            if not body[zone.start : zone.end].isascii() and not is_name(zone.name, body[zone.start : zone.end]):
                raise Refused(rules.BYTES, record.number, f"{segment.name}.{zone.name}")
    return any(not PLAIN.fullmatch(body[segment.slice(one)]) for one in NAMES if one in segment.zones)


def is_name(zone: str, cell: bytes) -> bool:
    """Whether the bytes of a zone are a name in UTF-8 or cp1252. ISO-8859-15 has signs where they have letters."""
    if zone not in NAMES:
        return False
    for encoding in ("utf-8", "cp1252"):
        try:
            text = cell.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(LETTERS.fullmatch(one) for one in text):
            return True
    return False
