"""Opposition (D-11): gone from the next release and from every kept one, whatever identifier was given."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.keys import ensure_key
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.link.run import link
from jobs.release.publish import current_release, kept_releases
from jobs.review.decide import decide
from jobs.rights import publication
from jobs.rights.__main__ import main
from jobs.rollback.__main__ import rollback, verify
from tests.spec.link_cases import claim, subject
from tests.spec.rights_cases import (
    FIRST,
    NUMBER,
    SECOND,
    STAYS,
    THIRD,
    WAITING,
    ask,
    close_night,
    counts,
    everything,
    national,
    nir,
    published,
    rows_of_night,
    sale,
    with_key,
)

WHOLE = {
    "claim_line": 1, "dispensation": 2, "dispensation_net": 2, "document": 1, "hospital_stay": 3,
    "hospital_stay_change": 3, "person": 2, "reconciliation": 1,
}  # fmt: skip
BOB = {
    "claim_line": 1, "dispensation": 1, "dispensation_net": 1, "hospital_stay": 1, "hospital_stay_change": 1,
    "person": 1, "reconciliation": 1,
}  # fmt: skip


@pytest.fixture
def first(spark: SparkSession, settings: Settings) -> str:
    """A published night with both."""
    close_night(settings, FIRST, rows_of_night())
    name = national(settings, FIRST)
    assert counts(settings) == WHOLE
    return name


def test_kept_releases_get_successors_and_the_next_night_withholds(
    settings: Settings, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(settings, "R-2026-1", "opposition", nir("anna")) == 0
    told = capsys.readouterr()
    after = current_release(settings)
    assert after != first
    assert kept_releases(settings) == [after]
    assert verify(settings, str(after))
    assert counts(settings) == {name: n for name, n in BOB.items() if name != "reconciliation"}, "its cell is taken out"
    assert not list(settings.rights.iterdir()), "the request goes, the register keeps tokens"
    for text in (told.out, told.err, (settings.identity / "rights" / "register.json").read_text()):
        assert NUMBER["anna"] not in text
    certificate = read_json(settings.ledger / "rights" / "R-2026-1.json")
    assert certificate["runs"][0]["zones"]["published"]["tables"]["hospital_stay"] == {"files": 2, "rows": 2}
    assert certificate["runs"][0]["releases"] == [{"before": first, "after": after}]

    close_night(settings, SECOND, rows_of_night())
    national(settings, SECOND)
    assert counts(settings) == BOB
    row = published(settings)["reconciliation"][0]
    assert (row["dispensed_quantity"], row["claimed_quantity"]) == (1, 2), "made again without her box"
    ledger = read_json(settings.candidate / SECOND / "candidate.json")["ledger"]
    opposed = {(one["source"], one["table"]): one["count"] for one in ledger if one["event"] == "opposed"}
    assert opposed == {
        ("hospital", "hospital_stay"): 2, ("hospital", "hospital_stay_change"): 2, ("pharmacy", "dispensation"): 1,
        ("shared_record", "document"): 1,
    }  # fmt: skip
    assert {one["table"] for one in ledger if one["event"] in ("added", "removed")} == {"reconciliation"}, (
        "the successor holds the very files that the night makes"
    )
    rollback(settings, first)
    assert current_release(settings) == after, "a name once published leads to its successor"


def test_doing_it_again_adds_nothing(settings: Settings, first: str) -> None:
    assert ask(settings, "R-2026-1", "opposition", nir("anna")) == 0
    zones = ("published", "candidate", "identity", "crosswalk", "standard", "ledger", "raw", "quarantine")
    before = {zone: everything(settings.root / zone) for zone in zones}
    assert ask(settings, "R-2026-1", "opposition", nir("anna")) == 0
    assert {zone: everything(settings.root / zone) for zone in zones} == before


INS = "1.2.250.1.213.1.4"


@pytest.mark.parametrize(
    "identifier",
    [{"ins": with_key(NUMBER["anna"]), "oid": f"{INS}.8"}, {"ins": with_key(WAITING), "oid": f"{INS}.9"}],
    ids=["ins", "waiting number"],
)
def test_whatever_number_names_her_leads_to_all_of_her(
    settings: Settings, first: str, identifier: dict[str, str]
) -> None:
    assert ask(settings, "R-2026-1", "opposition", identifier) == 0
    assert counts(settings) == {name: n for name, n in BOB.items() if name != "reconciliation"}


def test_the_next_nights_do_the_same_work_once(settings: Settings, first: str) -> None:
    ask(settings, "R-2026-1", "opposition", nir("anna"))
    for night in (SECOND, THIRD):
        close_night(settings, night, rows_of_night())
        national(settings, night)
    second, third = (read_json(settings.candidate / night / "pseudonymised.json") for night in (SECOND, THIRD))
    assert third["tables"] == second["tables"]
    assert third["fingerprints"] == second["fingerprints"]
    assert third["ledger"] == [], "who was withheld before is not told again"
    assert not read_json(settings.identity / THIRD / "opposed.json")["again"]


def test_a_withdrawn_stay_stays_withheld(settings: Settings, first: str) -> None:
    """Her stay is told no more: only its change is, which knows no person."""
    ask(settings, "R-2026-1", "opposition", nir("anna"))
    content = rows_of_night()
    hospital = content["hospital"]
    for name in ("hospital_stay", "hospital_line"):
        hospital[name] = [row for row in hospital[name] if row["stay_id"] != STAYS["anna", "2026-11"] * 32]
    for night in (SECOND, THIRD):
        close_night(settings, night, content)
        national(settings, night)
        assert counts(settings)["hospital_stay_change"] == 1


def test_whoever_is_not_known_yet_is_withheld_from_the_first_night_on(settings: Settings, first: str) -> None:
    """The number comes a night later, with a new subject and with one of her older ones that had no number."""
    born = ("1991-01-30", "2")
    eve = "2" + "9101" + "75" + "999" + "001"
    content = rows_of_night((sale("bob", subject_id=subject("P1:eve"), dispensation_id="f" * 32),))
    unnumbered = claim("P1:eve", *born, given="Eve", name="Durand")
    close_night(settings, SECOND, content, [unnumbered])
    national(settings, SECOND)
    assert counts(settings)["dispensation"] == 3
    assert ask(settings, "R-2026-2", "opposition", {"ins": with_key(eve), "oid": "1.2.250.1.213.1.4.8"}) == 0
    assert counts(settings)["dispensation"] == 3
    assert read_json(settings.ledger / "rights" / "R-2026-2.json")["runs"][0]["rules"] == ["RGT-004"]
    numbered = claim("P1:eve", *born, given="Eve", name="Durand", own_nir=eve)
    close_night(settings, THIRD, content, [numbered])
    national(settings, THIRD)
    assert read_json(settings.identity / THIRD / "opposed.json")["again"], "she was published before"
    assert counts(settings)["dispensation"] == 2


def test_a_request_that_cannot_be_carried_out_changes_nothing(
    settings: Settings, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(settings.published)
    assert ask(settings, "R-2026-1", "opposition", {"nir": "2800399999001" + "99"}) == 65
    message = capsys.readouterr().err
    assert everything(settings.published) == before
    assert "RGT-002" in message
    assert "28003" not in message
    assert ask(settings, "R-2026-1", "opposition", nir("anna")) == 0
    assert ask(settings, "R-2026-1", "opposition", nir("bob")) == 65
    assert "RGT-003" in capsys.readouterr().err
    (settings.rights / "R-2026-1.json").unlink()
    assert ask(settings, "R-2026-7", "erasure", nir("bob")) == 0
    assert ask(settings, "R-2026-8", "opposition", nir("bob")) == 65
    assert "already" in capsys.readouterr().err


def test_a_night_half_way_is_not_changed_under_its_feet(
    settings: Settings, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    close_night(settings, SECOND, rows_of_night())
    link(settings, SECOND)
    assert ask(settings, "R-2026-1", "opposition", nir("anna")) == 65
    assert "RGT-006" in capsys.readouterr().err


@pytest.mark.parametrize("step", ["succeed", "remove_old", "delete", "rewrite"])
def test_a_run_that_is_stopped_goes_on_to_the_same_end(
    settings: Settings, first: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise RuntimeError("stopped")

    ensure_key(settings, "rights")  # the same in both roots
    shutil.copytree(settings.root, tmp_path / "other", symlinks=True)
    with monkeypatch.context() as patch:
        patch.setattr(publication, step, killed)
        assert ask(settings, "R-2026-1", "opposition", nir("anna")) == 1
    assert main([]) == 0, "the request is still there"
    ended = {zone: everything(settings.root / zone) for zone in ("published", "candidate", "ledger", "identity")}
    monkeypatch.setenv("VEILLEE_ROOT", str(tmp_path / "other"))
    assert ask(Settings(tmp_path / "other"), "R-2026-1", "opposition", nir("anna")) == 0
    assert {zone: everything(tmp_path / "other" / zone) for zone in ended} == ended


def test_an_erasure_follows_a_merge_into_every_release(settings: Settings, first: str) -> None:
    """A steward says that both are one: whichever number is given, everything goes, under the old pseudonym too."""
    steward = ("identity steward", "double record", date(2026, 11, 23))
    decide(settings, "same", subject("H1:anna"), subject("H1:bob"), *steward)
    close_night(settings, SECOND, rows_of_night())
    second = national(settings, SECOND)
    told = published(settings)["pseudonym_succession"]
    borne = {row["pseudonym"] for row in published(settings)["hospital_stay"]}
    assert len(told) == 1 and {told[0]["old"], told[0]["new"]} == borne, "no month was touched"
    assert told[0]["since"] == SECOND
    assert ask(settings, "E-2026-1", "erasure", nir("bob")) == 0
    assert not {first, second} & set(kept_releases(settings))
    for name in kept_releases(settings):
        assert counts(settings, name).keys() <= {"claim_line"}, "nobody is left in any release"
