"""Faults of DCIR deliveries, each on a line that no other depends on, and a table's bytes with its faults in place."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synthetic.mess import ACCEPTED, DUPLICATE, IGNORED, QUARANTINED, TWICE, Fault

SERVICE_FAULTS = (
    Fault("DCI-002", QUARANTINED),  # a decimal comma
    Fault("DCI-003", QUARANTINED),  # a day that no calendar has
    Fault("DCI-005", QUARANTINED),  # no nature of service
    Fault("DCI-015", QUARANTINED),  # no person
    Fault("DCI-020", IGNORED),  # told for information alone
    Fault("DCI-104", ACCEPTED),  # a care date of another month than the line says
    Fault("DCI-108", ACCEPTED),  # sex unknown
    Fault("DCI-111", ACCEPTED),  # no department
)
LINE_FAULTS = (
    Fault("DCI-001", QUARANTINED),  # one cell too many
    Fault("DCI-004", QUARANTINED),  # a code that a spreadsheet rounded
    Fault("DCI-006", QUARANTINED),  # a foreign byte
    Fault("DCI-011", QUARANTINED),  # a blank in the key
    Fault("DCI-012", QUARANTINED),  # a line without its service
    Fault(TWICE, DUPLICATE),  # the same line again
)
OUTCOME = {fault.code: fault.outcome for fault in (*SERVICE_FAULTS, *LINE_FAULTS)}
CHANGES = {
    "DCI-002": {"BSE_REM_MNT": "1,42"},
    "DCI-003": {"PRE_PRE_DTD": "31/02/2026"},
    "DCI-005": {"PRS_NAT_REF": ""},
    "DCI-015": {"NUM_ENQ": ""},
    "DCI-020": {"DPN_QLF": "71"},
    "DCI-104": {"EXE_SOI_AMD": "200001"},
    "DCI-108": {"BEN_SEX_COD": "9"},
    "DCI-111": {"BEN_RES_DPT": "000"},
    "DCI-004": {"PHA_PRS_C13": "3.40094E+12"},
    "DCI-011": {"ORG_CLE_NUM": ""},
    "DCI-012": {"DCT_ORD_NUM": "999999999"},
}


def table_bytes(frame: pd.DataFrame, codes: "np.ndarray") -> tuple[bytes, "np.ndarray", list[tuple[int, str]]]:
    """A table's bytes with faults in place; the record number of each row; and the faults as (record number, code)."""
    lines = [";".join(frame.columns).encode()]
    names = list(frame.columns)
    placed = np.zeros(len(frame), dtype=np.int64)
    faults: list[tuple[int, str]] = []
    for rank, (cells, code) in enumerate(zip(frame.itertuples(index=False, name=None), codes, strict=True)):
        line = ";".join(changed(names, cells, code) if code else cells).encode()
        line += b";x" if code == "DCI-001" else b"\xe9" if code == "DCI-006" else b""
        lines.append(line)
        placed[rank] = len(lines) - 1
        if code == TWICE:
            lines.append(line)
        if code:
            faults.append((len(lines) - 1, code))
    return b"\r\n".join([*lines, b""]), placed, faults


def changed(names: Sequence[str], cells: tuple[str, ...], code: str) -> list[str]:
    """The cells of a line with one fault."""
    new = CHANGES.get(code, {})
    return [new.get(name, cell) for name, cell in zip(names, cells, strict=True)]
