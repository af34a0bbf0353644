"""Net of regularisations equals the truth, on histories with late, repeated and partial reversals."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.core.schema import load_schema
from jobs.standardise.pharmacy.dcir.net import counted_lines, net_claims

SCHEMA = load_schema("standard/claim_line")
PRICE = Decimal("2.18000")
PRODUCTS = ("3400935955838", "3400930299166")
NAMES = ("gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity", "net_amount", "net_priced_amount")


def line(
    person: int, day: int, pharmacy: int, quantity: int, flux: int, month: int = 10, product: int = 0, **other: Any
) -> dict[str, Any]:
    """A drug line of 2026 whose quantity and amount have one sign."""
    sold = {
        "producer": "CNAM1", "period": f"2026-{month}", "flux_month": f"2027-{flux:02d}",
        "beneficiary_id": f"{person:032x}", "pharmacy_id": f"{pharmacy:032x}", "service_nature": "3313",
        "line_kind": "drug", "code_class": "drug",
        "cip13": PRODUCTS[product], "unit": "box", "unit_price": PRICE, "care_on": date(2026, month, day),
        "quantity": quantity, "amount_is_primary": True, "counts_boxes": True, "surcharge": False,
        "amount_total": (PRICE * quantity).quantize(Decimal("0.01")),
    }  # fmt: skip
    return dict.fromkeys(SCHEMA.names) | sold | other


# Boxes that a person got on a day at a pharmacy, or that were taken back: once, again, too many; the flux month in
# which the line came, the month of care, the product.
Event = tuple[int, int, int, int, int, int, int]
EVENT = st.tuples(
    st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(-3, 4), st.integers(1, 12),
    st.integers(10, 11), st.integers(0, 1),
)  # fmt: skip
HISTORY = st.lists(EVENT.filter(lambda event: event[3] != 0), min_size=1, max_size=25)


def truth(history: list[Event]) -> dict[tuple[int, str, str], list[Any]]:
    """By person, month and product: boxes handed out, taken back from a pile, taken back from nothing, kept, and cost.

    Each day and pharmacy has a pile of its own; each box is laid on it or taken from it, one by one.
    """
    piles: dict[tuple[int, ...], int] = defaultdict(int)
    found: dict[tuple[int, str, str], list[Any]] = {}
    for person, day, pharmacy, quantity, _, month, product in sorted(history, key=lambda event: event[3] < 0):
        place = (person, day, pharmacy, month, product)
        told = found.setdefault((person, f"2026-{month}", PRODUCTS[product]), [0, 0, 0, 0, 0, 0])
        for _ in range(abs(quantity)):
            step = 0 if quantity > 0 else 1 if piles[place] else 2
            told[step] += 1
            piles[place] += (1, -1, 0)[step]
            told[3] += 1 if quantity > 0 else -1
        told[4] = told[5] = PRICE * told[3]
    return found


def netted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Net rows of claim lines."""
    table = pa.Table.from_pylist(lines, schema=SCHEMA.arrow)
    found: list[dict[str, Any]] = net_claims(counted_lines(table)).to_pylist()
    return found


@settings(max_examples=300, deadline=None)
@given(HISTORY)
def test_net_equals_the_truth_after_every_flux_month(history: list[Event]):
    """Late, repeated, partial and unmatched reversals, in any order of arrival."""
    for flux in (4, 8, 12):
        so_far = [event for event in history if event[4] <= flux]
        rows = netted([line(*event) for event in so_far])
        net = {
            (int(row["beneficiary_id"], 16), row["period"], row["product"]): [row[name] for name in NAMES]
            for row in rows
        }
        assert net == truth(so_far)
        for gross, matched, unmatched, kept, *_ in net.values():
            assert gross - matched - unmatched == kept and (kept >= 0 or unmatched > 0)


def test_what_does_not_count_is_not_netted():
    lines = [
        line(1, 1, 1, 2, 1),
        line(1, 1, 1, 2, 1, counts_boxes=False, surcharge=True),
        line(1, 1, 1, 1, 1, cip13=None, code_class="unknown"),
        line(1, 1, 1, 3, 1, unit="unit"),
        line(1, 1, 1, -2, 1, unit_price=Decimal("2.19000")),  # another price: not this box that came back
    ]
    found = {row["unit"]: [row[name] for name in NAMES[:4]] for row in netted(lines)}
    assert found == {"box": [2, 0, 2, 0], "unit": [3, 0, 0, 3]}
