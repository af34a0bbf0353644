"""The example files that nobody of this project wrote: every row of ``expected.csv`` about them, seen on the tables."""

import csv
from pathlib import Path

import pytest

from jobs.core.settings import prepare_root
from tests import deposits

DATA = Path(__file__).parents[1] / "data" / "hospital"
RSS, VID = "rss_grouped_mixed_versions.txt", "vid_hosp_v014.txt"
FINESS = "010008407"


@pytest.fixture(scope="module")
def night(spark, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        settings = prepare_root(tmp_path_factory.mktemp("example") / "root", "synthetic")
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        deposits.register(settings, (FINESS, "hospital"))
        files = {name: (DATA / name).read_bytes() for name in (RSS, VID)}
        deposits.deposit(settings, "hospital", FINESS, "D1", files, covers=("2023-01-01", "2023-03-31"), records=6)
        proposal = deposits.load(settings, "2023-04-01")
        names = ("hospital_stay", "hospital_unit_stay", "hospital_diagnosis", "hospital_procedure")
        tables = {name: deposits.table(settings, proposal, name) for name in names}
        claims = deposits.rows_of(proposal["tables"]["claim"], settings.identity / "pool")
        return {**tables, "proposal": proposal, "claims": claims, "intake": deposits.intake(settings, proposal)}


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
    assert (record["outcome"], record["warnings"]) == ("accepted", "IDE-001")
    assert len(at(night, "hospital_stay", RSS, 5)) == 1
    # the holder's number has the wrong key, the patient's own number of the same line has its right one
    assert (claim(night, 5)["holder_nir"], claim(night, 5)["own_nir"]) == (None, "261112A990044")


def vid_5(night):
    (record,) = at(night, "intake", VID, 5)
    assert (record["outcome"], record["warnings"]) == ("accepted", "IDE-002")
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


CASES = {
    (RSS, "1"): rss_1, (RSS, "2-3"): rss_2_3, (RSS, "4"): rss_4, (RSS, "5"): rss_5, (RSS, "6"): rss_6,
    (VID, "1"): vid_1, (VID, "2-3"): vid_2_3, (VID, "4"): vid_4, (VID, "5"): vid_5, (VID, "6"): vid_6,
}  # fmt: skip
LATER = ("hosp_pmsi.txt", "fichcomp_med.txt")  # formats that are not read yet


def expected():
    with (DATA / "expected.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["file"], row["line"]) for row in csv.DictReader(stream) if row["file"] not in LATER]


@pytest.mark.parametrize("row", expected())
def test_each_expected_row_is_found(night, row):
    CASES[row](night)


def test_every_line_is_accepted_and_counted(night):
    entry = night["proposal"]["producers"][FINESS]
    assert (entry["read"], entry["accepted"], entry["quarantined"], entry["declared"]) == (12, 12, 0, 12)
    assert len(night["hospital_stay"]) == 5
    assert len(night["claims"]) == 6
