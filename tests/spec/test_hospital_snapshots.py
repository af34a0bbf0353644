"""Seven nights of one hospital: what a transmission changed, provisional stays, trials, and whole stays."""

from collections import Counter
from datetime import date

import pytest

from jobs.core.settings import prepare_root
from tests import deposits
from tests.hospital_lines import BORN, FINESS, drug, file_of, rss, unit, vid

N1, N2, N3, N4, N5 = (f"2026-04-0{day}" for day in range(1, 6))
JANUARY, MARCH = (
    {"unit_entry_date": "10012026", "unit_exit_date": "12012026"},
    {"unit_entry_date": "20032026", "unit_exit_date": "22032026"},
)
LATER = {"unit_entry_date": "27032026", "unit_exit_date": "30032026"}
TABLES = ("hospital_stay", "hospital_unit_stay", "hospital_drug", "hospital_unit", "hospital_stay_change")


@pytest.fixture(scope="module", autouse=True)
def one_partition(spark):
    """Tables of a few rows."""
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    yield
    spark.conf.set("spark.sql.shuffle.partitions", partitions)


@pytest.fixture(scope="module")
def story(one_partition, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        settings = prepare_root(tmp_path_factory.mktemp("snapshots") / "root", "synthetic")
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        deposits.register(settings, (FINESS, "hospital"))
        return {night: load(settings, night, *sent) for night, sent in NIGHTS.items()}


def load(settings, night, delivery, files, covers, transmission=None):
    mode = "append" if transmission == "fast_track" else "replace"
    deposits.deposit(settings, "hospital", FINESS, delivery, files, covers=covers, mode=mode, transmission=transmission)
    proposal = deposits.load(settings, night)
    state = deposits.close(settings, night)
    return {
        "proposal": proposal["producers"][FINESS],
        "events": dict(sum((Counter({x["event"]: x["count"]}) for x in proposal["ledger"] if "event" in x), Counter())),
        "intake": {(row["file"], row["record"]): row for row in deposits.intake(settings, proposal)},
        "claims": deposits.rows_of(proposal["tables"]["claim"], settings.identity / "pool"),
        **{name: deposits.table(settings, state | {"producers": {}}, name) for name in TABLES},
    }


def year(*stays, identities=(), drugs=(), units=()):
    files = {"rss.txt": stays, "vid.txt": identities, "med.txt": drugs, "ium.txt": units}
    return {name: file_of(*lines) for name, lines in files.items() if lines}


A = rss("A", rss_id="A", **JANUARY)
B = rss("B", rss_id="B", **MARCH)
A1 = rss("A", rss_id="A", principal_diagnosis="I509", **JANUARY)
CHILD = vid("C", mother_local_stay_id="A", birth_date="20032026", stay_entry_date="20032026", stay_exit_date="22032026")
C = rss("C", rss_id="C", birth_date="20032026", sex="2", **BORN | MARCH)
F1 = rss("F", rss_id="F", principal_diagnosis="U0710", **LATER)
F2 = rss("F", rss_id="F", principal_diagnosis="U0711", **LATER)
FIRST, SECOND = (
    rss("W", rss_id="W", rum_id="1", unit_exit_mode="6", unit_exit_destination="1", **MARCH),
    rss("W", rss_id="W", rum_id="2", unit_entry_date="22032026", unit_exit_date="21032026"),
)
COVERS = ("2026-01-01", "2026-03-25")
NIGHTS = {
    N1: ("D1", year(A, B, identities=[vid("A"), vid("B")], units=[unit("CARD")]), COVERS),
    # B as it was, C is new with its mother's stay untouched, A has a drug more; W has a unit that ends before it begins
    N2: (
        "D2",
        year(
            A, B, C, FIRST, SECOND, identities=[vid("A"), vid("B"), CHILD],
            drugs=[drug("A", administration_date="11012026")], units=[unit("CARD")],
        ),
        COVERS,
    ),
    N3: ("D3", year(F1, B), ("2026-03-24", "2026-03-31"), "fast_track"),
    N4: ("D4", year(A1), COVERS, "trial"),
    # validated again, up to a day before F's exit: A is told anew, B is gone, F waits
    N5: ("D5", year(A1, C, identities=[vid("A"), CHILD], units=[unit("CARD"), unit("GYN1")]), COVERS),
}  # fmt: skip
LAST = (year(A1, F2, identities=[vid("A")], units=[unit("CARD"), unit("GYN1")]), ("2026-01-01", "2026-03-31"))
N6, N7 = "2026-04-06", "2026-04-07"
NIGHTS[N6] = ("D6", *LAST)
NIGHTS[N7] = ("D7", LAST[0] | {"rss.txt": LAST[0]["rss.txt"] + b"\r\n"}, LAST[1])  # a blank line is no record


def changes(told, night):
    return sorted((x["change"], x["delivery"], x["period"]) for x in told[night]["hospital_stay_change"])


def exits(told, night):
    return sorted(
        (x["exit_date"].strftime("%d/%m"), x["provisional"], x["covid"], x["covid_confirmed"])
        for x in told[night]["hospital_stay"]
    )


def outcome(told, night, file, record):
    row = told[night]["intake"][file, record]
    return row["outcome"], row["rule"]


def test_the_first_transmission_is_all_new(story):
    assert changes(story, N1) == [("new", "D1", "2026-01"), ("new", "D1", "2026-03")]
    assert [(row["unit_code"], row["bed_count"]) for row in story[N1]["hospital_unit"]] == [("CARD", 12)]


def test_only_what_differs_is_new_or_changed(story):
    assert changes(story, N2) == [
        ("changed", "D2", "2026-01"),
        ("new", "D1", "2026-01"),
        ("new", "D1", "2026-03"),
        ("new", "D2", "2026-03"),
    ]
    (a,) = [x for x in story[N2]["hospital_stay_change"] if x["change"] == "changed"]
    assert (a["lines_added"], a["lines_removed"]) == (1, 0)  # its drug
    assert outcome(story, N2, "rss.txt", 2) == ("unchanged", None)
    (given,) = story[N2]["hospital_drug"]
    assert (given["ucd13"], str(given["quantity"]), str(given["amount"])) == ("3400891701692", "1.000", "95.000")


def test_a_change_tells_the_night_that_brought_it(story):
    rows = story[N7]["hospital_stay_change"]
    told = {(row["delivery"], row["night"].isoformat()) for row in rows}
    assert told == {("D1", N1), ("D2", N2), ("D3", N3), ("D5", N5), ("D6", N6)}
    history = sorted((row["stay_id"], row["night"], row["change"]) for row in rows)
    assert len({row[:2] for row in history}) == len(history)  # a night tells a stay once
    assert sorted(" ".join(row[2] for row in history if row[0] == stay) for stay in {row[0] for row in history}) == [
        "new changed",  # F, validated
        "new changed changed",  # A: a drug came; another diagnosis, and the drug went
        "new withdrawn",  # B
        "new withdrawn",  # C
    ]


def test_a_month_that_nothing_touched_is_not_rebuilt(story):
    assert story[N2]["proposal"]["scope"]["hospital_stay"] == ["2026-01", "2026-03"]
    assert story[N2]["proposal"]["scope"]["hospital_unit"] == []
    assert story[N3]["proposal"]["scope"]["hospital_stay"] == ["2026-03"]


def test_a_newborn_finds_the_stay_of_a_mother_whom_nothing_touched(story):
    stays = story[N5]["hospital_stay"]
    (mother,) = [x["stay_id"] for x in stays if x["exit_date"] == date(2026, 1, 12)]
    assert [x["mother_stay_id"] for x in stays if x["mother_stay_id"]] == [mother]


def test_a_stay_is_taken_in_whole_or_not_at_all(story):
    assert outcome(story, N2, "rss.txt", 5) == ("quarantined", "HOS-004")
    assert outcome(story, N2, "rss.txt", 4) == ("quarantined", "HOS-017")
    assert len(story[N2]["hospital_unit_stay"]) == 3


def test_a_fast_track_adds_provisional_stays_and_never_touches_validated_ones(story):
    assert outcome(story, N3, "rss.txt", 1) == ("accepted", None)
    assert outcome(story, N3, "rss.txt", 2) == ("ignored", "HOS-046")
    assert exits(story, N3) == [
        ("12/01", False, False, False),
        ("22/03", False, False, False),
        ("22/03", False, False, False),
        ("30/03", True, True, True),
    ]


def test_a_trial_is_never_published(story):
    assert outcome(story, N4, "rss.txt", 1) == ("ignored", "HOS-019")
    assert story[N4]["hospital_stay"] == story[N3]["hospital_stay"]
    assert story[N4]["events"] == {}


def test_a_validated_transmission_replaces_its_days_and_leaves_later_provisional_stays(story):
    assert exits(story, N5) == [
        ("12/01", False, False, False),
        ("22/03", False, False, False),
        ("30/03", True, True, True),
    ]
    assert ("withdrawn", "D5", "2026-03") in changes(story, N5)
    # A's unit line; B's unit and identity lines, A's drug
    assert story[N5]["events"] == {"superseded": 1, "withdrawn": 3}
    assert sorted(row["unit_code"] for row in story[N5]["hospital_unit"]) == ["CARD", "GYN1"]


def test_the_validated_stay_takes_the_place_of_the_provisional_one(story):
    assert exits(story, N6) == [("12/01", False, False, False), ("30/03", False, True, False)]
    assert ("changed", "D6", "2026-03") in changes(story, N6)


def test_who_is_known_is_not_claimed_again(story):
    assert [len(story[night]["claims"]) for night in (N1, N2, N4)] == [2, 1, 0]  # A and B; C
    assert (story[N6]["proposal"]["accepted"], story[N6]["proposal"]["unchanged"]) == (1, 4)  # F, validated


def test_the_same_content_again_rebuilds_nothing(story):
    told = story[N7]["proposal"]
    assert (told["read"], told["unchanged"], told["accepted"]) == (5, 5, 0)
    assert not any(told["tables"].values()) and not any(told["scope"].values())
    assert story[N7]["events"] == {} and story[N7]["claims"] == []
    assert all(story[N7][name] == story[N6][name] for name in TABLES)


def test_a_stay_that_is_rejected_every_night_rebuilds_nothing(settings):
    """Its lines are read and rejected again; whatever else the year says is as it was, with the warnings it had."""
    deposits.register(settings, (FINESS, "hospital"))
    strange = rss("A", rss_id="A", das=("K999",), **JANUARY)  # in no list
    again = year(strange, FIRST, SECOND, identities=[vid("A"), vid("W")])
    first = load(settings, N1, "D1", again, COVERS)
    second = load(settings, N2, "D2", again | {"rss.txt": again["rss.txt"] + b"\r\n"}, COVERS)
    assert first["proposal"]["rules"] == second["proposal"]["rules"] == {"HOS-004": 1, "HOS-017": 1}
    assert (second["proposal"]["unchanged"], second["proposal"]["accepted"]) == (3, 0)
    assert not any(second["proposal"]["scope"].values())
    assert second["events"] == {}
    told = [{place: row["warnings"] for place, row in one["intake"].items()} for one in (first, second)]
    assert told[0] == told[1]
    assert "HOS-021" in told[1]["rss.txt", 1]

    more = year(strange, B, FIRST, SECOND, identities=[vid("A"), vid("W")])
    third = load(settings, N3, "D3", more, COVERS)
    assert third["proposal"]["scope"]["hospital_stay"] == ["2026-03"]  # B's
    assert third["intake"]["rss.txt", 1]["warnings"] == told[1]["rss.txt", 1]
    assert changes({N3: third}, N3) == [("new", "D1", "2026-01"), ("new", "D3", "2026-03")]
