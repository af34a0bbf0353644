"""What pharmacies dispensed beside what the insurance paid: every way in which the two sides can agree or not."""

from decimal import Decimal

from pyspark.sql import SparkSession

from jobs.core.schema import load_schema
from jobs.pseudonymise.derive.reconciliation import reconcile

BOX, OTHER = "3400935955838", "3400930299166"
HERE, THERE = "a" * 32, "b" * 32
SOLD = {
    "producer": "992000018", "pharmacy_id": HERE, "period": "2026-11", "code_class": "drug", "cip13": BOX,
    "unit": "box", "quantity": 1, "amount_base": Decimal("2.18"), "amount_insurance": Decimal("1.41"),
    "department": "35",
}  # fmt: skip
PAID = {
    "producer": "CNAM1", "pharmacy_id": HERE, "period": "2026-11", "cip13": BOX, "unit": "box", "quantity": 1,
    "unit_price": Decimal("2.18"), "counts_boxes": True,
}  # fmt: skip


def frame(spark: SparkSession, table: str, usual: dict[str, object], changes: list[dict[str, object]]):
    """Standard rows that differ from a usual one as told."""
    schema = load_schema(f"standard/{table}")
    rows = [dict.fromkeys(schema.names) | usual | change for change in changes]
    return spark.createDataFrame([tuple(row[name] for name in schema.names) for row in rows], schema.spark)


def found(spark: SparkSession, sold: list[dict[str, object]], paid: list[dict[str, object]]):
    """(product, dispensed, claimed, status) of every row."""
    rows = reconcile(frame(spark, "dispensation", SOLD, sold), frame(spark, "claim_line", PAID, paid)).collect()
    told = [(row["product"], row.dispensed_quantity, row.claimed_quantity, row.status) for row in rows]
    return sorted(told, key=str)


def test_boxes_and_base_agree_net_of_what_came_back(spark: SparkSession):
    back = {"quantity": -1, "amount_base": Decimal("-2.18"), "amount_insurance": Decimal("-1.41")}
    three = {"quantity": 3, "amount_base": Decimal("6.54")}
    assert found(spark, [three, back], [{"quantity": 3}, {"quantity": -1}]) == [(BOX, 2, 2, "matched")]


def test_one_cent_or_one_box_differs(spark: SparkSession):
    assert found(spark, [{}], [{"unit_price": Decimal("2.19")}]) == [(BOX, 1, 1, "differs")]
    assert found(spark, [{}], [{"quantity": 2}]) == [(BOX, 1, 2, "differs")]


def test_what_only_one_side_tells(spark: SparkSession):
    other = {"pharmacy_id": THERE}
    assert found(spark, [{}], [other]) == [(BOX, 1, None, "only_dispensed"), (BOX, None, 1, "only_claimed")]
    assert found(spark, [{}], [{}, {"cip13": OTHER, "pharmacy_id": None}]) == [
        (OTHER, None, 1, "only_claimed"),
        (BOX, 1, 1, "matched"),
    ]


def test_what_cannot_be_compared_is_left_out(spark: SparkSession):
    sold = [
        {},
        {"amount_insurance": Decimal(0)},  # the insurance pays nothing
        {"code_class": "other_product", "cip13": None},
        {"unit": "unit"},
        {"period": "2026-12"},  # a month without any claim yet
    ]
    paid = [{}, {"counts_boxes": False}, {"cip13": None}, {"unit": "unit"}]
    assert found(spark, sold, paid) == [(BOX, 1, 1, "matched")]
