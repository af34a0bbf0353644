"""Mess of hospitals: each fault alone, where the truth says, with what becomes of the stay; mishaps of deliveries."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from jobs.core.settings import prepare_root
from synthetic.draws import day_number
from synthetic.hospital import RSS
from synthetic.hospital_delivery import hospital
from synthetic.identity_lines import VID
from synthetic.mess import Plan
from synthetic.mess_hospital import DRUG_FAULTS, FAULTS, LINK_FAULTS, OUTCOME, RSS_FAULTS, transmission
from synthetic.nir import finess
from synthetic.produce import Night, Sent
from synthetic.side_files import DRUGS, LINK
from synthetic.spoil_hospital import spoil_rss
from synthetic.stays import Sizes
from synthetic.world import World
from tests.unit.test_synthetic_night import FEW_DAYS, NEXT, NIGHT, run, truth

START, UNTIL = day_number("2026-10-23"), day_number("2026-11-21")
CODES = sorted({fault.code for fault in FAULTS})
FIRST, SECOND, THIRD = (finess(rank) for rank in range(3))


@pytest.fixture(scope="module")
def world() -> World:
    return World(Sizes(persons=2_500, hospitals=3, pharmacies=1, documents=0), START, UNTIL)


def sent(world: World, only: str, rank: int, share: float = 0.5) -> Sent:
    night = Night(NIGHT, world, Plan(1, share, only), START - 1, {})
    stays = world.all_stays(START, UNTIL)
    return hospital(night, rank, stays[stays.hospital == rank].reset_index(drop=True))[0]


@pytest.mark.parametrize("code", CODES)
def test_each_fault_can_be_planted_alone_and_changes_the_lines_it_names(world: World, code: str) -> None:
    planted = 0
    for rank in (0, 1):
        spoilt, clean = sent(world, code, rank), sent(world, code, rank, share=0)
        assert set(spoilt.mess.code) <= {code, "HOS-017"} and clean.mess.empty
        own = spoilt.mess[spoilt.mess.code == code]
        planted += len(own)
        assert set(own.expected_outcome) <= {OUTCOME[code]}
        changed = {name for name, content in spoilt.delivery.files.items() if content != clean.delivery.files[name]}
        assert changed == set(own.file)
        for one in own.itertuples():
            line = spoilt.delivery.files[one.file].splitlines()[one.record - 1]
            known = line in clean.delivery.files[one.file].splitlines()
            assert known == (code == "TWICE") or code == "HOS-031", "what is told again may have been told so before"
    assert planted > 0


def test_a_stay_has_one_fault_at_most_and_its_other_lines_follow_a_rejected_one(world: World) -> None:
    followed = 0
    for rank in range(3):
        one = sent(world, "", rank)
        units = one.truth.set_index("number")
        codes = one.mess[one.mess.file == RSS]
        lines = one.delivery.files[RSS].splitlines()
        at = 47 if rank != 1 else 32
        followers = codes[codes.code == "HOS-017"]
        followed += len(followers)
        for record in followers.record:
            number = lines[record - 1][at : at + 20].decode().strip()
            assert units.loc[number].units > 1 and units.loc[number].unit_lines_accepted == 0
        rejected = codes[(codes.expected_outcome == "quarantined") & (codes.code != "HOS-017")]
        assert (one.truth.unit_lines_accepted == 0).sum() == len(rejected)
        assert one.truth.unit_lines_accepted.isin((0, *one.truth.units)).all()
        read = sum(counts["read"] for counts in one.by_file.values())
        assert read == one.counts["read"] == sum(one.counts.values()) - one.counts["read"]
    assert followed > 5


def test_side_files_have_faults_only_where_the_stay_will_exist(world: World) -> None:
    for rank in range(3):
        one = sent(world, "", rank)
        lost = set(one.truth[one.truth.unit_lines_accepted == 0].number)
        given = one.extra["hospital_drug"]
        assert not set(given[given.fault != ""].number) & lost
        links = one.delivery.files[LINK].splitlines()
        for record in one.mess[one.mess.file == LINK].record:
            assert links[record - 1][20:].decode().strip() not in lost
        assert {f.code for f in LINK_FAULTS} >= set(one.mess[one.mess.file == LINK].code)
        assert {f.code for f in DRUG_FAULTS} >= set(one.mess[one.mess.file == DRUGS].code)


def test_an_administration_told_by_seven_digits_again_is_a_line_more(world: World) -> None:
    one = sent(world, "HOS-031", 0)
    lines = one.delivery.files[DRUGS].splitlines()
    again = one.mess[one.mess.code == "HOS-031"].record
    for record in again:
        before, after = lines[record - 2], lines[record - 1]
        assert before[:39] + before[54:] == after[:39] + after[54:]
        assert len(before[39:54].strip()) == 13 and before[44:51] == after[39:54].strip()
    assert one.counts["accepted"] == one.counts["read"] and len(again) > 1


def test_lost_blanks_are_those_at_the_end() -> None:
    line = b" " * 9 + b"122" + b"x" * 100 + b" " * 80
    assert transmission([line], np.array(["TRIMMED"]), spoil_rss, b"\n", True)[0] == line.rstrip() + b"\n\n"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights; in the first one every hospital has a mishap."""
    root = tmp_path_factory.mktemp("troubled")
    prepare_root(root, "synthetic")
    kinds = (f"gzip={FIRST}", f"utf8={FIRST}", f"trial={SECOND}", f"fast_track={THIRD}")
    assert run(root, *FEW_DAYS, "--mess", "0.1", *(word for kind in kinds for word in ("--mishap", kind))) == 0
    assert run(root, "--mishap", f"empty={FIRST}", night=NEXT) == 0
    return root


def folder(root: Path, producer: str, night: str, rank: str = "001") -> Path:
    return root / "landing" / "hospital" / producer / f"{night}T0100-{rank}"


def counts(root: Path, producer: str, night: str, rank: str = "001") -> dict[str, int]:
    rows = truth(root, "delivery", night).set_index(["producer", "delivery_id"])
    return rows.loc[(producer, f"{night}T0100-{rank}")].to_dict()


def test_packed_and_converted_files_are_rejected_as_a_whole(troubled: Path) -> None:
    sent_files = folder(troubled, FIRST, NIGHT)
    assert gzip.decompress((sent_files / RSS).read_bytes())[9:12] in (b"122", b"123")
    assert "Inventé-Éluard" in (sent_files / VID).read_bytes().decode()
    mess = truth(troubled, "mess").query(f"producer == '{FIRST}'").groupby(["file", "code"]).size()
    lines = (sent_files / VID).read_bytes().count(b"\n")
    assert mess[RSS].to_dict() == {"HOS-018": 1} and mess[VID].to_dict() == {"HOS-013": lines}
    declared = {f["name"]: f.get("records") for f in json.loads((sent_files / "manifest.json").read_text())["files"]}
    assert declared[RSS] is declared[VID] is None and declared[LINK] == (sent_files / LINK).read_bytes().count(b"\n")
    found = counts(troubled, FIRST, NIGHT)
    assert found["quarantined"] >= lines + 1 and found["known_to"] == ""


def test_an_empty_file_has_no_record(troubled: Path) -> None:
    assert (folder(troubled, FIRST, NEXT) / RSS).read_bytes() == b""
    assert counts(troubled, FIRST, NEXT)["unchanged"] == 0, "nothing of the night before was counted on"
    assert truth(troubled, "mess", NEXT).query(f"producer == '{FIRST}' and file == '{RSS}'").empty


def test_a_trial_is_ignored_and_the_next_night_begins_anew(troubled: Path) -> None:
    manifest = json.loads((folder(troubled, SECOND, NIGHT) / "manifest.json").read_text())
    found = counts(troubled, SECOND, NIGHT)
    assert manifest["transmission"] == "trial" and found["ignored"] == found["read"] > 50
    stays = truth(troubled, "hospital_stay").query(f"producer == '{SECOND}'")
    assert (stays.unit_lines_accepted == 0).all() and not stays.identity_accepted.any()
    after = counts(troubled, SECOND, NEXT)
    assert after["unchanged"] == 0 < after["accepted"] and after["transmission"] == ""


def test_a_fast_track_holds_the_week_that_the_validated_delivery_does_not_tell_yet(troubled: Path) -> None:
    manifest = json.loads((folder(troubled, THIRD, NIGHT, "090") / "manifest.json").read_text())
    assert (manifest["mode"], manifest["transmission"]) == ("append", "fast_track")
    assert manifest["covers"] == {"from": "2026-11-15", "to": "2026-11-21"}
    stays = truth(troubled, "hospital_stay").query(f"producer == '{THIRD}'")
    ahead = stays[stays.delivery_id.str.endswith("090")]
    assert len(ahead) > 5 and len(stays) == len(ahead), "this world began a week ago"
    after = counts(troubled, THIRD, NEXT)
    assert after["unchanged"] == 0 and after["accepted"] > 50
    again = truth(troubled, "hospital_stay", NEXT).query(f"producer == '{THIRD}'")
    assert set(ahead.local_stay_id) <= set(again.local_stay_id), "validated the night after"


def test_a_fast_track_goes_beside_what_was_validated_before(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS, night="2026-11-20") == 0
    assert run(tmp_path, "--mishap", f"fast_track={FIRST}", night=NIGHT) == 0
    assert run(tmp_path, night=NEXT) == 0
    before, kept, ahead = counts(tmp_path, FIRST, "2026-11-20"), counts(tmp_path, FIRST, NIGHT), None
    assert kept["unchanged"] == before["accepted"] and kept["accepted"] == 0 and kept["known_to"] == "2026-11-19"
    ahead = counts(tmp_path, FIRST, NIGHT, "090")
    after = counts(tmp_path, FIRST, NEXT)
    assert after["unchanged"] == before["accepted"] and after["accepted"] > ahead["accepted"] - 10 > 0


def test_faults_of_stay_lines_have_one_outcome_each() -> None:
    assert len({fault.code for fault in RSS_FAULTS}) == len(RSS_FAULTS)
    assert all(OUTCOME[fault.code] == fault.outcome for fault in FAULTS)
