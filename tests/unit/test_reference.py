"""Code lists and the loader of the public drug database."""

import csv
import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.errors import ConfigError, DataRefused
from jobs.core.schema import schemas_of
from jobs.core.settings import REPOSITORY, Settings
from jobs.reference import bdpm, codes, labels
from jobs.reference.bdpm_files import WIDTHS, read_file, release_file
from jobs.reference.lists import embedded
from jobs.standardise.pharmacy.terms import b2_codes, services_of_claims

RAW = REPOSITORY / "tests" / "data" / "bdpm"


@pytest.mark.parametrize("path", sorted(RAW.glob("*.txt")), ids=lambda path: path.name)
def test_bdpm_01_every_file_of_every_release_is_read_whole_in_its_own_encoding(path: Path):
    kind, _, encoding = path.name.split(".")[:3]
    file = read_file(path, kind)
    assert (
        len(file.rows) + len(file.ragged) + file.blank
        == file.lines
        == len(path.read_bytes().rstrip(b"\n").split(b"\n"))
    )
    assert {len(row) for row in file.rows} == {file.width} and file.width in WIDTHS[kind]
    if encoding in ("utf8", "cp1252"):
        assert file.encoding == {"utf8": "utf-8"}.get(encoding, encoding)
    assert "\ufffd" not in "".join(map("".join, file.rows))


def test_bdpm_02_ragged_rows_and_blank_lines_are_reported_with_their_place():
    assert {
        columns for _, columns in read_file(RAW / "CIS_COMPO_bdpm.2022-06.ragged.txt", "CIS_COMPO_bdpm").ragged
    } == {12}
    gener = read_file(RAW / "CIS_GENER_bdpm.2022-06.ragged.txt", "CIS_GENER_bdpm")
    assert len(gener.ragged) == 2 and gener.report()["ragged"][0]["columns"] == 7


def test_a_file_of_another_shape_is_refused(tmp_path: Path):
    (tmp_path / "CIS_bdpm.txt").write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(DataRefused):
        read_file(tmp_path / "CIS_bdpm.txt", "CIS_bdpm")


@pytest.mark.parametrize(
    ("text", "value"),
    [("24,34", "24.34"), ("1,466,29", "1466.29"), ("7", "7.00"), (",35", ""), ("1,466", ""), ("", ""), ("douze", "")],
)
def test_bdpm_03_the_last_comma_of_a_price_is_the_decimal_one(text: str, value: str):
    assert bdpm.decimal(text) == value


def test_bdpm_04_05_06_rates_dates_codes_and_texts():
    assert [bdpm.rate_list(t) for t in ("65%", "65 %", "30 %;65%", "x")] == ["65", "65", "30;65", ""]
    assert [bdpm.iso_date(t) for t in ("30/11/2006", "29/11/2924", "31/02/2018")] == ["2006-11-30", "", ""]
    assert [bdpm.is_cip13(t) for t in ("3400935955838", "3400935955839", "3400892318240")] == [True, False, False]
    assert bdpm.clean_text(" de l¿enfant<br><br>- 2 ") == "de l'enfant - 2"


def test_bdpm_05_07_08_09_a_release_is_loaded_by_date_and_a_withdrawn_product_stays_known(
    settings: Settings, spark: SparkSession, capsys: pytest.CaptureFixture[str]
):
    assert release_file(RAW, "CIS_MITM", "2026-07").name == "CIS_MITM.2026-01.utf8.txt"
    assert release_file(RAW, "CIS_MITM", "2019-11") is None
    for release, rows in (("2019-11", 70), ("2026-07", 92)):
        assert bdpm.main(["--from", str(RAW), "--valid-on", release]) == 0
        assert json.loads(capsys.readouterr().out)["presentations"] == rows
    folder = settings.root / "reference" / "cip13"
    with (folder / "2026-07.csv").open(encoding="utf-8", newline="") as stream:
        loaded = {row["code"]: row for row in csv.DictReader(stream)}
    assert loaded["3400955097891"]["declared_on"] == "" and "declaration_date" in loaded["3400955097891"]["flags"]
    assert loaded["3400949497294"]["price_eur"] == "24.34"
    known = {row.code: row for row in codes(spark, settings, "cip13").collect()}
    with (folder / "2019-11.csv").open(encoding="utf-8", newline="") as stream:
        withdrawn = {row["code"] for row in csv.DictReader(stream)} - set(loaded)
    assert withdrawn and withdrawn <= set(known)
    assert len(known) >= 20_874 and all(row.source and row.valid_on for row in known.values())
    assert bdpm.main(["--from", str(settings.root), "--valid-on", "2026-07"]) == 65


CIP = "{cis}\t4949729\tplaquette(s) <br>de 30\tP\tC\t29/11/2924\t{cip}\toui\t65 %\t1,466,29\t1,467,31\t1,02\t\n"


def test_bdpm_06_07_08_one_speciality_is_unknown_and_another_has_classes_of_several_levels(tmp_path: Path):
    rows = CIP.format(cis="60000001", cip="3400949497294") + CIP.format(cis="60000002", cip="3400935955838")
    (tmp_path / "CIS_CIP_bdpm.txt").write_text(rows, encoding="utf-8")
    (tmp_path / "CIS_bdpm.txt").write_text("60000001\tSIROP de l¿enfant" + "\tx" * 10 + "\n", encoding="cp1252")
    classes = "".join(f"60000001\t{atc}\tn\tu\n" for atc in ("N02BE01", "R05X", "N02BE"))
    (tmp_path / "CIS_MITM.txt").write_text(classes, encoding="utf-8")
    files = {name: read_file(tmp_path / f"{name}.txt", name) for name in ("CIS_CIP_bdpm", "CIS_bdpm", "CIS_MITM")}
    (known, unknown), refused = bdpm.presentations(files, "2026-07")
    assert (refused, known["label_fr"]) == (0, "SIROP de l'enfant · plaquette(s) de 30")
    assert known["label_raw"] == "SIROP de l¿enfant · plaquette(s) <br>de 30"
    assert (known["atc"], known["atc_level"]) == ("N02BE;N02BE01;R05X", "4;5;3")
    assert (unknown["label_fr"], unknown["atc"], unknown["atc_level"]) == ("plaquette(s) de 30", "", "")
    assert "speciality_unknown" in unknown["flags"] and "speciality_unknown" not in known["flags"]
    assert (known["rates"], known["price_eur"], known["declared_on"]) == ("65", "1466.29", "")


def test_labels_cover_every_list_that_a_schema_names():
    table = labels()
    named = {
        item.veillee["codes"]
        for zone in ("standard", "published")
        for schema in schemas_of(zone)
        for item in schema.fields
        if "codes" in item.veillee
    }
    assert named <= set(table.column("list").to_pylist())
    keys = list(zip(table.column("list").to_pylist(), table.column("code").to_pylist(), strict=True))
    assert keys == sorted(set(keys))
    french = ("cip13", "cim10", "ccam", "ghm", "ucd", "service_nature", "insurance_scheme")
    small = [row for row in table.to_pylist() if row["list"] not in french]
    assert all(row["label_fr"] and row["label_en"] for row in small)


def test_enumerated_values_have_labels():
    table = labels()
    pairs = set(zip(table.column("list").to_pylist(), table.column("code").to_pylist(), strict=True))
    for schema in schemas_of("published"):
        for item in schema.fields:
            for value in item.constraints.get("enum", []) if "codes" in item.veillee else []:
                assert (item.veillee["codes"], value) in pairs


def test_service_codes_of_claims_are_those_of_the_natures_of_service():
    natures = {row["code"]: b2_codes(row) for row in embedded("service_nature")}
    assert (natures["3313"], natures["1336"], natures["3332"], natures["0"]) == (
        ["PH7", "PG7"],
        ["ZM", "ADI"],
        ["PH7"],
        [],
    )
    known = services_of_claims(None)
    assert len(known) == 1_167 and {"PH7", "HD7", "C", "ROR"} <= known and not {"GRIPPE", "DEPISTAGE", ""} & known


def test_an_unknown_list_is_an_error_of_configuration(settings: Settings, spark: SparkSession):
    with pytest.raises(ConfigError):
        codes(spark, settings, "no_such_list")
