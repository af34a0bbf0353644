"""Nested JSON to records: a line of a sale each, whatever the cut into parts; what cannot be read is told and kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.core.errors import ConfigError
from jobs.core.settings import REPOSITORY
from jobs.standardise.pharmacy import nested_file
from jobs.standardise.pharmacy.columns import COLUMNS, SHAPE
from jobs.standardise.pharmacy.nested_dialect import NestedDialect, load_nested
from jobs.standardise.pharmacy.nested_file import NestedReader

DIALECTS = load_nested(REPOSITORY / "config" / "dialects", COLUMNS)
SALE = {
    "id": 71, "heure": "2026-11-21T10:00:00", "patient": {"nir": "1850575990042", "nom": "Durand"},
    "lignes": [
        {"prodId": 9, "code13Ref": "3400935955838", "qte": 2, "prix": 2.18, "nomProduit": "Comprimé ✓"},
        {"ProdId": 8, "Code13Ref": "3595583", "QTE": -1, "prix": 3.0, "nomProduit": None},
    ],
}  # fmt: skip


def document(*sales: Any) -> bytes:
    return json.dumps([{"ventes": list(sales)}], ensure_ascii=False).encode()


def read(data: bytes, *cuts: int, name: str = "ventes_json", record: int | None = None) -> list[dict[str, Any]]:
    """Records of a file cut at some places: problem, field, noted, bytes, and the cells that are filled."""
    part = {"producer": "P", "delivery_id": "D", "file": "f.json", "record": record, "head": None}
    reader, done, start = NestedReader(part, DIALECTS[name], SHAPE), [], 0
    for end in (*sorted(cuts), len(data)):
        done += reader.feed(data[start:end], start)
        start = end
    done += reader.finish()
    names = ("record", "offset", "bytes", "problem", "field", "noted")
    place = [dict(zip(names, (*row[3:6], *row[7:10]), strict=True)) for row in done]
    cells = [{k: v for k, v in zip(COLUMNS, row[10:], strict=True) if v is not None} for row in done]
    return [one | {"cells": cell} for one, cell in zip(place, cells, strict=True)]


def problems(data: bytes, **how: Any) -> list[str | None]:
    return [one["problem"] for one in read(data, **how)]


def test_lgo_csv_25_a_line_of_a_sale_is_a_record_and_keys_are_compared_without_case():
    one, two = read(document(SALE))
    assert one["cells"] == {
        "ticket_id": "71", "line_id": "1", "event_type": "sale", "event_ts_local": "2026-11-21T10:00:00",
        "patient_nir": "1850575990042", "family_name": "Durand", "code_raw": "3400935955838",
        "quantity_signed": "2", "unit": "box", "amount_total": "2.18", "label": "Comprimé ✓",
    }  # fmt: skip
    assert (two["record"], two["cells"]["line_id"], two["cells"]["code_raw"]) == (2, "2", "3595583")
    assert (two["cells"]["quantity_signed"], two["cells"]["amount_total"]) == ("-1", "3.0")
    assert [one["noted"], two["noted"]] == [None, None]


def test_lgo_csv_25_either_key_of_the_moment_serves_and_an_unknown_key_is_noted():
    later = {key: value for key, value in SALE.items() if key != "heure"} | {"dateFacture": "2026-11-22T00:00:00"}
    assert read(document(later))[0]["cells"]["event_ts_local"] == "2026-11-22T00:00:00"
    assert read(document(SALE | {"heure": None, "dateFacture": "2026"}))[0]["cells"]["event_ts_local"] == "2026"
    assert [one["noted"] for one in read(document(SALE | {"remise": 3}))] == ["PHA-111"] * 2


def test_lgo_csv_25_another_version_is_one_more_file():
    data = b'\xef\xbb\xbf{"page": {"no": 1}, "TICKETS": [{"numticket": "A", "instant": 1795255200000,'
    data += b'"produits": [{"numligne": 4, "nature": "V", "cip": "3595583", "quantite": "1",'
    data += b'"montantttc": "218"}]}], "suite": null}'
    (one,) = read(data, name="ventes_json_epoch")
    assert one["cells"] == {
        "ticket_id": "A", "line_id": "4", "event_type": "V", "event_ts_local": "1795255200000", "code_raw": "3595583",
        "quantity_signed": "1", "unit": "box", "amount_total": "218",
    }  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"[]", b'[{"ventes":[]}]', b' [ {"ventes" : [ ] , "page": 2} ]\n', document(SALE | {"lignes": []})]
)
def test_lgo_csv_26_a_day_without_sales_has_no_record(data: bytes):
    assert read(data) == []


def test_lgo_csv_26_no_data_is_neither_an_error_nor_a_success():
    assert problems(b"") == problems(b"\r\n") == ["empty"]


@pytest.mark.parametrize(
    "data", [b'{"erreur": "lastAvailableDate", "date": "2026-11-20"}', b'[{"ventes": null}]', b'{"Ventes":{}}']
)
def test_lgo_csv_26_an_answer_without_sales_is_refused(data: bytes):
    assert [(one["problem"], one["field"]) for one in read(data)] == [("list", "ventes")]


def test_lgo_csv_26_a_page_cut_in_the_middle_keeps_the_whole_sales_before():
    data = document(SALE, SALE | {"id": 72})
    for end in range(data.index(b"lignes"), len(data)):
        told = read(data[:end])
        assert [one["problem"] for one in told][-1] == "json"
        whole = 4 if b'"id": 72' in data[:end] and end > data.rindex(b"]}]}]") + 1 else 2 if len(told) > 1 else 0
        assert [one["problem"] for one in told] == [None] * whole + ["json"]
        assert data[:end].endswith(told[-1]["bytes"])


@pytest.mark.parametrize(
    "data",
    [b"<html>504</html>", b"\x00\x01", b"7", b'"x"', b'[{"ventes":[]}] trailing', b'[{"ventes":[{]}]', b"[" * 5000],
)
def test_no_file_yields_nothing_without_a_reason(data: bytes):
    assert problems(data) and set(problems(data)) == {"json"}


def test_missing_doubled_and_unfit_keys_cost_their_line():
    lines = [
        {"qte": 1, "prix": 1},
        {"code13Ref": "1", "Code13REF": "2", "qte": 1},
        {"code13Ref": "1", "qte": [1]},
        {"code13Ref": "1", "qte": True, "prix": None},
        "no line",
    ]
    told = read(document(SALE | {"lignes": lines}).replace(b"Code13REF", b"code13REF"))
    assert [(one["problem"], one["field"]) for one in told] == [
        ("keys", "code_raw"), ("keys", "code_raw"), ("keys", "quantity_signed"), (None, None), ("keys", "code_raw"),
    ]  # fmt: skip
    assert told[3]["cells"]["quantity_signed"] == "true"  # refused later, as no number
    assert problems(document(7, SALE, {"id": 1})) == ["list", None, None, "list"]


def test_foreign_bytes_cost_their_line_only():
    data = document(SALE).replace("✓".encode(), b"\xe9")
    assert problems(data) == ["encoding", None]
    assert problems(document(SALE).replace(b"Durand", b"\xe9")) == ["encoding"] * 2


def test_a_record_read_alone_says_the_same():
    data = document(SALE, SALE | {"id": 72}, SALE | {"id": 73, "lignes": [{"qte": 1}]})
    for one in read(data):
        (again,) = read(one["bytes"], record=one["record"])
        assert {**again, "offset": 0, "bytes": 0} == {**one, "offset": 0, "bytes": 0}


def test_an_endless_value_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nested_file, "MAX_VALUE", 50)
    data = document(SALE)
    told = read(data, *range(10, len(data), 10))
    assert {one["problem"] for one in told} == {"json"}
    assert data.endswith(b"".join(one["bytes"] for one in told))


PIECES = st.sampled_from(
    [
        SALE,
        SALE | {"id": 'a"]}\\', "é": [{"ventes": []}]},
        SALE | {"lignes": []},
        {"id": 1},
        7,
        SALE | {"lignes": [{"qte": 1}]},
    ]
)


@given(st.lists(PIECES, max_size=5), st.lists(st.integers(0, 900), max_size=5), st.integers(0, 400))
def test_parts_change_nothing_and_no_byte_of_what_is_refused_is_lost(sales: list, cuts: list[int], short: int):
    data = document(*sales)
    data = data[: len(data) - short] if short > 200 else data
    whole, parts = read(data), read(data, *[min(cut, len(data)) for cut in cuts])
    readable = [one for one in whole if one["problem"] not in ("json",)]
    assert [one for one in parts if one["problem"] != "json"] == readable
    assert b"".join(one["bytes"] for one in parts if one["problem"] == "json") == b"".join(
        one["bytes"] for one in whole if one["problem"] == "json"
    )
    assert [one["record"] for one in parts] == list(range(1, len(parts) + 1))


def test_a_json_dialect_that_cannot_be_meant_is_refused(tmp_path: Path):
    good = (REPOSITORY / "config" / "dialects" / "ventes_json.toml").read_text(encoding="utf-8")
    assert isinstance(load_nested(REPOSITORY / "config" / "dialects", COLUMNS)["ventes_json"], NestedDialect)
    for right, wrong in (
        ('"utf-8"', '"utf-16"'), ('lines = "lignes"', 'lines = ""'), ("code_raw", "code"),
        ('per = "unit"', 'per = "box"'),
        ('"%Y-%m-%dT%H:%M:%S"', '"epoch_ms Mars/Base"'), ('unit = "box"', 'ticket_id = "1"'), ('aside = ', 'beside = '),
    ):  # fmt: skip
        (tmp_path / "d.toml").write_text(good.replace(right, wrong, 1), encoding="utf-8")
        with pytest.raises(ConfigError):
            load_nested(tmp_path, COLUMNS)
