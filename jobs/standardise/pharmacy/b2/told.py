"""What a sound invoice tells: who the patient is, and one row per product or fee. Amounts are whole centimes."""

from dataclasses import dataclass
from datetime import date

from jobs.identifiers.nir import python_clean, python_nir_status
from jobs.standardise.pharmacy.b2 import rules, zones
from jobs.standardise.pharmacy.b2.invoice import Invoice
from jobs.standardise.pharmacy.b2.layout import taker
from jobs.standardise.pharmacy.b2.lines import Row, Terms, rows_of
from jobs.standardise.pharmacy.b2.rules import Refused

UNUSABLE = ("provisional", "passing", "sentinel", "malformed", "missing")


@dataclass(frozen=True)
class Patient:
    """Who an invoice is about. ``insured`` is the number on the card, often a parent's, in state ``insured_state``.

    ``own`` and ``holder`` are valid numbers only; ``status`` is that of the best number sent.
    """

    insured: str
    insured_state: str
    own: str | None
    holder: str | None
    status: str
    born: zones.Born
    rank: str | None


@dataclass(frozen=True)
class Told:
    """An invoice as it goes on: its number, its patient, its rows and what is odd about it."""

    number: str
    patient: Patient
    rows: list[Row]
    warnings: list[str]


def tell(invoice: Invoice, producer: str, terms: Terms) -> Told:
    """What the invoice tells. Raises Refused when it is another provider's, or a date or act cannot be taken."""
    number, partner = (zones.decoded(one) for one in taker("2", "invoice_no", "partner_no")(invoice.head))
    if not zones.same_provider(partner.strip(), producer):
        raise Refused(rules.PARTNER, zone="2.partner_no")
    warnings = set(invoice.warnings)
    rows = rows_of(invoice, terms, warnings)
    patient = patient_of(invoice, rows[0].care, warnings)
    return Told(number, patient, rows, sorted(warnings))


def patient_of(invoice: Invoice, care: date, warnings: set[str]) -> Patient:
    """The patient as the type 2 and the 2S tell of them."""
    nir, key, birth, rank = taker("2", "insured_nir", "insured_nir_key", "birth_date", "birth_rank")(invoice.head)
    insured, state = judged(nir, key)
    own, own_state = None, "missing"
    if invoice.supplement:
        own, own_state = judged(*taker("2S", "individual_nir", "individual_nir_key")(invoice.supplement))
    year = int(insured[1:3]) if state == "valid" else None
    born = zones.birth(birth, care, year)
    sent = [state] if own_state == "missing" else [state, own_state]
    found = {
        rules.KEY_WRONG: "key_wrong" in sent,
        rules.NO_IDENTITY: any(one in UNUSABLE for one in sent),
        rules.LUNAR: born.state == "lunar",
        rules.CENTURY: born.guessed,
    }
    warnings |= {code for code, odd in found.items() if odd}
    has_own = own_state == "valid"
    return Patient(
        insured=insured,
        insured_state=state,
        own=own if has_own else None,
        holder=None if has_own or state != "valid" else insured,
        status=sent[-1],
        born=born,
        rank=rank.decode() if rank in b"123456789" else None,
    )


def judged(nir: bytes, key: bytes) -> tuple[str, str]:
    """A number with its state; in an invoice a blank key is a wrong one, and zeros in the zone are no number."""
    number, two = zones.decoded(nir).strip(), zones.decoded(key).strip()
    if not number.strip("0"):
        return "", "missing"
    text = python_clean(number, two or "00")
    return text[:13], python_nir_status(text)
