"""Faults of pharmacy extracts, and the bytes of a whole extract with its faults in place."""

import numpy as np

from synthetic.dialects import COLUMNS, Dialect
from synthetic.mess import ACCEPTED, DUPLICATE, IGNORED, QUARANTINED, TWICE, Fault

FAULTS = (
    Fault("PHA-001", QUARANTINED),  # one cell too many: a label with a bare separator
    Fault("PHA-002", QUARANTINED),  # amount in words
    Fault("PHA-003", QUARANTINED),  # a day that no calendar has
    Fault("PHA-004", QUARANTINED),  # quantity with a fraction
    Fault("PHA-005", QUARANTINED),  # code damaged by a spreadsheet
    Fault("PHA-006", QUARANTINED),  # bytes of another encoding
    Fault("PHA-007", QUARANTINED),  # unknown kind of event
    Fault("PHA-008", QUARANTINED),  # no ticket number
    Fault(TWICE, DUPLICATE),  # the same line again
    Fault("IDE-001", ACCEPTED),  # wrong key: the number is barred, the line is kept
    Fault("EAN13", ACCEPTED),  # parapharmacy among the drugs
    Fault("CIP7", ACCEPTED),  # short code
)
TOTALS = Fault("PHA-020", IGNORED)
OUTCOME = {fault.code: fault.outcome for fault in (*FAULTS, TOTALS)}
AT = {name: place for place, name in enumerate(COLUMNS)}
FOREIGN = {"cp1252": b"\x81", "utf-8": b"\xe9", "utf-8-sig": b"\xe9"}


def settle(codes: "np.ndarray", dialect: Dialect, numbered: "np.ndarray", only: str) -> "np.ndarray":
    """Faults that a dialect or line cannot have give way to one that it can, or to none when only one is planted."""
    codes = codes.copy()
    if dialect.encoding not in FOREIGN:
        codes[codes == "PHA-006"] = "" if only else "PHA-007"
    codes[(codes == "IDE-001") & ~numbered] = "" if only else "PHA-008"
    return codes


def spoil(row: list[str], code: str, dialect: Dialect) -> list[str]:
    """The cells of a line with one fault; faults of bytes or of repetition leave the cells alone."""
    key, event = row[AT["patient_nir_key"]], row[AT["event_ts_local"]]
    changed = {
        "PHA-001": {"label": f"SERUM PHYSIOLOGIQUE{dialect.separator}DOSES"},
        "PHA-002": {"amount_total": "gratuit"},
        "PHA-003": {"event_ts_local": event.translate(str.maketrans("0123", "9999"))},
        "PHA-004": {"quantity_signed": dialect.cell(f"1{dialect.decimal}5")},
        "PHA-005": {"code_raw": dialect.cell(f"3{dialect.decimal}40094E+12")},
        "PHA-007": {"event_type": "troc"},
        "PHA-008": {"ticket_id": ""},
        "IDE-001": {"patient_nir_key": f"{int(key) % 97 + 1:02d}" if key else ""},
        "EAN13": {"code_raw": "3525722032742", "label": "CREME HYDRATANTE"},
        "CIP7": {"code_raw": row[AT["code_raw"]][5:12]},
    }.get(code, {})
    return [changed.get(name, cell) for name, cell in zip(COLUMNS, row, strict=True)]


def extract(
    rows: list[list[str]], codes: "np.ndarray", dialect: Dialect, totals: bool
) -> tuple[bytes, list[int], list[tuple[int, str]]]:
    """The file's bytes; the record number of each row; and the faults as (record number, code)."""
    lines = [dialect.separator.join(dialect.cell(dialect.columns[name]) for name in COLUMNS).encode(plain(dialect))]
    placed, faults = [], []
    for row, code in zip(rows, codes, strict=True):
        text = dialect.separator.join(spoil(row, code, dialect) if code else row)
        line = text.encode(plain(dialect))
        if code == "PHA-006":
            line = line.replace(row[AT["label"]].encode(plain(dialect)), b"CR" + FOREIGN[dialect.encoding] + b"ME", 1)
        lines.append(line)
        placed.append(len(lines) - 1)
        if code == TWICE:
            lines.append(line)
        if code:
            faults.append((len(lines) - 1, code))
    if totals:
        lines.append(totals_row(rows, dialect))
        faults.append((len(lines) - 1, TOTALS.code))
    mark = b"\xef\xbb\xbf" if dialect.encoding == "utf-8-sig" else b""
    end = dialect.line_end.encode()
    return mark + end.join(lines) + end, placed, faults


def totals_row(rows: list[list[str]], dialect: Dialect) -> bytes:
    """The last row of some software: no ticket, a word and the number of lines."""
    row = [""] * len(COLUMNS)
    row[AT["label"]], row[AT["quantity_signed"]] = "TOTAL", str(len(rows))
    return dialect.separator.join(row).encode(plain(dialect))


def plain(dialect: Dialect) -> str:
    """The encoding without its byte order mark, which stands once at the head of the file."""
    return "utf-8" if dialect.encoding == "utf-8-sig" else dialect.encoding
