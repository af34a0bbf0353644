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
NAMES = ("gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity", "net_amount", "net_priced_amount")


def line(person: int, day: int, pharmacy: int, quantity: int, flux: int, **other: Any) -> dict[str, Any]:
    """A drug line of October 2026 whose quantity and amount have one sign."""
    sold = {
        "producer": "CNAM1", "period": "2026-10", "flux_month": f"2027-{flux:02d}", "beneficiary_id": f"{person:032x}",
        "pharmacy_id": f"{pharmacy:032x}", "service_nature": "3313", "line_kind": "drug", "code_class": "drug",
        "cip13": "3400935955838", "unit": "box", "unit_price": PRICE, "care_on": date(2026, 10, day),
        "quantity": quantity, "amount_is_primary": True, "counts_boxes": True, "surcharge": False,
        "amount_total": (PRICE * quantity).quantize(Decimal("0.01")),
    }  # fmt: skip
    return dict.fromkeys(SCHEMA.names) | sold | other


# Boxes that a person got on a day at a pharmacy, or that were taken back: once, again, too many; in any flux month.
EVENT = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(-3, 4), st.integers(1, 12))
HISTORY = st.lists(EVENT.filter(lambda event: event[3] != 0), min_size=1, max_size=25)


def truth(history: list[tuple[int, int, int, int, int]]) -> dict[int, list[Any]]:
    """By person: boxes handed out, taken back from them, taken back from nothing, kept, and what the kept cost."""
    given_out: dict[tuple[int, int, int], int] = defaultdict(int)
    back: dict[tuple[int, int, int], int] = defaultdict(int)
    for person, day, pharmacy, quantity, _ in history:
        (given_out if quantity > 0 else back)[person, day, pharmacy] += abs(quantity)
    found: dict[int, list[Any]] = {}
    for place in {*given_out, *back}:
        matched = min(given_out[place], back[place])
        kept = given_out[place] - back[place]
        now = [given_out[place], matched, back[place] - matched, kept, PRICE * kept, PRICE * kept]
        found[place[0]] = [a + b for a, b in zip(found.get(place[0], [0] * 6), now, strict=True)]
    return found


def netted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Net rows of claim lines."""
    table = pa.Table.from_pylist(lines, schema=SCHEMA.arrow)
    found: list[dict[str, Any]] = net_claims(counted_lines(table)).to_pylist()
    return found


@settings(max_examples=300, deadline=None)
@given(HISTORY)
def test_net_equals_the_truth(history: list[tuple[int, int, int, int, int]]):
    rows = netted([line(*event) for event in history])
    net = {int(row["beneficiary_id"], 16): [row[name] for name in NAMES] for row in rows}
    assert net == truth(history)
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
