"""The dialects that pharmacies write, read from ``config/dialects``; pharmacies take them in turn."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "config" / "dialects"
NAMES = ("standard", "officine", "comptoir", "grand_livre", "export_us")
COLUMNS = (
    "ticket_id", "line_id", "event_type", "event_ts_local", "patient_nir", "patient_nir_key", "birth_date",
    "birth_rank", "sex", "family_name", "given_name", "prescriber_id", "prescriber_kind", "prescription_date",
    "code_raw", "label", "quantity_signed", "unit", "amount_total", "amount_base", "amount_insurance", "rate",
    "service_code", "invoice_no", "lot_no",
)  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """How one kind of pharmacy software writes its extract."""

    name: str
    encoding: str
    separator: str
    quote: str
    decimal: str
    date_format: str
    timestamp_format: str
    money: str
    columns: dict[str, str]

    @property
    def line_end(self) -> str:
        """CRLF from the software that writes cp1252, LF from the others."""
        return "\r\n" if self.encoding == "cp1252" else "\n"

    def cell(self, text: str) -> str:
        """One cell, quoted when it holds a separator, a quote or a line end."""
        if self.separator in text or self.quote in text or "\n" in text:
            return self.quote + text.replace(self.quote, self.quote * 2) + self.quote
        return text

    def amount(self, cents: int) -> str:
        """An amount in the dialect's unit and decimal sign."""
        if self.money == "cent":
            return str(cents)
        sign, cents = ("-" if cents < 0 else ""), abs(cents)
        return f"{sign}{cents // 100}{self.decimal}{cents % 100:02d}"


@cache
def dialect(name: str) -> Dialect:
    """A dialect by name."""
    return Dialect(name=name, **tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


def dialect_of(pharmacy: int) -> Dialect:
    """The dialect that the n-th pharmacy writes."""
    return dialect(NAMES[pharmacy % len(NAMES)])
