"""Faults of a hospital's files, and the bytes of a whole file with its faults in place."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from synthetic.hospital import HEADER
from synthetic.mess import ACCEPTED, DUPLICATE, QUARANTINED, TWICE, Fault

TRIMMED = "TRIMMED"
RSS_FAULTS = (
    Fault("HOS-001", QUARANTINED),  # a version that nobody knows
    Fault("HOS-002", QUARANTINED),  # longer than its counters allow
    Fault("HOS-003", QUARANTINED),  # the 35th of March
    Fault("HOS-004", QUARANTINED),  # exit a year before entry
    Fault("HOS-005", QUARANTINED),  # a letter in a counter
    Fault("HOS-006", QUARANTINED),  # born the day after entry
    Fault("HOS-010", QUARANTINED),  # a line of a listing
    Fault(TWICE, DUPLICATE),  # the same line again
    Fault(TRIMMED, ACCEPTED),  # trailing blanks lost on the way
)
VID_FAULTS = (
    Fault("HOS-001", QUARANTINED),
    Fault("HOS-002", QUARANTINED),
    Fault("HOS-003", QUARANTINED),
    Fault("HOS-005", QUARANTINED),
    Fault("HOS-010", QUARANTINED),
    Fault(TWICE, DUPLICATE),
    Fault("IDE-001", ACCEPTED),  # wrong key: the number is barred, the line is kept
)
OUTCOME = {fault.code: fault.outcome for fault in (*RSS_FAULTS, *VID_FAULTS)}
LISTING = b"*** FIN DE L'EDITION DU JOUR ***"
Spoil = Callable[[bytes, str], bytes]


def put(line: bytes, start: int, text: bytes) -> bytes:
    """The line with ``text`` from the 1-based position ``start``."""
    return line[: start - 1] + text + line[start - 1 + len(text) :]


def day_after(date: bytes) -> bytes:
    """The day after a DDMMYYYY date."""
    return (datetime.strptime(date.decode(), "%d%m%Y") + timedelta(days=1)).strftime("%d%m%Y").encode()


def shifted(date: bytes, years: int) -> bytes:
    """A DDMMYYYY date some years later; the 29th of February becomes the 28th."""
    day_month = b"2802" if date[:4] == b"2902" else date[:4]
    return day_month + b"%04d" % (int(date[4:]) + years)


def spoil_rss(line: bytes, code: str) -> bytes:
    """A stay line with one fault."""
    if code == "HOS-001":
        return put(line, 10, b"120")
    if code == "HOS-002":
        return line + b"0000000"
    if code == "HOS-003":
        return put(line, 78, b"35032008")
    if code == "HOS-004":
        return put(line, 103, shifted(line[92:100], -1))
    if code == "HOS-005":
        return put(line, 134, b"X2")
    if code == "HOS-006":
        return put(line, 78, day_after(line[92:100]))
    if code == "HOS-010":
        return LISTING
    return line.rstrip(b" ") if code == TRIMMED else line


def spoil_vid(line: bytes, code: str) -> bytes:
    """A VID-HOSP line with one fault."""
    if code == "HOS-001":
        return put(line, 49, b"V012")
    if code == "HOS-002":
        return line + b"0000000"
    if code == "HOS-003":
        return put(line, 20, b"35032008")
    if code == "HOS-005":
        return put(line, 467, b"X1")
    if code == "HOS-010":
        return LISTING
    if code == "IDE-001":
        start = 75 if line[74:76].strip() else 14
        return put(line, start, b"%02d" % (int(line[start - 1 : start + 1]) % 97 + 1))
    return line


def settle_rss(lines: list[bytes], codes: "np.ndarray", only: str) -> "np.ndarray":
    """Blanks can be lost only at the end of a line that is all header and ends with some.

    Another line is sent twice instead, and the few that can lose blanks do so for more faults, unless ``only`` one kind
    is planted.
    """
    codes = codes.copy()
    for place in np.flatnonzero(codes != ""):
        line = lines[place]
        able = len(line) == HEADER[line[9:12].decode()] and line.endswith(b" ")
        if codes[place] == TRIMMED and not able:
            codes[place] = "" if only else TWICE
        elif able and codes[place] in (TWICE, "HOS-002", "HOS-010") and not only:
            codes[place] = TRIMMED
    return codes


def transmission(
    lines: list[bytes], codes: "np.ndarray", spoil: Spoil, end: bytes, blank_last: bool
) -> tuple[bytes, list[int], list[tuple[int, str]]]:
    """The file's bytes; the record number of each line; and the faults as (record number, code)."""
    sent, placed, faults = [], [], []
    for line, code in zip(lines, codes, strict=True):
        sent.append(spoil(line, code) if code else line)
        placed.append(len(sent))
        if code == TWICE:
            sent.append(line)
        if code:
            faults.append((len(sent), code))
    return end.join(sent) + (end if sent else b"") + (end if blank_last else b""), placed, faults
