"""The example files that nobody of this project wrote: every row of ``expected.csv`` about them, seen on the tables."""

import csv
import json
from pathlib import Path

import pytest

from jobs.core.settings import prepare_root
from tests import deposits

DATA = Path(__file__).parents[1] / "data" / "hospital"
RSS, VID = "rss_grouped_mixed_versions.txt", "vid_hosp_v014.txt"
LINKS, DRUGS = "hosp_pmsi.txt", "fichcomp_med.txt"
RECORDS = {RSS: 6, VID: 6, LINKS: 5, DRUGS: 4}
TABLES = (
    "hospital_stay", "hospital_unit_stay", "hospital_diagnosis", "hospital_procedure", "hospital_drug", "hospital_line",
)  # fmt: skip
FINESS = "010008407"


@pytest.fixture(scope="module")
def night(spark, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        settings = prepare_root(tmp_path_factory.mktemp("example") / "root", "synthetic")
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        deposits.register(settings, (FINESS, "hospital"))
        files = {name: (DATA / name).read_bytes() for name in RECORDS}
        deposits.deposit(settings, "hospital", FINESS, "D1", files, covers=("2023-01-01", "2023-03-31"))
        declare(settings.landing / "hospital" / FINESS / "D1" / "manifest.json")
        proposal = deposits.load(settings, "2023-04-01")
        tables = {name: deposits.table(settings, proposal, name) for name in TABLES}
        claims = deposits.rows_of(proposal["tables"]["claim"], settings.identity / "pool")
        return {**tables, "proposal": proposal, "claims": claims, "intake": deposits.intake(settings, proposal)}


def declare(manifest):
    """Adds to a manifest how many records each file has."""
    told = json.loads(manifest.read_text(encoding="utf-8"))
    for file in told["files"]:
        file["records"] = RECORDS[file["name"]]
    manifest.write_text(json.dumps(told), encoding="utf-8")


def at(night, table, file, record):
    return [row for row in night[table] if (row["file"], row["record"]) == (file, record)]


def subject(night, record):
    """Subject of the stay whose first unit is on that line."""
    return at(night, "hospital_stay", RSS, record)[0]["subject_id"]


def claim(night, record):
    return next(one for one in night["claims"] if one["subject_id"] == subject(night, record))


def codes(night, record):
    return [row["code"] for row in at(night, "hospital_diagnosis", RSS, record)]


def rss_1(night):
    (unit,) = at(night, "hospital_unit_stay", RSS, 1)
    kinds = sorted(row["kind"] for row in at(night, "hospital_diagnosis", RSS, 1))
    assert (unit["line_version"], kinds) == ("121", ["associated", "associated", "principal"])
    assert [(row["code"], row["extension"]) for row in at(night, "hospital_procedure", RSS, 1)] == [("DEQP003", None)]


def rss_2_3(night):
    units = sorted(
        (row for n in (2, 3) for row in at(night, "hospital_unit_stay", RSS, n)), key=lambda u: u["unit_rank"]
    )
    assert len({unit["stay_id"] for unit in units}) == 1
    assert [unit["unit_rank"] for unit in units] == [1, 2]
    assert units[0]["exit_date"] == units[1]["entry_date"]
    assert (units[0]["exit_mode"], units[0]["exit_destination"]) == ("6", "1")
    assert (units[1]["entry_mode"], units[1]["entry_origin"]) == ("6", "1")
    (stay,) = at(night, "hospital_stay", RSS, 2)
    assert (stay["unit_count"], stay["length_of_stay"], stay["exit_mode"]) == (2, 4, "8")


def rss_4(night):
    (mother,), (child,) = at(night, "hospital_stay", RSS, 2), at(night, "hospital_stay", RSS, 4)
    assert child["mother_stay_id"] == mother["stay_id"]
    assert (child["age_years"], child["age_days"], child["newborn_weight"]) == (0, 0, 3210)
    assert claim(night, 4)["mother_subject_id"] == mother["subject_id"]


def rss_5(night):
    (unit,) = at(night, "hospital_unit_stay", RSS, 5)
    assert (unit["principal_diagnosis"], unit["related_diagnosis"], unit["session_count"]) == ("Z511", "C509", 1)


def rss_6(night):
    assert codes(night, 6) == ["F03+01", "J961+0", "C169+0"] or sorted(codes(night, 6)) == [
        "C169+0",
        "F03+01",
        "J961+0",
    ]
    assert at(night, "hospital_stay", RSS, 6)[0]["residence_code"] == "99109"


def vid_1(night):
    assert claim(night, 1)["own_nir"] == claim(night, 1)["holder_nir"] == "1480275990011"


def vid_2_3(night):
    mother, child = claim(night, 2), claim(night, 4)
    assert mother["subject_id"] != child["subject_id"]
    assert mother["holder_nir"] == child["holder_nir"] == "2850775990022"
    assert mother["birth_date"] != child["birth_date"]
    assert child["own_nir"] is None


def vid_4(night):
    (record,) = at(night, "intake", VID, 4)
    assert (record["outcome"], record["warnings"]) == ("accepted", "IDE-001,IDE-010,IDE-011")
    assert len(at(night, "hospital_stay", RSS, 5)) == 1
    # the holder's number has the wrong key, the patient's own number of the same line has its right one
    assert (claim(night, 5)["holder_nir"], claim(night, 5)["own_nir"]) == (None, "261112A990044")


def vid_5(night):
    (record,) = at(night, "intake", VID, 5)
    assert (record["outcome"], record["warnings"]) == ("accepted", "IDE-002,IDE-010,IDE-011")
    found = claim(night, 6)
    assert (found["own_nir"], found["holder_nir"], found["ins"], found["number_status"]) == (
        None,
        None,
        None,
        "sentinel",
    )


def vid_6(night):
    (record,) = at(night, "intake", VID, 6)
    assert (record["outcome"], record["warnings"]) == ("accepted", "HOS-020")


def links(night):
    records = [record for n in range(1, 6) for record in at(night, "intake", LINKS, n)]
    assert [(one["outcome"], one["warnings"]) for one in records] == [("accepted", None)] * 5
    of_kind = {
        kind: {row["stay_id"] for row in night["hospital_line"] if row["kind"] == kind}
        for kind in ("rss", "vid_hosp", "link")
    }
    assert of_kind["link"] == of_kind["rss"] == {row["stay_id"] for row in night["hospital_stay"]}
    assert of_kind["rss"] < of_kind["vid_hosp"]  # the identity without a stay is the one more


def drug(night, record):
    """A drug and what was said of its line."""
    (row,), (told,) = at(night, "hospital_drug", DRUGS, record), at(night, "intake", DRUGS, record)
    assert told["outcome"] == "accepted"
    return row, told["warnings"]


def med_1_2(night):
    (by_13, one), (by_7, other) = drug(night, 1), drug(night, 2)
    assert one == other == "HOS-031"
    assert (by_13["ucd_sent"], by_7["ucd_sent"]) == ("3400891701692", "9170169")
    assert by_13["ucd13"] == by_7["ucd13"] == "3400891701692"
    assert {row["stay_id"] for row in (by_13, by_7)} == {at(night, "hospital_stay", RSS, 5)[0]["stay_id"]}


def med_3(night):
    row, warned = drug(night, 3)
    (stay,) = at(night, "hospital_stay", RSS, 5)
    assert (warned, row["attached"]) == ("HOS-030", True)
    assert row["stay_id"] == stay["stay_id"] and row["administration_date"] > stay["exit_date"]


def med_4(night):
    row, warned = drug(night, 4)
    assert (warned, row["attached"]) == ("HOS-032", False)
    assert row["stay_id"] not in {one["stay_id"] for one in night["hospital_stay"]}


CASES = {
    (RSS, "1"): rss_1, (RSS, "2-3"): rss_2_3, (RSS, "4"): rss_4, (RSS, "5"): rss_5, (RSS, "6"): rss_6,
    (VID, "1"): vid_1, (VID, "2-3"): vid_2_3, (VID, "4"): vid_4, (VID, "5"): vid_5, (VID, "6"): vid_6,
    (LINKS, "1-5"): links, (DRUGS, "1-2"): med_1_2, (DRUGS, "3"): med_3, (DRUGS, "4"): med_4,
}  # fmt: skip


def expected():
    with (DATA / "expected.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["file"], row["line"]) for row in csv.DictReader(stream)]


@pytest.mark.parametrize("row", expected())
def test_each_expected_row_is_found(night, row):
    CASES[row](night)


def test_every_line_is_accepted_and_counted(night):
    entry = night["proposal"]["producers"][FINESS]
    assert (entry["read"], entry["accepted"], entry["quarantined"], entry["declared"]) == (21, 21, 0, 21)
    assert len(night["hospital_stay"]) == 5
    assert len(night["claims"]) == 7  # six identities, and the unknown patient of a drug without stay and identity
