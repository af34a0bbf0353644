"""Regularisations netted: what of each product a beneficiary kept, with what took the rest back.

A claim is cancelled by a later line that is the same but for the sign of quantity and amounts. So what comes back is
matched with what was handed out of the same beneficiary, care day, product, pharmacy, prescriber, service and unit
price; what finds nothing there is *unmatched*: its original lies outside of what was delivered. Both lines have the
same care day, so a late reversal changes the month of care and no other.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.compact import in_texts
from jobs.core.order import sort_indices
from jobs.core.schema import load_schema

MATCH = [
    "producer", "period", "beneficiary_id", "care_on", "product", "pharmacy_id", "prescriber_id", "service_nature",
    "unit_price", "unit",
]  # fmt: skip
KEY = ["producer", "period", "beneficiary_id", "product", "unit"]
CENTS = ("gross_amount", "reversal_amount", "net_amount", "net_amount_base", "net_amount_insurance")
COUNTS = ("gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity", "lines", "reversal_lines")
TOLD = ("quantity", "amount_total", "amount_base", "amount_insurance", "code_class", "atc", "department")
SCHEMA = load_schema("standard/claim_net")
DECLARED = load_schema("standard/claim_line").arrow.append(pa.field("product", pa.string()))


def counted_lines(rows: pa.Table) -> pa.Table:
    """What netting needs of rows of ``standard/claim_line``: those of drugs whose boxes count."""
    product = pc.coalesce(rows.column("cip13"), rows.column("ucd13"))
    wanted = pc.and_(rows.column("counts_boxes"), pc.is_valid(product))
    return in_texts(rows.append_column("product", product).select([*MATCH, *TOLD]).filter(wanted), DECLARED)


def net_claims(counted: pa.Table) -> pa.Table:
    """One row per KEY, of all lines of its beneficiaries and months, as ``standard/claim_net`` declares them.

    gross - reversed - unmatched = net holds for quantities in every row by construction. Amounts are those of the
    claims on their primary lines; ``net_priced_amount`` is boxes times unit price, of every line.
    """
    matched = matched_lines(counted)
    # the class on the last day of care, the greatest of several
    ordered = matched.take(sort_indices(matched, [*KEY, "care_on", "atc"]))
    last = ("atc", "last", pc.ScalarAggregateOptions(skip_nulls=False))
    sums = [(name, "sum") for name in (*COUNTS, *CENTS, "net_priced_amount")]
    found = grouped(ordered, KEY, [*sums, ("code_class", "min"), ("department", "max"), last])
    return pa.table([found.column(item.name).cast(item.type) for item in SCHEMA.arrow], schema=SCHEMA.arrow)


def grouped(table: pa.Table, key: list[str], aggregates: list[Any]) -> pa.Table:
    """Groups in the order in which they come, each aggregate under the name of its column."""
    found = table.group_by(key, use_threads=False).aggregate(aggregates)
    names = {f"{one[0]}_{one[1]}": one[0] for one in aggregates}
    return found.rename_columns([names.get(name, name) for name in found.column_names])


def matched_lines(counted: pa.Table) -> pa.Table:
    """One row per MATCH: what was handed out, what came back, and how much of that was matched."""
    quantity, amount = pc.fill_null(counted.column("quantity"), 0), counted.column("amount_total")
    back = pc.less(quantity, 0)
    price = pc.multiply(quantity.cast(pa.decimal128(19, 0)), counted.column("unit_price"))
    measured = {
        "gross_quantity": pc.max_element_wise(quantity, 0),
        "back": pc.max_element_wise(pc.negate(quantity), 0),
        "gross_amount": pc.if_else(back, None, amount),
        "reversal_amount": pc.if_else(back, amount, None),
        "net_amount": amount,
        "net_amount_base": counted.column("amount_base"),
        "net_amount_insurance": counted.column("amount_insurance"),
        "net_priced_amount": price,
        "lines": pc.cast(pc.invert(back), pa.int64()),
        "reversal_lines": pc.cast(back, pa.int64()),
    }
    table = pa.table({name: counted.column(name) for name in (*MATCH, "code_class", "atc", "department")} | measured)
    kinds = [("code_class", "min"), ("atc", "max"), ("department", "max")]
    groups = grouped(table, MATCH, [(name, "sum") for name in measured] + kinds)
    for name in (*CENTS, "net_priced_amount"):  # an amount that no line tells is zero
        at = groups.column_names.index(name)
        groups = groups.set_column(at, name, pc.fill_null(groups.column(name), 0))
    given, taken = groups.column("gross_quantity"), groups.column("back")
    matched = pc.min_element_wise(given, taken)
    return (
        groups.append_column("reversed_quantity", matched)
        .append_column("unmatched_quantity", pc.subtract(taken, matched))
        .append_column("net_quantity", pc.subtract(given, taken))
    )
