"""What the simulator deposits is read back exactly: outcomes by line, sums of amounts, net boxes by person and drug."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.core.keys import ensure_key, key_bytes
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile
from jobs.core.tokens import text_hex
from jobs.standardise.pools import intake_pool
from synthetic.dcir_delivery import PRODUCER, care_days, flux
from synthetic.dispensing import dispensations
from synthetic.draws import day_number
from synthetic.mess import Plan
from synthetic.mess_dcir import LINE_FAULTS, SERVICE_FAULTS
from synthetic.produce import Night, Sent
from synthetic.stays import Sizes
from synthetic.world import World
from tests.dcir_files import Sent as Files
from tests.dcir_files import night as run
from tests.dcir_files import outcomes, rows

DATE = "2026-11-22"


def simulated(share: float) -> Sent:
    """A night's delivery of a small world."""
    world = World(Sizes(seed=3, persons=400, pharmacies=4), day_number("2026-10-20"), day_number(DATE) - 1)
    night = Night(DATE, world, Plan(3, share), world.start - 1, {})
    days = pd.concat([dispensations(world, day) for day in care_days(night)], ignore_index=True)
    return flux(night, days)


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sent, Settings, dict[str, Any]]:
    settings = prepare_root(tmp_path_factory.mktemp("dcir-simulated") / "root", "synthetic")
    ensure_key(settings, "collector")
    sent = simulated(0.2)
    one = sent.delivery
    files = Files(one.files, one.first_day, one.last_day, one.mode)
    return sent, settings, run(spark, settings, DATE, files)


def test_a_delivery_is_the_same_each_time_and_has_every_part():
    one, again = simulated(0.2), simulated(0.2)
    assert one.delivery == again.delivery
    assert set(one.truth.part) == {"drug", "fee", "franchise", "act", "hospital"}
    assert (one.truth.quantity < 0).any() and one.truth.care_month.nunique() == 2


def test_every_line_has_the_outcome_that_was_planned(made: tuple[Sent, Settings, dict[str, Any]]):
    sent, settings, proposal = made
    assert set(sent.mess.code) >= {fault.code for fault in (*SERVICE_FAULTS, *LINE_FAULTS)} - {"DCI-006"}
    assert outcomes(proposal) == {name: count for name, count in sent.counts.items() if count and name != "read"}
    pool = intake_pool(settings)
    intake = {
        (row["file"], row["record"]): row
        for one in proposal["tables"]["intake"]
        for row in pq.read_table(pool.path(DataFile.from_json(one))).to_pylist()
    }
    for row in sent.mess.itertuples():
        found = intake[row.file, row.record]
        told = found["rule"] or found["warnings"] or row.code
        assert (found["outcome"], row.code) == (row.expected_outcome, row.code if row.code in told else told)


def test_amounts_and_net_boxes_are_those_of_the_truth(made: tuple[Sent, Settings, dict[str, Any]]):
    sent, settings, proposal = made
    truth = sent.truth[sent.truth.counted]
    lines = rows(settings, proposal, "claim_line")
    assert sum(row["amount_total"] or 0 for row in lines) == Decimal(int(truth.paid.sum())) / 100
    assert sum(row["amount_insurance"] or 0 for row in lines) == Decimal(int(truth.insured.sum())) / 100
    fees = truth[truth.part == "fee"]
    assert Counter(row["line_kind"] for row in lines)["fee"] == len(fees)
    key = key_bytes(settings, "collector")
    boxes = truth[(truth.part == "drug") & truth.told].groupby(["study_number", "care_month", "cip13"]).quantity.sum()
    expected = {
        (text_hex(key, "beneficiary", PRODUCER, f"study\x1f{number}"), month, cip13): count
        for (number, month, cip13), count in boxes.items()
    }
    net = rows(settings, proposal, "claim_net")
    found = {(r["beneficiary_id"], r["period"], r["product"]): r["net_quantity"] for r in net if r["unit"] == "box"}
    assert found == expected
    assert any(row["reversed_quantity"] for row in net) and any(row["unmatched_quantity"] for row in net)
    people = rows(settings, proposal, "beneficiary")
    assert {row["beneficiary_id"] for row in lines} <= {row["beneficiary_id"] for row in people}
