"""The lines of an invoice as rows: one per product or fee, a line's amounts told once, boxes counted once.

A box that was split over two records, because its price or its fraction did not fit one, stays two rows whose amounts
add up; the quantities are shared out so that they add up to whole boxes.
"""

import re
from collections import Counter
from datetime import date
from typing import NamedTuple

from jobs.standardise.pharmacy.b2 import rules, zones
from jobs.standardise.pharmacy.b2.invoice import Invoice, Line
from jobs.standardise.pharmacy.b2.layout import taker
from jobs.standardise.pharmacy.b2.rules import Refused

ACT = re.compile(r"[A-Z]{1,3}[0-9A-Z]{0,2}")
FEE = re.compile(r"H[DGC][0-9A-Z]*")
DRUG = re.compile(r"(PH|PG|MX)[0-9A-Z]|TNS")
WHOLE = 10_000  # fractions are told in ten-thousandths
LARGEST = 999_999  # centimes: a box that costs more is sent in two records
UNKNOWN_RATE = 999
KINDS = {"rpps": "national", "am": "insurance", "finess": "facility", "other": "other"}


class Row(NamedTuple):
    """One product or fee. ``line``: its rank in the invoice, with the product's rank behind a point from the second on.

    ``product`` is a drug's code as sent, ``device`` the LPP code of a device. Amounts in centimes are None on further
    products of a line. ``fraction``: ten-thousandths of a box or unit, as sent.
    """

    line: str
    act: str
    fee: bool
    care: date
    prescribed: date | None
    prescriber: str | None
    prescriber_kind: str | None
    product: str | None
    device: str | None
    quantity: int
    unit: str
    fraction: int
    total: int | None
    base: int | None
    amo: int | None
    rate: int | None


class Terms(NamedTuple):
    """When an invoice was sent, and the first day whose care is still taken in."""

    sent_on: date
    oldest: date


class Product(NamedTuple):
    """A product record of a line."""

    letter: str
    code: str
    quantity: int
    fraction: int = WHOLE
    margin: int = 0


class Facts(NamedTuple):
    """What a type 3 or 4 record tells, before its products are looked at."""

    act: str
    care: date
    quantity: int
    base: int
    amo: int
    total: int
    rate: int


def rows_of(invoice: Invoice, terms: Terms, warnings: set[str]) -> list[Row]:
    """All rows of an invoice; adds to its warnings. Raises Refused when a date or an act cannot be taken."""
    pieces: Counter[tuple[str, str, date]] = Counter()
    rows: list[Row] = []
    before: tuple[Facts, Product | None] | None = None
    for rank, line in enumerate(invoice.lines, start=1):
        facts = facts_of(line, terms, warnings)
        products = [product_of(line.kind, letter, body) for letter, body in line.details if letter in "PHF"]
        first = products[0] if len(products) == 1 else None
        if before is not None and goes_on(before, facts, first):
            warnings.add(rules.SPLIT)
            products = [products[0]._replace(quantity=0)]
            before = (before[0]._replace(total=before[0].total + facts.total), before[1])
        else:
            before = (facts, first)
        rows += rows_of_line(line, rank, facts, products, pieces, warnings)
    return rows


def facts_of(line: Line, terms: Terms, warnings: set[str]) -> Facts:
    """The line's own zones, read; adds to the warnings."""
    day = "care_date" if line.kind == "4" else "start_date"
    cells = taker(line.kind, "act_code", day, "quantity", "reimbursement_base", "amount_amo", "total_amount", "rate")(
        line.body
    )
    act = zones.decoded(cells[0]).strip()
    if not ACT.fullmatch(act):
        raise Refused(rules.ACT, record=line.number, zone=f"{line.kind}.act_code")
    care = zones.care_day(cells[1], terms.sent_on)
    if care is None:
        raise Refused(rules.DATE, record=line.number, zone=f"{line.kind}.{day}")
    if care < terms.oldest:
        raise Refused(rules.TOO_OLD, line.number, f"{line.kind}.{day}")
    facts = Facts(act, care, *(int(one) for one in cells[2:]))
    found = {
        rules.FUTURE: care > terms.sent_on,
        rules.OLD: (terms.sent_on - care).days > 365,
        # a rate of zero or unknown says nothing of the insurance's part
        rules.BASE: 0 < facts.rate < UNKNOWN_RATE and not is_share(facts),
    }
    warnings |= {code for code, odd in found.items() if odd}
    return facts


def is_share(facts: Facts) -> bool:
    """Whether the insurance's part is the rate of the base, but for a centime of rounding per box."""
    return abs(facts.base * facts.rate - facts.amo * 100) <= 100 * max(facts.quantity, 1)


def product_of(kind: str, letter: str, body: bytes) -> Product:
    """The product that a detail record names."""
    if letter == "F":
        code, quantity = taker(kind + "F", "lpp_code", "quantity")(body)
        return Product("F", zones.decoded(code).strip(), int(quantity))
    margin = "margin_amount" if kind == "4" else "quantity"  # on top of a stay no margin is told
    name = "product_code" if letter == "P" else "ucd7"
    cells = taker(kind + letter, name, "quantity", "fraction_coefficient", margin)(body)
    quantity, fraction, extra = (int(one) if one.strip() else 0 for one in cells[1:])
    code = zones.decoded(cells[0]).strip()
    return Product(letter, code, quantity, fraction or WHOLE, extra if kind == "4" else 0)


def goes_on(before: tuple[Facts, Product | None], facts: Facts, product: Product | None) -> bool:
    """Whether a line is the rest of the box before it: the same product, too dear for one record, margin charged once.

    Two boxes have two margins. Without margins nothing tells them from one box, and each counts.
    """
    other, first = before
    if first is None or product is None:
        return False
    same = (other.act, other.care, first.code) == (facts.act, facts.care, product.code)
    return same and other.total + facts.total > LARGEST and first.margin > 0 and product.margin == 0


def rows_of_line(
    line: Line,
    rank: int,
    facts: Facts,
    products: list[Product],
    pieces: "Counter[tuple[str, str, date]]",
    warnings: set[str],
) -> list[Row]:
    """A row per product, the line's amounts on the first; one row when no product is told."""
    fee = FEE.fullmatch(facts.act) is not None
    who, number_kind, prescribed = prescription(line, facts.care, fee, warnings)
    mark(facts, products, warnings)
    plain = Row(
        line=str(rank),
        act=facts.act,
        fee=fee,
        care=facts.care,
        prescribed=prescribed,
        prescriber=who,
        prescriber_kind=number_kind,
        product=None,
        device=None,
        quantity=facts.quantity,
        unit="box",
        fraction=WHOLE,
        total=facts.total,
        base=facts.base,
        amo=facts.amo,
        rate=None if facts.rate == UNKNOWN_RATE else facts.rate,
    )
    if not products:
        return [plain]
    rows = []
    for place, one in enumerate(products, start=1):
        key = (facts.act, one.code, facts.care)
        held = pieces[key] // WHOLE
        pieces[key] += one.quantity * one.fraction
        row = plain._replace(
            product=None if one.letter == "F" else one.code or None,
            device=one.code or None if one.letter == "F" else None,
            quantity=pieces[key] // WHOLE - held,
            unit="box" if one.letter == "P" else "unit",
            fraction=one.fraction,
        )
        rows.append(row if place == 1 else row._replace(line=f"{rank}.{place}", total=None, base=None, amo=None))
    return rows


def mark(facts: Facts, products: list[Product], warnings: set[str]) -> None:
    """What is odd about the products of a line."""
    found = {
        rules.NO_PRODUCT: not any(one.code.strip("0") for one in products) and DRUG.fullmatch(facts.act) is not None,
        rules.SEVERAL_PRODUCTS: len(products) > 1,
        rules.FRACTION: any(one.fraction != WHOLE for one in products),
        rules.QUANTITY: len(products) == 1 and products[0].quantity not in (0, facts.quantity),
    }
    warnings |= {code for code, odd in found.items() if odd}


def prescription(line: Line, care: date, fee: bool, warnings: set[str]) -> tuple[str | None, str | None, date | None]:
    """The prescriber's number in its canonical form, its kind, and the day of the prescription.

    Type 3 alone tells the day (3S).
    """
    status, number, prescribed = b"", b"", None
    if line.kind == "4":
        number = taker("4", "prescriber_no")(line.body)
        status = taker("4S", "prescriber_status")(line.supplement) if line.supplement else b""
    elif line.supplement:
        number, status, day = taker("3S", "prescriber_no", "prescriber_status", "prescription_date")(line.supplement)
        prescribed = prescription_day(line, day, care)
    rpps = taker(line.kind + "E", "prescriber_rpps")(line.prescriber) if line.prescriber else b""
    found = zones.prescriber(number, rpps, status == b"S")
    odd = {
        rules.NO_PRESCRIBER: found.kind == "none" and not fee,
        rules.ESTABLISHMENT: found.kind == "finess",
        rules.PRESCRIBER: found.kind == "other",
        rules.RPPS: found.rpps_wrong,
        rules.PRESCRIBED_LATER: prescribed is not None and prescribed > care,
    }
    warnings |= {code for code, is_so in odd.items() if is_so}
    return found.number, KINDS.get(found.kind), prescribed


def prescription_day(line: Line, zone: bytes, care: date) -> date | None:
    """The day of the prescription; zeros for none. Raises Refused when it is no day."""
    if not zone.strip(b"0"):
        return None
    day = zones.care_day(zone, care)
    if day is None:
        raise Refused(rules.DATE, line.number, "3S.prescription_date")
    return day
