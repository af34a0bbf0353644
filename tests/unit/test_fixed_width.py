"""Lines of bytes: every line end, every byte, parts, lost blanks; and text that was converted before it was sent."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.standardise.fixed_width import ARCHIVES, lines_of, windows_text
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
CONVERTED = {
    "latin": ("Müller é".encode("latin-1"), False),
    "utf8": ("Müller é".encode(), True),
    "mixed bytes": (b"M\xc3\xbcller \xe9", False),
    "ascii": (b"Muller", False),
    "bom": (b"\xef\xbb\xbfMuller", True),
}


def read(*parts):
    """Lines of a file that came in parts, by number: offset, bytes, fault."""
    found = {}
    offset = lines = 0
    for number, content in enumerate(parts):
        told = lines_of(
            content,
            offset=offset,
            first_record=lines,
            goes_on=number < len(parts) - 1 and not content.endswith(b"\n"),
            goes_before=number > 0 and not parts[number - 1].endswith(b"\n"),
        )
        for row in told.to_pylist():
            assert row["record"] not in found
            found[row["record"]] = (row["offset"], row["line"].encode("latin-1"), row["fault"])
        offset, lines = (
            offset + len(content),
            lines + content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n"),
        )
    return found


@pytest.mark.parametrize("name", LINES)
def test_lines(name):
    content, expected = LINES[name]
    assert {number: row[:2] for number, row in read(content).items()} == expected


def test_parts_are_numbered_through():
    expected = {1: (0, b"A"), 2: (2, b"B"), 3: (4, b"C"), 4: (6, b"D"), 5: (8, b"E")}
    assert {number: row[:2] for number, row in read(b"A\rB\n", b"C\rD\n", b"E").items()} == expected


def test_a_line_longer_than_a_part_is_one_record_and_the_next_line_is_read():
    found = read(b"A\n", b"long", b"er t", b"han\nB\n")
    assert found == {1: (0, b"A", None), 2: (2, b"long", "endless"), 3: (14, b"B", None)}


def test_lines_ended_by_cr_alone_are_cut_where_a_part_ends():
    assert read(b"A\rB", b"C\rD") == {1: (0, b"A", None), 2: (2, b"B", "endless"), 3: (5, b"D", None)}


def test_an_archive_given_as_text_is_one_record():
    assert read(b"\x1f\x8b\x08\n\n") == {1: (0, b"\x1f\x8b\x08\n\n", "packed")}


@pytest.mark.parametrize("name", CONVERTED)
def test_converted_text_is_seen(name):
    content, converted = CONVERTED[name]
    assert read(content)[1][2] == ("converted" if converted else None)


@given(st.lists(st.tuples(st.binary(max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=8))
def test_every_byte_is_in_a_line_a_line_end_or_a_blank_line(pieces):
    """Joined again, lines and what is between them are the file."""
    content = b"".join(line + end for line, end in pieces)
    if content.startswith(ARCHIVES):
        return
    rest = bytearray(content)
    for offset, line, _ in read(content).values():
        assert content[offset : offset + len(line)] == line
        rest[offset : offset + len(line)] = b" " * len(line)
    assert not bytes(rest).strip(b" \t\x00\x1a\r\n")


def test_text_fields_are_read_as_cp1252():
    sent = "Œuvre 12 €".encode("cp1252").decode("latin-1")
    others = ["", "plain", "élève", None]  # what lies beside it is the same text in both
    assert windows_text(pa.array([*others, sent])).to_pylist() == [*others, "Œuvre 12 €"]


LAYOUTS = {
    "rss 121": (192, [8, 8, 29]), "rss 122": (192, [8, 8, 29]), "rss 123": (205, [8, 8, 32]),
    "rum 021": (177, [8, 8, 29]), "rum 022": (177, [8, 8, 29]), "rum 023": (190, [8, 8, 32]),
    "vid_hosp V014": (468, [47]), "vid_hosp V015": (468, [50]), "vid_hosp V016": (470, [50]),
    "drug 2024-2026": (105, []), "unit 2024-2026": (28, []), "link ex-DG": (40, []),
    "fichcomp_pie 2026": (92, []), "fichcomp_transport 2026": (63, []),
}  # fmt: skip


def test_layouts_are_whole():
    found = {
        f"{kind.kind} {one.version}": (one.length, [block.length for block in one.blocks])
        for kind in load_layouts("hospital").values()
        for one in kind.layouts.values()
    }
    assert found == LAYOUTS


def test_fields_of_a_header_follow_each_other():
    for kind in load_layouts("hospital").values():
        for one in kind.layouts.values():
            cuts = sorted(one.header.values(), key=lambda cut: cut.start)
            assert all(a.start + a.length == b.start for a, b in pairwise(cuts)), (kind.kind, one.version)
