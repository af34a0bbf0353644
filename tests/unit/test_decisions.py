"""What decisions of stewards do to persons: merges, splits, and contradictions that are refused."""

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest

from jobs.core.errors import DataRefused
from jobs.link.decisions import DIFFERENT, SAME, WITHDRAWN, Decision, decided, in_force, require_sense
from jobs.link.settle import Member, Move, Tie, settle
from jobs.link.ties import ties

KEY = b"k" * 32
TODAY = date(2026, 11, 24)


def decision(kind: str, one: str, other: str, night: str = "2026-11-24") -> Decision:
    return decided(night, kind, one, other, "identity steward", TODAY, "other")


def person(name: str, subjects: str, created: str = "2026-11-22") -> list[Member]:
    """A person whose subjects are single letters, each linked in the night of its creation, in this order of age."""
    return [Member(one, name, f"{created}.{place}", created) for place, one in enumerate(subjects.split())]


def settled(members: list[Member], tonight: list[Decision], before: tuple[Decision, ...] = (), tied: str = "") -> dict:
    """Person of each subject after the night; drawn ones are called ``new``. ``tied`` like ``xy yz`` ties subjects."""
    links: list[Tie] = [(rank, *sorted(pair)) for rank, pair in enumerate(tied.split())]
    moves = settle(members, tonight, list(before), links, "2026-11-24", KEY)
    assert moves == settle(members[::-1], tonight[::-1], list(before), links[::-1], "2026-11-24", KEY)
    known = {one.person for one in members}
    now = {one.subject: one.person for one in members} | {one.subject: one.person for one in moves}
    return {subject: who if who in known else "new" for subject, who in sorted(now.items())}


def test_the_older_person_of_a_merge_goes_on() -> None:
    members = [*person("young", "a b", "2026-11-23"), *person("old", "x y", "2026-11-22")]
    assert settled(members, [decision(SAME, "a", "y")]) == dict.fromkeys("abxy", "old")


def test_a_chain_of_merges_ends_in_the_oldest() -> None:
    members = [*person("p3", "c", "2026-11-23"), *person("p2", "b", "2026-11-22"), *person("p1", "a", "2026-11-21")]
    assert settled(members, [decision(SAME, "c", "b"), decision(SAME, "b", "a")]) == dict.fromkeys("abc", "p1")


def test_a_split_takes_along_who_is_tied_to_the_other_side() -> None:
    members = person("anna", "f m x z")  # f founded the person
    assert settled(members, [decision(DIFFERENT, "f", "x")], tied="xz fm") == {
        "f": "anna",
        "m": "anna",
        "x": "new",
        "z": "new",
    }
    assert settled(members, [decision(DIFFERENT, "f", "x")]) == {"f": "anna", "m": "anna", "x": "new", "z": "anna"}


def test_a_split_between_two_who_did_not_found_the_person() -> None:
    assert settled(person("anna", "f m x"), [decision(DIFFERENT, "m", "x")]) == {"f": "anna", "m": "anna", "x": "new"}


def test_earlier_decisions_hold_when_a_later_one_moves_people() -> None:
    """Of two persons brought together two subjects were declared different before: they stay apart."""
    members = [*person("p", "l x"), *person("q", "r y", "2026-11-23")]
    before = (decision(DIFFERENT, "x", "y", "2026-11-23"),)
    assert settled(members, [decision(SAME, "l", "r")], before) == {"l": "p", "r": "p", "x": "p", "y": "new"}
    tied = settled(members, [decision(SAME, "l", "r")], (*before, decision(SAME, "r", "y", "2026-11-23")))
    assert tied == {"l": "p", "r": "p", "y": "p", "x": "new"}, "who a decision ties goes before who was merely there"


def test_a_decision_that_is_true_already_moves_nobody() -> None:
    members = [*person("p", "a b"), *person("q", "c")]
    assert settle(members, [decision(SAME, "a", "b"), decision(DIFFERENT, "a", "c")], [], [], "2026-11-24", KEY) == []


def test_a_decision_about_somebody_erased_does_nothing() -> None:
    assert settle(person("p", "a"), [decision(SAME, "a", "gone")], [], [], "2026-11-24", KEY) == []


def test_the_person_that_a_split_draws_follows_from_secret_night_and_smallest_subject() -> None:
    move = settle(person("p", "a b"), [decision(DIFFERENT, "a", "b")], [], [], "2026-11-24", KEY)
    assert [(one.subject, one.former, one.kind) for one in move] == [("b", "p", "split")]
    assert move[0].proof == decision(DIFFERENT, "a", "b").decision_id
    drawn = {
        settle(person("p", "a b"), [decision(DIFFERENT, "a", "b")], [], [], night, key)[0].person
        for night in ("2026-11-24", "2026-11-25")
        for key in (KEY, b"x" * 32)
    }
    assert len(drawn) == 4


def test_moves_of_a_merge_name_the_decision_and_a_split_part_of_a_merged_person_is_a_split() -> None:
    members = [*person("p", "l"), *person("q", "r y", "2026-11-23")]
    both = [decision(SAME, "l", "r"), decision(DIFFERENT, "l", "y")]
    kinds = {move.subject: (move.kind, move.proof) for move in settle(members, both, [], [], "2026-11-24", KEY)}
    assert kinds == {
        "r": ("merged", both[0].decision_id),
        "y": ("split", both[1].decision_id),
    }


@pytest.mark.parametrize(
    ("earlier", "new", "named"),
    [
        ([(SAME, "a", "b")], (DIFFERENT, "b", "a"), 0),
        ([(DIFFERENT, "a", "b")], (SAME, "a", "b"), 0),
        ([(SAME, "a", "b"), (SAME, "b", "c")], (DIFFERENT, "a", "c"), None),
        ([(SAME, "a", "b"), (DIFFERENT, "a", "c")], (SAME, "b", "c"), 1),
        ([(SAME, "a", "b"), (SAME, "c", "d"), (DIFFERENT, "a", "d")], (SAME, "b", "c"), 2),
    ],
)
def test_the_later_of_two_contradictions_is_refused(
    earlier: list[tuple[str, str, str]], new: tuple[str, str, str], named: int | None
) -> None:
    before = [decision(*one) for one in earlier]
    name = max(before).decision_id if named is None else before[named].decision_id
    for order in permutations(before):
        with pytest.raises(DataRefused, match=f"LNK-052: {name} of night 2026-11-24 says the contrary"):
            require_sense(list(order), list(order), decision(*new))


def test_decisions_that_agree_are_taken() -> None:
    before = [decision(SAME, "a", "b"), decision(DIFFERENT, "b", "c")]
    for new in ((DIFFERENT, "a", "c"), (SAME, "c", "d"), (DIFFERENT, "x", "y")):
        require_sense(before, before, decision(*new))


def test_a_withdrawal_ends_a_decision_and_lets_the_contrary_in_from_the_next_night() -> None:
    one, gone = decision(SAME, "a", "b", "2026-11-23"), decision(WITHDRAWN, "a", "b")
    require_sense([one], [one], gone)
    with pytest.raises(DataRefused, match="none to withdraw"):
        require_sense([one], [one], decision(WITHDRAWN, "a", "c"))
    assert in_force([one, gone]) == []
    with pytest.raises(DataRefused, match="withdrawn for night"):
        require_sense([one, gone], [], decision(DIFFERENT, "a", "b"))
    later = decision(DIFFERENT, "a", "b", "2026-11-25")
    require_sense([one, gone], [], later)
    assert in_force([one, gone, later]) == [later]


def test_ties_prefer_who_meets_under_more_keys() -> None:
    """Twins under one number share number and birth date; the given name tells whom a third subject belongs to."""
    born = date(2015, 9, 1)
    row = {"number": "2900599999101", "birth_date": born, "birth_year": 2015, "sex": "1", "used_key": None}
    leo, max_, third = (
        row | {"subject_id": name, "family_key": "FAURE", "given_key": given}
        for name, given in (("l", "LEO"), ("m", "MAX"), ("t", "MAX"))
    )
    assert ties([leo, max_, third]) == [(0, "m", "t"), (2, "l", "m"), (2, "l", "t")]
    members = person("twins", "l m t")
    moves = settle(members, [decision(DIFFERENT, "l", "m")], [], ties([leo, max_, third]), "2026-11-24", KEY)
    assert [one.subject for one in moves] == ["m", "t"]
    assert all(isinstance(one, Move) and replace(one) == one for one in moves)
