"""What the score links and refuses: one small household per case, and the frozen model behind it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.core.errors import ConfigError
from jobs.link.comparisons import COMPARISONS, GUARDS
from jobs.link.model import CURRENT, FOLDER, digest, load_model, require_known_model
from jobs.link.score import Scored, score

ROWS = pa.schema(
    [(name, pa.string()) for name in ("unit", "night", "number", "family_key", "used_key", "given_key", "sex")]
    + [(name, pa.string()) for name in ("birth_place", "declared")]
    + [("is_person", pa.bool_()), ("own_number", pa.bool_()), ("birth_date", pa.date32())]
    + [("birth_year", pa.int64()), ("birth_rank", pa.int64()), ("blocks", pa.list_(pa.int64()))]
)
NIGHT = "2026-11-22"
ANNA = {"family_key": "MARTINEAU", "given_key": "ANNABELLE", "born": "1980-03-14", "sex": "2", "birth_place": "75999"}
LITTLE = ANNA | {"birth_place": None}  # with a mistyped name: more likely than not one person, and not nine in ten
NEWBORN = LITTLE | {"born": "2026-10-23"}
MISTYPED = ANNA | {"family_key": "MARTINAEU"}
TOM = {"family_key": "FAUREL", "given_key": "TOM", "born": "2015-09-01", "sex": "1", "number": "2900575999105"}
EVE = {"family_key": "ROUXEL", "born": "1990-05-02", "sex": "2", "number": "2900575999103", "own_number": True}


def row(unit: str, person: bool = False, block: int = 1, **traits: Any) -> dict[str, Any]:
    """One trait row; all rows of a case share a block."""
    born = traits.pop("born", None)
    found: dict[str, Any] = dict.fromkeys(ROWS.names) | {"unit": unit, "is_person": person, "night": NIGHT}
    found |= {"own_number": False, "blocks": [block]} | traits
    if born:
        found |= {"birth_date": date.fromisoformat(born), "birth_year": int(born[:4])}
    return found


# case -> (rows, {unit: target} that are linked, {(unit, other): guard} that are refused)
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, str], dict[tuple[str, str], str]]] = {
    "a mistyped family name": (
        [row("n1", **MISTYPED), row("p1", True, **ANNA)],
        {"n1": "p1"},
        {},
    ),
    "a family name mistyped in its first letter": (
        [row("n1", **ANNA | {"family_key": "LARTINEAU"}), row("p1", True, **ANNA)],
        {"n1": "p1"},
        {},
    ),
    "a given name mistyped in its second letter": (
        [row("n1", **ANNA | {"given_key": "LHCIE"}), row("p1", True, **ANNA | {"given_key": "LUCIE"})],
        {"n1": "p1"},
        {},
    ),
    "twins whose given names rhyme": (
        [row("n1", **ANNA | {"given_key": "MARINE"}), row("p1", True, **ANNA | {"given_key": "KARINE"})],
        {},
        {("n1", "p1"): "twin"},
    ),
    "day and month swapped": (
        [row("n1", **ANNA | {"born": "1980-08-05"}), row("p1", True, **ANNA | {"born": "1980-05-08"})],
        {"n1": "p1"},
        {},
    ),
    "two of a night, without anybody in the index": (
        [row("n2", **ANNA | {"given_key": "ANABELLE"}), row("n1", **ANNA)],
        {"n1": "n1", "n2": "n1"},
        {},
    ),
    "two of a night become the person of the index": (
        [row("n2", **ANNA | {"given_key": "ANABELLE"}), row("n1", **ANNA), row("p1", True, **ANNA)],
        {"n1": "p1", "n2": "p1"},
        {},
    ),
    "two persons of the index fit equally": (
        [row("n1", **ANNA), row("p1", True, **ANNA), row("p2", True, **ANNA)],
        {},
        {("n1", "p1"): "lead", ("n1", "p2"): "lead"},
    ),
    "one who fits another of the night and somebody else in the index": (
        [
            row("n1", **ANNA),
            row("n2", **ANNA | {"birth_place": None}),
            row("p1", True, **ANNA | {"birth_place": "13999"}),
        ],
        {},
        {("n1", "n2"): "lead", ("n2", "p1"): "lead", ("n1", "p1"): "birth_places"},
    ),
    "likely, and a person of the index": (
        [row("n1", **LITTLE | {"family_key": "MARTINAEU"}), row("p1", True, **LITTLE)],
        {"n1": "p1"},
        {},
    ),
    "likely, and two of a night, whom the index need not know": (
        [row("n1", **LITTLE | {"family_key": "MARTINAEU"}), row("n2", **LITTLE)],
        {},
        {("n1", "n2"): "weight"},
    ),
    "likely, and a newborn, whom the index cannot know": (
        [row("n1", **NEWBORN | {"family_key": "MARTINAEU"}), row("p1", True, **NEWBORN)],
        {},
        {("n1", "p1"): "weight"},
    ),
    "too little in common": (
        [
            row("n1", **ANNA | {"given_key": "ANA", "birth_place": None, "sex": None}),
            row("p1", True, **ANNA | {"family_key": "MARTINELLI", "given_key": "ANABELLE"}),
        ],
        {},
        {},
    ),
    "twins of one name and birth": (
        [row("n1", **TOM), row("p1", True, **TOM | {"given_key": "LEO"})],
        {},
        {("n1", "p1"): "twin"},
    ),
    "no given name on a side": (
        [row("n1", **TOM | {"given_key": None, "birth_place": "75999"}), row("p1", True, **TOM, birth_place="75999")],
        {},
        {("n1", "p1"): "no_given_name"},
    ),
    "a newborn named like its mother under her number": (
        [row("n1", **EVE | {"given_key": "EVE", "born": "2026-11-20"}), row("p1", True, **EVE, given_key="EVE")],
        {},
        {},
    ),
    "two numbers of one hospital": (
        [row("n1", **ANNA, declared="H1"), row("p1", True, **ANNA, declared="H1")],
        {},
        {("n1", "p1"): "declared_distinct"},
    ),
    "two own numbers": (
        [
            row("n1", **ANNA, number="2800375999001", own_number=True),
            row("p1", True, **ANNA, number="2800375999002", own_number=True),
        ],
        {},
        {("n1", "p1"): "own_numbers"},
    ),
    "two places of birth": (
        [row("n1", **ANNA), row("p1", True, **ANNA | {"birth_place": "13999"})],
        {},
        {("n1", "p1"): "birth_places"},
    ),
    "a mistyped sex beside the own number": (
        [
            row("n1", **ANNA | {"sex": "1"}, number="2800375999001"),
            row("p1", True, **ANNA, number="2800375999001", own_number=True),
        ],
        {"n1": "p1"},
        {},
    ),
    "family and given name swapped": (
        [row("n1", **ANNA | {"family_key": "ANNABELLE", "given_key": "DE MARTINEAU"}), row("p1", True, **ANNA)],
        {"n1": "p1"},
        {},
    ),
    "swapped, and the given name cut": (
        [
            row("n1", **ANNA | {"family_key": "ANNABELLE", "given_key": "MARTINEAU"}),
            row("p1", True, **ANNA | {"given_key": "ANNABELLE LOU"}),
        ],
        {"n1": "p1"},
        {},
    ),
    "a mistyped year beside the own number, and the given name cut": (
        [
            row("n1", **ANNA | {"born": "1979-03-14"}, number="2800375999001"),
            row("p1", True, **ANNA | {"given_key": "ANNABELLE LOU"}, number="2800375999001", own_number=True),
        ],
        {"n1": "p1"},
        {},
    ),
    "a parent's number, and its given name cut": (
        [
            row("n1", **ANNA | {"born": "2005-03-14"}, number="2800375999001"),
            row("p1", True, **ANNA | {"given_key": "ANNABELLE LOU"}, number="2800375999001", own_number=True),
        ],
        {},
        {},
    ),
    "two sexes": (
        [row("n1", **ANNA), row("p1", True, **ANNA | {"sex": "1"})],
        {},
        {("n1", "p1"): "sexes"},
    ),
}


def scored(rows: list[dict[str, Any]], folder: Path) -> Scored:
    """The outcome of the model in force."""
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=ROWS), path)
    return score([str(path)], load_model(), folder)


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, tmp_path: Path) -> None:
    rows, links, refused = CASES[case]
    found = scored(rows, tmp_path)
    assert {one["unit"]: one["target"] for one in found.links.to_pylist()} == links
    guards = {(one["a_id"], one["b_id"]): one["guard"] for one in found.refused.to_pylist()}
    assert {pair: guards.get(pair) for pair in refused} == refused


def test_a_link_says_what_it_rests_on(tmp_path: Path) -> None:
    rows = [*CASES["a mistyped family name"][0], row("p2", True, **MISTYPED | {"born": "1980-03-15"})]
    link = scored(rows, tmp_path).links.to_pylist()[0]
    assert link["levels"] == "family=2 given=5 birth=5 sex=1 place=1"
    model = {one.name: {at.level: at.weight_centibits for at in one.levels} for one in load_model().comparisons}
    told = dict(part.split("=") for part in link["levels"].split())
    weight = load_model().prior_centibits + sum(model[name][int(level)] for name, level in told.items())
    assert link["weight_centibits"] == weight >= load_model().accept_centibits
    nearer = model["family"][4] + model["birth"][3]  # what the mistyped namesake, born a day later, has instead
    assert link["lead_centibits"] == model["family"][2] + model["birth"][5] - nearer


def test_a_crowded_block_is_told_and_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.link.score.CANDIDATES_CAP", 2)
    rows = [row("n1", **ANNA), row("p1", True, **ANNA), row("p2", True, **TOM)]
    found = scored(rows, tmp_path)
    assert found.links.num_rows == 0
    assert [(one["a_id"], one["b_id"], one["guard"]) for one in found.refused.to_pylist()] == [
        ("n1", "p2", "candidates_cap")
    ]


def test_order_and_cores_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []
    for place, case in enumerate(CASES.values()):
        rows += [one | {"unit": f"{one['unit']}-{place:02d}", "blocks": [place]} for one in case[0]]
    first = scored(rows, tmp_path)
    monkeypatch.setenv("VEILLEE_CORES", "1")
    again = scored(rows[::-1], tmp_path)
    assert first.links.equals(again.links)
    order = [("a_id", "ascending"), ("b_id", "ascending")]
    assert first.refused.sort_by(order).equals(again.refused.sort_by(order))


def test_the_model_is_refused_when_it_was_changed(tmp_path: Path) -> None:
    value = json.loads((FOLDER / f"{CURRENT}.json").read_text(encoding="utf-8"))
    assert value["sha256"] == digest(value)
    value["comparisons"][0]["levels"][0]["weight_centibits"] += 1
    (tmp_path / f"{CURRENT}.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"LNK-002.*not what was trained"):
        load_model(CURRENT, tmp_path)
    (tmp_path / f"{CURRENT}.json").write_text("{}", encoding="utf-8")
    load_model.cache_clear()
    with pytest.raises(ConfigError, match=r"LNK-002.*is not a linkage model"):
        load_model(CURRENT, tmp_path)
    with pytest.raises(ConfigError, match=r"LNK-002: there is no linkage model model-0"):
        load_model("model-0", tmp_path)


def test_an_index_of_another_model_is_refused() -> None:
    model = load_model()
    require_known_model(model, None)
    require_known_model(model, model.version)
    with pytest.raises(ConfigError, match=r"LNK-003.*model-0"):
        require_known_model(model, "model-0")


def test_the_model_in_force_holds_what_is_compared_here() -> None:
    for one, trained in zip(COMPARISONS, load_model().comparisons, strict=True):
        told = [(at.level, at.when) for at in trained.levels]
        assert (one.name, one.unknown, [*one.numbered(), (0, "ELSE")]) == (trained.name, trained.unknown, told)
        weights = [at.weight_centibits for at in trained.levels]
        assert weights[0] > 0 > weights[-1]


def test_guards_are_named_in_the_declared_table() -> None:
    declared = json.loads(Path("schemas/identity/refusal.json").read_text(encoding="utf-8"))
    guard = next(one for one in declared["fields"] if one["name"] == "guard")
    assert set(GUARDS) | {"weight", "lead", "broken_group", "candidates_cap"} <= set(guard["constraints"]["enum"])
