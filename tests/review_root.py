"""A published index by hand, for `why` and the review page: no Spark, invented people of commune 999."""

from datetime import date
from typing import Any

from jobs.core.settings import Settings
from jobs.core.snapshot import write_json
from tests.spec.link_cases import number, subject
from tests.spec.national_cases import Rows, close, decide, store

NIGHT = "2026-11-22"
BORN = date(1980, 3, 14)
MUM, BABY = date(1990, 5, 2), date(2026, 11, 20)
PERSON = {name: letter * 32 for name, letter in zip(("anna", "lise", "baby", "other", "luc"), "12345", strict=True)}
WHO = {
    "H1:anna": "anna", "P1:anna": "anna", "D1:anna": "anna", "H1:lise": "lise", "H1:baby": "baby", "P2:anna": "other",
    "H2:luc": "luc", "P1:luc": "luc",
}  # fmt: skip
SOURCES = {"H": "hospital", "P": "pharmacy", "D": "shared_record"}


def trait(label: str, born: date, **more: Any) -> dict[str, Any]:
    """A trait row of the subject ``label``."""
    row = {"person_id": PERSON[WHO[label]], "subject_id": subject(label), "claim_id": subject(f"claim {label}")}
    row |= {"night": NIGHT, "source": SOURCES[label[0]], "producer": label.split(":")[0]}
    return row | {"birth_date": born, "birth_year": born.year, "number_role": "own"} | more


def traits() -> Rows:
    anna, mum = {"number": number(2, "1980-03-14"), "sex": "2"}, number(2, "1990-05-02")
    luc = {"number": number(1, "1955-05-05"), "sex": "1", "given_key": "LUC"}
    return [
        trait("H1:anna", BORN, **anna, family_key="MARTINEAU", given_key="ANNABELLE"),
        trait("P1:anna", BORN, **anna, used_key="DURANDAL"),
        trait("D1:anna", BORN, sex="2", family_key="MARTINAU", given_key="ANNABELLE"),
        trait("P2:anna", BORN, sex="2", family_key="MARTINEAU", given_key="ANNABEL"),
        trait("H1:lise", MUM, number=mum, sex="2", family_key="PETITJEAN", given_key="LISE"),
        trait("H1:baby", BABY, number=mum, number_role="holder", sex="1", family_key="PETITJEAN"),
        trait("H2:luc", date(1955, 5, 5), **luc, family_key="BLANC"),
        trait("P1:luc", date(1955, 5, 5), **luc, family_key="BLANC"),
    ]


def link(label: str, tier: str, **more: Any) -> dict[str, Any]:
    row = {"subject_id": subject(label), "person_id": PERSON[WHO[label]], "night": NIGHT, "tier": tier}
    return row | {"grade": "certain", "rules_version": "deterministic-2"} | more


def refusal(label: str, other: str, guard: str, tier: str, **more: Any) -> dict[str, Any]:
    row = {"subject_id": subject(label), "other_id": subject(other), "other_is_person": False, "night": NIGHT}
    return row | {"tier": tier, "guard": guard, "levels": None, "rules_version": "deterministic-2"} | more


def item(name: str, queue: str, left: str, right: str, reason: str, weight: int | None = None) -> dict[str, Any]:
    ends = sorted((left, right))
    row = {"item_id": subject(name), "night": NIGHT, "queue": queue, "left_id": ends[0], "right_id": ends[1]}
    return row | {"reason": reason, "weight_centibits": weight}


def index() -> dict[str, Rows]:
    """Rows of every table of the index."""
    score = {"weight_centibits": 1234, "levels": "family=2 given=4 birth=5 sex=1", "model_version": "model-1"}
    return {
        "person": [
            {"person_id": one, "created_night": NIGHT, "sex": "2", "birth_date": BORN} for one in PERSON.values()
        ],
        "person_trait": traits(),
        "link": [
            link("H1:anna", "number_birth_date", levels="number birth_date"),
            link("P1:anna", "number_birth_date", levels="number birth_date"),
            link("D1:anna", "score", grade="probable", lead_centibits=450, **score),
            *[link(label, "new_person") for label in ("H1:lise", "H1:baby", "P2:anna")],
            *[link(label, "exact_traits") for label in ("H2:luc", "P1:luc")],
        ],
        "refusal": [
            refusal("H1:baby", "H1:lise", "newborn", "number"),
            refusal("P2:anna", "D1:anna", "lead", "score", **score | {"weight_centibits": 900}),
        ],
        "relation": [
            {"subject_id": subject("H1:baby"), "other_id": subject("H1:lise"), "other_is_person": False,
             "kind": "mother", "night": NIGHT, "proof": "number newborn"}
        ],
        "review_item": [
            item("anna", "match", PERSON["anna"], PERSON["other"], "lead", 900),
            item("luc", "split", subject("H2:luc"), subject("P1:luc"), "sexes"),
            item("babies", "match", subject("H1:baby"), subject("P2:anna"), "several_fit"),
        ],
    }  # fmt: skip


def stays(*labels: str) -> Rows:
    """One stay of each hospital subject."""
    return [
        {
            "producer": one.split(":")[0],
            "period": "2026-10",
            "subject_id": subject(one),
            "stay_id": subject(f"stay {one}"),
        }
        for one in labels
    ]


def published_index(settings: Settings) -> None:
    """Index, crosswalk and standard rows of one published night."""
    tables = {
        name: {NIGHT: [store(settings, settings.identity, f"identity/{name}", rows)]} for name, rows in index().items()
    }
    walk = [{"subject_id": subject(label), "person_id": PERSON[who]} for label, who in WHO.items()]
    file = store(settings, settings.crosswalk, "crosswalk/crosswalk", walk)
    write_json(settings.identity / NIGHT / "index.json", {"tables": tables})
    write_json(settings.crosswalk / NIGHT / "crosswalk.json", {"tables": {"crosswalk": {NIGHT: [file]}}})
    rows = stays("H1:anna", "H1:anna", "H2:luc")
    part = store(settings, settings.standard / "hospital", "standard/hospital_stay", rows)
    close(settings, NIGHT, "hospital", tables={"hospital_stay": {"H1__2026-10": [part]}})
    decide(settings, NIGHT, "publish")


def secrets() -> list[str]:
    """Every name, number and date of birth of the index, as text."""
    names = ("number", "family_key", "used_key", "given_key", "birth_date")
    return sorted({str(row[name]) for row in traits() for name in names if row.get(name)})
