"""Lines of a year sent again beside the snapshot: what is as it was, what is read again, what leaves."""

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from jobs.core.blocks import emitted, rows_of
from jobs.core.tokens import hex_texts, token_bytes
from jobs.standardise.fixed_width_lines import is_set, teller
from jobs.standardise.hospital.meet import meet
from jobs.standardise.hospital.ranges import (
    EMPTY,
    GONE,
    HELD,
    RECORDS,
    TOLD,
    TOUCHED,
    WANTED,
    Comparison,
    Ranges,
    bits,
    either,
)
from jobs.standardise.hospital.transmissions import Sent
from jobs.standardise.layouts import load_layouts

FINESS = "990000001"
YEAR = ("2026", "2026")
Line = tuple[str, int, str, str | None]  # delivery, record, line, stay
Held = tuple[str, str, str, bool]  # line, stay, last exit, provisional


def sent(delivery: str, transmission: str, sequence: int, to: str = "2026-03-31") -> Sent:
    return Sent(FINESS, transmission, *YEAR, delivery, to, sequence, True)


NIGHT = [
    sent("V", "validated", 1, "2026-03-20"), sent("F", "fast_track", 2), sent("G", "fast_track", 3),
    sent("T", "trial", 4),
]  # fmt: skip


def token(text: str | None) -> str | None:
    """A letter as a token; letters fall into different ranges."""
    return None if text is None else f"{ord(text) * 641 % 65_536:04x}{ord(text):028x}"


def letter(token: str) -> str:
    return chr(int(token[4:], 16))


def lines_of(lines: list[Line]) -> pa.Table:
    return pa.table(
        {
            "producer": pa.array([FINESS] * len(lines), pa.string()),
            "delivery_id": pa.array([one[0] for one in lines], pa.string()),
            "file": pa.array(["rss.txt"] * len(lines), pa.string()),
            "record": pa.array([one[1] for one in lines], pa.int64()),
            "offset": pa.array([0] * len(lines), pa.int64()),
            "kind": pa.array(["rss"] * len(lines), pa.string()),
            "line_id": pa.array([token(one[2]) for one in lines], pa.string()),
            "stay_id": pa.array([token(one[3]) for one in lines], pa.string()),
        }
    )


def held_of(held: list[Held]) -> pa.Table:
    return pa.table(
        {
            "producer": pa.array([FINESS] * len(held), pa.string()),
            "period": pa.array([one[2][:7] for one in held], pa.string()),
            "line_id": pa.array([token(one[0]) for one in held], pa.string()),
            "stay_id": pa.array([token(one[1]) for one in held], pa.string()),
            "exit_date": pa.array([date.fromisoformat(one[2]) for one in held], pa.date32()),
            "provisional": pa.array([one[3] for one in held], pa.bool_()),
            "warnings": pa.array([f"W-{one[0]}" for one in held], pa.string()),
        }
    )


def compared(lines: list[Line], held: list[Held], night: list[Sent], ranges: int = 1) -> dict[str, Any]:
    """What the ranges of a hospital say together."""
    divided = Ranges({FINESS: ranges})
    blocks = [*divided.blocks(TOLD, lines_of(lines)), *divided.blocks(HELD, held_of(held))]
    found: dict[str, Any] = {"outcomes": {}, "wanted": set(), "touched": set(), "gone": set()}
    for kind, _, span, block in results(sorted(blocks, key=lambda one: one[1]), night):
        if kind == WANTED:
            records = np.flatnonzero(is_set(block, np.arange(100)))
            found["wanted"] |= {(span.split("\x1f")[1], int(record)) for record in records}
        elif kind == RECORDS:
            for row in block.to_pylist():
                told = (row["outcome"], row["warnings"])
                assert found["outcomes"].setdefault((row["delivery_id"], row["record"]), told) is told
        elif kind in (TOUCHED, GONE):
            name = "stay_id" if kind == TOUCHED else "line_id"
            found[kind] |= {letter(row[name]) for row in block.to_pylist()}
    return found


def results(blocks: list[Any], night: list[Sent]) -> Any:
    for batch in Comparison({FINESS: night}).run(emitted(blocks)):
        if batch.column("kind")[0].as_py() == WANTED:
            yield tuple(batch.column(name)[0].as_py() for name in batch.schema.names)
        else:
            yield from rows_of([batch])


def test_a_year_sent_again_as_it_was_is_unchanged_and_keeps_its_warnings():
    found = compared(
        [("V", 1, "a", "A"), ("V", 2, "b", "A")],
        [("a", "A", "2026-01-05", False), ("b", "A", "2026-01-05", False)],
        NIGHT[:1],
    )
    assert found["outcomes"] == {("V", 1): ("unchanged", "W-a"), ("V", 2): ("unchanged", "W-b")}
    assert not found["wanted"] and not found["touched"] and not found["gone"]


def test_a_stay_with_one_line_told_otherwise_is_read_again_whole():
    held = [("a", "A", "2026-01-05", False), ("b", "A", "2026-01-05", False), ("c", "C", "2026-02-01", False)]
    found = compared([("V", 1, "a", "A"), ("V", 2, "x", "A"), ("V", 3, "c", "C")], held, NIGHT[:1])
    assert found["wanted"] == {("V", 1), ("V", 2)}
    assert (found["touched"], found["gone"]) == ({"A"}, {"b"})
    assert found["outcomes"] == {("V", 3): ("unchanged", "W-c")}


def test_a_stay_that_lost_a_line_is_read_again_and_one_that_is_gone_has_nothing_to_read():
    held = [("a", "A", "2026-01-05", False), ("b", "A", "2026-01-05", False), ("c", "C", "2026-02-01", False)]
    found = compared([("V", 1, "a", "A")], held, NIGHT[:1])
    assert (found["wanted"], found["touched"], found["gone"]) == ({("V", 1)}, {"A", "C"}, {"b", "c"})


def test_the_second_of_two_equal_lines_is_a_duplicate_whatever_order_they_come_in():
    held = [("a", "A", "2026-01-05", False)]
    for lines in ([("V", 7, "a", "A"), ("V", 3, "a", "A")], [("V", 3, "a", "A"), ("V", 7, "a", "A")]):
        found = compared(lines, held, NIGHT[:1])
        assert found["outcomes"] == {("V", 3): ("unchanged", "W-a"), ("V", 7): ("duplicate", "W-a")}


def test_a_line_about_nobody_is_read_every_night_and_touches_no_stay():
    found = compared([("V", 1, "a", None)], [], NIGHT[:1])
    assert (found["wanted"], found["touched"], found["outcomes"]) == ({("V", 1)}, set(), {})


def test_a_provisional_stay_waits_when_it_ended_after_what_a_validated_transmission_covers():
    held = [("f", "F", "2026-03-30", True), ("g", "G", "2026-03-10", True)]
    assert compared([], held, NIGHT[:1])["gone"] == {"g"}
    validated = compared([("V", 1, "f", "F")], held, NIGHT[:1])
    assert (validated["wanted"], validated["touched"], validated["gone"]) == ({("V", 1)}, {"F", "G"}, {"f", "g"})


def test_a_trial_is_ignored_and_changes_nothing():
    found = compared([("T", 1, "x", "A")], [("a", "A", "2026-01-05", False)], NIGHT[3:])
    assert found["outcomes"] == {("T", 1): ("ignored", None)}
    assert not found["wanted"] and not found["touched"] and not found["gone"]


LINES = st.lists(st.tuples(st.sampled_from("VFGT"), st.sampled_from("abcdefg")), max_size=12).map(
    lambda rows: [(delivery, place, line, stay(line)) for place, (delivery, line) in enumerate(rows, 1)]
)
HELD_LINES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["2026-01-05", "2026-03-30"]), st.booleans()),
    max_size=6,
    unique_by=lambda one: one[0],
).map(lambda rows: [(line, stay(line), exit_date, provisional) for line, exit_date, provisional in rows])


def stay(line: str) -> str | None:
    """Two lines are about one stay, the last about none."""
    return (*"AABBCC", None)["abcdefg".index(line)]


@given(LINES, HELD_LINES)
def test_the_comparison_says_what_a_slow_reading_of_the_rules_says(lines: list[Line], held: list[Held]) -> None:
    assert compared(lines, held, NIGHT, ranges=3) == slow(lines, held)


def slow(lines: list[Line], held: list[Held]) -> dict[str, Any]:
    """The rules one line at a time."""
    fast = {"F": 2, "G": 3}
    validated = {one[3] for one in lines if one[0] == "V"} | {one[1] for one in held if not one[3]}

    def late(line: Line) -> bool:
        later = [fast[one[0]] for one in lines if one[0] in fast and one[3] == line[3]]
        return line[0] in fast and line[3] is not None and (line[3] in validated or fast[line[0]] < max(later))

    force = [one for one in lines if one[0] != "T" and not late(one)]
    circuits = {one[0]: one[3] for one in held}
    known = {one for one in lines if one[2] in circuits and circuits[one[2]] == (one[0] in fast)}
    anew = {one[3] for one in force if one not in known and one[3] is not None}
    gone = {
        one[0]
        for one in held
        if not any(line[2] == one[0] and (line[0] in fast) == one[3] for line in force)
        and (one[1] in anew or not (one[3] and one[2] > "2026-03-20"))
    }
    touched = anew | {one[1] for one in held if one[0] in gone}
    again = [one for one in lines if one not in force or one[3] is None or one[3] in touched]
    wanted = {(one[0], one[1]) for one in again if one[0] != "T"}
    outcomes: dict[tuple[str, int], tuple[str, str | None]] = {}
    for place, one in enumerate(lines):
        if one[0] == "T":
            outcomes[one[0], one[1]] = ("ignored", None)
        elif one not in again:
            copy = any((other[0], other[2]) == (one[0], one[2]) for other in lines[:place])
            outcomes[one[0], one[1]] = ("duplicate" if copy else "unchanged", f"W-{one[2]}")
    return {"outcomes": outcomes, "wanted": wanted, "touched": touched, "gone": gone}


def test_tokens_keep_their_bytes_and_nobody_is_nobody():
    texts = pa.array(["0f" * 16, None, "a0" * 16, "00" * 16])
    assert token_bytes(texts).to_pylist() == [b"\x0f" * 16, None, b"\xa0" * 16, bytes(16)]
    assert token_bytes(texts[2:]).to_pylist() == [b"\xa0" * 16, bytes(16)]
    assert hex_texts(b"\x0f" * 16 + b"\xa0" * 16).to_pylist() == ["0f" * 16, "a0" * 16]


def test_records_are_wanted_when_one_of_the_ranges_wants_them():
    wanted = either([bits(np.array([1, 9])), bits(np.array([20]))])
    assert np.flatnonzero(is_set(wanted, np.arange(40))).tolist() == [1, 9, 20]
    assert is_set(wanted, np.array([20, 10_000])).tolist() == [True, False]


def test_only_wanted_lines_leave_the_reader_with_their_true_numbers():
    part = dict.fromkeys(("producer", "delivery_id", "file"), "x") | {"offset": 0, "first_record": 0}
    part |= {"bytes": b"one\ntwo\n\nfour\n", "goes_on": False, "goes_before": False}
    batches = [pa.RecordBatch.from_pylist([part, part | {"file": "y"}])]
    tell = teller(load_layouts("hospital"), chosen={("x", "x", "x"): bits(np.array([2, 4]))})
    told = [row for batch in tell(iter(batches)) for row in batch.to_pylist()]
    assert [(row["file"], row["record"], row["line"]) for row in told] == [("x", 2, "two"), ("x", 4, "four")]


def test_an_empty_side_compares():
    met = meet(EMPTY[TOLD], EMPTY[HELD], NIGHT)
    assert len(met.gone) == len(met.reread) == len(met.touched) == 0
