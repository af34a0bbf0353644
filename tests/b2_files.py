"""B2 files made by hand for tests: a sound invoice, changes to it, and what the reader says."""

from dataclasses import replace
from datetime import date

from jobs.identifiers.nir import python_expected_key
from jobs.standardise.pharmacy.b2.lines import Terms
from jobs.standardise.pharmacy.b2.lot import Unit, read_file
from synthetic.b2_records import Bill, Line, file, invoice, joined, zones

PHARMACY = "992000011"
NIGHT = Terms(date(2026, 11, 22), date(2024, 8, 1))
NIR = "1850599999042"
DOLIPRANE = "3400935955838"
RPPS = "10000000009"
DRUG = Line("PH7", "261121", 2, 218, 436, 65, 283, 436, code=DOLIPRANE, rpps=RPPS)
FEE = Line("HD7", "261121", 2, 102, 204, 65, 132, 204)


def key(nir: str) -> str:
    """The key of a number."""
    return f"{python_expected_key(nir):02d}"


BILL = Bill(PHARMACY, "000000123", NIR, key(NIR), "850512", "1", (DRUG, FEE))


def bill(**changes: object) -> Bill:
    """The sound invoice with other values."""
    return replace(BILL, **changes)


def drug(**changes: object) -> Line:
    """The sound drug line with other values."""
    return replace(DRUG, **changes)


def put(record: bytes, segment: str, **cells: bytes) -> bytes:
    """A record with raw bytes in some zones, which must fill them."""
    for name, cell in cells.items():
        start, end, _ = zones(segment)[name]
        assert len(cell) == end - start, name
        record = record[:start] + cell + record[end:]
    return record


def lot(*invoices: list[bytes], end: bytes = b"\r\n", made: str = "261122", number: int = 1) -> bytes:
    """A file of one lot around the records of some invoices."""
    return joined(file([one for records in invoices for one in records], PHARMACY, made, number), end)


def units(*invoices: list[bytes], producer: str = PHARMACY, made: str = "261122") -> list[Unit]:
    """What the reader makes of some invoices in one file."""
    return read(lot(*invoices, made=made), producer)


def read(data: bytes, producer: str = PHARMACY, encoding: str = "") -> list[Unit]:
    """The units that the reader makes of a file."""
    return read_file(data, producer, NIGHT, encoding)[0]


def one(*records: bytes) -> Unit:
    """What the reader makes of one invoice, between two sound ones that must be read whatever it is."""
    before, middle, after = units(invoice(bill(number="1")), list(records), invoice(bill(number="2")))
    assert before.told and after.told
    return middle


def made(**changes: object) -> Unit:
    """What the reader makes of the sound invoice with other values."""
    return one(*invoice(bill(**changes)))


def refused(unit: Unit) -> tuple[str | None, str | None]:
    """The rule that refuses a unit and the zone, without its record's number."""
    assert unit.told is None
    return unit.rule, (unit.where or "").partition(": ")[2] or None
