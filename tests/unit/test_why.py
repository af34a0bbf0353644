"""`make why`: the reason of a link in words, without a name, a number or a date of birth."""

import shutil
from datetime import date

import pytest

from jobs.core.keys import ensure_key, key_bytes
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import write_json
from jobs.core.tokens import text_hex
from jobs.link.model import load_model
from jobs.review.decide import decide
from jobs.why import tell, words
from jobs.why.__main__ import main
from jobs.why.facts import TRAITS, Companion, compare
from tests.review_root import NIGHT, PERSON, published_index, secrets
from tests.spec.link_cases import subject
from tests.spec.national_cases import close, store

Said = pytest.CaptureFixture[str]
MODEL = {
    "prior_centibits": -1020,
    "accept_centibits": 317,
    "comparisons": [
        {"name": "family", "levels": [{"level": 2, "when": "", "weight_centibits": 610}]},
        {"name": "given", "levels": [{"level": 4, "when": "", "weight_centibits": 540}]},
    ],
}


@pytest.fixture
def root(settings: Settings) -> Settings:
    published_index(settings)
    return settings


def why(capsys: Said, record: str, language: str = "en") -> str:
    """What the command prints; nothing of anybody's identity is in it."""
    assert main([record, "--language", language]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert [secret for secret in secrets() if secret in told.out] == []
    return told.out


def test_a_link_by_number(root: Settings, capsys: Said) -> None:
    said = why(capsys, subject("H1:anna"))
    assert "the same national number and the same birth date (number_birth_date)" in said
    assert "Grade: certain. Version: deterministic-2." in said
    assert f"Person {PERSON['anna']}, with 2 other subject(s)" in said
    pharmacy = next(line for line in said.splitlines() if subject("P1:anna") in line)
    assert (
        "(pharmacy P1) — the same: national number, birth date, sex; different: family name; unknown on a side:"
        in pharmacy
    )
    french = why(capsys, subject("H1:anna"), "fr")
    assert "le même numéro national et la même date de naissance" in french
    assert "identiques : numéro national, date de naissance, sexe ; différents : nom de famille ;" in french


def test_a_link_by_score_is_a_waterfall(
    root: Settings, capsys: Said, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell, "MODELS", tmp_path)
    write_json(tmp_path / "model-1.json", MODEL)
    lines = [" ".join(line.split()) for line in why(capsys, subject("D1:anna")).splitlines()]
    assert "Grade: probable (999 in 1,000 or better). Version: deterministic-2, model-1." in lines
    start = lines.index("-10.20 before any comparison")
    assert lines[start : start + 8] == [
        "-10.20 before any comparison",
        "+6.10 family name: nearly the same, or one inside the other",
        "+5.40 given name: the same",
        "? birth date: the same",
        "? sex: the same",
        "+12.34 sum, in bits",
        "+3.17 to be reached for a link",
        "lead over the next candidate: +4.50 bits",
    ]


def test_refusals_relatives_and_doubts(root: Settings, capsys: Said) -> None:
    baby = why(capsys, subject("H1:baby"))
    assert "nothing ties it to another subject: a new person (new_person)" in baby
    assert "a newborn carries the mother's or a parent's number until its own arrives (newborn)" in baby
    assert f"{subject('H1:lise')} — mother (number newborn)" in baby
    assert f"{subject('H1:baby')} — this subject is to it: mother" not in baby
    mother = why(capsys, subject("H1:lise"))
    assert f"{subject('H1:baby')} — this subject is to it: mother" in mother
    other = why(capsys, subject("P2:anna"))
    assert "another candidate weighs nearly as much (lead)" in other
    assert "+9.00  sum, in bits" in other
    assert "Doubts for a steward" in other
    assert f"to be one? with {subject('H1:baby')} — several candidates fit equally well" in other


def test_names_in_each_others_place_are_told_as_swapped() -> None:
    nothing: dict[str, set] = {name: set() for name in TRAITS}
    one = nothing | {"given_name": {"LE GALL"}, "family_name": {"ANNA"}, "number": {"1"}}
    other = nothing | {"given_name": {"ANNA"}, "family_name": {"LEGALL"}, "number": {"2"}}
    told = compare(one, other)
    assert (told["given_name"], told["family_name"], told["sex"]) == ("swapped", "swapped", "unknown")
    said = tell.Teller("en").companion(Companion("s", "pharmacy", "P1", told))
    assert "different: national number carried (one may be a relative's)" in said
    assert "each in the other's place: first given name, family name" in said
    assert compare(one, other | {"given_name": {"EVE"}})["family_name"] == "different"


def test_there_is_a_word_for_everything_that_linkage_writes() -> None:
    told = {("link", "tier"): words.TIERS, ("link", "grade"): words.GRADES, ("refusal", "guard"): words.GUARDS}
    told |= {("refusal", "tier"): words.MET, ("relation", "kind"): words.RELATIONS}
    for (table, column), known in told.items():
        assert set(load_schema(f"identity/{table}")[column].constraints["enum"]) <= set(known)
    for one in load_model().comparisons:
        assert len(words.LEVELS[one.name]) == len(one.levels), one.name
        assert one.name in words.COMPARISONS


def test_decisions_are_told_with_role_and_reason(root: Settings, capsys: Said) -> None:
    ends = (subject("H1:anna"), subject("D1:anna"))
    done = decide(root, "different", *ends, "identity steward", "twins", date(2026, 11, 23))
    said = why(capsys, ends[0])
    assert f"{done.decision_id}, from night 2026-11-23: identity steward decided: two persons — {ends[1]}" in said


def test_a_producers_own_number_leads_to_the_subject(root: Settings, capsys: Said) -> None:
    key = key_bytes(root, "collector")
    named = text_hex(key, "hospital", "patient", "H1", "IPP-77")
    walk = store(root, root.crosswalk, "crosswalk/crosswalk", [{"subject_id": named, "person_id": PERSON["luc"]}])
    write_json(root.crosswalk / NIGHT / "crosswalk.json", {"tables": {"crosswalk": {NIGHT: [walk]}}})
    assert f"Subject {named}" in why(capsys, "hospital:H1:IPP-77")
    ticket = {
        "producer": "P1",
        "period": "2026-11",
        "subject_id": named,
        "ticket_id": text_hex(key, "ticket", "P1", "T:9"),
    }
    file = store(root, root.standard / "pharmacy", "standard/dispensation", [ticket])
    close(root, NIGHT, "pharmacy", tables={"dispensation": {"P1__2026-11": [file]}})
    assert f"Subject {named}" in why(capsys, "pharmacy:P1:T:9")


def test_who_cannot_read_or_asks_of_nobody_is_told_what_to_do(root: Settings, capsys: Said) -> None:
    for record in ("hospital:H1:NOBODY77", "f" * 32, "somewhere:H1:NOBODY77"):
        ensure_key(root, "collector")
        assert main([record]) == 65
        said = capsys.readouterr()
        assert "LNK-051" in said.err and "NOBODY77" not in said.err and said.out == ""
    key = root.keys / "collector.v1.key"
    key.unlink()
    assert main(["hospital:H1:1"]) == 78
    assert "LNK-055: the collector's key is not here" in capsys.readouterr().err
    assert not key.exists(), "asking makes no key"
    shutil.rmtree(root.identity / "pool")
    assert main([subject("H1:anna")]) == 78
    assert "LNK-055: the identity zone cannot be read" in capsys.readouterr().err
