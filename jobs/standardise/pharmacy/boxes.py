"""What a product code is, one code at a time: the same rules as ``products``, for code that runs in Arrow batches.

``tests/unit/test_pharmacy_boxes.py`` holds both to the same answers.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from jobs.codes.ucd import KEYLESS_BELOW
from jobs.core.settings import Settings
from jobs.identifiers.nir import SHAPE
from jobs.reference.presentations import PRICES, history, last_prices
from jobs.standardise.pharmacy.products import DAMAGED, PLACEHOLDER

NIR = re.compile(SHAPE, re.ASCII)
CODE = re.compile(r"(?=.*\d)[0-9A-Za-z.-]{1,14}", re.ASCII)
ROUNDED_OR_DATE = re.compile(DAMAGED, re.ASCII)
NOTHING = re.compile(PLACEHOLDER)
SEVEN = re.compile(r"(?:000000)?([0-9]{7})")
SPREADSHEET, PRINTED = re.compile(r"^([0-9]+)[.,]0+$"), re.compile("3400[0-9 ]*")
THIRTEEN = re.compile(r"[0-9]{13}")
ZERO = b"0"[0]
MANY = 32_768  # codes that a worker remembers: the products of a night, which every batch names again
DRUG, UCD = "34009", "34008"

Atcs = tuple[tuple[str, str], ...]  # since which release (YYYY-MM or YYYY-MM-DD), which class; oldest first


class Product(NamedTuple):
    """A code as sent and what it is; prices are centimes of one box."""

    product: str | None
    code_class: str
    cip13: str | None
    ucd13: str | None
    known: bool
    price: int | None
    public_price: int | None
    carried: str | None
    damaged: bool
    atcs: Atcs


@dataclass(frozen=True)
class Boxes:
    """The presentations of the drug database: CIP13 to its classes and its two prices."""

    found: dict[str, tuple[Atcs, int | None, int | None]]

    @classmethod
    def of(cls, settings: Settings) -> "Boxes":
        """Those that are loaded, else the embedded ones; see jobs.reference.presentations."""
        prices = last_prices(settings)
        cents = [{code: int(price.scaleb(2)) for code, price in prices[name].items()} for name in PRICES]
        return cls(
            {
                code: (tuple((one["since"], one["atc"]) for one in told), cents[0].get(code), cents[1].get(code))
                for code, told in history(settings).items()
            }
        )

    def product(self, text: str) -> Product:
        """What a cleaned code is."""
        code = repaired(text)
        full = full_code(code) if code else None
        drug = full if full and full.startswith(DRUG) else None
        ucd = full if full and full.startswith(UCD) else None
        kind = "drug" if drug else "hospital_drug" if ucd else "other_product" if full else "unknown"
        atcs, price, public_price = self.found.get(drug or "", ((), None, None))
        return Product(
            code, kind, drug, ucd if ucd and ucd[5] == "9" else None, drug in self.found, price, public_price,
            carried(code), ROUNDED_OR_DATE.search(text) is not None, atcs,
        )  # fmt: skip


@lru_cache(maxsize=MANY)
def repaired(text: str) -> str | None:
    """The code without a spreadsheet's ``.0`` and the blanks of a printed CIP13; None for a placeholder."""
    bare = SPREADSHEET.sub(r"\1", text)
    if PRINTED.fullmatch(bare):
        bare = bare.replace(" ", "")
    return None if NOTHING.search(bare) else bare


@lru_cache(maxsize=MANY)
def carried(code: str | None) -> str | None:
    """The code as the standard zone may keep it: not when it looks like a text or like a person's number."""
    return code if code and CODE.fullmatch(code) and not NIR.search(code) else None


@lru_cache(maxsize=MANY)
def full_code(code: str) -> str | None:
    """Thirteen digits with their key: of seven, told apart by their prefix, or as sent when the key is right."""
    seven = SEVEN.fullmatch(code)
    if seven:
        digits = seven[1]
        if not digits.startswith("9"):
            return with_key(DRUG + digits)
        return with_key(UCD + digits) if ucd_key_holds(digits) else None
    return code if THIRTEEN.fullmatch(code) and with_key(code[:12]) == code else None


def with_key(body: str) -> str:
    """Twelve digits and their check digit: even ranks count three times."""
    digits = body.encode("ascii")
    total = sum(digits[::2]) + 3 * sum(digits[1::2]) - 24 * ZERO
    return f"{body}{-total % 10}"


def ucd_key_holds(seven: str) -> bool:
    """As jobs.codes.ucd.key_holds."""
    weighted = sum(int(digit) * weight for digit, weight in zip(seven[:6], range(2, 8), strict=True))
    return seven < KEYLESS_BELOW or weighted % 11 == int(seven[6])


def atc_on(atcs: Atcs, day: date) -> str | None:
    """The class in force on a day: of the newest release not after it, else of the oldest; None without any."""
    told = [atc for since, atc in atcs if since <= day.isoformat()]
    return told[-1] if told else atcs[0][1] if atcs else None
