"""Files that pull cut into parts, read by Spark: what a part must know of its neighbours."""

import pytest

from jobs.standardise.context import PACKS
from jobs.standardise.fixed_width_lines import tell_lines
from jobs.standardise.layouts import load_layouts

# file: parts, and its lines by number (offset, bytes, fault)
FILES = {
    "numbered through": (
        [b"A\rB\n", b"C\rD\n", b"E"],
        {1: (0, b"A", None), 2: (2, b"B", None), 3: (4, b"C", None), 4: (6, b"D", None), 5: (8, b"E", None)},
    ),
    "a line longer than a part": (
        [b"A\n", b"long", b"er t", b"han\nB\n"],
        {1: (0, b"A", None), 2: (2, b"long", "endless"), 3: (14, b"B", None)},
    ),
    "cr alone": ([b"A\rB", b"C\rD"], {1: (0, b"A", None), 2: (2, b"B", "endless"), 3: (5, b"D", None)}),
    "gzip": ([b"\x1f\x8b\x08\n\n", b"\x00\n\x01"], {1: (0, b"\x1f\x8b\x08\n\n", "packed")}),
    "zip": ([b"PK\x03\x04\n\n", b"\x00\n\x01"], {1: (0, b"PK\x03\x04\n\n", "packed")}),
    "one part": ([b"A\nB"], {1: (0, b"A", None), 2: (2, b"B", None)}),
}


@pytest.fixture(scope="module")
def read(spark):
    rows = []
    for name, (parts, _) in FILES.items():
        offset = lines = 0
        for number, content in enumerate(parts):
            rows.append(("P", "D", "f", name, number, offset, lines, content, False, None, None))
            offset, lines = offset + len(content), lines + content.count(b"\n")  # pull counts LFs
    packs = spark.createDataFrame(rows, PACKS)
    found = {}
    for row in tell_lines(packs, load_layouts("hospital"), several_parts=True).collect():
        assert row.record not in found.setdefault(row.file, {})
        found[row.file][row.record] = (row.offset, row.line.encode("latin-1"), row.fault)
    return found


@pytest.mark.parametrize("name", FILES)
def test_lines_have_their_number_place_and_fault(read, name):
    assert read[name] == FILES[name][1]
