"""Training with Splink, and Splink's own weights against those that a night adds up."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from jobs.core.settings import Settings
from jobs.link.comparisons import COMPARISONS, MACROS
from jobs.link.model import CURRENT, FOLDER, digest, load_model
from jobs.link.score import make_nodes, score
from jobs.train_linkage.__main__ import main
from jobs.train_linkage.train import FLOOR, RARE, as_splink, train
from tests.unit.test_link_score import ANNA, ROWS, TOM, row

PEOPLE = [
    row("n1", **ANNA, number="2800375999001", own_number=True),
    row("p1", True, **ANNA, number="2800375999001", own_number=True),
    row("p2", True, **ANNA | {"family_key": "MARTINAEU", "given_key": "ANNA"}),
    row("p3", True, **ANNA | {"born": "1980-03-15", "birth_place": None}),
    row("p4", True, **TOM | {"born": "1980-03-14", "sex": "2"}),
]


def written(rows: list[dict[str, Any]], folder: Path) -> list[str]:
    """The rows as the file that the score reads."""
    pq.write_table(pa.Table.from_pylist(rows, schema=ROWS), folder / "rows.parquet")
    return [str(folder / "rows.parquet")]


def test_splink_gives_each_pair_the_weight_that_a_night_adds_up(tmp_path: Path) -> None:
    files, model = written(PEOPLE, tmp_path), load_model()
    every = dict.fromkeys(("accept_centibits", "review_centibits"), -(10**6))
    told = score(files, type(model)(**vars(model) | every), tmp_path, {})
    ours = {row["b_id"]: row["weight_centibits"] for row in told.refused.to_pylist()}
    ours |= {row["target"]: row["weight_centibits"] for row in told.links.to_pylist()}
    assert set(ours) == {"p1", "p2", "p3", "p4"}
    for person, weight in splinks(files, model.prior_centibits).items():
        assert weight * 100 == pytest.approx(ours[person], abs=4), person


def splinks(files: list[str], prior: int) -> dict[str, float]:
    """Splink's weights of n1 against each person, from the probabilities in the model's file."""
    trained = json.loads((FOLDER / f"{CURRENT}.json").read_text(encoding="utf-8"))
    comparisons = []
    for one, learnt in zip(COMPARISONS, trained["comparisons"], strict=True):
        value = as_splink(one).get_comparison("duckdb").as_dict()
        for level, at in zip(value["comparison_levels"][1:], learnt["levels"], strict=True):
            level |= {"m_probability": max(at["m"], RARE), "u_probability": max(at["u"], FLOOR)}
        comparisons.append(value)
    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unit",
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": ["l.unit = 'n1' OR r.unit = 'n1'"],
        "probability_two_random_records_match": 1 / (1 + 2 ** (-prior / 100)),
    }
    with duckdb.connect() as engine:
        for name, body in MACROS.items():
            engine.execute(f"CREATE MACRO {name} AS {body}")
        engine.read_parquet(files).create_view("candidate_rows")
        make_nodes(engine, {kind: tuple(names) for kind, names in trained["common"].items()})
        engine.execute("CREATE TABLE people AS SELECT * FROM node")
        linker = Linker(DuckDBAPI(connection=engine).register("people"), settings, log_level=40)
        found = linker.inference.predict().as_duckdbpyrelation().select("unit_l, unit_r, match_weight").fetchall()
    return {max(left, right): weight for left, right, weight in found}


def test_training_twice_gives_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.train_linkage.train.RANDOM_PAIRS", 20_000)
    rows = []
    for place in range(200):
        born, sex = f"{1940 + place % 60}-{1 + place % 12:02d}-{1 + place % 28:02d}", str(1 + place % 2)
        one = {
            "family_key": f"FAM{chr(65 + place % 26)}{chr(65 + place // 26)}",
            "given_key": f"G{chr(65 + place % 19)}",
        }
        one |= {"born": born, "sex": sex, "number": f"{sex}{place:012d}", "birth_place": f"{place % 90:05d}"}
        other = one | ({"given_key": "GZ"} if place % 9 == 0 else {})
        rows += [row(f"a{place}", own_number=True, **one), row(f"b{place}", own_number=True, **other)]
    files = written(rows, tmp_path)
    model = train(files, "model-9", ["model-8"])
    assert model == train(files, "model-9", ["model-8"])
    assert model["sha256"] == digest(model)
    told = json.dumps(model)
    assert not any(name["family_key"] in told for name in rows), "a name that few bear is in the model"
    best = {one["name"]: one["levels"][0]["weight_centibits"] for one in model["comparisons"]}
    assert min(best.values()) > 0, best


def test_a_model_is_not_trained_over_another(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--night", "2026-11-22", "--version", CURRENT]) == 78
    assert main(["--night", "2026-11-22", "--version", "best"]) == 78
    assert capsys.readouterr().err.count("LNK-002") == 2
