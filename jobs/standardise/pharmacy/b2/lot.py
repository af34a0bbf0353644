"""One B2 file: its frame (000, lots 1 to 6, 999), and the invoices inside.

The frame is no record of the ledger: it is what a file is judged by. A file that is cut, foreign or miscounted is
refused as one record and nothing of it is read. Inside a sound frame an invoice stands alone: one that is wrong is
refused whole, and the next is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from jobs.standardise.pharmacy.b2 import rules, zones
from jobs.standardise.pharmacy.b2.encoding import as_plain
from jobs.standardise.pharmacy.b2.framing import Record, records
from jobs.standardise.pharmacy.b2.invoice import read_invoice
from jobs.standardise.pharmacy.b2.layout import segments, taker
from jobs.standardise.pharmacy.b2.lines import Terms
from jobs.standardise.pharmacy.b2.rules import Refused
from jobs.standardise.pharmacy.b2.told import Told, tell

INVOICE, STRAY, LOT = "invoice", "stray", "lot"
FRAME = ("000", "1", "6", "999")
ARCHIVES = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")
ENDS = b"\r\n\x1a"
FOREIGN_SHARE = 0.3  # of bytes beyond ASCII or of controls: EBCDIC has more, French names have fewer


@dataclass
class Unit:
    """One record of the ledger: an invoice, what stands outside of invoices, or a file that is refused as one.

    ``number`` counts the units of the file. ``told`` is None exactly when a ``rule`` refuses the unit.
    """

    number: int
    offset: int
    kind: str
    raw: bytes
    rule: str | None = None
    where: str | None = None
    told: Told | None = None


@dataclass
class Group:
    """Records that make one unit, and whether a gap in the numbers of lots stands before it."""

    kind: str
    records: list[Record]
    gap: bool = False


@dataclass
class Frame:
    """What of the frame has been seen: if it is open, since which record, when it was made, and its lots."""

    opened_at: int = 0
    sent_on: date | None = None
    seen: bool = False
    lot: int | None = None
    lots: list[int] = field(default_factory=list)
    gap: bool = False
    groups: list[Group] = field(default_factory=list)
    open_unit: bool = False


def read_file(data: bytes, producer: str, terms: Terms, encoding: str = "") -> tuple[list[Unit], list[int]]:
    """The units of a whole file, and the numbers of its lots. ``producer``: its registered number.

    The file's own date stands before the terms'. ``encoding``: the character set that the producer declares, if one.
    A file that is refused has no lots: they count as not come.
    """
    try:
        check_bytes(data, encoding)
        frame = framed(records(data, encoding))
    except Refused as refused:
        return [Unit(1, 0, LOT, data, refused.rule, refused.where or None)], []
    terms = terms._replace(sent_on=frame.sent_on or terms.sent_on)
    return [unit_of(group, number, producer, terms) for number, group in enumerate(frame.groups, start=1)], frame.lots


def read_alone(data: bytes, number: int, offset: int, producer: str, terms: Terms, encoding: str = "") -> Unit:
    """A unit that is read again from its own bytes, outside of its file; records count from its first."""
    own = list(records(data, encoding))
    if not own:
        return Unit(number, offset, STRAY, data, rules.STRAY)
    unit = unit_of(Group(INVOICE if own[0].segment == "2" else STRAY, own), number, producer, terms)
    unit.offset, unit.raw = offset, data
    return unit


def check_bytes(data: bytes, encoding: str = "") -> None:
    """Raises Refused when a file is empty, packed, or in a character set in which no zone could be read."""
    plain = as_plain(data, encoding)
    if not plain.strip(b" \r\n\x1a\x00"):
        raise Refused(rules.EMPTY)
    sample = plain[:4096]
    foreign = sum(one >= 0x80 or (one < 0x20 and one not in ENDS) for one in sample)
    if data.startswith(ARCHIVES) or foreign > FOREIGN_SHARE * len(sample):
        raise Refused(rules.FOREIGN)


def framed(found: Iterator[Record]) -> Frame:
    """Groups of records between 000 and 999. Raises Refused when the frame is not whole or miscounts."""
    frame = Frame()
    last = 0
    for record in found:
        last = record.number
        if record.segment in FRAME:
            frame_record(frame, record)
        elif not frame.opened_at:
            raise Refused(rules.FRAME, record.number, "000")
        else:
            inner_record(frame, record)
    if frame.opened_at or not frame.seen:
        raise Refused(rules.FRAME, last, "999")
    return frame


def frame_record(frame: Frame, record: Record) -> None:
    """A record of the frame ends whatever invoice was open."""
    frame.open_unit = False
    name, segment = record.segment, segments()[record.segment]
    if record.fault or not segment.pattern.fullmatch(record.body):
        wrong = None if record.fault else segment.wrong(record.body)
        raise Refused(rules.FRAME, record.number, f"{name}.{wrong.name}" if wrong else name)
    if (name == "000") == bool(frame.opened_at):
        raise Refused(rules.FRAME, record.number, name)
    if name == "000":
        made = taker("000", "creation_date")(record.body)
        frame.opened_at, frame.seen, frame.lot = record.number, True, None
        frame.sent_on = zones.day_of(2000 + int(made[:2]), made)
    elif name == "999":
        if int(taker("999", "total_records")(record.body)) != record.number - frame.opened_at + 1:
            raise Refused(rules.TOTAL_RECORDS, record.number, "999.total_records")
        frame.opened_at = 0
    elif name == "1":
        number = int(taker("1", "lot_no")(record.body))
        frame.gap = frame.gap or (frame.lot is not None and number != frame.lot + 1)
        frame.lot = number
        frame.lots.append(number)


def inner_record(frame: Frame, record: Record) -> None:
    """A record joins the open unit, unless it is a type 2 or the unit is closed; a type 5 closes its unit."""
    starts = record.segment == "2"
    if starts or not frame.open_unit:
        frame.groups.append(Group(INVOICE if starts else STRAY, [], frame.gap and starts))
        frame.gap = frame.gap and not starts
    frame.groups[-1].records.append(record)
    frame.open_unit = record.segment != "5"


def unit_of(group: Group, number: int, producer: str, terms: Terms) -> Unit:
    """A group of records as one unit, read or refused."""
    own = group.records
    unit = Unit(number, own[0].offset, group.kind, b"".join(one.raw for one in own))
    try:
        if group.kind == STRAY:
            raise Refused(rules.STRAY if any(one.segment for one in own) else rules.UNKNOWN, own[0].number)
        unit.told = tell(read_invoice(own), producer, terms)
        if group.gap:
            unit.told.warnings.append(rules.LOT_GAP)
    except Refused as refused:
        unit.rule, unit.where = refused.rule, refused.where or None
    return unit
