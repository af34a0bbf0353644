"""What two subjects' traits say of each other: whether they agree, and nothing of what they are."""

from typing import Any

TRAITS = {  # what is compared -> its columns in a trait row
    "number": ("number",),
    "birth_date": ("birth_date",),
    "given_name": ("given_key",),
    "family_name": ("family_key", "used_key"),
    "sex": ("sex",),
    "birth_place": ("birth_place",),
    "birth_rank": ("birth_rank",),
}
OWN = "own"  # of the numbers, those that the producer sent as the patient's own
ROLES = ("own", "ins")
SINGLE = {1}  # the rank of whoever was born alone
NAMES = ("given_name", "family_name")
Traits = dict[str, set[Any]]


def traits_of(rows: list[dict[str, Any]]) -> Traits:
    """The known values of each trait in some trait rows."""
    found = {
        name: {row[column] for row in rows for column in columns if row[column] is not None}
        for name, columns in TRAITS.items()
    }
    return found | {OWN: {row["number"] for row in rows if row["number"] and row["number_role"] in ROLES}}


def compare(one: Traits, other: Traits) -> dict[str, str]:
    """For each trait ``same`` (a value is shared), ``different``, ``here`` or ``there`` (unknown on that side).

    ``swapped``: family and given name, each in the other's place. ``lent``: numbers that differ, of which one side has
    only what was sent as somebody else's. The rank is left out unless it tells of a multiple birth.
    """
    told = {name: agreement(one[name], other[name]) for name in TRAITS}
    if all(told[name] == "different" for name in NAMES) and crossed(one, other) and crossed(other, one):
        told |= dict.fromkeys(NAMES, "swapped")
    if told["number"] == "different" and not (one[OWN] and other[OWN]):
        told["number"] = "lent"
    if told["birth_rank"] in ("here", "there") or one["birth_rank"] | other["birth_rank"] == SINGLE:
        del told["birth_rank"]
    return told


def agreement(one: set[Any], other: set[Any]) -> str:
    """Of one trait."""
    if one & other:
        return "same"
    return "here" if not one else "there" if not other else "different"


def crossed(one: Traits, other: Traits) -> bool:
    """A given name of one is a family name of the other; keys of family names have no spaces."""
    return bool({name.replace(" ", "") for name in one["given_name"]} & other["family_name"])


def nearness(told: dict[str, str]) -> int:
    """How many traits agree, against each other or swapped."""
    return sum(kind in ("same", "swapped") for kind in told.values())
