"""Lines and cells of DCIR files, without Spark: what is read, what is refused, and that no line is ever lost."""

import csv
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.core.settings import REPOSITORY
from jobs.standardise.pharmacy.dcir import cells
from jobs.standardise.pharmacy.dcir.cells import GOOD, NOT_TOLD, READERS, UNREADABLE, date_reader, department
from jobs.standardise.pharmacy.dcir.layout import KEY, Item, table_of, tables
from jobs.standardise.pharmacy.dcir.lines import Lines, columns_of, lines_of, uncounted_lines
from jobs.standardise.pharmacy.dcir.parts import read_part
from jobs.standardise.pharmacy.dcir.read import cleaned, typed
from tests.dcir_files import KEY as KEY_CELLS
from tests.dcir_files import file

DATE = date_reader(("dmy", "sas"))


def read(name: str, data: bytes, cut: int | None = None) -> list[dict[str, Any]]:
    """The typed lines of a file, read as one part or cut into two after a line."""
    ends = [m.end() for m in re.finditer(b"\n", data)]
    at = ends[cut] if cut is not None else len(data)
    found = []
    for rank, (start, end) in enumerate([(0, at), (at, len(data))] if cut is not None else [(0, at)]):
        part = {"producer": "CNAM1", "delivery_id": "D1", "file": name, "part": rank, "offset": start}
        part |= {"first_record": data[:start].count(b"\n"), "bytes": data[start:end], "head": data[:65_536]}
        found += read_part(part, frozenset({"2026-11"}), {"scheme": frozenset({"100"})}).to_pylist()
    return found


@pytest.mark.parametrize(
    ("kind", "text", "value", "state"),
    [
        ("key", "03", "3", GOOD),
        ("key", "3.0", "3", GOOD),
        ("key", "000", "0", GOOD),
        ("key", "01C999", "01C999", GOOD),
        ("amount", "12.34", Decimal("12.34"), GOOD),
        ("amount", "-12.340", Decimal("-12.34"), GOOD),
        ("amount", "12,34", None, UNREADABLE),
        ("amount", "12.345", None, UNREADABLE),
        ("amount", "1 466.29", None, UNREADABLE),
        ("amount", "O1", None, UNREADABLE),
        ("price", "12.34567", Decimal("12.34567"), GOOD),
        ("rate", "62.50", Decimal("62.5"), GOOD),
        ("rate", "999", None, NOT_TOLD),
        ("integer", "-10", -10, GOOD),
        ("integer", "3.0", 3, GOOD),
        ("integer", "1.5", None, UNREADABLE),
        ("age", "1000", 0, GOOD),
        ("age", "1023", 1, GOOD),
        ("age", "94", 94, GOOD),
        ("age", "1024", None, NOT_TOLD),
        ("year", "1600", None, NOT_TOLD),
        ("year", "0000", None, NOT_TOLD),
        ("year", "1985", 1985, GOOD),
        ("month", "000101", None, NOT_TOLD),
        ("month", "202610", "2026-10", GOOD),
        ("month", "202613", None, UNREADABLE),
        ("sex", "9", None, NOT_TOLD),
        ("sex", "2", "2", GOOD),
        ("sex", "3", None, UNREADABLE),
        ("rank", "0", "1", GOOD),
        ("provider", "00000000", None, NOT_TOLD),
        ("provider", "992000018", "99200001", GOOD),
        ("drug_code", "3.40093E+12", None, UNREADABLE),
        ("drug_code", "3400935955838.0", "3400935955838", GOOD),
        ("drug_code", "0000000", None, GOOD),
        ("integer_code", "03313.0", "3313", GOOD),
    ],
)
def test_a_cell(kind: str, text: str, value: Any, state: int):
    assert READERS[kind](text) == (value, state)


@pytest.mark.parametrize(
    ("text", "day", "state"),
    [
        ("31/12/2018", "2018-12-31", GOOD),
        ("03JAN2018:00:00:00", "2018-01-03", GOOD),
        ("03jan2018", "2018-01-03", GOOD),
        ("31/02/2018", None, UNREADABLE),
        ("1/1/18", None, UNREADABLE),
        ("01/01/20181", None, UNREADABLE),
        ("20120101.0", None, UNREADABLE),
        ("29/11/2924", None, UNREADABLE),
        ("03JAN2018:12:30:00", None, UNREADABLE),
        ("01/01/1600", None, NOT_TOLD),
        ("01JAN1600:00:00:00", None, NOT_TOLD),
        ("00/00/0000", None, NOT_TOLD),
    ],
)
def test_a_date(text: str, day: str | None, state: int):
    value, found = DATE(text)
    assert (value.isoformat() if value else None, found) == (day, state)


SPEAKS = {"sas_datetime": "sas", "sas_date": "sas", "float": "ymd", "compact": "ymd", "missing_1600": "sas"}


def test_dates_of_the_vectors_in_the_formats_of_deliveries():
    path = REPOSITORY / "tests" / "data" / "pharmacy" / "code_amount_date_vectors.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["kind"] == "event_date" and row["raw"]]
    for row in rows:
        formats = ("dmy",) if "/" in row["raw"] else (SPEAKS.get(row["flags"], "dmy"),)
        value, state = date_reader(formats)(row["raw"])
        shown = value.isoformat() if value else ""
        if row["flags"] in ("two_digit_year", "aammjj", "jjmmaaaa", "iso", "iso_datetime", "excel_epoch"):
            assert (shown, state) == ("", UNREADABLE), row  # no format of a delivery
        elif row["expected"] == "sentinel":
            assert (shown, state) == ("", NOT_TOLD if "/" in row["raw"] or "JAN" in row["raw"] else UNREADABLE), row
        else:
            expected = (row["normalized"], GOOD) if row["expected"] == "valid" else ("", UNREADABLE)
            assert (shown, state) == expected, row
    assert sum(row["expected"] == "valid" and row["flags"] in SPEAKS for row in rows) == 4


@pytest.mark.parametrize(
    ("code", "commune", "expected"),
    [
        ("075", "114", "75"), ("02A", "004", "2A"), ("097", "411", "974"), ("971", "", "971"), ("209", "004", "20"),
        ("099", "", "99"), ("1", "", "01"), ("", "114", None), ("000", "999", None), ("617", "", None),
        ("098", "818", "988"),
    ],
)  # fmt: skip
def test_a_department(code: str, commune: str, expected: str | None):
    assert department(code, commune)[0] == expected


@given(st.sampled_from(sorted(READERS)), st.text(min_size=1, max_size=20))
def test_no_text_breaks_a_reader_and_none_is_lost_in_silence(kind: str, text: str):
    value, state = READERS[kind](text)
    assert state in (GOOD, NOT_TOLD, UNREADABLE)
    assert value is not None or state != GOOD or (kind == "drug_code" and not text.strip("0.\n"))


@given(st.decimals(min_value=-(10**8), max_value=10**8, places=2))
def test_an_amount_is_read_to_the_cent(amount: Decimal):
    assert READERS["amount"](f"{amount:f}") == (amount, GOOD)


@given(st.integers(0, 10**9), st.sampled_from(["", "0", "000"]), st.sampled_from(["", ".0", ".00"]))
def test_a_part_of_the_key_is_the_same_however_it_is_typed(number: int, before: str, behind: str):
    assert cells.key_part(f"{before}{number}{behind}") == (str(number), GOOD)


LINE = st.lists(st.text("ab;\"'\r\x1a 1é", max_size=4), min_size=1, max_size=5).map(";".join)


@given(st.lists(LINE, max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from([lines_of, uncounted_lines]))
def test_every_line_that_is_not_blank_is_told_once(texts: list[str], end: str, read_lines: Callable[..., Lines]):
    data = end.join(texts).encode()
    lines = read_lines(data, 3)
    table, lines = columns_of(lines, ["A", "B", "C"], ["A", "C"])
    expected = [n for n, one in enumerate(data.split(b"\n")) if one.strip(b" \t\r\n\x1a\x00")]
    assert lines.number.tolist() == expected
    assert table.num_rows == int((lines.fault == "").sum())
    assert b"\n".join(lines.text(n) for n in range(len(expected))).replace(b"\r", b"") == b"\n".join(
        data.split(b"\n")[n] for n in expected
    ).replace(b"\r", b"")


@pytest.mark.parametrize(
    "more", [b"", b"1;2\r\n", b"\r\n", b"  \r\n", b"1;2;3;4\r\n", b'1;"2";3\r\n', b"1;2;3\r4;5;6\r\nx\r\n"]
)
def test_lines_below_the_header_are_the_same_counted_or_not(more: bytes):
    data = b"A;B;C\r\n1;x;3\r\n" + more + b"4;y;6\r\n"
    told = [columns_of(read_lines(data, 3, 1), ["A", "B", "C"], ["B"]) for read_lines in (lines_of, uncounted_lines)]
    assert told[0][0].equals(told[1][0])
    for lines in (one for _, one in told):
        kept = zip(lines.number.tolist(), lines.texts().to_pylist(), lines.fault.tolist(), strict=True)
        assert [*kept] == [
            (rank, line, "" if line.replace(b'"', b"").count(b";") == 2 else "columns")
            for rank, line in enumerate(data.split(b"\r\n"))
            if rank and line.strip()
        ]


@pytest.mark.parametrize("cells", [["992000018", "", "00000000"], ["99200001", "2A0000001", " 75 "], ["."], []])
def test_a_column_of_providers_says_what_its_reader_says(cells: list[str]):
    text = cleaned(pa.array(cells, pa.string()))
    values, states = typed(Item("PFS_EXE_NUM", "executant", "mandatory", "provider", ()), text)
    told = [READERS["provider"](cell) if cell else (None, GOOD) for cell in text.to_pylist()]
    assert list(zip(values.to_pylist(), states.tolist(), strict=True)) == told


def test_quoted_cells_may_hold_the_separator():
    table, lines = columns_of(lines_of(b'1;"a;b";3\n"x""y";2;3\n1;2"3;4\n', 3), ["A", "B", "C"], ["A", "B"])
    assert table.to_pydict() == {"A": ["1", 'x"y'], "B": ["a;b", "2"]}
    assert lines.fault.tolist() == ["", "", "columns"]


def test_names_of_files():
    assert table_of("ER_PRS_F.csv") == table_of("er_prs_f_2026_11.CSV") == table_of("ER_PRS_F_2017") == "ER_PRS_F"
    assert table_of("ER_PRS.csv") is table_of("liste.csv") is None
    assert table_of("NS_PRS_F.csv") == "NS_PRS_F" and "NS_PRS_F" not in tables()


def test_a_file_cut_in_parts_gives_the_same_lines():
    data = file("ER_PRS_F", *[{"DCT_ORD_NUM": str(n)} for n in range(5)])
    whole, parts = read("ER_PRS_F.csv", data), read("ER_PRS_F.csv", data, cut=2)
    assert whole == parts and [row["record"] for row in whole] == [1, 2, 3, 4, 5]
    assert all(data[row["offset"] :].startswith(row["bytes"] + b"\r\n") for row in whole)


def test_a_byte_order_mark_and_quoted_names_are_no_matter():
    data = file("IR_BEN_R", {})
    header, rest = data.split(b"\r\n", 1)
    quoted = b"\xef\xbb\xbf" + b";".join(b'"' + name.lower() + b'"' for name in header.split(b";")) + b"\r\n" + rest
    assert [row["birth_year"] for row in read("IR_BEN_R.csv", quoted)] == [1985]


@pytest.mark.parametrize("column", KEY)
def test_a_blank_part_of_the_key_refuses_its_line(column: str):
    row = read("ER_PHA_F.csv", file("ER_PHA_F", {column: " "}, {}))
    assert [(one["rule"], one["field"]) for one in row] == [("DCI-011", column), (None, None)]
    assert column in KEY_CELLS


def test_refusals_name_the_rule_and_the_column():
    changes = [
        {"BSE_REM_MNT": "1,42"}, {"EXE_SOI_DTD": "31/02/2026"}, {"PRS_NAT_REF": ""}, {"NUM_ENQ": ""},
        {"FLX_DIS_DTD": "01/10/2026"}, {"DPN_QLF": "71"}, {"DPN_QLF": "71", "PRS_PAI_MNT": "x"}, {"DPN_QLF": ""},
    ]  # fmt: skip
    found = [(row["rule"], row["field"]) for row in read("ER_PRS_F.csv", file("ER_PRS_F", *changes))]
    assert found == [
        ("DCI-002", "BSE_REM_MNT"), ("DCI-003", "EXE_SOI_DTD"), ("DCI-005", "PRS_NAT_REF"), ("DCI-015", "NUM_ENQ"),
        ("DCI-016", "FLX_DIS_DTD"), ("DCI-020", "DPN_QLF"), ("DCI-002", "PRS_PAI_MNT"), (None, None),
    ]  # fmt: skip


def test_a_number_that_no_column_holds_refuses_its_line_alone():
    drugs = [
        {},
        {"PHA_ACT_QSN": "999999999999"},
        {"PHA_ACT_QSN": "-100000", "PHA_ACT_PRU": "12000"},
        {"PHA_ACT_QSN": "99"},
    ]
    found = [(row["rule"], row["field"]) for row in read("ER_PHA_F.csv", file("ER_PHA_F", *drugs))]
    assert found == [(None, None), *[("DCI-002", "PHA_ACT_QSN")] * 2, (None, None)]
    doses = [{}, {"UCD_FRC_COE": "100000"}, {"UCD_FRC_COE": "99999.9999"}, {"UCD_DLV_NBR": "99999999"}]
    found = [(row["rule"], row["field"]) for row in read("ER_UCD_F.csv", file("ER_UCD_F", *doses))]
    assert found == [(None, None), ("DCI-002", "UCD_FRC_COE"), (None, None), ("DCI-002", "UCD_DLV_NBR")]


def test_a_file_that_is_no_table_is_one_refused_line_and_a_table_not_read_is_told():
    assert [(row["rule"], row["record"]) for row in read("liste.csv", b"a;b\n1;2\n")] == [("DCI-017", 1)]
    assert [row["rule"] for row in read("ER_BIO_F.csv", b"A;B\n1;2\n3;4\n")] == ["DCI-022", "DCI-022"]
    assert read("ER_PHA_F.csv", b"") == []


def test_foreign_bytes_refuse_their_line_alone():
    data = file("ER_PHA_F", {}, {"PHA_CPA_PCP": "xyz"}, {}).replace(b"xyz", b"\xe9yz")
    assert [row["rule"] for row in read("ER_PHA_F.csv", data)] == [None, "DCI-006", None]
