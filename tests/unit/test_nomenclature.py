"""The command that loads a release of a code list: what it refuses, in which words, and what it writes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.reference import labels
from jobs.reference.declared import code_list
from jobs.reference.nomenclature import load_release, main
from jobs.reference.strict import read_list
from jobs.reference.tables import arrow_table

HEAD = "code,act_type,sex_compatibility,valid_from,valid_to\n"
GOOD = HEAD + "AAFA001,0,0,2005-03-01,\nZZZZ001,1,2,2026-01-01,2026-12-31\n"


def run(path: Path, content: bytes | str, *more: str, name: str = "ccam") -> int:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return main(
        ["--list", name, "--file", str(path), "--valid-on", "2026-01", "--source", "test; licence: none", *more]
    )


def test_a_release_is_loaded_once_and_told(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    told = []
    for more in (["--dry-run"], [], []):
        assert run(tmp_path / "ccam.csv", GOOD, *more) == 0
        told.append(json.loads(capsys.readouterr().out))
        written = sorted(path.name for path in (settings.root / "reference").glob("ccam/*"))
        assert written == ([] if more else ["2026-01.csv", "2026-01.report.json"])
    assert [one["outcome"] for one in told] == ["loaded", "loaded", "unchanged"]
    assert told[0]["rows"] == 2 and told[0]["codes_added"] == 1 and told[0]["codes_no_longer_named"] == 8592
    rows = {row["code"]: row for row in arrow_table(settings, "ccam").to_pylist()}
    assert rows["ZZZZ001"]["sex_compatibility"] == "2" and rows["ZZZZ001"]["source"] == "test; licence: none"
    assert "ZZZZ001" in labels(settings).column("code").to_pylist()


def test_the_same_rows_in_another_order_and_writing_make_the_same_bytes(settings: Settings, tmp_path: Path):
    assert run(tmp_path / "one.csv", GOOD) == 0
    target = settings.root / "reference" / "ccam" / "2026-01.csv"
    first, inode = target.read_bytes(), target.stat().st_ino
    head, one, two = GOOD.splitlines()
    other = "\r\n".join(line.replace(",", ";") for line in (head, two, one))
    assert run(tmp_path / "two.csv", b"\xef\xbb\xbf" + other.encode()) == 0
    assert target.read_bytes() == first and target.stat().st_ino == inode
    assert run(tmp_path / "three.csv", GOOD.replace("ZZZZ001", "ZZZZ002")) == 0
    assert target.read_bytes() != first
    assert [path.name for path in target.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("code;label\nAAFA001;x\n", "line 1: the header of ccam must be code,label_fr,label_en,act_type"),
        ("", "line 1: the header"),
        (HEAD, "line 1: the file has a header and no row"),
        (HEAD + "AAFA001,0,0,2005-03-01\n", "line 2: 4 columns where the header has 5"),
        (HEAD + "AAFA001,0,0,,\nAAFA01,0,0,,\n", "line 3: code is empty or has not the shape [A-Z]{4}"),
        (HEAD + ",0,0,,\n", "line 2: code is empty"),
        (HEAD + "AAFA001,9,0,,\n", "line 2: act_type has not the shape [012]"),
        (HEAD + "AAFA001,0,0,01/03/2005,\n", "line 2: valid_from is no date of the form 2026-01-31"),
        (HEAD + "AAFA001,0,0,2005-02-30,\n", "line 2: valid_from is no date"),
        (HEAD + "AAFA001,0,0,2005-03-01,2004-01-01\n", "line 2: valid_to is before valid_from"),
        (HEAD + "AAFA001,0,0,,\nAAFA002,0,0,,\nAAFA001,1,0,,\n", "line 4: the same code as line 2"),
        (HEAD + 'AAFA001,"0,0,,\n', "not readable as CSV"),
        (HEAD + 'AAFA001,0,0,,"\n"\n', "a line break inside a value"),
        (HEAD.encode("utf-16"), "neither UTF-8 nor cp1252"),
        (b"\x81\x8d" + HEAD.encode(), "neither UTF-8 nor cp1252"),
    ],
)
def test_a_fault_refuses_the_file_and_names_its_line(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | str, words: str
):
    assert run(tmp_path / "ccam.csv", content) == 65
    told = capsys.readouterr()
    assert words in told.err and told.out == ""
    assert all(line.startswith("reference ccam: ") for line in told.err.splitlines())
    assert not (settings.root / "reference" / "ccam").exists()


def test_many_faults_are_counted_and_no_value_is_quoted(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    rows = "".join(f"1850575990042{rank:02d},0,0,,\n" for rank in range(30))
    assert run(tmp_path / "ccam.csv", HEAD + rows) == 65
    told = capsys.readouterr().err
    assert "30 faults, nothing was loaded." in told and len(told.splitlines()) == 11
    assert "18505" not in told


def test_wrong_set_up_is_told_as_such(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(tmp_path / "x.csv", GOOD, name="no_such_list") == 78
    assert "no code list 'no_such_list'" in capsys.readouterr().err
    missing = ["--list", "ccam", "--file", str(tmp_path / "none.csv"), "--valid-on", "2026-01", "--source"]
    assert main([*missing, "x"]) == 78 and "cannot be read" in capsys.readouterr().err
    (tmp_path / "none.csv").write_text(GOOD, encoding="utf-8")
    assert main([*missing, "  "]) == 78


def test_a_root_without_a_stamp_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VEILLEE_ROOT", str(tmp_path / "nowhere"))
    assert run(tmp_path / "ccam.csv", GOOD) == 78


def test_labels_in_cp1252_are_read(settings: Settings, tmp_path: Path):
    text = "code,label_fr,act_type,sex_compatibility,valid_from,valid_to\nZZZZ001,Éventail d’œuvres,0,0,,\n"
    report = load_release(settings, "ccam", written(tmp_path, text.encode("cp1252")), "2026-01", "test")
    assert report["encoding"] == "cp1252"
    rows = {row["code"]: row for row in labels(settings).to_pylist() if row["list"] == "ccam"}
    assert rows["ZZZZ001"]["label_fr"] == "Éventail d’œuvres"


def test_a_register_of_establishments_is_loaded_not_embedded(settings: Settings, tmp_path: Path):
    text = "code,level,legal_finess,opened_on,closed_on\n010008407,legal,,2001-01-01,\n010005239,site,010008407,,\n"
    assert arrow_table(settings, "finess").num_rows == 0
    load_release(settings, "finess", written(tmp_path, text.encode()), "2026-01", "FINESS; Licence Ouverte 2.0")
    assert arrow_table(settings, "finess").column("level").to_pylist() == ["site", "legal"]
    with pytest.raises(DataRefused, match="level is empty"):
        load_release(settings, "finess", written(tmp_path, text.replace("legal,", ",").encode()), "2026-02", "x")


def written(folder: Path, data: bytes) -> Path:
    path = folder / "release.csv"
    path.write_bytes(data)
    return path


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_clear_answer(data: bytes):
    for content in (data, HEAD.encode() + data):
        try:
            read = read_list(content, code_list("ccam"))
        except DataRefused as refused:
            assert str(refused).startswith(("line 1:", "the file is neither"))
            continue
        assert read.rows or read.faults
        assert all(line >= 1 and "\n" not in fault for line, fault in read.faults)
