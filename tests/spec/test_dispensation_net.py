"""Returns and cancellations netted, a sale told twice counted once, two invoices alike marked."""

from collections import Counter
from datetime import date
from decimal import Decimal

import duckdb
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.pseudonymise.derive.net import KEY, net_dispensations
from jobs.standardise.pharmacy.invoices import told_by_invoice, with_possible_duplicates

DISPENSATION = load_schema("standard/dispensation")
BOX, OTHER, UCD = "3400935955838", "3400930299166", "3400892318240"
EMPTY = dict.fromkeys(DISPENSATION.names)
LINE = EMPTY | {
    "producer": "992000018", "period": "2026-11", "subject_id": "a" * 32, "feed": "extract", "event_type": "sale",
    "dispensed_on": date(2026, 11, 21), "code_class": "drug", "cip13": BOX, "code_known": True, "quantity": 1,
    "unit": "box", "amount_total": Decimal("2.18"), "possible_duplicate": False,
}  # fmt: skip


def frame(spark: SparkSession, *changes: dict[str, object]):
    """Standard rows that differ from LINE as told, each under an identifier of its own, with its person."""
    rows = [LINE | {"dispensation_id": f"{place:032d}"} | change for place, change in enumerate(changes)]
    told = spark.createDataFrame([tuple(row[name] for name in DISPENSATION.names) for row in rows], DISPENSATION.spark)
    return told.withColumn("person_id", F.encode("subject_id", "UTF-8"))


def netted(spark: SparkSession, *changes: dict[str, object]):
    """(product, gross, reversed, unmatched, net) of some rows."""
    rows = net_dispensations(frame(spark, *changes)).collect()
    names = ("product", "gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity")
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_what_comes_back_is_taken_off_what_was_handed_out(spark: SparkSession):
    back = {"event_type": "return", "quantity": -1}
    assert netted(spark, {"quantity": 3}, back) == [(BOX, 3, 1, 0, 2)]
    assert netted(spark, back, {"quantity": 1}) == [(BOX, 1, 1, 0, 0)]  # whatever the order of the lines
    assert netted(spark, {}, {}) == [(BOX, 2, 0, 0, 2)]  # two true boxes of one day stay two


def test_a_return_without_its_sale_is_kept_and_told(spark: SparkSession):
    back = {"event_type": "return", "quantity": -2, "amount_total": Decimal("-4.36")}
    [row] = net_dispensations(frame(spark, back)).collect()
    assert (row.net_quantity, row.unmatched_quantity, row.reversed_quantity) == (-2, 2, 0)
    assert (row.gross_amount, row.reversal_amount, row.net_amount) == (0, Decimal("-4.36"), Decimal("-4.36"))
    assert netted(spark, {}, back | {"period": "2026-12"}) == [(BOX, 0, 0, 2, -2), (BOX, 1, 0, 0, 1)]


def test_another_person_pharmacy_product_or_unit_does_not_net(spark: SparkSession):
    back = {"event_type": "return", "quantity": -1}
    others = ({"subject_id": "b" * 32}, {"producer": "992000026"}, {"cip13": OTHER}, {"unit": "unit"})
    for other in others:
        assert sorted(row[4] for row in netted(spark, {}, back | other)) == [-1, 1], other


def test_hospital_drugs_are_netted_and_parapharmacy_and_fees_are_not(spark: SparkSession):
    ucd = {"code_class": "hospital_drug", "cip13": None, "ucd13": UCD}
    outside = [{"code_class": name, "cip13": None} for name in ("other_product", "unknown", "fee")]
    assert netted(spark, ucd, *outside) == [(UCD, 1, 0, 0, 1)]


# A box or two handed out or brought back: of whom, in which pharmacy, month and product, in which of three nights the
# line arrived, whether it is told in boxes, and cents. What comes back may come late, again, in part, or from nothing.
EVENT = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["2026-10", "2026-11"]),
    st.sampled_from([BOX, BOX, UCD]),
    st.sampled_from(["box", "box", "box", "unit"]),
    st.integers(-3, 4),
    st.integers(1, 900),
    st.integers(1, 3),
)
HISTORY = st.lists(EVENT, min_size=1, max_size=25)
NIGHTS = (1, 2, 3)
NAMES = (
    "gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity", "gross_amount", "reversal_amount",
    "net_amount", "lines", "reversal_lines",
)  # fmt: skip


def histories(count: int) -> list[list[tuple]]:
    """As many invented histories; they are gathered here and netted in one run, a pharmacy each."""
    found = []

    @settings(max_examples=count, database=None, phases=[Phase.generate])
    @given(HISTORY)
    def gather(history):
        found.append(history)

    gather()
    return found


def truth(events: list[tuple]) -> dict[tuple[str, ...], tuple]:
    """By person, month, product and unit: each box goes onto a pile, and each that comes back is taken from it."""
    found: dict[tuple[str, ...], Counter] = {}
    for who, month, box, unit, quantity, cents, _ in sorted(events, key=lambda event: event[4] < 0):
        told = found.setdefault((who * 32, month, box, unit), Counter())
        told["reversal_lines" if quantity < 0 else "lines"] += 1
        told["back_cents" if quantity < 0 else "cents"] += cents
        for _ in range(abs(quantity)):
            step = "gross" if quantity > 0 else "reversed" if told["pile"] else "unmatched"
            told[step] += 1
            told["pile"] += {"gross": 1, "reversed": -1, "unmatched": 0}[step]
    return {
        key: (
            told["gross"], told["reversed"], told["unmatched"], told["pile"] - told["unmatched"], told["cents"],
            -told["back_cents"], told["cents"] - told["back_cents"], told["lines"], told["reversal_lines"],
        )
        for key, told in found.items()
    }  # fmt: skip


def row_of(pharmacy: str, event: tuple) -> dict[str, object]:
    """An event as a standard row."""
    who, month, box, unit, quantity, cents, _ = event
    codes = {"ucd13": box, "cip13": None, "code_class": "hospital_drug"} if box == UCD else {"cip13": box}
    amount = Decimal(cents if quantity >= 0 else -cents).scaleb(-2)
    told = {"producer": pharmacy, "subject_id": who * 32, "period": month, "unit": unit, "quantity": quantity}
    return told | codes | {"amount_total": amount, "event_type": "return" if quantity < 0 else "sale"}


def test_net_is_the_truth_on_any_history_after_every_night_and_duckdb_agrees(spark: SparkSession):
    """Late, repeated, partial and unmatched returns in any order: every number of every row, in boxes and cents."""
    told = {(place, night): [event for event in history if event[6] <= night]
            for place, history in enumerate(histories(300)) for night in NIGHTS}  # fmt: skip
    rows = frame(spark, *[row_of(f"{place:03d}-{night}", one) for (place, night), own in told.items() for one in own])
    found = net_dispensations(rows).toArrow()
    by_history: dict[str, dict] = {f"{place:03d}-{night}": {} for place, night in told}
    for row in found.to_pylist():
        key = (row["person_id"].decode(), row["period"], row["product"], row["unit"])
        amounts = {name: int(row[name].scaleb(2)) for name in NAMES if name.endswith("amount")}
        by_history[row["producer"]][key] = tuple((row | amounts)[name] for name in NAMES)
    for (place, night), events in told.items():
        assert by_history[f"{place:03d}-{night}"] == truth(events), (night, events)
    every = [numbers for history in by_history.values() for numbers in history.values()]
    assert all(net == gross - back - beyond and (net >= 0 or beyond) for gross, back, beyond, net, *_ in every)
    assert all(sum(one[place] > 0 for one in every) > 100 for place in (1, 2, 8)), "returns of all kinds were drawn"
    lines = rows.select("producer", "period", "person_id", "cip13", "ucd13", "unit", "quantity", "amount_total")
    of_spark = lines.toArrow()  # noqa: F841  DuckDB finds it by its name
    sql = """select producer, period, person_id::varchar, coalesce(cip13, ucd13), unit,
        sum(greatest(quantity, 0))::bigint, sum(quantity)::bigint, sum(amount_total)::varchar
        from of_spark group by all order by all"""
    ours = """select producer, period, person_id::varchar, product, unit, gross_quantity, net_quantity,
        net_amount::varchar from found order by all"""
    assert duckdb.sql(ours).fetchall() == duckdb.sql(sql).fetchall()
    assert set(KEY) <= set(found.column_names)


def test_an_invoice_stands_in_the_place_of_the_extracts_sales(spark: SparkSession):
    invoice = {"invoice_id": "1" * 32}
    rows = frame(
        spark,
        invoice,
        invoice | {"feed": "invoice"},
        invoice | {"event_type": "return", "quantity": -1},  # no invoice tells of a return
        {"invoice_id": "2" * 32},
        {},
        invoice | {"producer": "992000026"},
    )
    held = rows.withColumn("_current", F.lit(True)).withColumn("_lost", F.lit(None).cast("string"))
    told = told_by_invoice(held).orderBy("dispensation_id").collect()
    assert [row["_current"] for row in told] == [False, True, True, True, True, True]
    assert [row["_lost"] for row in told] == ["told by its invoice", None, None, None, None, None]


def test_two_invoices_alike_are_marked_and_none_is_dropped(spark: SparkSession):
    one, two, three = ({"invoice_id": digit * 32} for digit in "123")
    rows = frame(
        spark,
        one, one | {"cip13": OTHER}, two, two | {"cip13": OTHER},  # the same two boxes under two numbers
        three, three | {"quantity": 2},
        {}, {},  # without an invoice nothing can be said
        {"invoice_id": "4" * 32, "subject_id": "b" * 32}, {"invoice_id": "5" * 32, "subject_id": "b" * 32},
        {"invoice_id": "6" * 32, "subject_id": "c" * 32},
        {"invoice_id": "7" * 32, "subject_id": "c" * 32, "dispensed_on": date(2026, 11, 20)},
    )  # fmt: skip
    marked = with_possible_duplicates(rows).orderBy("dispensation_id").collect()
    assert [row.possible_duplicate for row in marked] == [True] * 4 + [False] * 4 + [True] * 2 + [False] * 2
