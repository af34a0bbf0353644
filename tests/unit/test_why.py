"""`make why`: the reason of a link in words, without a name, a number or a date of birth."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from jobs.core.keys import ensure_key, key_bytes
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import write_json
from jobs.core.tokens import text_hex
from jobs.link.model import load_model
from jobs.review.decide import decide
from jobs.why import tell, weights, words
from jobs.why.__main__ import main
from jobs.why.compare import OWN, TRAITS, compare, nearness
from jobs.why.facts import Companion, Facts
from jobs.why.ways import Way, ways
from tests.review_root import BORN, NIGHT, PERSON, published_index, secrets
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
    assert "Grade certain: an exact rule, no score. Rules: deterministic-2." in said
    assert f"Person {PERSON['anna']}, with 2 other subject(s)" in said
    lines = said.splitlines()
    place = next(place for place, line in enumerate(lines) if subject("P1:anna") in line)
    assert lines[place].endswith("(pharmacy P1) — by the same national number and the same birth date")
    agree = "the same: national number, birth date, sex; different: family name; unknown of this subject:"
    assert lines[place + 1].strip().startswith(agree)
    assert "Nothing waits for a decision." not in said, "a doubt of the person waits"
    assert "1 open doubt(s): decide them with make review." in said
    french = why(capsys, subject("H1:anna"), "fr")
    assert "le même numéro national et la même date de naissance" in french
    assert "identiques : numéro national, date de naissance, sexe ; différents : nom de famille ;" in french


def test_a_link_by_score_is_a_waterfall(
    root: Settings, capsys: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "MODELS", tmp_path)
    write_json(tmp_path / "model-1.json", MODEL)
    lines = [" ".join(line.split()) for line in why(capsys, subject("D1:anna")).splitlines()]
    assert "Grade probable: at least 999 in 1,000. Rules: deterministic-2, model-1." in lines
    start = lines.index("-10.20 to begin with: two subjects taken at random")
    assert lines[start : start + 8] == [
        "-10.20 to begin with: two subjects taken at random",
        "+6.10 family name: nearly the same, or one inside the other",
        "+5.40 given name: the same",
        "? birth date: the same",
        "? sex: the same",
        "+12.34 sum; one person: more than 999 in 1,000",
        "+3.17 to be reached for a link: about 90 in 100",
        "lead over the next subject: +4.50",
    ]


def test_refusals_relatives_and_doubts(root: Settings, capsys: Said) -> None:
    baby = why(capsys, subject("H1:baby"))
    assert "nothing proved that it is the same person as another: a new person (new_person)" in baby
    assert (
        "one of the two is a newborn, which carries a parent's number until a number of its own arrives (newborn)"
        in baby
    )
    assert f"{subject('H1:lise')} (hospital H1) — the mother of this subject (the same number, one is newborn)" in baby
    assert "The newborn is looked at again when a number of its own arrives" in baby
    mother = why(capsys, subject("H1:lise"))
    assert f"{subject('H1:baby')} (hospital H1) — a child of this subject" in mother
    other = why(capsys, subject("P2:anna"))
    assert "another candidate weighs nearly as much (lead)" in other
    assert "+9.00  sum; one person: about 998 in 1,000" in other
    assert "\nDoubts\n" in other
    assert f"OPEN, match queue: one person with {subject('H1:baby')} ? — several candidates fit equally well" in other


NOTHING: dict[str, set] = {name: set() for name in (*TRAITS, OWN)}


def test_names_in_each_others_place_are_told_as_swapped() -> None:
    one = NOTHING | {"given_name": {"LE GALL"}, "family_name": {"ANNA"}, "number": {"1"}, OWN: {"1"}}
    other = NOTHING | {"given_name": {"ANNA"}, "family_name": {"LEGALL"}, "number": {"2"}}
    told = compare(one, other)
    assert (told["given_name"], told["family_name"], told["sex"]) == ("swapped", "swapped", "here")
    said = tell.Teller("en").companion(Companion("s", "pharmacy", "P1", told))
    assert "different, but one is sent as a relative's: national number" in said
    assert "each in the other's place: first given name, family name" in said
    assert compare(one, other | {"given_name": {"EVE"}})["family_name"] == "different"
    assert compare(one, other | {OWN: {"2"}})["number"] == "different"
    assert nearness(told) == 2


def test_a_rank_is_told_only_of_a_multiple_birth() -> None:
    rank = {number: NOTHING | {"birth_rank": {number}} for number in (1, 2)}
    assert "birth_rank" not in compare(rank[1], rank[1]) and "birth_rank" not in compare(rank[2], NOTHING)
    assert (compare(rank[2], rank[2])["birth_rank"], compare(rank[1], rank[2])["birth_rank"]) == ("same", "different")


def test_each_subject_of_a_person_has_a_way() -> None:
    blank = dict.fromkeys(load_schema("identity/person_trait").names)
    born = {"birth_date": BORN, "birth_year": BORN.year}
    rows = [
        blank | born | {"subject_id": "asked", "given_key": "ANNE"},
        blank | born | {"subject_id": "near", "given_key": "ANNIE", "number": "1"},
        blank | born | {"subject_id": "far", "number": "1"},
    ]
    alike = {"near": 2, "far": 1}
    found = ways("asked", rows, {"asked": "score", "far": "number_birth_date"}, lambda one, other: alike[other])
    assert found == {"near": Way("score", "asked", True), "far": Way("number_birth_date", "near", False)}
    said = tell.Teller("fr").companion(Companion("far", "hospital", "H1", {}, found["far"]))
    assert "par l'intermédiaire de near…, avec qui : le même numéro national" in said
    assert ways("asked", rows, {}, lambda one, other: alike[other])["near"].tier == "", "no link tells of it any more"


def test_a_sum_of_weights_is_told_as_a_chance() -> None:
    assert [weights.chance(sum_)[1] for sum_ in (541, 317, 0, -890, 1348)] == [
        "about 98 in 100", "about 90 in 100", "about 50 in 100", "less than 1 in 100", "more than 999 in 1,000",
    ]  # fmt: skip


def test_a_refusal_of_those_who_are_one_person_today_holds_no_more() -> None:
    facts = Facts("n", "me", "hospital", "H1", "us", "n", {}, [], {}, [], [], [], [])
    row = {
        "subject_id": "me",
        "other_id": "us",
        "other_is_person": True,
        "night": "n",
        "guard": "twin",
        "tier": "score",
    }
    row |= {"weight_centibits": None}
    assert "this refusal holds no more: today they are one person" in tell.Teller("en").refusal(facts, row)
    assert "holds no more" not in tell.Teller("en").refusal(facts, row | {"other_id": "them"})


def test_there_is_a_word_for_everything_that_linkage_writes(settings: Settings) -> None:
    told = {("link", "tier"): words.TIERS, ("link", "grade"): words.GRADES, ("refusal", "guard"): words.GUARDS}
    assert set(settings.policy["linkage"]["reasons"]) <= set(words.REASONS)
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
    told = f"{done.decision_id}, from night 2026-11-23: identity steward decided `different`, another person than"
    assert f"{told} {ends[1]} — " in said and "reason: twins" in said
    french = why(capsys, ends[0], "fr")
    assert (
        "gestionnaire des identités a décidé `different`, une autre personne que" in french
        and "motif : jumeaux" in french
    )
    assert set(root.policy["linkage"]["decided_by"]) == set(words.ROLES)


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
