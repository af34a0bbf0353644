"""Faults of B2 invoices, and the bytes of a whole lot with its faults in place.

A fault is planted in one invoice; the frame around the lot stays true, so that the others are read.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from synthetic.b2_records import Bill, file, invoice, joined, zones
from synthetic.mess import ACCEPTED, DUPLICATE, QUARANTINED, TWICE, Fault

FAULTS = (
    Fault("B2F-010", QUARANTINED),  # a tab or an accent made a record longer
    Fault("B2F-011", QUARANTINED),  # a record was cut within its amounts
    Fault("B2F-013", QUARANTINED),  # a letter among the digits of an amount
    Fault("B2F-014", QUARANTINED),  # a mandatory amount left blank
    Fault("B2F-015", QUARANTINED),  # a day that no calendar has
    Fault("B2F-020", QUARANTINED),  # no type 5
    Fault("B2F-021", QUARANTINED),  # a drug's record before its line
    Fault("B2F-023", QUARANTINED),  # a record of another invoice
    Fault("B2F-024", QUARANTINED),  # no type 2
    Fault("B2F-025", QUARANTINED),  # a record lost
    Fault("B2F-026", QUARANTINED),  # a total one centime off
    Fault("B2F-030", QUARANTINED),  # another pharmacy's invoice
    Fault(TWICE, DUPLICATE),  # the same invoice again
    Fault("IDE-001", ACCEPTED),  # wrong key: the number is barred, the lines are kept
    Fault("B2F-103", ACCEPTED),  # a record with a letter that nobody knows
    Fault("B2F-106", ACCEPTED),  # lunar birth date
)
OUTCOME = {fault.code: fault.outcome for fault in FAULTS}


def lot(
    bills: list[Bill], codes: "np.ndarray", sender: str, made: str
) -> tuple[bytes, list[int], list[tuple[int, str]]]:
    """A file's bytes; the number of each invoice in it; and the faults as (number, code)."""
    records: list[bytes] = []
    placed, faults, number = [], [], 0
    for bill, code in zip(bills, codes, strict=True):
        own = spoilt(bill, code)
        number += 1
        records += own
        placed.append(number)
        if code == TWICE:
            number += 1
            records += own
        if code:
            faults.append((number, code))
    return joined(file(records, sender, made)), placed, faults


def spoilt(bill: Bill, code: str) -> list[bytes]:
    """The records of an invoice with one fault."""
    told: dict[str, Any] = {
        "IDE-001": {"key": f"{int(bill.key) % 97 + 1:02d}", "own": ""},
        "B2F-106": {"birth": bill.birth[:2] + "0015"},
        "B2F-030": {"partner": bill.partner[:3] + "99999" + bill.partner[8:]},
    }.get(code, {})
    records = invoice(replace(bill, **told))
    return BROKEN[code](records) if code in BROKEN else records


def cell(record: bytes, segment: str, zone: str, value: bytes) -> bytes:
    """A record with raw bytes at the end of a zone."""
    _, end, _ = zones(segment)[zone]
    return record[: end - len(value)] + value + record[end:]


def at(records: list[bytes], kind: str) -> int:
    """Place of the first record of a kind: a type, or a type and its letter."""
    first = kind[:1].encode()
    letter = kind[1:].encode()
    return next(
        place
        for place, one in enumerate(records)
        if one.startswith(first) and (one[35:36] == letter if letter else one[35:36].isdigit())
    )


def changed(kind: str, change: Callable[[bytes], bytes]) -> Callable[[list[bytes]], list[bytes]]:
    """A fault that changes the first record of a kind."""

    def broken(records: list[bytes]) -> list[bytes]:
        place = at(records, kind)
        return [*records[:place], change(records[place]), *records[place + 1 :]]

    return broken


def swapped(records: list[bytes]) -> list[bytes]:
    """The first line and its drug record in the wrong order."""
    line, drug = at(records, "4"), at(records, "4P")
    rest = [one for place, one in enumerate(records) if place not in (line, drug)]
    return [*rest[:line], records[drug], records[line], *rest[line:]]


def without(kind: str) -> Callable[[list[bytes]], list[bytes]]:
    """A fault that loses the first record of a kind."""
    return lambda records: [one for place, one in enumerate(records) if place != at(records, kind)]


def other_number(record: bytes) -> bytes:
    """A drug record of the next invoice."""
    start, end, _ = zones("4P")["invoice_no"]
    return cell(record, "4P", "invoice_no", b"%d" % ((int(record[start:end]) + 1) % 10))


def one_more(record: bytes) -> bytes:
    """A type 5 whose total of fees is a centime too high."""
    start, end, _ = zones("5")["total_fees"]
    return cell(record, "5", "total_fees", f"{int(record[start:end]) + 1:08d}".encode())


BROKEN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "B2F-010": changed("4", lambda one: one + b" "),
    "B2F-011": changed("4", lambda one: one[:105]),
    "B2F-013": changed("4", lambda one: cell(one, "4", "total_amount", b"A5")),
    "B2F-014": changed("4", lambda one: cell(one, "4", "amount_amo", b" " * 7)),
    "B2F-015": changed("4", lambda one: cell(one, "4", "care_date", b"0231")),
    "B2F-020": lambda records: records[:-1],
    "B2F-021": swapped,
    "B2F-023": changed("4P", other_number),
    "B2F-024": lambda records: records[1:],
    "B2F-025": without("4P"),
    "B2F-026": changed("5", one_more),
    "B2F-103": changed("4E", lambda one: cell(one, "4E", "type_suffix", b"Z")),
}
