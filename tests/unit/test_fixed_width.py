"""Lines of bytes: every line end, every byte, parts, lost blanks; and text that was converted before it was sent."""

import pytest
from pyspark.sql import functions as F

from jobs.standardise.context import PACKS
from jobs.standardise.fixed_width import line_bytes, lines_of, windows_text
from jobs.standardise.layouts import load_layouts

LINES = {
    "crlf": (b"AA\r\nBB\r\n", {1: (0, b"AA"), 2: (4, b"BB")}),
    "lf": (b"AA\nBB", {1: (0, b"AA"), 2: (3, b"BB")}),
    "cr": (b"AA\rBB\r", {1: (0, b"AA"), 2: (3, b"BB")}),
    "mixed": (b"A\r\nB\nC\rD", {1: (0, b"A"), 2: (3, b"B"), 3: (5, b"C"), 4: (7, b"D")}),
    "blank lines": (b"A\n\n  \nB\n\n", {1: (0, b"A"), 4: (6, b"B")}),
    "old end of file": (b"A\r\nB\r\n\x1a", {1: (0, b"A"), 2: (3, b"B")}),
    "all bytes": (bytes(range(32, 256)), {1: (0, bytes(range(32, 256)))}),
    "trailing blanks": (b"A  \nB\t", {1: (0, b"A  "), 2: (4, b"B\t")}),
    "empty": (b"", {}),
}
PARTS = {"parts": [b"A\rB\n", b"C\rD\n", b"E"]}
CONVERTED = {
    "latin": ("Müller é".encode("latin-1"), False),
    "utf8": ("Müller é".encode(), True),
    "mixed bytes": (b"M\xc3\xbcller \xe9", False),
    "ascii": (b"Muller", False),
    "bom": (b"\xef\xbb\xbfMuller", True),
}


def pack(file, part, offset, first, content):
    return ("P", "D", "f", file, part, offset, first, content, False, None, None)


@pytest.fixture(scope="module")
def read(spark):
    rows = [pack(name, 0, 0, 0, content) for name, (content, _) in LINES.items()]
    rows += [pack(name, 0, 0, 0, content) for name, (content, _) in CONVERTED.items()]
    offset = lines = 0
    for number, content in enumerate(PARTS["parts"]):
        rows.append(pack("parts", number, offset, lines, content))
        offset, lines = offset + len(content), lines + content.count(b"\n")
    rows.append(("P", "D", "f", "again", 0, 700, 6, b"Z", True, 7, None))
    packs = spark.createDataFrame(rows, PACKS)
    lines = lines_of(packs, several_parts=True).withColumn("bytes", line_bytes(F.col("line")))
    found = {}
    for row in lines.collect():
        found.setdefault(row.file, {})[row.record] = (row.offset, bytes(row.bytes), row.converted)
    return found


@pytest.mark.parametrize("name", LINES)
def test_lines(read, name):
    assert {number: row[:2] for number, row in read.get(name, {}).items()} == LINES[name][1]


def test_parts_are_numbered_through(read):
    expected = {1: (0, b"A"), 2: (2, b"B"), 3: (4, b"C"), 4: (6, b"D"), 5: (8, b"E")}
    assert {number: row[:2] for number, row in read["parts"].items()} == expected


def test_a_record_taken_again_keeps_its_number(read):
    assert read["again"] == {7: (700, b"Z", False)}


@pytest.mark.parametrize("name", CONVERTED)
def test_converted_text_is_seen(read, name):
    assert read[name][1][2] is CONVERTED[name][1]


def test_text_fields_are_read_as_cp1252(spark):
    sent = "Œuvre 12 €".encode("cp1252").decode("latin-1")
    (row,) = spark.createDataFrame([(sent,)], "text string").select(windows_text(F.col("text")).alias("text")).collect()
    assert row.text == "Œuvre 12 €"


def test_layouts_are_whole():
    kinds = load_layouts("hospital")
    lengths = {version: one.length for kind in kinds.values() for version, one in kind.layouts.items()}
    assert lengths == {"121": 192, "122": 192, "123": 205, "V014": 468, "V015": 468, "V016": 470}
    blocks = {one.version: [b.length for b in one.blocks] for kind in kinds.values() for one in kind.layouts.values()}
    assert blocks == {"121": [8, 8, 29], "122": [8, 8, 29], "123": [8, 8, 32], "V014": [47], "V015": [50], "V016": [50]}
