"""What hospitals write, cut by the layouts: every version, what is coded, side files, who the patient is."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthetic.draws import EPOCH, day_number
from synthetic.hospital import VERSIONS, rss_lines, segment
from synthetic.identity_lines import vid_lines, vid_version
from synthetic.layout import Field, fields_of
from synthetic.nir import finess
from synthetic.side_files import administrations, drug_lines, link_lines, unit_lines, units_used
from synthetic.stays import Sizes, stays_ending
from synthetic.world import World

START, UNTIL = day_number("2026-10-23"), day_number("2026-11-02")
HOSPITALS = 10


@pytest.fixture(scope="module")
def world() -> World:
    return World(Sizes(persons=6_000, hospitals=HOSPITALS), START, UNTIL)


def cut(line: bytes, fields: dict[str, Field]) -> dict[str, str]:
    return {name: line[f.start - 1 : f.end].decode("cp1252").strip() for name, f in fields.items()}


def french_day(day: int) -> str:
    return datetime.fromisoformat(str(EPOCH + np.timedelta64(int(day), "D"))).strftime("%d%m%Y")


def own_stays(world: World, hospital: int) -> pd.DataFrame:
    stays = world.all_stays(START, UNTIL)
    return stays[stays.hospital == hospital].reset_index(drop=True)


@dataclass(frozen=True)
class Told:
    """A stay line as its layout cuts it."""

    unit: Any
    version: str
    values: dict[str, str]
    associated: list[str]
    documentary: list[str]
    acts: list[dict[str, str]]


def cut_line(line: bytes, unit: Any) -> Told:
    version = line[9:12].decode()
    header = segment(version, "header")
    values, at = cut(line, header), max(f.end for f in header.values())
    blocks = []
    for counter, name in (("n_das", "da_repeat"), ("n_dad", "dad_repeat"), ("n_acts", "act_repeat")):
        fields = segment(version, name)
        width = max(f.end for f in fields.values())
        blocks.append([cut(line[at + i * width :][:width], fields) for i in range(int(values[counter]))])
        at += width * int(values[counter])
    assert len(line) == at, "as long as its counters say"
    codes = [[code for zone in block for code in zone.values()] for block in blocks[:2]]
    return Told(unit, version, values, codes[0], codes[1], blocks[2])


@pytest.fixture(scope="module")
def told(world: World) -> dict[int, list[Told]]:
    """All stay lines, by hospital."""
    found = {}
    for hospital in range(HOSPITALS):
        lines, units = rss_lines(world.people, own_stays(world, hospital), hospital)
        found[hospital] = [cut_line(line, unit) for line, unit in zip(lines, units.itertuples(), strict=True)]
    return found


@pytest.mark.parametrize("hospital", range(HOSPITALS))
def test_stay_lines_give_back_their_fields(world: World, told: dict[int, list[Told]], hospital: int) -> None:
    assert len(told[hospital]) == own_stays(world, hospital).units.sum() > 0
    for line in told[hospital]:
        values, unit = line.values, line.unit
        assert values["local_stay_id"] == unit.number and values["finess_epmsi"] == finess(hospital)
        assert values["principal_diagnosis"] == unit.principal
        assert values["birth_date"] == french_day(world.people.birth[unit.person])
        assert values["unit_entry_date"] == french_day(unit.unit_entry)
        assert values["rum_format"] == "0" + line.version[1:]
        grouped = not line.version.startswith("0")
        assert values.get("ghm_cmd", "") + values.get("ghm_suffix", "") == (unit.ghm if grouped else "")


def test_ten_hospitals_show_every_version_and_three_show_a_mix_and_an_ungrouped_one(
    told: dict[int, list[Told]],
) -> None:
    found = {hospital: {line.version for line in lines} for hospital, lines in told.items()}
    assert found == {hospital: set(VERSIONS[hospital]) for hospital in range(HOSPITALS)}
    assert set().union(*found.values()) == {"121", "122", "123", "021", "022", "023"}
    assert found[0] == {"122", "123"} and found[1] == {"023"}
    assert {vid_version(hospital) for hospital in range(3)} == {"V014", "V015", "V016"}


def test_units_of_a_stay_follow_each_other_and_only_its_ends_lead_outside(told: dict[int, list[Told]]) -> None:
    several = 0
    for lines in told.values():
        stays: dict[str, list[dict[str, str]]] = {}
        for line in lines:
            stays.setdefault(line.values["local_stay_id"], []).append(line.values)
        for units in stays.values():
            for before, after in pairwise(units):
                assert before["unit_exit_date"] == after["unit_entry_date"]
                assert before["unit_exit_mode"] + before["unit_exit_destination"] == "61"
                assert after["unit_entry_mode"] + after["unit_entry_origin"] == "61"
                several += 1
            assert units[0]["unit_entry_mode"] + units[0]["unit_entry_origin"] in ("8", "85", "87", "71", "62", "N")
            assert units[-1]["unit_exit_mode"] + units[-1]["unit_exit_destination"] in ("8", "87", "71", "62", "9")
            assert len({unit["unscheduled"] for unit in units}) == 1
            assert len(units) == 1 or {unit["session_count"] for unit in units} == {"00"}
    assert several > 20


def test_what_is_coded_fits_age_sex_and_the_days_of_the_unit(world: World, told: dict[int, list[Told]]) -> None:
    anaesthesia = extensions = 0
    for line in (line for lines in told.values() for line in lines):
        unit, values = line.unit, line.values
        age = (unit.entry - world.people.birth[unit.person]) / 365.25
        codes = [values["principal_diagnosis"], values["related_diagnosis"], *line.associated]
        assert not (age > 3 and any(code.startswith(("P", "Z38")) for code in codes))
        assert not (age < 10 and any(code.startswith(("O", "Z37")) for code in codes))
        assert values["principal_diagnosis"][0] not in "VWXY" and "U071" not in codes
        assert age < 75 or values["unscheduled"]
        assert not values.get("emergency_passage") or (unit.rank == 0 and values["unit_entry_mode"] == "8")
        days = {french_day(day) for day in range(unit.unit_entry, unit.unit_exit + 1)}
        first = {act["ccam_code"] for act in line.acts if act["activity"] == "1"}
        for act in line.acts:
            assert act["act_date"] in days and act["ccam_code"] in first and act["execution_count"] == "01"
            assert (act["activity"] == "4") == (act["documentary_extension"] == "A")
            anaesthesia += act["activity"] == "4"
            extensions += act["pmsi_extension"].startswith("-")
    assert anaesthesia > 20 and extensions > 20


def test_mother_and_child_tell_the_same_weeks_and_the_child_weighs_accordingly(told: dict[int, list[Told]]) -> None:
    weeks, births = {}, 0
    lines = [line for lines in told.values() for line in lines]
    for line in lines:
        if line.unit.reason == "delivery":
            assert line.associated[0] in ("Z370", "Z372")
            assert len(line.values["last_menses_date"]) == 8
            weeks[line.unit.number] = line.values["gestational_age_weeks"]
        else:
            assert line.values["last_menses_date"] == ""
    for line in lines:
        if line.unit.reason == "newborn":
            assert line.values["gestational_age_weeks"] == weeks[line.unit.mother_number]
            assert 2300 <= int(line.values["newborn_weight_g"]) <= 4000
            births += 1
    assert births > 0


def test_some_respiratory_stays_are_covid_and_an_examination_never_is(world: World) -> None:
    stays = pd.concat([stays_ending(world.sizes, world.people, day) for day in range(START, UNTIL + 1)])
    assert set(stays[stays.covid].principal) & {"U0710"} and set(stays[stays.covid].associated) & {"U0711", "U0712"}
    examined = stays[stays.associated == "U0713"]
    assert len(examined) and not examined.covid.any()


@pytest.mark.parametrize("hospital", [0, 5])
def test_side_files_stand_where_their_layouts_say(world: World, told: dict[int, list[Told]], hospital: int) -> None:
    stays = own_stays(world, hospital)
    links, given = link_lines(stays), administrations(stays)
    values = [cut(line, fields_of("small_files", "HOSP-PMSI", "ex-DG", "header")) for line in links]
    assert {len(line) for line in links} == {40}
    numbers = {(line.values["rss_id"], line.values["local_stay_id"]) for line in told[hospital]}
    assert {(value["rss_id"], value["local_stay_id"]) for value in values} == numbers
    drugs = drug_lines(given, hospital)
    assert {len(line) for line in drugs} == {105} and len(set(drugs)) == len(drugs) > 3
    for line, row in zip(drugs, given.itertuples(), strict=True):
        value = cut(line, fields_of("small_files", "FICHCOMP_MED", "2024-2026", "header"))
        assert value["prestation_type"] == "06" and value["ucd_code"] == (row.ucd7 if row.seven else row.ucd13)
        assert (int(value["quantity_x1000"]), int(value["amount_x1000"])) == (row.quantity, row.amount)
        stay = stays.iloc[row.stay]
        assert value["local_stay_id"] == stay.number
        assert value["administration_date"] in {french_day(day) for day in range(stay.entry, stay.exit + 1)}
    units = [line.unit for line in told[hospital]]
    ium = unit_lines(units_used(pd.DataFrame(units)), hospital)
    assert {len(line) for line in ium} == {28}
    declared = [cut(line, fields_of("small_files", "IUM", "2024-2026", "header"))["unit_id"] for line in ium]
    assert len(set(declared)) == len(declared)
    assert set(declared) == {line.values["unit_id"] for line in told[hospital]}


@pytest.mark.parametrize("hospital", range(3))
def test_identity_lines_name_holder_and_patient(world: World, hospital: int) -> None:
    people, stays = world.people, world.all_stays(START, UNTIL)
    stays = stays[stays.hospital == hospital].reset_index(drop=True)
    fields = fields_of("vid_hosp", "VID-HOSP", vid_version(hospital), "header")
    block = 47 if vid_version(hospital) == "V014" else 50
    rows = []
    for line, stay in zip(vid_lines(people, stays, hospital), stays.itertuples(), strict=True):
        values = cut(line, fields)
        assert len(line) == max(f.end for f in fields.values()) + block * int(values["n_dmt"])
        number, key = people.number[stay.person], people.key[stay.person]
        assert values["individual_nir"] + values["individual_nir_key"] in ("", number + key)
        assert values["ins_matricule"] in ("", number + key)
        if stay.reason == "newborn":
            mother = people.mother[stay.person]
            assert values["insured_nir"] == people.number[mother] != number
            assert values["mother_local_stay_id"] == stay.mother_number
        rows.append(values)
    table = pd.DataFrame(rows)
    assert 0.6 < (table.individual_nir != "").mean() < 0.95
    assert 0.6 < (table.ins_matricule != "").mean() < 0.95
