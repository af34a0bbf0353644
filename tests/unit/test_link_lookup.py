"""Whom a night finds in the index under the keys of the rules and under the blocks of the score."""

from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from jobs.core.schema import load_schema
from jobs.link.blocks import BLOCKS, RULED, Kinds
from jobs.link.engine import add_macros
from jobs.link.lookup import persons_sharing

TRAIT = load_schema("identity/person_trait").arrow
ANNA = {"number": "2800399999001", "family_key": "MARTINEAU", "given_key": "ANNA", "birth_date": date(1980, 3, 14)} | {
    "birth_year": 1980,
    "sex": "2",
}
NUMBERLESS = ANNA | {"number": None}
UNNAMED = {"family_key": None, "given_key": None}
# what the index says of its one person -> (what asks, found by the rules, found in a block)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], bool, bool]] = {
    "the same number alone": (ANNA, UNNAMED | {"number": ANNA["number"], "birth_date": None}, True, True),
    "equal traits without a number": (NUMBERLESS, NUMBERLESS, True, True),
    "a birth name that is the other's used name": (
        NUMBERLESS | {"family_key": "LEROY", "used_key": "MARTINEAU"},
        NUMBERLESS,
        True,
        True,
    ),
    "another given name": (NUMBERLESS, NUMBERLESS | {"given_key": "EVE"}, False, True),
    "day and month swapped": (
        NUMBERLESS,
        NUMBERLESS | {"birth_date": date(1980, 3, 4), "given_key": "ANN"},
        False,
        False,
    ),
    "day and month in the other order": (
        NUMBERLESS | {"birth_date": date(1980, 3, 4)},
        NUMBERLESS | {"birth_date": date(1980, 4, 3), "birth_year": None},
        False,
        True,
    ),
    "a default date is no key of a rule": (
        NUMBERLESS | {"birth_date": date(1980, 1, 1)},
        NUMBERLESS | {"birth_date": date(1980, 1, 1)},
        False,
        True,
    ),
    "names in each other's place, with a particle": (
        NUMBERLESS | {"family_key": "ROCHE", "given_key": "XAVIER"},
        NUMBERLESS | {"family_key": "XAVIER", "given_key": "DE LA ROCHE"},
        False,
        False,
    ),
    "names in each other's place": (
        NUMBERLESS | {"family_key": "ROCHE", "given_key": "XAVIER"},
        NUMBERLESS | {"family_key": "XAVIER", "given_key": "DE ROCHE"},
        False,
        True,
    ),
    "nothing known on both sides": (
        UNNAMED | {"number": None, "birth_date": None},
        UNNAMED | {"number": None, "birth_date": None},
        False,
        False,
    ),
}


def finds(index: dict[str, Any], asking: dict[str, Any], kinds: Kinds) -> bool:
    """The person of the index is found by a night of one row."""
    with duckdb.connect() as engine:
        add_macros(engine)
        for name, row in (("trait", index | {"person_id": "p"}), ("asking", asking)):
            engine.register(name, pa.Table.from_pylist([row], schema=TRAIT))
        return bool(engine.execute(persons_sharing(kinds)).fetchall())


@pytest.mark.parametrize(("index", "asking", "ruled", "blocked"), CASES.values(), ids=CASES)
def test_a_person_is_found_by_what_it_shares(
    index: dict[str, Any], asking: dict[str, Any], ruled: bool, blocked: bool
) -> None:
    assert (finds(index, asking, RULED), finds(index, asking, BLOCKS)) == (ruled, blocked)
