"""One invoice: its records in their order, checked against each other and against its totals, without tolerance.

Order: 2, 2S, then per line (3 or 4) [S] [E] [details], then 5. Whatever is wrong refuses the invoice as a whole.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from jobs.standardise.pharmacy.b2 import rules
from jobs.standardise.pharmacy.b2.framing import Record
from jobs.standardise.pharmacy.b2.layout import Segment, segments, taker
from jobs.standardise.pharmacy.b2.rules import Refused
from jobs.standardise.pharmacy.b2.text import check_text

MAX_LINES = 999
MAX_DETAILS = {"M": 26}
USUAL_DETAILS = 10
BASE, SUPPLEMENT, PRESCRIBER, DETAIL = range(4)
STEP = {"S": SUPPLEMENT, "E": PRESCRIBER}
HEAD = ("partner_no", "insured_nir", "insured_nir_key")  # what all records of an invoice repeat, besides its number
UNRANKED_NUMBER, RANKED_NUMBER = slice(26, 35), slice(29, 38)
UNRANKED_LETTER = 35


@dataclass
class Line:
    """A type 3 or 4 record with what follows it, as sent; ``number`` is its record's, a detail (letter, body)."""

    kind: str
    body: bytes
    number: int
    supplement: bytes | None = None
    prescriber: bytes | None = None
    details: list[tuple[str, bytes]] = field(default_factory=list)
    step: int = BASE


@dataclass
class Invoice:
    """A whole invoice as it was sent; ``warnings`` are what its records already showed."""

    head: bytes
    supplement: bytes | None = None
    lines: list[Line] = field(default_factory=list)
    warnings: set[str] = field(default_factory=set)


@cache
def money(name: str, *zones: str) -> Callable[[bytes], tuple[int, ...]]:
    """A function from a record to some of its amounts in centimes; blank means zero."""
    take = taker(name, *zones)
    return lambda body: tuple(int(one) if one.strip() else 0 for one in take(body))


class Builder:
    """Takes the records of one invoice in their order; ``close`` gives the invoice. Both raise Refused."""

    def __init__(self, first: Record) -> None:
        self.invoice = Invoice(self.checked(first, segments()["2"]).body)
        self.warn(first)
        self.head = first.body[1:26]
        self.number = first.body[RANKED_NUMBER]
        self.counted = 0
        self.sums: Counter[str] = Counter()
        if not self.number.strip(b"0"):
            raise Refused(rules.NO_NUMBER, first.number, "2.invoice_no")

    def checked(self, record: Record, segment: Segment) -> Record:
        """The record, if its length is right and each zone holds what may stand there."""
        if record.fault:
            raise Refused(record.fault, record.number)
        if not segment.pattern.fullmatch(record.body):
            zone = segment.wrong(record.body)
            assert zone is not None
            blank = not record.body[zone.start : zone.end].strip()
            raise Refused(rules.BLANK if blank else rules.NOT_DIGITS, record.number, f"{segment.name}.{zone.name}")
        return record

    def warn(self, record: Record) -> None:
        """What is odd about a record and does not refuse it."""
        if record.padded:
            self.invoice.warnings.add(rules.PADDED)
        if check_text(record):
            self.invoice.warnings.add(rules.NAME)

    def add(self, record: Record) -> None:
        """The next record of the invoice, behind its type 2."""
        name = record.segment
        segment = segments().get(name)
        if record.fault:
            raise Refused(record.fault, record.number)
        if segment is None:
            self.unknown(record)
            return
        self.checked(record, segment)
        self.same_invoice(record, segment.zones["invoice_no"].start == UNRANKED_NUMBER.start)
        self.warn(record)
        if name[0] == "2":
            self.second(record)
        elif len(name) == 1:
            self.line(record)
        else:
            self.below(record, segment)

    def unknown(self, record: Record) -> None:
        """A record of unknown kind is kept as it is; one that counts as a line's must be of this invoice."""
        self.invoice.warnings.add(rules.UNKNOWN_RECORD)
        if record.segment:
            self.same_invoice(record, 65 <= record.body[UNRANKED_LETTER] <= 90)
            self.counted += record.segment[0] in "34"

    def same_invoice(self, record: Record, unranked: bool) -> None:
        """Raises Refused when a record repeats other numbers than its type 2."""
        body = record.body
        if body[1:26] != self.head:
            zones = segments()["2"]
            other = next((one for one in HEAD if body[zones.slice(one)] != self.invoice.head[zones.slice(one)]), "")
            raise Refused(rules.OTHER_HEADER, record.number, f"{record.segment}.{other}")
        if body[UNRANKED_NUMBER if unranked else RANKED_NUMBER] != self.number:
            raise Refused(rules.OTHER_HEADER, record.number, f"{record.segment}.invoice_no")

    def second(self, record: Record) -> None:
        """2S: once, before all lines."""
        if self.invoice.supplement or self.invoice.lines:
            raise Refused(rules.ORDER, record.number, "2S")
        self.sequence(record, 1)
        self.invoice.supplement = record.body

    def line(self, record: Record) -> None:
        """A new line: its amounts join the sums."""
        if len(self.invoice.lines) == MAX_LINES:
            raise Refused(rules.TOO_MANY, record.number, record.segment)
        kind = record.segment
        self.invoice.lines.append(Line(kind, record.body, record.number))
        self.counted += 1
        amounts = money(kind, "reimbursement_base", "amount_amo", "total_amount", "amount_amc")(record.body)
        for name, cents in zip(("base", "amo", "total", "amc"), amounts, strict=True):
            self.sums[kind + name] += cents

    def below(self, record: Record, segment: Segment) -> None:
        """What belongs to the line before it: S, then E, then details that count from 01."""
        kind, letter = record.segment[0], record.segment[1]
        line = self.invoice.lines[-1] if self.invoice.lines else None
        step = STEP.get(letter, DETAIL)
        if line is None or line.kind != kind or line.step > step or (line.step == step != DETAIL):
            raise Refused(rules.ORDER, record.number, segment.name)
        line.step = step
        self.counted += 1
        if step == SUPPLEMENT:
            line.supplement = record.body
        elif step == PRESCRIBER:
            line.prescriber = record.body
        else:
            line.details.append((letter, record.body))
        alike = sum(one == letter for one, _ in line.details)
        if alike > MAX_DETAILS.get(letter, USUAL_DETAILS):
            raise Refused(rules.TOO_MANY, record.number, segment.name)
        self.sequence(record, max(alike, 1))

    def sequence(self, record: Record, expected: int) -> None:
        """Raises Refused unless the record has the expected rank among its like."""
        segment = segments()[record.segment]
        if int(record.body[segment.slice("sequence")]) != expected:
            raise Refused(rules.ORDER, record.number, f"{segment.name}.sequence")

    def close(self, record: Record) -> Invoice:
        """The invoice, once its type 5 agrees with its records."""
        segment = segments()["5"]
        self.checked(record, segment)
        self.same_invoice(record, False)
        self.warn(record)
        if not self.invoice.lines:
            raise Refused(rules.ORDER, record.number, "5")
        if int(record.body[segment.slice("count_type_3_4")]) != self.counted:
            raise Refused(rules.COUNT, record.number, "5.count_type_3_4")
        for zone, told, expected in self.totals(record.body):
            if told != expected:
                raise Refused(rules.TOTALS, record.number, f"5.{zone}")
        return self.invoice

    def totals(self, body: bytes) -> list[tuple[str, int, int]]:
        """(zone, what type 5 tells, what its lines make); optional totals only where they are told."""
        sums = self.sums
        share = sums["3total"] - sums["3amo"] + sums["4total"] - sums["4amo"]
        expected = {
            "total_base_ph": sums["3base"],
            "total_amo_ph": sums["3amo"],
            "total_fees": sums["4total"],
            "total_amo_fees": sums["4amo"],
            "total_patient_share": share,
            "total_invoiced_ph": sums["3total"],
            "total_oc_ph": sums["3amc"],
            "total_oc_fees": sums["4amc"],
        }
        told = money("5", *expected)(body)
        pairs = zip(expected.items(), told, strict=True)
        return [(zone, cents, sum_) for (zone, sum_), cents in pairs if cents or not zone.startswith("total_oc")]


def read_invoice(records: list[Record]) -> Invoice:
    """The invoice of some records, from its type 2 to its type 5. Raises Refused."""
    builder = Builder(records[0])
    for record in records[1:-1]:
        builder.add(record)
    last = records[-1]
    if last.segment != "5":
        if last is not records[0]:
            builder.add(last)
        raise Refused(rules.NO_TRAILER, last.number)
    return builder.close(last)
