"""Refused JSON is taken in again after its dialect was corrected: line by line, or the whole file."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import Settings
from jobs.replay.__main__ import main as replay
from jobs.standardise.pharmacy import extract
from jobs.standardise.pharmacy.nested_dialect import NestedDialect, load_nested
from tests import deposits

PHARMACY, DAY = "992000018", "2026-11-21"
LINES = [{"code13Ref": code, "qte": 1, "prix": 2.18} for code in ("3400935955838", "3595583")]
SALE = {"id": 1, "heure": f"{DAY}T10:00:00", "lignes": LINES}
FILE = json.dumps([{"ventes": [SALE, SALE | {"id": 2, "lignes": LINES[:1]}]}]).encode()


def wrong_list(one: NestedDialect) -> NestedDialect:
    return replace(one, sales="tickets")


def wrong_key(one: NestedDialect) -> NestedDialect:
    return replace(one, line=one.line | {"code_raw": "cip"})


@pytest.mark.parametrize(("wrong", "rules"), [(wrong_list, {"PHA-012": 1}), (wrong_key, {"PHA-013": 3})])
def test_a_corrected_dialect_releases_what_it_had_refused(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch, wrong: Any, rules: dict[str, int]
):
    monkeypatch.setitem(deposits.FORMATS, "pharmacy", "pharmacy-json")
    deposits.register(settings, (PHARMACY, "pharmacy"))
    register = (settings.root / "producers.csv").read_text(encoding="utf-8")
    told = register.replace("pharmacy-json,,", "pharmacy-json,ventes_json,", 1)
    (settings.root / "producers.csv").write_text(told, encoding="utf-8")
    deposits.deposit(settings, "pharmacy", PHARMACY, "D1", {"v.json": FILE}, covers=(DAY, DAY), mode="append")

    def faulty(*given: Any) -> dict[str, NestedDialect]:
        return {name: wrong(one) for name, one in load_nested(*given).items() if name == "ventes_json"}

    monkeypatch.setattr(extract, "load_nested", faulty)
    first = deposits.load(settings, "2026-11-22", "pharmacy")
    assert first["producers"][PHARMACY]["rules"] == rules
    deposits.close(settings, "2026-11-22", "pharmacy")

    monkeypatch.setattr(extract, "load_nested", load_nested)
    assert replay(["--delivery", "D1"]) == 0
    second = deposits.load(settings, "2026-11-23", "pharmacy")
    assert second["producers"][PHARMACY]["released"] == 3
    rows = deposits.table(settings, second | {"tables": {"dispensation": {}}}, "dispensation")
    assert sorted((row["record"], row["cip13"]) for row in rows) == [
        (1, "3400935955838"), (2, "3400935955838"), (3, "3400935955838"),
    ]  # fmt: skip
    assert len({row["dispensation_id"] for row in rows}) == 3  # ranks are those of the whole sale
