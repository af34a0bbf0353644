"""What is odd in an accepted record, as codes of warnings; and the terms of a night that decide some of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.core.settings import Settings
from jobs.reference.declared import ANY_CODE
from jobs.reference.lists import merged
from jobs.standardise.dialects import Values
from jobs.standardise.pharmacy import fields
from jobs.standardise.pharmacy.columns import AMOUNTS

LARGE_QUANTITY = 100
CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
CODE = re.compile(ANY_CODE)
SERVICES = ("service_code", "claim_service")  # lists of service codes: of pharmacies, with labels; of all claims


@dataclass(frozen=True)
class Terms:
    """What a row is judged by beside its dialect.

    ``night``: ISO day. ``routine_months``, ``reopen_months``: how many months before the night's a care month may lie
    without a word, and at all. ``services``: the known service codes.
    """

    night: str
    routine_months: int
    reopen_months: int
    services: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, night: str) -> "Terms":
        """As the policy and the loaded code lists say."""
        policy = settings.policy["pharmacy"]
        services = frozenset(code for name in SERVICES for code in merged(settings, name))
        return cls(night, policy["routine_months"], policy["reopen_months"], services)

    def knows(self, text: str) -> Column:
        """Whether the text of an SQL expression is a known service code.

        One expression for all: as literals of their own, a thousand codes would cost a call to the engine each.
        """
        codes = ", ".join(f"'{code}'" for code in sorted(self.services) if CODE.fullmatch(code))
        return F.expr(f"{text} IN ({codes or 'NULL'})")

    def months_late(self, day: Column) -> Column:
        """Whole calendar months from the month of a day to that of the night."""
        year, month = int(self.night[:4]), int(self.night[5:7])
        return F.lit(year * 12 + month) - (F.year(day) * 12 + F.month(day))


def warnings(dialects: Mapping[str, Values], terms: Terms) -> Column:
    """Codes of what is odd and accepted all the same, comma separated; null when nothing is."""
    text = F.concat_ws("\n", "family_name", "given_name", "label", "code_raw")
    comma = [one.name for one in dialects.values() if one.decimal == ","]
    other = F.when(F.col("dialect").isin(*comma), F.lit(r"\.\d{1,2}\D*$")).otherwise(F.lit(r",\d{1,2}\D*$"))
    marks = [F.regexp_like(F.col(name), other) for name in AMOUNTS]
    emptied = [
        fields.filled(F.col(name)).isNotNull() & F.col(value).isNull()
        for name, value in (("prescription_date", "prescribed_on"), ("birth_date", "born_read"))
    ]
    unknown = (F.col("code_class") == "unknown") & F.col("product").isNotNull()
    service = fields.service(F.col("service_code"))
    bare = [one.name for one in dialects.values() if one.priced("vat") == "excluded"]
    checks = {
        "IDE-001": F.col("nir_state") == "key_wrong",
        "IDE-002": F.col("nir_state").isin("provisional", "passing", "sentinel", "malformed"),
        "PHA-101": unknown | ((F.col("code_class") == "drug") & ~F.col("code_known")),
        "PHA-102": text.rlike(CONTROLS),
        "PHA-103": emptied[0] | emptied[1],
        "PHA-104": marks[0] | marks[1] | marks[2],
        "PHA-105": F.col("dispensed_on") > F.lit(terms.night).cast("date"),
        "PHA-106": (F.abs("quantity") >= LARGE_QUANTITY) | (F.col("quantity") == 0),
        "PHA-107": F.col("turned"),
        "PHA-108": F.col("sex_code").isNull() & ~F.lower(F.col("sex")).isin(*fields.NO_SEX),
        "PHA-109": F.col("born_later"),
        "PHA-110": fields.unreadable(F.col("service_code"), service),
        "PHA-114": other_unit(dialects),
        "PHA-115": terms.months_late(F.col("dispensed_on")) > terms.routine_months,
        "PHA-116": service.isNotNull() & ~terms.knows("upper(service_code)"),
        "PHA-117": F.col("dialect").isin(*bare) & F.col("amount_total_value").isNotNull(),
    }
    codes = [F.when(F.coalesce(found, F.lit(False)), F.lit(code)) for code, found in checks.items()]
    return F.nullif(F.concat_ws(",", *codes), F.lit(""))


def other_unit(dialects: Mapping[str, Values]) -> Column:
    """Whether a box costs about a hundred times the drug database's price, or a hundredth of it.

    A factor of two either way leaves room for fees, tax and a price that changed. Null where no price is known.
    """

    def known(fee: str) -> Column:
        return F.coalesce("public_price_eur", "price_eur") if fee == "included" else F.col("price_eur")

    price = fields.by_dialect(dialects, lambda one: one.priced("fee"), known).cast("decimal(12,2)")
    usual = price * F.abs("quantity").cast("decimal(7,0)")
    paid = F.abs("amount_total_value")
    hundred, fifty, twice = (F.lit(number).cast("decimal(3,0)") for number in (200, 50, 200))
    above = (paid >= usual * fifty) & (paid <= usual * hundred)
    below = (paid * fifty <= usual) & (paid * twice >= usual)
    boxes = (F.col("code_class") == "drug") & (F.col("unit_kind") == "box") & (usual > 0)
    return boxes & (above | below)
