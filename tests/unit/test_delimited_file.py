"""Lines to records: what one damaged line may cost, and that cutting a file into parts changes nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.core.errors import ConfigError
from jobs.standardise.delimited_file import FileReader, Shape
from jobs.standardise.dialects import Dialect, load_dialects, normalise, pieces
from jobs.standardise.pharmacy.columns import COLUMNS

SHAPE = Shape(
    columns=("ticket", "line", "label", "amount"), mandatory=("ticket", "line", "amount"), key=("ticket", "line")
)
HEADER = b"Ticket;Ligne;D\xe9signation;Prix\r\n"


def dialect(**changes: str) -> Dialect:
    names = {"ticket": "ticket", "line": "LIGNE", "label": "designation", "amount": "Prix"}
    usual = {"name": "d", "encoding": "cp1252", "separator": ";", "quote": '"', "decimal": ",", "money": "euro"}
    formats = {"date_format": "%d/%m/%Y", "timestamp_format": "%d/%m/%Y %H:%M"}
    return Dialect(**{**usual, **formats, **changes}, columns=names)


def read(data: bytes, *cuts: int, **changes: str) -> list[tuple]:
    """(record, offset, bytes, problem, field, cells) of a file cut at some places."""
    part = {"producer": "P", "delivery_id": "D", "file": "f.csv", "record": None, "head": None}
    reader, done, start = FileReader(part, dialect(**changes), SHAPE), [], 0
    for end in (*sorted(cuts), len(data)):
        done += reader.feed(data[start:end], start)
        start = end
    done += reader.finish()
    return [(*row[3:6], row[7], row[8], row[10:]) for row in done]


def problems(data: bytes, **changes: str) -> list[str | None]:
    return [row[3] for row in read(data, **changes)]


def test_banner_blank_lines_and_control_z_are_no_records():
    data = b"PHARMACIE DU PONT\r\n12 rue\r\n\r\n" + HEADER + b"T1;1;CREME;2,00\r\n\r\nT1;2;GEL;3,00\r\n\x1a"
    rows = read(data)
    assert [(row[0], row[3]) for row in rows] == [(1, None), (2, None)]
    assert all(data[row[1] : row[1] + len(row[2])] == row[2] for row in rows)


def test_header_is_found_by_name_whatever_case_accents_and_order():
    rows = read(b"PRIX;designation;Ligne;TICKET\n2,00;CREME;1;T1\n")
    assert rows[0][5] == ("T1", "1", "CREME", "2,00")


def test_a_label_may_hold_separator_quote_and_line_break():
    rows = read(HEADER + b'T1;1;"CREME; ""bio""\r\n50 ml";2,00\r\nT1;2;GEL 5";3,00\r\n')
    assert rows[0][5][2] == 'CREME; "bio"\r\n50 ml'
    assert rows[1][5][2] == 'GEL 5"'


def test_one_column_too_many_costs_one_line():
    assert problems(HEADER + b"T1;1;A;2,00\nT1;2;B;C;2,00\nT1;3\nT1;4;D;2,00\n") == [None, "columns", "columns", None]


def test_a_quote_that_is_never_closed_costs_one_line():
    rows = read(HEADER + b'T1;1;"A;2,00\n' + b"T2;1;B;2,00\n" * 60)
    assert [row[3] for row in rows] == ["columns"] + [None] * 60


def test_a_quote_closed_by_a_later_line_costs_one_line():
    assert problems(HEADER + b'T1;1;"A;2,00\nT2;1;B;2,00\nT3;1;"C";2,00\n') == ["columns", None, None]


@pytest.mark.parametrize(
    ("encoding", "line", "problem"),
    [
        ("cp1252", b"T1;1;CR\x81ME;2", "encoding"),  # no character has this byte
        ("cp1252", b"T1;1;CR\xc8ME;2", None),
        ("cp1252", b"T1;1;CR\xc3\x88ME;2", "encoding"),  # valid UTF-8: the file was converted
        ("iso-8859-15", b"T1;1;CR\xc8ME \x92;2", None),  # a control character, told by another rule
        ("utf-8", b"T1;1;CR\xc8ME;2", "encoding"),
        ("utf-8-sig", b"T1;1;CR\xc3\x88ME;2", None),
    ],
)
def test_foreign_bytes_cost_their_line_only(encoding: str, line: bytes, problem: str | None):
    head = HEADER.decode("cp1252").encode("utf-8" if encoding.startswith("utf") else "cp1252")
    assert problems(head + line + b"\nT1;2;GEL;3,00\n", encoding=encoding) == [problem, None]


def test_byte_order_mark_belongs_to_no_column():
    assert problems(b"\xef\xbb\xbf" + "Ticket;Ligne;Désignation;Prix\nT;1;é;2\n".encode(), encoding="utf-8-sig") == [
        None
    ]


def test_totals_are_told_from_records():
    assert problems(HEADER + b";;TOTAL;12,00\n;;Qte : 3621;Manque : -8\n;;Qte : 3\nT1;1;TOTAL SOIN;2\n") == [
        *["total"] * 3,
        None,
    ]


def test_a_file_without_a_mandatory_column_is_refused_line_by_line():
    rows = read(b"Ticket;Designation;Prix\nT1;A;2\nT2;B;3\n")
    assert [(row[0], row[3], row[4]) for row in rows] == [(1, "header", "line"), (2, "header", "line")]


def test_a_column_named_twice_refuses_the_file():
    assert {row[3:5] for row in read(b"Ticket;Ligne;Prix;Prix\nT1;1;2;3\n")} == {("header", "amount")}


@pytest.mark.parametrize("data", [b"", b"<html>504</html>", b"\x00\x01\x02", b"Ticket;Designation\n"])
def test_no_file_yields_nothing_without_a_reason(data: bytes):
    assert problems(data) and set(problems(data)) == {"header"}


def test_a_header_alone_is_a_day_without_sales():
    assert read(HEADER) == []


LINES = st.sampled_from(
    [b"T1;1;A;2\r\n", b'T;2;"a;""b""";3\n', b'T;3;"x\ny";4\n', b'T;4;"open;1\n', b"\n", b"T;5;B;C;1\r", b"T;6;\x81;1\n"]
)


@given(st.lists(LINES, max_size=12), st.lists(st.integers(0, 200), max_size=4))
def test_parts_change_nothing_and_no_byte_is_lost(lines: list[bytes], cuts: list[int]):
    data = HEADER + b"".join(lines)
    whole = read(data)
    assert read(data, *[min(cut, len(data)) for cut in cuts]) == whole
    kept = b"".join(row[2] for row in whole)
    assert kept.translate(None, b"\r\n") == b"".join(lines).translate(None, b"\r\n")
    assert [row[0] for row in whole] == list(range(1, len(whole) + 1))


def test_a_record_read_alone_takes_its_header_from_the_head_of_its_file():
    part = {"producer": "P", "delivery_id": "D", "file": "f", "record": 7, "head": HEADER + b"T1;1;cut"}
    reader = FileReader(part, dialect(), SHAPE)
    rows = reader.feed(b"T9;1;GEL;2,00\r\n", 321) + reader.finish()
    assert [(row[3], row[4], row[10:]) for row in rows] == [(7, 321, ("T9", "1", "GEL", "2,00"))]
    orphan = FileReader(part | {"head": None}, dialect(), SHAPE)
    assert [row[7] for row in orphan.feed(b"T9;1;GEL;2,00", 321) + orphan.finish()] == ["header"]


def test_dialects_of_the_repository_are_complete():
    folder = Path(__file__).resolve().parents[2] / "config" / "dialects"
    found = load_dialects(folder, COLUMNS)
    assert len(found) >= 5
    contracted = ("comptoir", "export_us", "grand_livre", "officine", "standard")
    assert all(set(found[name].columns) == set(COLUMNS) for name in contracted)


def test_a_dialect_that_cannot_be_meant_is_refused(tmp_path: Path):
    good = (Path(__file__).resolve().parents[2] / "config" / "dialects" / "standard.toml").read_text(encoding="utf-8")
    for right, wrong in (
        ('"cp1252"', '"utf-16"'),
        ('"euro"', '"franc"'),
        ("%d/%m", "%j"),
        ("lot_no", "lot"),
        ('";"', '";;"'),
    ):
        (tmp_path / "d.toml").write_text(good.replace(right, wrong, 1), encoding="utf-8")
        with pytest.raises(ConfigError):
            load_dialects(tmp_path, COLUMNS)


def test_names_and_patterns():
    assert normalise(" N° Ticket_Né(e) ") == "nticketnee"
    assert pieces("%Y-%mT") == [("Y", ""), ("", "-"), ("m", ""), ("", "T")]
