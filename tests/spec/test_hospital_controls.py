"""The grouper's controls: each fires on its own stay, not on the one beside it; modes as the published matrix says."""

import random
from datetime import date, timedelta
from itertools import product
from typing import Any

import duckdb
import pytest

from jobs.core.rules import rules
from jobs.standardise.hospital.controls import References, judge_units
from jobs.standardise.hospital.controls.catalogue import catalogue
from jobs.standardise.hospital.controls.judge import all_controls
from jobs.standardise.hospital.controls.modes import MATRIX
from jobs.standardise.layouts import read_csv
from tests.hospital_units import NEWBORN, SERVICE, SOME_DAY, references, two_units, units_frame
from tests.spec.control_cases import ALSO, CASES, MORE

MATRIX_ROWS = {(row["side"], row["mode"], row["origin_or_destination"]): row for row in read_csv(MATRIX)}
SIDES = {"entry": ("entry_mode", "entry_origin"), "exit": ("exit_mode", "exit_destination")}
CODES = {
    # side: not in the matrix, transfer without place, wrong at an end of a stay, wrong inside
    "entry": ("GRP-025", "GRP-053", "GRP-026", "GRP-027"),
    "exit": ("GRP-034", "GRP-054", "GRP-035", "GRP-049"),
}
OF_DRUGS = {"HOS-030", "HOS-032", "HOS-033", "HOS-034"}  # rules of the drug file
BY_LISTS = (78, 79, 112, 113, 115, 116, 117, 118, 119, 148, 186, 192, 193, 194)
OF_LISTS = {f"GRP-{number:03d}" for number in BY_LISTS} | {"HOS-040", "HOS-041"}
PAIRS = [
    (side, mode, place, where)
    for side, mode, place in product(SIDES, "06789NO", " 1234567RU")
    for where in ("alone", "end", "inside", "inside a service")
]


def pair_stay(side: str, mode: str, place: str, where: str) -> list[dict[str, Any]]:
    """A stay whose only oddity is a mode with its place, alone, at its end of two units, or between them."""
    fields = dict(zip(SIDES[side], (mode, None if place == " " else place), strict=True))
    child = NEWBORN if (mode == "N" and side == "entry") else {}
    if where == "alone":
        other = SERVICE if mode == "0" else {"entry_mode": "8", "exit_mode": "8", "exit_date": SOME_DAY}
        return [child | other | fields]
    outer = where == "end"
    first, last = (fields, {}) if (side == "entry") == outer else ({}, fields)
    whole = (outer and mode == "0") or where == "inside a service"
    both = {"exit_date": SOME_DAY, "entry_date": SOME_DAY}
    comes = {"entry_mode": "0", "entry_origin": "1"} if whole else {}
    leaves = {"exit_mode": "0", "exit_destination": "1"} if whole else {}
    ages = {"birth_date": SOME_DAY, "unscheduled": None, "gestational_age": "39"} if child else {}
    return two_units(child | both | comes | first, both | leaves | last, **ages)


def pair_outcome(side: str, mode: str, place: str, where: str) -> str | None:
    """What the matrix says of that stay."""
    unknown, nowhere, at_end, inside = CODES[side]
    row = MATRIX_ROWS.get((side, mode, place))
    if row is None:
        return nowhere if mode in "67" and place == " " else unknown
    if not where.startswith("inside"):
        return at_end if row["on_stay_boundary"] == "error" else None
    if row["inside_stay"].startswith("ok if"):
        return None if where == "inside a service" else inside
    return inside if row["inside_stay"] == "error" else None


def shuffled_stays(count: int) -> dict[str, list[dict[str, Any]]]:
    """Stays of one to four units with gaps, changed births and sexes, sessions and other numbers; always the same."""
    draw = random.Random(11)
    stays = {}
    for number in range(count):
        units, day = [], date(2026, 3, 1)
        size = draw.randint(1, 4)
        for rank in range(size):
            out = day + timedelta(draw.randint(1, 3))
            odd = draw.choices(
                [{}, {"rss_id": "2"}, {"sex": "2"}, {"birth_date": date(1948, 2, 15)}, {"session_count": "01"}],
                (12, 1, 1, 1, 1),
            )[0]
            inner = {"entry_mode": "6", "entry_origin": "1"} if rank else {}
            inner |= {"exit_mode": "6", "exit_destination": "1"} if rank < size - 1 else {}
            units.append({"entry_date": day, "exit_date": out, "rum_id": str(rank)} | inner | odd)
            day = out + timedelta(draw.choices((0, 1, -1), (12, 1, 1))[0])
        stays[f"random {number}"] = units
    return stays


RANDOM = shuffled_stays(300)


@pytest.fixture(scope="module")
def judged(spark):
    """Every unit line of this file, judged in one Spark action: rows by stay."""
    stays: dict[str, list[dict[str, Any]]] = dict(RANDOM)
    for code, fires, near in CASES:
        stays |= {f"{code} fires": as_list(fires), f"{code} near": as_list(near)}
    stays |= {f"more {place}": as_list(stay) for place, (_, stay) in enumerate(MORE)}
    stays |= {"/".join(pair): pair_stay(*pair) for pair in PAIRS}
    rows: dict[str, list[Any]] = {}
    frame = judge_units(units_frame(spark, stays), references(spark))
    kept = frame.select("stay", "record", "control", "control_field", "signals", *KEPT)
    for row in kept.collect():
        rows.setdefault(row.stay, []).append(row)
    assert sum(map(len, rows.values())) == sum(map(len, stays.values())), "one row per unit line"
    return rows


KEPT = ("rss_id", "rum_id", "birth_date", "sex", "entry_date", "exit_date", "session_count")


def as_list(stay: Any) -> list[dict[str, Any]]:
    return stay if isinstance(stay, list) else [stay]


def told(rows: list[Any]) -> set[str]:
    """Every code that a stay's lines carry."""
    return {code for row in rows for code in [*row.signals, *([row.control] if row.control else [])]}


@pytest.mark.parametrize("case", CASES, ids=[code for code, _, _ in CASES])
def test_each_control_fires_alone_and_not_beside(judged, case):
    code = case[0]
    assert told(judged[f"{code} fires"]) == {code} | ALSO.get(code, set())
    assert told(judged[f"{code} near"]) == set()


@pytest.mark.parametrize("place", range(len(MORE)), ids=[code for code, _ in MORE])
def test_other_ways_to_fire_a_control(judged, place):
    assert told(judged[f"more {place}"]) == {MORE[place][0]}


def test_a_blocking_control_names_its_field_and_a_signal_rejects_nothing(judged, spark):
    controls = {one.code: one for one in all_controls(references(spark))}
    for code, _, _ in CASES:
        rows = judged[f"{code} fires"]
        fields = {row.control_field for row in rows if row.control}
        assert fields == ({controls[code].field} if controls[code].effect == "blocking" else set()), code


@pytest.mark.parametrize("pair", PAIRS, ids=["/".join(pair) for pair in PAIRS])
def test_modes_are_those_of_the_published_matrix(judged, pair):
    wanted = pair_outcome(*pair)
    assert told(judged["/".join(pair)]) == ({wanted} if wanted else set())


def test_duckdb_finds_the_same_breaks_between_units(judged):
    """A second engine, other words: the same first control for every line of the random stays."""
    lines = [row for stay in RANDOM for row in judged[stay]]
    ours = {(row.stay, row.record): row.control for row in lines}
    con = duckdb.connect()
    con.execute(
        "create table unit (stay text, record int, rss text, rum text, birth date, sex text, "
        "entered date, left_ date, sessions int)"
    )
    con.executemany(
        "insert into unit values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(r.stay, r.record, r.rss_id, r.rum_id, r.birth_date, r.sex, r.entry_date, r.exit_date, int(r.session_count))
         for r in lines],
    )  # fmt: skip
    theirs = con.execute(
        """
        with ranked as (
            select *, row_number() over (partition by stay order by entered, left_, rum, record) as rank from unit
        )
        select now.stay, now.record, case
            when now.rss <> past.rss then 'GRP-010'
            when now.entered <> past.left_ then 'GRP-023'
            when now.sessions > 0 and exists (select 1 from unit u where u.stay = now.stay and u.record <> now.record)
                then 'GRP-037'
            when now.birth <> past.birth then 'GRP-045'
            when now.sex <> past.sex then 'GRP-046'
        end
        from ranked now left join ranked past on past.stay = now.stay and past.rank = now.rank - 1
        """
    ).fetchall()
    assert ours == {(stay, record): code for stay, record, code in theirs}
    assert {"GRP-010", "GRP-023", "GRP-037", "GRP-045", "GRP-046", None} <= set(ours.values())


def test_every_control_has_a_case_a_rule_and_a_place_in_the_catalogue(spark):
    coded = {one.code: one.effect for one in all_controls(references(spark))}
    assert set(coded) == {code for code, _, _ in CASES}
    severity = {"blocking": "critical", "signal": "warning"}
    assert {code: rules()[code].severity for code in coded} == {c: severity[e] for c, e in coded.items()}
    listed = {code: one["judged"] for one in catalogue() for code in one["implemented_by"].split()}
    assert {code: effect for code, effect in listed.items() if code.startswith("GRP")} == {
        code: effect for code, effect in coded.items() if code.startswith("GRP")
    }


def test_every_control_of_the_catalogue_is_decided_or_says_why_not():
    assert len(catalogue()) == 141
    for one in catalogue():
        assert one["implemented_by"] or one["reason"], one["control"]
        assert bool(one["judged"]) == bool(one["implemented_by"]), one["control"]
        for code in one["implemented_by"].split():
            assert rules()[code].severity == {"blocking": "critical", "signal": "warning"}[one["judged"]]
        assert one["judged"] in ("", one["effect"]) or one["reason"], "a control judged otherwise says why"


def test_every_file_error_and_return_code_is_decided_or_says_why_not():
    for name, count in (("file_errors", 61), ("identity_return_codes", 35)):
        assert len(catalogue(name)) == count
        for one in catalogue(name):
            assert one["implemented_by"] or one["reason"], one
            assert set(one["implemented_by"].split()) <= set(rules()) | OF_DRUGS, one


def test_empty_lists_decide_nothing(spark):
    lists = references(spark)
    empty = {name: getattr(lists, name).limit(0) for name in ("ccam", "ccam_extension", "cim10_type", "units")}
    stays = {code: as_list(fires) for code, fires, _ in CASES if code in OF_LISTS}
    rows = judge_units(units_frame(spark, stays), References(**empty)).select("stay", "control", "signals").collect()
    assert {row.stay for row in rows} == OF_LISTS
    assert told(rows) == set()
