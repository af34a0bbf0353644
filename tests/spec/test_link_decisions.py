"""Who is linked with whom, and who is not: one small family per case, all of them in one night."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.core.errors import ConfigError
from jobs.link.decide import decide
from jobs.link.engine import CHOICE, PROCESS, SPARK, run
from jobs.link.keep import Keep
from jobs.link.lookup import Index
from jobs.link.refusals import STEPS, shared_numbers, told
from jobs.link.run import mothers_of
from jobs.link.traits import trait_rows
from tests.spec.link_cases import CLAIM, claim, number, subject

ANNA, MUM, DAD = "1980-03-14", "1990-05-02", "1988-07-20"
BABY, CHILD = "2026-11-20", "2015-09-01"
MUMS = number(2, MUM, 100)


def family(order: int) -> str:
    """The number of one more invented mother, so that cases do not meet."""
    return number(2, MUM, order)


# case -> (claims, groups of labels that are one person; every other pair must stay apart)
CASES = {
    "own number and birth date": (
        [
            claim("H1:anna", ANNA, "2", own_nir=number(2, ANNA), name="Martin", given="Anna"),
            claim("P1:anna", ANNA, None, own_nir=number(2, ANNA), name="Durand"),
            claim("D1:anna", ANNA, "2", ins=number(2, ANNA), name="MARTIN", given="ANNA"),
        ],
        [("H1:anna", "P1:anna", "D1:anna")],
    ),
    "holder's number that agrees with sex and birth is one's own": (
        [
            claim("P1:carl", "1970-01-31", "1", holder_nir=number(1, "1970-01-31"), given="Carl"),
            claim("D1:carl", "1970-01-31", "1", ins=number(1, "1970-01-31"), given="Carl"),
        ],
        [("P1:carl", "D1:carl")],
    ),
    "number with first name and birth year forgives a wrong day": (
        [
            claim("H1:dora", "1961-02-03", "2", own_nir=number(2, "1961-02-03", 2), given="Dora"),
            claim("P1:dora", "1961-02-13", "2", own_nir=number(2, "1961-02-03", 2), given="Dora"),
        ],
        [("H1:dora", "P1:dora")],
    ),
    "number alone is a trap: a child under the parent's number": (
        [
            claim("P1:parent", MUM, "2", own_nir=family(101), name="Petit", given="Lise"),
            claim("P1:child", CHILD, "1", holder_nir=family(101), name="Petit", given="Noé"),
            claim("H1:child", CHILD, "1", holder_nir=family(101), name="PETIT", given="NOE"),
        ],
        [("P1:child", "H1:child")],
    ),
    "newborn without a name under the mother's number": (
        [
            claim("H1:mother", MUM, "2", own_nir=family(102), name="Leroy", given="Rose"),
            claim("H1:baby", BABY, "2", holder_nir=family(102), name="Leroy", given="BEBE"),
            claim("H1:baby-undated", None, "2", holder_nir=family(102), name="Leroy"),
        ],
        [],
    ),
    "newborn whose record carries the mother's number as own": (
        [
            claim("H1:mum2", MUM, "2", own_nir=family(103), name="Roux", given="Eve"),
            claim("H1:baby2", BABY, "2", own_nir=family(103), ins=family(103), name="Roux", given="Eve"),
        ],
        [],
    ),
    "twins of one sex without names are two patients of their hospital": (
        [
            claim("H1:twin-a", BABY, "1", holder_nir=family(104), name="Blanc"),
            claim("H1:twin-b", BABY, "1", holder_nir=family(104), name="Blanc"),
            claim("P1:twin", BABY, "1", holder_nir=family(104), name="Blanc", given="Tom"),
        ],
        [],
    ),
    "named twins under one holder's number": (
        [
            claim("H1:leo", CHILD, "1", holder_nir=family(105), name="Faure", given="Léo"),
            claim("H1:max", CHILD, "1", holder_nir=family(105), name="Faure", given="Max"),
            claim("P1:leo", CHILD, "1", holder_nir=family(105), name="Faure", given="LEO"),
            claim("P1:nameless", CHILD, "1", holder_nir=family(105), name="Faure"),
        ],
        [("H1:leo", "P1:leo")],
    ),
    "twins told apart by rank": (
        [
            claim("P1:first", CHILD, "2", holder_nir=family(106), rank=1),
            claim("P1:second", CHILD, "2", holder_nir=family(106), rank=2),
            claim("P2:second", CHILD, "2", holder_nir=family(106), rank=2),
        ],
        [("P1:second", "P2:second")],
    ),
    "one child, once without a name": (
        [
            claim("P1:zoe", CHILD, "2", holder_nir=family(107), given="Zoé", rank=1),
            claim("P1:zoe-bare", CHILD, "2", holder_nir=family(107), rank=1),
        ],
        [("P1:zoe", "P1:zoe-bare")],
    ),
    "mixed twins under one number": (
        [
            claim("P1:boy", CHILD, "1", holder_nir=family(108), name="Henry"),
            claim("P1:girl", CHILD, "2", holder_nir=family(108), name="Henry"),
        ],
        [],
    ),
    "exact traits without any number, birth name on one side and used name on the other": (
        [
            claim("H1:ida", "1955-12-24", "2", name="L'Hôte", used="de La Tour", given="Ida", place="29019"),
            claim("P1:ida", "1955-12-24", "2", used="LATOUR", given="ida"),
            claim("D1:ida", "1955-12-24", "2", name="LHOTE", given="Ida"),
        ],
        [("H1:ida", "P1:ida", "D1:ida")],
    ),
    "namesakes born the same day in two places": (
        [
            claim("H1:jean-a", "1960-06-06", "1", name="Bernard", given="Jean", place="13055"),
            claim("H2:jean-b", "1960-06-06", "1", name="Bernard", given="Jean", place="69123"),
            claim("P1:jean", "1960-06-06", "1", name="Bernard", given="Jean"),
        ],
        [],
    ),
    "namesakes with two own numbers": (
        [
            claim("H1:paul-a", "1960-07-07", "1", own_nir=number(1, "1960-07-07", 1), name="Simon", given="Paul"),
            claim("P1:paul-b", "1960-07-07", "1", own_nir=number(1, "1960-07-07", 2), name="Simon", given="Paul"),
        ],
        [],
    ),
    "a double record of one hospital is proved by an own number only": (
        [
            claim("H1:kim-1", "1975-04-04", "2", own_nir=number(2, "1975-04-04"), name="Noel", given="Kim"),
            claim("H1:kim-2", "1975-04-04", "2", ins=number(2, "1975-04-04"), name="Noel", given="Kim"),
            claim("H1:lou-1", "1976-04-04", "2", name="Noel", given="Lou"),
            claim("H1:lou-2", "1976-04-04", "2", name="Noel", given="Lou"),
        ],
        [("H1:kim-1", "H1:kim-2")],
    ),
    "a number with another person's first name": (
        [
            claim("H1:nina", "1982-08-08", "2", own_nir=number(2, "1982-08-08"), name="Adam", given="Nina"),
            claim("P1:olga", "1982-08-08", "2", own_nir=number(2, "1982-08-08"), name="Adam", given="Olga"),
        ],
        [],
    ),
    "a barred number is no number": (
        [
            claim("H1:rene", "1950-10-10", "1", own_nir=number(1, "1950-10-10"), number_status="key_wrong"),
            claim("P1:rene", "1950-10-10", "1", own_nir=number(1, "1950-10-10")),
        ],
        [],
    ),
    "compound given name cut to its first part": (
        [
            claim("H1:jp", "1952-01-02", "1", own_nir=number(1, "1952-01-02"), given="Jean-Pierre"),
            claim("P1:jp", "1952-01-02", "1", own_nir=number(1, "1952-01-02"), given="JEAN"),
        ],
        [("H1:jp", "P1:jp")],
    ),
    "a number that one source gives to everybody": (
        [
            claim("H1:luc", "1950-10-01", "1", own_nir=number(1, "1950-10-01", 77), given="Luc"),
            *[
                claim(f"P1:luc-{day}", f"1950-10-{day:02d}", "1", own_nir=number(1, "1950-10-01", 77), given="Luc")
                for day in range(1, 14)
            ],
        ],
        [],
    ),
    "a birth date that no calendar has keeps its year": (
        [
            claim("H1:lune", "1975-03-15", "2", own_nir=number(2, "1975-03-15"), given="Lune"),
            claim("P1:lune", None, "2", holder_nir=number(2, "1975-03-15"), given="Lune", birth_date_text="1975-00-15"),
            claim(
                "P2:other", None, "2", holder_nir=number(2, "1975-03-15"), given="Lune", birth_date_text="1995-00-15"
            ),
        ],
        [("H1:lune", "P1:lune")],
    ),
    "nothing known": ([claim("H1:unknown"), claim("P1:unknown"), claim("H2:unknown", "1980-01-01")], []),
}


Told = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def claims(spark: SparkSession) -> DataFrame:
    """The claims of all cases."""
    rows = [row for claims, _ in CASES.values() for row in claims]
    return spark.createDataFrame([tuple(row[name] for name in CLAIM.names) for row in rows], CLAIM.spark)


@pytest.fixture(scope="module")
def linked(claims: DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, tuple[str, str]], Told]:
    """Subject -> (label of its person, tier), of all cases linked together; and what was told of the rest."""
    keep = Keep(tmp_path_factory.mktemp("link"))
    done = decide(keep(trait_rows(claims)), None, mothers_of(claims, keep), keep)
    assert shared_numbers(done) == 14
    refused = told(done, "2026-11-22", "r1")
    found = {row.subject_id: (row.label, row.tier) for row in done.subjects.collect()}
    return found, {name: table.to_pylist() for name, table in refused.items()}


@pytest.fixture(scope="module")
def decided(linked: tuple[dict[str, tuple[str, str]], Told]) -> dict[str, tuple[str, str]]:
    """Subject -> (label of its person, tier)."""
    return linked[0]


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, decided: dict[str, tuple[str, str]]) -> None:
    claims, groups = CASES[case]
    labels = sorted({row["label"] for row in claims})
    person = {label: decided[subject(label)][0] for label in labels}
    found = {(a, b) for a, b in combinations(labels, 2) if person[a] == person[b]}
    assert found == {tuple(sorted(pair)) for group in groups for pair in combinations(group, 2)}


def test_tiers_say_why(decided: dict[str, tuple[str, str]]) -> None:
    tiers = {label: decided[subject(label)][1] for label in ("H1:anna", "H1:dora", "H1:ida", "H1:paul-a")}
    assert tiers == {
        "H1:anna": "number_birth_date",
        "H1:dora": "number_first_name",
        "H1:ida": "exact_traits",
        "H1:paul-a": "new_person",
    }


# subject, other -> guard that kept them apart (null: not told), and what the other is to the subject
REFUSED = {
    ("P1:child", "P1:parent"): ("relative_number", "mother"),
    ("P1:parent", "P1:child"): ("relative_number", "child"),
    ("H1:baby", "H1:mother"): ("newborn", "mother"),
    ("H1:baby2", "H1:mum2"): ("newborn", "mother"),
    ("H1:leo", "H1:max"): ("twin", "twin"),
    ("P1:first", "P1:second"): ("twin", "twin"),
    ("P1:boy", "P1:girl"): ("twin", "twin"),
    ("H1:jean-a", "H2:jean-b"): ("birth_places", None),
    ("P1:jean", "H1:jean-a"): ("lead", None),
    ("H1:paul-a", "P1:paul-b"): ("own_numbers", None),
    ("H1:lou-1", "H1:lou-2"): ("declared_distinct", None),
    ("H1:twin-a", "P1:twin"): ("no_given_name", "shares_number"),
}


@pytest.mark.parametrize(("pair", "said"), REFUSED.items(), ids=lambda value: " ".join(map(str, value)))
def test_a_refusal_names_its_guard(
    pair: tuple[str, str], said: tuple[str, str | None], linked: tuple[dict[str, tuple[str, str]], Told]
) -> None:
    tables, ids = linked[1], tuple(map(subject, pair))
    guards = [row["guard"] for row in tables["refusal"] if (row["subject_id"], row["other_id"]) == ids]
    kinds = [row["kind"] for row in tables["relation"] if (row["subject_id"], row["other_id"]) == ids]
    assert (guards, kinds) == ([said[0]], [said[1]] if said[1] else [])


def test_what_nothing_tells_apart_is_for_review(linked: tuple[dict[str, tuple[str, str]], Told]) -> None:
    sides = [(row["left_id"], row["right_id"]) for row in linked[1]["review_item"]]
    assert tuple(sorted(map(subject, ("P1:jean", "H1:jean-a")))) in sides
    assert tuple(sorted(map(subject, ("H1:baby", "H1:mother")))) not in sides
    assert len(sides) == len(set(sides))


def test_both_engines_find_the_same_rows(claims: DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All subjects arrive, and each is a person of the index as well: every step, row for row."""
    keep = Keep(tmp_path)
    new = keep(trait_rows(claims))
    known = keep(new.selectExpr("*", "reverse(subject_id) AS person_id"))
    index, mothers = Index(Keep.files(known)), mothers_of(claims, keep)
    found = {}
    for engine in (PROCESS, SPARK):
        monkeypatch.setenv(CHOICE, engine)
        done = decide(new, index, mothers, keep)
        tables = {name: Keep.files(getattr(done.steps, name)) for name in STEPS} | {"who": Keep.files(done.subjects)}
        found[engine] = {
            name: sorted(map(shown, ds.dataset(files).to_table().to_pylist())) for name, files in tables.items()
        }
    assert found[PROCESS] == found[SPARK]
    assert len(found[PROCESS]["judged"]) > 50, "too few to say anything"


def shown(row: dict[str, Any]) -> str:
    """A row as text, whatever the order of its columns and of the values of a set."""
    return repr(sorted((name, sorted(map(str, one)) if isinstance(one, list) else one) for name, one in row.items()))


def test_an_unknown_engine_is_named(claims: DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "polars")
    with pytest.raises(ConfigError, match=f"{CHOICE} is neither process nor spark"):
        run("SELECT 1", Keep(tmp_path), rows=claims)
