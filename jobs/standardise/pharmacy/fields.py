"""Cells to values, one text at a time. None means missing or unreadable; ``missing`` tells which.

Texts are cleaned (see delimited.clean). Amounts are whole centimes, rates whole hundredths of a percent: exact.
``tests/data/pharmacy`` holds the test vectors of their shapes.
"""

import re
from collections.abc import Callable, Mapping

MISSING = re.compile(r"(-|n/?a)?", re.IGNORECASE)
MISSING_RATE = re.compile(r"(-|n/?a|999([.,]0+)?)?", re.IGNORECASE)  # 999 is the declared code of an unknown rate
CURRENCY = re.compile(r" ?(€|eur|euros?)$", re.IGNORECASE)
USUAL = re.compile(r"(-?)([0-9]{1,9})(?:[.,]([0-9]{1,2}))?")
PLAIN = re.compile(r"[0-9]*[.,][0-9]{1,2}|[0-9]+")
SPACED = re.compile(r"[0-9]{1,3}( [0-9]{3})+([.,][0-9]{1,2})?")
GROUPED = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}(\1[0-9]{3})*[.,][0-9]{1,2}")
NOT_THE_LAST = re.compile(r" |[.,](?=.*[.,])")
SIGN, PERCENT, CENTS = re.compile("^[+-] ?"), re.compile(" ?%$"), re.compile("[0-9]{1,12}")
RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?")
QUANTITY = re.compile(r"[+-]?[0-9]{1,6}")
SERVICE = re.compile(r"[A-Z]{1,3}[0-9A-Z]{0,2}")
FEE = re.compile(r"(HD|HG)[0-9A-Z]+|HC")
MOST = 10**12  # centimes: an amount has ten digits before the comma at most
EVENTS = {
    "sale": ("sale", "vente", "v"),
    "return": ("return", "retour", "r"),
    "cancel": ("cancel", "annulation", "a"),
}
UNITS = {"box": ("", "box", "boite", "boîte", "b"), "unit": ("unit", "unite", "unité", "u")}
SEXES = {"1": ("1", "m", "h"), "2": ("2", "f")}
NO_SEX = ("", "0", "3", "9", "i")


def missing(text: str) -> bool:
    """Whether a text says that there is no value."""
    return MISSING.fullmatch(text) is not None


def missing_rate(text: str) -> bool:
    """Like ``missing``, for a rate."""
    return MISSING_RATE.fullmatch(text) is not None


def choice(meanings: Mapping[str, tuple[str, ...]]) -> Callable[[str], str | None]:
    """A reader of the canonical value whose spellings include a text."""
    values = {spelling: value for value, spellings in meanings.items() for spelling in spellings}
    return lambda text: values.get(text.lower())


event, unit, sex = choice(EVENTS), choice(UNITS), choice(SEXES)


def odd_sex(text: str) -> bool:
    """Whether a sex is neither one of the two nor a way to say that it is not known."""
    return sex(text) is None and text.lower() not in NO_SEX


def birth_rank(text: str) -> str | None:
    """The rank of birth on the card, one digit from 1."""
    return text if len(text) == 1 and text in "123456789" else None


def magnitude(text: str) -> tuple[int, str]:
    """Sign (1 or -1) and unsigned body of an amount: leading or trailing minus, or parentheses."""
    body = CURRENCY.sub("", text)
    if body.startswith("(") and body.endswith(")"):
        body = "-" + body[1:-1]
    if body.endswith("-"):
        body = "-" + body[:-1]
    return -1 if body.startswith("-") else 1, SIGN.sub("", body)


def euros(text: str) -> int | None:
    """Centimes of an amount in euros: 7,35 · 7.35 · 1 466,29 · 1.466,29 · 1,466,29 · 7,35 € · 7,35- · (7,35).

    ``1,466`` is refused: it may be thousands or three decimals.
    """
    usual = USUAL.fullmatch(text)
    if usual:
        return hundredths(usual[2], usual[3]) * (-1 if usual[1] else 1)
    sign, bare = magnitude(text)
    if not (PLAIN.fullmatch(bare) or SPACED.fullmatch(bare) or GROUPED.fullmatch(bare)):
        return None
    whole, _, part = NOT_THE_LAST.sub("", bare).replace(",", ".").partition(".")
    value = hundredths(whole or "0", part)
    return sign * value if value < MOST else None


def cents(text: str) -> int | None:
    """An amount in whole centimes."""
    sign, bare = magnitude(text)
    return sign * int(bare) if CENTS.fullmatch(bare) else None


def hundredths(whole: str, part: str | None) -> int:
    """Digits before and after the comma, two at most, as hundredths."""
    return int(whole) * 100 + int((part or "").ljust(2, "0"))


AMOUNT = {"euro": euros, "cent": cents}


def rate(text: str) -> int | None:
    """A rate of reimbursement in hundredths of a percent: 65 · 065 · 65% · 65 % · 65.00 · 0.65, a fraction.

    999 means unknown: None.
    """
    match = RATE.fullmatch(PERCENT.sub("", text).replace(",", "."))
    if match is None:
        return None
    value = hundredths(match[1], match[2])
    if match[1] == "0" and match[2] and value:
        value *= 100
    return value if value <= 14_500 else None


def service(text: str) -> str | None:
    """A service code of claims (PH7, PHN, HD7); None for anything longer, which would be free text."""
    bare = text.upper()
    return bare if SERVICE.fullmatch(bare) else None


def is_fee(code: str) -> bool:
    """Whether a service code is a pharmacist's fee for dispensing: HD1 to HD7, HDR, HDA, HDE, HDS, HG1 to HG7, HC."""
    return FEE.fullmatch(code) is not None


def quantity(text: str) -> int | None:
    """A signed whole number of boxes or units."""
    return int(text) if QUANTITY.fullmatch(text) else None
