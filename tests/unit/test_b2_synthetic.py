"""What the simulator's pharmacies invoice is read back exactly, and each planted fault gets its outcome."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from jobs.standardise.pharmacy.b2.lot import Unit
from synthetic import b2, mess_b2
from synthetic.dispensing import dispensations, presentations
from synthetic.draws import day_number
from synthetic.mess import TWICE, Plan
from synthetic.produce import Night, Sent
from synthetic.stays import Sizes
from synthetic.world import World
from tests.b2_files import read

START, LAST = day_number("2026-10-23"), day_number("2026-11-02")
RANK = 3


@pytest.fixture(scope="module")
def world() -> World:
    return World(Sizes(persons=4_000, hospitals=5, pharmacies=10, documents=300), START, LAST)


@pytest.fixture(scope="module")
def lines(world: World) -> pd.DataFrame:
    days = pd.concat([dispensations(world, day) for day in range(START, LAST + 1)], ignore_index=True)
    return days[days.pharmacy == RANK].reset_index(drop=True)


def sent(world: World, lines: pd.DataFrame, share: float, only: str = "") -> tuple[Sent, list[Unit]]:
    night = Night("2026-11-03", world, Plan(7, share, only), START - 1, {})
    made = b2.invoices(night, RANK, lines)
    (content,) = made.delivery.files.values()
    return made, read(content, made.delivery.producer)


def test_what_was_sold_is_what_is_read(world: World, lines: pd.DataFrame):
    made, units = sent(world, lines, 0)
    assert len(units) > 50
    assert all(unit.told and not unit.told.warnings for unit in units)
    assert {unit.number: len(unit.told.rows) for unit in units} == {
        record: 2 * count for record, count in made.truth.groupby("record").size().items()
    }
    boxes = presentations()
    read = Counter()
    for unit in units:
        drugs = [row for row in unit.told.rows if not row.fee]
        fees = [row for row in unit.told.rows if row.fee]
        for drug, fee in zip(drugs, fees, strict=True):
            read[unit.number, drug.product, drug.quantity, drug.total + fee.total, drug.base, drug.amo, drug.rate] += 1
    truth = Counter(
        zip(
            made.truth.record, boxes.cip13.to_numpy()[made.truth.box.to_numpy(dtype=np.int64)], made.truth.quantity,
            made.truth.amount_total, made.truth.amount_base, made.truth.amount_insurance, made.truth.rate, strict=True,
        )
    )  # fmt: skip
    assert read == truth


def test_every_sale_of_a_numbered_patient_is_invoiced_and_nothing_else(world: World, lines: pd.DataFrame):
    made, units = sent(world, lines, 0)
    assert set(made.truth.event) == {"sale"}
    assert made.truth.ticket.nunique() == len(units) == made.counts["read"] == made.counts["accepted"]
    people, first = world.people, made.truth.drop_duplicates("record").set_index("record")
    for unit in units:
        who, told = first.person[unit.number], unit.told.patient
        insured = people.guardian(np.array([first.day[unit.number]]), np.array([who]))[0]
        assert told.insured == people.number[insured]
        assert told.own in (None, people.number[who])
        assert told.rank == str(people.birth_rank[who])
        assert day_number(told.born.day.isoformat()) == people.birth[who]
    assert {unit.told.patient.own is None for unit in units} == {True, False}


@pytest.mark.parametrize("fault", mess_b2.FAULTS, ids=lambda fault: fault.code)
def test_each_fault_gets_its_outcome(world: World, lines: pd.DataFrame, fault: object):
    made, units = sent(world, lines, 0.2, fault.code)
    assert len(made.mess) > 5
    assert [len(units)] == [made.counts["read"]] == list(made.delivery.records.values())
    planted = dict(zip(made.mess.record, made.mess.code, strict=True))
    for unit in units:
        code = planted.get(unit.number)
        if fault.outcome == "quarantined":
            assert unit.rule == code
        else:
            # without its 4E or a number to trust, a line also lacks a prescriber, a child's birth its century
            assert unit.told and (code in unit.told.warnings if code not in (None, TWICE) else not unit.told.warnings)
    if fault.code == TWICE:
        told = {unit.number: unit.told for unit in units}
        assert all(told[number] == told[number - 1] for number in planted)


def test_mixed_faults_and_counts(world: World, lines: pd.DataFrame):
    made, units = sent(world, lines, 0.5)
    assert sum(unit.rule is not None for unit in units) == made.counts["quarantined"] > 0
    assert made.counts["read"] == sum(made.counts[name] for name in ("accepted", "duplicate", "quarantined", "ignored"))
    refused = {unit.number for unit in units if unit.rule}
    assert set(made.truth.record[~made.truth.accepted]) == refused
