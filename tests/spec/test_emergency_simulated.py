"""The simulator's emergency files, read: every visit has the outcome that the simulator knows, night after night."""

import pytest

from jobs.core.settings import prepare_root
from synthetic.draws import day_number, iso_day
from synthetic.emergency import FAULTS, FILE, OUTCOME, REASONS, rpu_file
from synthetic.mess import TWICE, Plan
from synthetic.nir import finess
from synthetic.stays import Sizes
from synthetic.world import World
from tests import emergency_files
from tests.emergency_files import Night, deposit, register

START = day_number("2026-10-01")
SIZES = Sizes(seed=3, persons=12_000, hospitals=2)
PLAN = Plan(seed=3, share=0.3)


@pytest.fixture(scope="module")
def world():
    return World(SIZES, START, START + 40)


def test_a_file_is_the_same_whenever_it_is_made(world):
    again = World(SIZES, START, START + 20)
    files = [rpu_file(one, START + 3, START + 9, 0, PLAN) for one in (world, again)]
    assert files[0].content == files[1].content
    assert (files[0].truth == files[1].truth).all().all()
    assert rpu_file(world, START + 3, START + 9, 1).content != files[0].content
    assert rpu_file(world, START - 9, START - 1, 0).records == 0


def test_every_fault_and_reason_is_there(world):
    plenty = rpu_file(world, START, START + 40, 0, PLAN)
    assert {code for _, code in plenty.faults} == {fault.code for fault in FAULTS}
    text = plenty.content.decode()
    assert all(f"<DP>{code}</DP>" in text for code, *_ in REASONS)
    only = rpu_file(world, START, START + 40, 0, Plan(seed=3, share=0.3, only="RPU-012"))
    assert {code for _, code in only.faults} == {"RPU-012"}


def test_two_nights_are_read_as_the_simulator_knows(spark, tmp_path, monkeypatch, world):
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    monkeypatch.setattr(emergency_files, "FINESS", finess(0))
    monkeypatch.setattr(emergency_files, "OTHER", finess(1))
    settings = prepare_root(tmp_path / "root", "synthetic")
    monkeypatch.setenv("VEILLEE_ROOT", str(settings.root))
    register(settings)
    before, state = {}, None
    for step in (0, 1):
        first, last = START + 10 + step, START + 17 + step
        made = rpu_file(world, first, last, 0, PLAN)
        deposit(settings, f"D{step}", {FILE: made.content}, covers=(iso_day(first), iso_day(last)))
        night = Night(spark, settings, iso_day(last + 1), state)
        faults = dict(made.faults)
        assert night.counts.read == made.records > 80
        for row in made.truth.itertuples():
            one = night.records[FILE, row.record]
            outcome = OUTCOME.get(row.fault, "accepted") if row.fault != TWICE else "accepted"
            if outcome == "accepted" and row.element_sha256 in before:
                outcome = "duplicate"
            assert one.outcome == outcome, row.fault
            if row.fault.startswith("RPU") and outcome != "duplicate":
                assert row.fault in (one.rule, *(one.warnings or "").split(","))
        assert all(night.records[FILE, at].outcome == "duplicate" for at, code in faults.items() if code == TWICE)
        kept = made.truth[made.truth.accepted]
        changed = sum(one["count"] for one in night.result.events)
        new = set(kept.element_sha256) - set(before)
        assert len(night.tables["emergency_visit"]) == len(before) + len(new) - changed
        before |= dict.fromkeys(kept.element_sha256)
        state = night.state
        assert (changed > 0) == (step > 0), "open visits of the last day are closed the day after"
    spark.conf.set("spark.sql.shuffle.partitions", partitions)
