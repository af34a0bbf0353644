"""Sales that are written as nested JSON are read back cell by cell, and each planted fault where it was planted."""

import numpy as np
import pytest

from jobs.standardise.pharmacy.columns import COLUMNS, SHAPE
from jobs.standardise.pharmacy.nested_file import NestedReader
from synthetic import pharmacy_json
from synthetic.dispensing import dispensations
from synthetic.draws import day_number
from synthetic.pharmacy import cells
from synthetic.stays import Sizes
from synthetic.world import World

START, UNTIL = day_number("2026-10-23"), day_number("2026-11-02")
NOT_TOLD = ("prescriber_kind",)


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    world = World(Sizes(persons=2_000, hospitals=2, pharmacies=4, documents=10), START, UNTIL)
    lines = dispensations(world, UNTIL)
    own = lines[lines.pharmacy == 1].reset_index(drop=True)
    return cells(world.people, own, pharmacy_json.written())


def read(data: bytes) -> list[tuple]:
    part = {"producer": "P", "delivery_id": "D", "file": "f.json", "record": None, "head": None}
    reader = NestedReader(part, pharmacy_json.nested(), SHAPE)
    return reader.feed(data, 0) + reader.finish()


def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    data, placed, faults = pharmacy_json.extract(rows, np.full(len(rows), "", dtype=object))
    told = read(data)
    assert faults == [] and placed == [row[3] for row in told] == list(range(1, len(rows) + 1))
    assert all(row[7:10] == (None, None, None) for row in told)
    for row, wrote in zip(told, rows, strict=True):
        found = dict(zip(COLUMNS, row[10:], strict=True))
        assert found.pop("event_ts_local") == str(pharmacy_json.millis(wrote[3]))
        sent = dict(zip(COLUMNS, wrote, strict=True))
        assert {k: v or "" for k, v in found.items() if k not in NOT_TOLD} == {
            k: v for k, v in sent.items() if k not in (*NOT_TOLD, "event_ts_local")
        }


@pytest.mark.parametrize("code", [fault.code for fault in pharmacy_json.FAULTS])
def test_a_fault_stands_where_the_truth_says(rows: list[list[str]], code: str) -> None:
    codes = np.full(len(rows), "", dtype=object)
    codes[1::7] = code
    data, placed, faults = pharmacy_json.extract(rows, codes)
    told = {row[3]: row for row in read(data)}
    assert len(faults) == len(codes[1::7]) and len(told) == len(rows) + (len(faults) if code == "TWICE" else 0)
    for record, planted in faults:
        assert planted == code
        if code == "TWICE":
            assert told[record][10:] == told[record - 1][10:]
        else:
            assert (told[record][7] == "keys") == (code == "PHA-013")
    clean = {n for n in placed if n not in {record for record, _ in faults}}
    assert all(told[record][7] is None for record in clean)
