"""A pharmacy's sales as nested JSON: the cells of an extract, told sale by sale, with the faults of single lines."""

import json
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np

from jobs.core.settings import REPOSITORY
from jobs.standardise.pharmacy.nested_dialect import NestedDialect, load_nested
from synthetic.deposit import PARIS
from synthetic.dialects import COLUMNS, Dialect
from synthetic.mess import DUPLICATE, QUARANTINED, TWICE, Fault
from synthetic.mess_pharmacy import AT, spoil

NAME = "ventes_json_epoch"
KEY_MISSING = Fault("PHA-013", QUARANTINED)  # a line without the key of its code
FAULTS = (
    Fault("PHA-002", QUARANTINED),
    Fault("PHA-004", QUARANTINED),
    Fault("PHA-005", QUARANTINED),
    KEY_MISSING,
    Fault(TWICE, DUPLICATE),
    Fault("EAN13", "accepted"),
    Fault("CIP7", "accepted"),
)
OUTCOME = {fault.code: fault.outcome for fault in FAULTS}


@cache
def nested() -> NestedDialect:
    """The dialect that is written."""
    return load_nested(REPOSITORY / "config" / "dialects", COLUMNS)[NAME]


@cache
def written() -> Dialect:
    """How the cells of ``synthetic.pharmacy.cells`` are to be written for it; nothing is ever quoted."""
    one = nested()
    marks = {"encoding": one.encoding, "separator": "\x1f", "quote": "\x1e", "decimal": one.decimal, "money": one.money}
    return Dialect(NAME, **marks, date_format=one.date_format, timestamp_format="%Y-%m-%dT%H:%M:%S", columns={})


def extract(rows: list[list[str]], codes: "np.ndarray") -> tuple[bytes, list[int], list[tuple[int, str]]]:
    """The file's bytes; the record number of each row; and the faults as (record number, code).

    ``rows``: cells as ``written`` has them, the lines of a ticket one after the other; ``codes``: a fault of FAULTS or
    nothing for each.
    """
    sales: list[dict[str, Any]] = []
    placed, faults, record = [], [], 0
    lines = [spoil(row, code, written()) if code else row for row, code in zip(rows, codes, strict=True)]
    for _, group in groupby(zip(lines, codes, strict=True), key=lambda one: one[0][AT["ticket_id"]]):
        listed: list[dict[str, Any]] = []
        for cells, code in group:
            own = line(cells, code)
            listed += [own, own] if code == TWICE else [own]
            placed.append(record + 1)
            record += 2 if code == TWICE else 1
            faults += [(record, code)] if code else []
        sales.append(sale(cells) | {nested().lines: listed})
    text = json.dumps({"page": 1, nested().sales: sales}, ensure_ascii=False, separators=(",", ":"))
    return text.encode(nested().encoding), placed, faults


def sale(cells: list[str]) -> dict[str, Any]:
    """What a sale says of all its lines."""
    return objects(nested().sale, cells)


def line(cells: list[str], code: str) -> dict[str, Any]:
    """One line of a sale."""
    told = objects(nested().line, cells) | {"Stock": len(cells[AT["label"]])}
    if code == KEY_MISSING.code:
        del told["Code13Ref"]
    return told


def objects(keys: dict[str, str | list[str]], cells: list[str]) -> dict[str, Any]:
    """Cells under their keys, ``Patient.Nom`` within an object of its own."""
    found: dict[str, Any] = {}
    for name, key in keys.items():
        *outer, inner = (key if isinstance(key, str) else key[0]).split(".")
        place = found.setdefault(outer[0], {}) if outer else found
        place[inner] = millis(cells[AT[name]]) if name == "event_ts_local" else cells[AT[name]] or None
    return found


@cache
def millis(moment: str) -> int | None:
    """Milliseconds since 1970 of a moment on a clock in Paris."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=PARIS).timestamp() * 1000) if moment else None
