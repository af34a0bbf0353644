"""Writing B2: records of 128 bytes by the layout tables, and whole invoices with the totals that close them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LAYOUTS = Path(__file__).resolve().parents[1] / "schemas" / "layouts" / "pharmacy"
Values = Mapping[str, str | int]


@dataclass(frozen=True)
class Line:
    """A type 4 line; amounts in centimes. ``code``: the product's code, empty for a fee."""

    act: str
    care: str
    quantity: int
    unit_price: int
    base: int
    rate: int
    amo: int
    total: int
    code: str = ""
    prescriber: str = "0" * 9
    rpps: str = ""
    amc: int = 0
    product: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Bill:
    """One invoice. ``nir`` and ``key`` are the insured's, ``own`` the patient's own number with its key, if told."""

    partner: str
    number: str
    nir: str
    key: str
    birth: str
    rank: str
    lines: Sequence[Line]
    own: str = ""
    scheme_rank: str = "000"


@cache
def zones(segment: str) -> dict[str, tuple[int, int, bool]]:
    """By zone: first and last position as of a slice, and whether zeros fill it."""
    found = {}
    for name in ("b2_2005e.csv", "b2_profile.csv"):
        with (LAYOUTS / name).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["segment"] == segment:
                    zeros = row["type"] == "N" and "zero" in row["padding"]
                    found[row["field"]] = int(row["start"]) - 1, int(row["end"]), zeros
    return found


@cache
def empty(segment: str) -> bytes:
    """A record with nothing in it but its type: zeros in numeric zones, blanks elsewhere."""
    cells = bytearray(b" " * 128)
    for start, end, zeros in zones(segment).values():
        cells[start:end] = (b"0" if zeros else b" ") * (end - start)
    kind = segment if segment.isdigit() else segment[0]
    cells[: len(kind)] = kind.encode()
    return bytes(cells)


def record(segment: str, values: Values) -> bytes:
    """A record with some zones filled. Raises ValueError when a value does not fit its zone."""
    cells = bytearray(empty(segment))
    if len(segment) == 2:
        values = {"type_suffix": segment[1], "sequence": 1, **values}
    for name, value in values.items():
        start, end, zeros = zones(segment)[name]
        text = str(value).rjust(end - start, "0") if zeros else str(value).ljust(end - start)
        if len(text) > end - start:
            raise ValueError(f"{segment}.{name}: wider than {end - start}")
        cells[start:end] = text.encode("ascii")
    return bytes(cells)


def invoice(bill: Bill) -> list[bytes]:
    """The records of an invoice."""
    head: dict[str, str | int] = {
        "partner_no": bill.partner,
        "insured_nir": bill.nir,
        "insured_nir_key": bill.key,
        "invoice_no": bill.number,
    }
    ranked = head | {"beneficiary_rank": bill.scheme_rank}
    day = bill.lines[0].care if bill.lines else "000000"
    about: dict[str, str | int] = {
        "operation_kind": 1, "scheme_code": "01", "fund_code": "999", "rights_proof": 1, "insurance_nature": 10,
        "copay_exemption": "0", "birth_date": bill.birth, "birth_rank": bill.rank, "entry_date": day, "exit_date": day,
    }  # fmt: skip
    made = [record("2", {**ranked, **about})]
    if bill.own:
        made.append(record("2S", {**ranked, "individual_nir": bill.own[:13], "individual_nir_key": bill.own[13:]}))
    for line in bill.lines:
        made += line_records(line, head, ranked, bill.partner)
    return [*made, trailer(ranked, bill.lines, sum(one[:1] in b"34" for one in made))]


def line_records(line: Line, head: Values, ranked: Values, partner: str) -> list[bytes]:
    """A type 4 with its 4E and 4P, where there is something to tell."""
    cells: dict[str, str | int] = {
        "prescriber_no": line.prescriber, "executant_no": partner, "care_date": line.care, "act_code": line.act,
        "quantity": line.quantity, "coefficient": 100, "count_of_acts": 1, "unit_price": line.unit_price,
        "reimbursement_base": line.base, "rate": line.rate, "amount_amo": line.amo, "total_amount": line.total,
        "amount_amc": line.amc,
    }  # fmt: skip
    made = [record("4", {**ranked, **cells})]
    if line.rpps:
        made.append(record("4E", {**head, "prescriber_rpps": line.rpps}))
    if line.code:
        box: dict[str, str | int] = {
            "product_code": line.code, "fraction_coefficient": 10_000, "unit_price": line.unit_price,
            "quantity": line.quantity, "total_invoiced": line.total,
        }  # fmt: skip
        made.append(record("4P", {**head, **box, **line.product}))
    return made


def trailer(ranked: Values, lines: Sequence[Line], counted: int) -> bytes:
    """The type 5: how many records of type 3 and 4, and the sums of the lines."""
    fees, amo = sum(one.total for one in lines), sum(one.amo for one in lines)
    sums: dict[str, str | int] = {
        "count_type_3_4": counted,
        "total_fees": fees,
        "total_amo_fees": amo,
        "total_patient_share": fees - amo,
        "total_oc_fees": sum(one.amc for one in lines),
    }
    return record("5", {**ranked, **sums})


def file(invoices: Sequence[bytes], sender: str, made: str, lot: int = 1, partner: str = "") -> list[bytes]:
    """All records of a file of one lot around the records of its invoices; ``made`` is AAMMJJ."""
    number: dict[str, str | int] = {"partner_no": partner or sender, "lot_no": lot}
    first = record("000", {"sender_type": "PH", "sender_no": sender, "creation_date": made, "currency": "E"})
    around = [first, record("1", number), *invoices, record("6", number)]
    return [*around, record("999", {"total_records": len(around) + 1})]


def joined(records: Sequence[bytes], end: bytes = b"\r\n") -> bytes:
    """Records as the bytes of a file."""
    return b"".join(one + end for one in records)
