"""A hospital over several nights: what is unchanged, told anew, withdrawn, rejected, and taken in again."""

import shutil

import pytest

from jobs.core.settings import REPOSITORY
from jobs.core.snapshot import read_json
from jobs.replay.__main__ import main as replay
from jobs.standardise.layouts import load_layouts
from tests import deposits
from tests.hospital_lines import FINESS, file_of, rss, unit, vid

N1, N2, N3, N4 = "2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"
YEAR = ("2026-01-01", "2026-03-01")


@pytest.fixture
def hospital(spark, settings):
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "1")  # a handful of lines: tasks would be all the cost
    deposits.register(settings, (FINESS, "hospital"))

    def night(date, delivery, stays, identities):
        files = {"rss.txt": file_of(*stays), "vid-hosp.txt": file_of(*identities)}
        deposits.deposit(settings, "hospital", FINESS, delivery, files, covers=YEAR)
        return deposits.load(settings, date)

    night.settings = settings
    yield night
    spark.conf.set("spark.sql.shuffle.partitions", partitions)


def outcomes(hospital, proposal):
    rows = deposits.intake(hospital.settings, proposal)
    return {(row["file"], row["record"]): row["outcome"] + (f" {row['rule']}" if row["rule"] else "") for row in rows}


def events(proposal):
    return sorted(
        (one["event"], one["delivery_id"], one["count"]) for one in proposal["ledger"] if one.get("event") is not None
    )


def test_lines_told_twice(hospital):
    one, other = rss("S2", rss_id="2"), rss("S2", rss_id="2", principal_diagnosis="I10")
    proposal = hospital(
        N1,
        "D1",
        [
            rss("S1"),
            rss("S1"),
            one,
            other,
            rss("S3", rss_id="3", unit_exit_date="05022025", unit_entry_date="05022025"),
        ],
        [vid("S1"), vid("S1", birth_date="15021948"), vid("S9")],
    )
    assert outcomes(hospital, proposal) == {
        ("rss.txt", 1): "accepted",
        ("rss.txt", 2): "duplicate",
        ("rss.txt", 3): "quarantined HOS-012",
        ("rss.txt", 4): "quarantined HOS-012",
        ("rss.txt", 5): "quarantined HOS-014",
        ("vid-hosp.txt", 1): "quarantined HOS-015",
        ("vid-hosp.txt", 2): "quarantined HOS-015",
        ("vid-hosp.txt", 3): "accepted",
    }
    rejected = deposits.quarantine(hospital.settings, proposal)
    assert {row["bytes"] for row in rejected if row["rule"] == "HOS-012"} == {one, other}
    assert all(row["offset"] is not None for row in rejected)


@pytest.fixture
def layout_124(tmp_path, monkeypatch):
    """Adds version 124 as an engineer would: one layout file (here the one of 123 under another name)."""
    yield (
        lambda: (
            monkeypatch.setattr("jobs.standardise.layouts.LAYOUTS", with_124(tmp_path)) or load_layouts.cache_clear()
        )
    )
    monkeypatch.undo()
    load_layouts.cache_clear()


def with_124(folder):
    """A copy of the layouts with one file more."""
    own = folder / "layouts"
    shutil.copytree(REPOSITORY / "schemas" / "layouts", own)
    header, *rows = (own / "hospital" / "rss_rum.csv").read_text(encoding="utf-8").splitlines()
    told = [row.replace("RSS_GROUPED,123,", "RSS_GROUPED,124,") for row in rows if row.startswith("RSS_GROUPED,123,")]
    (own / "hospital" / "rss_124.csv").write_text("\n".join([header, *told]) + "\n", encoding="utf-8")
    return own


def test_replay_takes_a_corrected_rule_once_and_only_once(hospital, layout_124):
    later = rss("S2", rss_id="2").replace(b" 123000", b" 124000")
    first = hospital(N1, "D1", [rss("S1"), later], [vid("S1"), vid("S2")])
    assert first["producers"][FINESS]["rules"] == {"HOS-001": 1}
    deposits.close(hospital.settings, N1)

    assert replay(["--delivery", "D1"]) == 0
    assert replay(["--delivery", "D1", "--rule", "HOS-001"]) == 0  # asked twice
    still = deposits.load(hospital.settings, N2)
    assert still["producers"][FINESS]["released"] == 0  # the rule is not corrected yet
    assert still["producers"][FINESS]["replayed"] == ["D1"]
    deposits.close(hospital.settings, N2)

    layout_124()
    assert replay(["--delivery", "D1"]) == 0
    released = deposits.load(hospital.settings, N3)
    entry = released["producers"][FINESS]
    assert (entry["released"], entry["read"], entry["replayed"]) == (1, 0, ["D1"])
    assert events(released) == [("released", "D1", 1)]
    assert released["tables"]["intake"] == []  # the outcome of the first reading stays what it was
    assert deposits.load(hospital.settings, N3) == released  # the night again: the same
    state = deposits.close(hospital.settings, N3)
    stays = deposits.table(hospital.settings, state | {"producers": {}}, "hospital_stay")
    assert sorted(row["record"] for row in stays) == [1, 2]

    assert replay(["--delivery", "D1"]) == 0
    again = deposits.load(hospital.settings, N4)
    assert again["producers"][FINESS]["released"] == 0
    assert events(again) == []
    assert not any(again["producers"][FINESS]["scope"].values())  # nothing is rebuilt


def test_a_held_delivery_is_taken_as_a_whole_unless_it_was_replaced(hospital, capsys):
    hospital(N1, "D1", [rss("S1")], [vid("S1")])
    deposits.close(hospital.settings, N1, held=(FINESS,))
    assert replay(["--delivery", "D1"]) == 0
    second = deposits.load(hospital.settings, N2)
    assert events(second) == [("released", "D1", 2)]
    assert second["producers"][FINESS]["released"] == 2
    assert len(deposits.table(hospital.settings, second, "hospital_stay")) == 1
    deposits.close(hospital.settings, N2)

    assert replay(["--delivery", "D1"]) == 0
    third = hospital(N3, "D3", [rss("S1"), rss("S5", rss_id="5")], [vid("S1")])
    assert third["producers"][FINESS]["replayed"] == []
    assert "D3 has replaced it" in capsys.readouterr().err


def test_two_years_in_one_night_stand_alone(hospital):
    """Around New Year a hospital sends the old year and the new one, each with the same unit file."""
    old = {"unit_entry_date": "10122025", "unit_exit_date": "12122025"}
    years = {"OLD": ("O", old, ("2025-01-01", "2025-12-31")), "NEW": ("N", {}, YEAR)}
    for night, stays in ((N1, ("1",)), (N2, ("1", "2"))):
        for name, (letter, dates, covers) in years.items():
            lines = [rss(letter + number, rss_id=letter + number, **dates) for number in stays]
            files = {"rss.txt": file_of(*lines), "ium.txt": file_of(unit("CARD"))}
            deposits.deposit(hospital.settings, "hospital", FINESS, f"{name}{len(stays)}", files, covers=covers)
        proposal = deposits.load(hospital.settings, night)
        state = deposits.close(hospital.settings, night)
    assert (proposal["producers"][FINESS]["unchanged"], proposal["producers"][FINESS]["accepted"]) == (4, 2)
    units = deposits.table(hospital.settings, state | {"producers": {}}, "hospital_unit")
    assert sorted(row["period"] for row in units) == ["2025-01", "2026-01"]
    assert len({row["line_id"] for row in units}) == 2


def test_a_night_without_deliveries_starts_nothing(settings, monkeypatch):
    deposits.register(settings, (FINESS, "hospital"))
    monkeypatch.setattr("jobs.core.session.spark_session", None)  # a call would fail
    proposal = deposits.load(settings, N1)
    assert proposal["producers"] == {}
    assert read_json(settings.standard / "hospital" / N1 / "proposal.json") == proposal


def test_a_delivery_that_nobody_received_is_refused(settings, capsys):
    deposits.register(settings, (FINESS, "hospital"))
    assert replay(["--delivery", "D404"]) == 65
    assert "no night received" in capsys.readouterr().err
