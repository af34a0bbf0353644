"""Rows as blocks: whatever they are cut into, one order and the same bytes come out."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.core.blocks import block_maker, block_writer, divided, emitted, packed, rows_of, stored, unpacked
from jobs.core.compact import in_texts
from jobs.core.order import by_beginnings, in_order
from jobs.core.parquet import write_parquet
from jobs.core.schema import load_schema
from jobs.core.snapshot import Pool
from jobs.core.together import writer
from jobs.pull.cut import cut
from jobs.pull.packs import PackWriter
from jobs.standardise.pharmacy.boxes import Boxes
from jobs.standardise.pharmacy.dcir.aside import set_aside
from jobs.standardise.pharmacy.dcir.bucket import NET, RECORDS, ROWS, SUMMARY, Task, netter
from jobs.standardise.pharmacy.dcir.columns import labelled
from jobs.standardise.pharmacy.dcir.keyed import buckets, with_tokens
from jobs.standardise.pharmacy.dcir.months import Flux
from jobs.standardise.pharmacy.dcir.packs import parts_of
from jobs.standardise.pharmacy.dcir.parts import read_part
from jobs.standardise.pharmacy.dcir.rows import Codes
from tests.dcir_files import FUND, file

MONTH, DELIVERY, KEY = "2026-11", "D1", b"not a key of anybody............"
TABLE = load_schema("standard/claim_line")
PAIRS = st.lists(
    st.tuples(st.none() | st.sampled_from("aéb"), st.none() | st.integers(0, 3), st.integers()), max_size=12
)


def sorted_by(told: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Nulls first, as Spark orders."""
    return sorted(
        told, key=lambda row: [(cell is not None, cell.encode() if isinstance(cell, str) else cell) for cell in row]
    )


@given(PAIRS)
def test_the_order_is_that_of_spark(told: list[tuple[Any, ...]]):
    columns = dict(zip("xyz", ([row[place] for row in told] for place in range(3)), strict=True))
    types = {"x": pa.string(), "y": pa.int64(), "z": pa.decimal128(38, 0)}
    small = [int(one) % 1000 for one in columns["z"]]
    table = pa.table({name: pa.array(small if name == "z" else columns[name], types[name]) for name in types})
    expected = sorted_by((row[0], row[1], cell) for row, cell in zip(told, small, strict=True))
    assert [tuple(row.values()) for row in in_order(table, ["x"], ["x", "y", "z"]).to_pylist()] == expected
    assert unpacked(packed(table)).equals(table)


TOKENS = st.tuples(
    st.sampled_from(["1.AAAAAAAA", "1.AAAAAAAB", "1.AB", "1.ZAAAAAAA"]).map(lambda text: text.ljust(13, "A")),
    st.text(alphabet="Aé", min_size=2, max_size=2),
    st.integers(-2, 2),
    st.dates(date(1969, 12, 30), date(1970, 1, 3)),
)


@given(st.lists(TOKENS, min_size=1, max_size=20), st.integers(0, 2))
def test_tokens_numbers_and_dates_are_ordered_alike_the_quick_way(told: list[tuple[Any, ...]], skipped: int):
    """Also where two begin alike, where a text is not of one length, and in a part of a table."""
    table = pa.table({name: list(cells) for name, cells in zip("tuvd", zip(*told, strict=True), strict=True)})
    part = table.slice(skipped)
    expected = sorted_by(told[skipped:])
    assert [tuple(row.values()) for row in in_order(part, "tuvd", list("tuvd")).to_pylist()] == expected
    places = by_beginnings(part, list("tvd")) if part.num_rows else None
    if places is not None and len({row[0][:9] for row in told}) == 1:
        found = part.take(pa.array(places)).select(list("tvd")).to_pylist()
        assert [tuple(row.values()) for row in found] == sorted((row[0], row[2], row[3]) for row in told[skipped:])


def test_rows_are_divided_by_their_label():
    table = pa.table({"n": [1, 2, 3, 4]})
    labels = table.column("n").to_numpy() % 2
    assert [(int(one), rows.column("n").to_pylist()) for one, rows in divided(table, labels)] == [
        (0, [2, 4]),
        (1, [1, 3]),
    ]


@pytest.mark.parametrize("table", ["published/dispensation", "published/claim_line", "published/hospital_unit"])
def test_however_rows_are_cut_into_spans_the_file_is_the_same(tmp_path: Path, table: str):
    """Two months, tokens that begin alike, a row that has none; ordered by a person, within a producer, by a unit."""
    schema, told = load_schema(table), {}
    for item in schema.fields:
        values = [f"{'CAB'[n % 3]}{7 * n % 20}" if n != 3 else None for n in range(40)]
        plain = {"care_month": [f"2026-1{n % 2}" for n in range(40)], "producer": [f"P{n % 3}" for n in range(40)]}
        whole = [n % 7 for n in range(40)] if item.type == "integer" else [None] * 40
        told[item.name] = pa.array(plain.get(item.name, values if item.type == "string" else whole), item.arrow)
    rows, made = pa.table(told), {}
    for letters in (0, 1, 3, 4):
        folder = tmp_path / str(letters)
        folder.mkdir()
        batches = list(block_maker(schema, letters)(iter(rows.to_batches(max_chunksize=9))))
        spans = [(one.column("part")[0].as_py(), one.column("span")[0].as_py()) for one in batches]
        blocks = [batch for _, batch in sorted(zip(spans, batches, strict=True), key=lambda pair: pair[0])]
        made[letters] = next(block_writer(str(folder), schema, Pool(folder / "pool"))(iter(blocks))).to_pylist()
        assert len(spans) == 2 if not letters or table.endswith("unit") else letters == 1 or len(spans) > 2
    assert [one["rows"] for one in made[0]] == [20, 20]
    assert made[1] == made[3] == made[4] == made[0]


def test_files_of_several_tables_come_of_one_task_as_each_would_alone(tmp_path: Path):
    schemas = {name: load_schema(f"standard/{name}") for name in ("document_version", "withheld_row")}
    alone, together = [], []
    for name, schema in schemas.items():
        told = {item.name: pa.nulls(9, item.arrow) for item in schema.fields}
        told |= {"producer": ["P"] * 9, "period": [f"2026-1{n % 2}" for n in range(9)]}
        told |= {"document_id": [f"{5 * n % 9:02d}{name}" for n in range(9)]}
        rows = pa.table([pa.array(told[item.name], item.arrow) for item in schema.fields], schema.names)
        blocks = sorted(block_maker(schema, 2)(iter(rows.to_batches())), key=lambda one: one.to_pydict()["part"])
        made = next(block_writer(str(tmp_path), schema, Pool(tmp_path / name))(iter(blocks))).to_pylist()
        alone += [{"kind": name, **file} for file in made]
        together += blocks
    pool = Pool(tmp_path / "pool")
    assert next(writer(str(tmp_path), schemas, pool)(iter(together))).to_pylist() == alone
    assert [one["rows"] for one in alone] == [5, 4, 5, 4]


SERVICES = [
    {"DCT_ORD_NUM": str(n), "NUM_ENQ": f"P{n % 7:07d}", "EXE_SOI_DTD": f"{1 + n % 28:02d}/10/2026"} for n in range(40)
]
BACK = {"BSE_REM_MNT": "-1.42", "PRS_PAI_MNT": "-2.18", "PRS_ACT_QTE": "-1", "PRS_ORD_NUM": "2"}
REFUSED = {"DCT_ORD_NUM": "77", "PRS_NAT_REF": ""}
FILES = {
    "ER_PRS_F.csv": file("ER_PRS_F", *SERVICES, *[one | BACK for one in SERVICES[:5]], SERVICES[3], REFUSED),
    "ER_PHA_F.csv": file(
        "ER_PHA_F",
        *[{"DCT_ORD_NUM": str(n % 40), "PHA_ORD_NUM": str(n // 40 + 1)} for n in range(60)],
        *[{"DCT_ORD_NUM": str(n), "PRS_ORD_NUM": "2", "PHA_ACT_QSN": "-1"} for n in range(5)],
        {"DCT_ORD_NUM": "999"},
    ),
    "ER_CAM_F.csv": file("ER_CAM_F", *[{"DCT_ORD_NUM": str(n)} for n in range(0, 40, 3)]),
}  # fmt: skip


def made(ranges: int, folder: Path) -> dict[str, list[pa.RecordBatch]]:
    """The names of the blocks that a small delivery becomes in so many ranges, by kind."""
    blocks = defaultdict(list)
    with set_aside(str(folder)) as aside:
        for name, data in FILES.items():
            part = {"producer": FUND, "delivery_id": DELIVERY, "file": name, "part": 0, "offset": 0, "first_record": 0}
            lines = with_tokens(read_part(part | {"bytes": data, "head": data}, frozenset({MONTH}), {}), KEY)
            lines = labelled(aside.put(lines))
            for place, rows in divided(lines, buckets(lines, ranges)):
                blocks[int(place)] += emitted(stored(str(folder), [(name[:8], str(place), "", rows)]))
    flux = Flux(frozenset({(FUND, MONTH)}), frozenset(), frozenset({(FUND, DELIVERY, MONTH)}))
    task = Task(str(folder), flux, {(FUND, DELIVERY): 1}, Codes(Boxes({}), {"3313": "PH7"}), ranges)
    found: dict[str, list[pa.RecordBatch]] = defaultdict(list)
    for _, own in sorted(blocks.items()):
        for batch in task.run(own):
            found[batch.column("kind")[0].as_py()].append(batch)
    found[NET] = list(netter(str(folder))(found["counted"]))
    return found


def written(blocks: list[pa.RecordBatch], table: str, folder: Path) -> list[str]:
    """SHA-256 of the files of some blocks."""
    ordered = sorted(blocks, key=lambda one: (one.column("part")[0].as_py(), one.column("span")[0].as_py()))
    writer = block_writer(str(folder), load_schema(table), Pool(folder / "pool"))
    return [row["sha256"] for batch in writer(ordered) for row in batch.to_pylist()]


@pytest.mark.parametrize("ranges", [3, 16])
def test_the_bytes_of_claims_do_not_depend_on_the_number_of_ranges(tmp_path: Path, ranges: int):
    one, many = made(1, tmp_path), made(ranges, tmp_path)
    for kind, table in ((ROWS, "standard/claim_line"), (NET, "standard/claim_net")):
        assert len(many[kind]) > 1 and written(one[kind], table, tmp_path) == written(many[kind], table, tmp_path)
    rows = [row for *_, table in rows_of(one[ROWS]) for row in in_texts(table, TABLE.arrow).to_pylist()]
    assert [(row["claim_id"], row["claim_line_id"]) for row in rows] == sorted(
        (row["claim_id"], row["claim_line_id"]) for row in rows
    )
    write_parquet(tmp_path / "whole", pa.Table.from_pylist(rows, schema=TABLE.arrow))
    assert written(many[ROWS], "standard/claim_line", tmp_path) == [
        hashlib.sha256((tmp_path / "whole").read_bytes()).hexdigest()
    ]
    counts: dict[tuple[str, str | None], int] = defaultdict(int)
    for *_, table in rows_of(many[RECORDS]):
        for row in table.to_pylist():
            counts[row["outcome"], row["rule"]] += 1
            data = FILES[row["file"]][row["offset"] :].split(b"\r\n")[0]
            assert row["bytes"] == (data if row["outcome"] == "quarantined" else None)
    assert counts == {
        ("accepted", None): 124,
        ("duplicate", None): 1,
        ("quarantined", "DCI-005"): 1,
        ("quarantined", "DCI-012"): 1,
    }
    assert len(many[SUMMARY]) > 1


def test_no_number_leaves_the_task_that_reads_it():
    data = FILES["ER_PRS_F.csv"]
    part = {
        "producer": FUND,
        "delivery_id": DELIVERY,
        "file": "ER_PRS_F.csv",
        "part": 0,
        "offset": 0,
        "first_record": 0,
    }
    lines = with_tokens(read_part(part | {"bytes": data, "head": data}, frozenset({MONTH}), {}), KEY)
    kept = lines.drop_columns(["bytes"]).to_pylist()
    assert {"P0000001", "99200001", "99100011"} & {str(cell)[-8:] for row in kept for cell in row.values()} == set()


def test_a_stored_block_is_a_place_and_no_rows(tmp_path: Path):
    tables = [pa.table({"who": [str(n) * 5000]}) for n in range(3)]
    batches = list(emitted(stored(str(tmp_path), (("k", "p", str(n), packed(one)) for n, one in enumerate(tables)))))
    assert [rows for *_, rows in rows_of(batches)] == tables
    assert all(len(cell.as_py()) < 1000 for batch in batches for cell in batch.column("block"))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_part_knows_the_head_of_its_file_wherever_the_file_began(tmp_path: Path):
    with PackWriter(tmp_path / "pack") as writer:
        for name, data in FILES.items():
            for part in cut(iter([data]), 2000):
                writer.add(FUND, DELIVERY, "dcir", name, part)
                writer._flush()  # each part is a row group of its own
        writer.add(FUND, "another", "dcir", "ER_CAM_F.csv", next(cut(iter([b"not read"]), 2000)))
    rows = [
        {"path": str(tmp_path / "pack"), "place": place, "share": share, "shares": 2}
        for place in range(pq.read_metadata(tmp_path / "pack").num_row_groups)
        for share in range(2)
    ]
    found = list(parts_of(pa.RecordBatch.from_pylist(rows), frozenset({(FUND, DELIVERY)})))
    assert len(found) > len(FILES)
    for name, data in FILES.items():
        own = [part for part in found if part["file"] == name]
        assert b"".join(part["bytes"] for part in own) == data
        assert {part["head"].split(b"\n")[0] for part in own} == {data.split(b"\n")[0]}
        assert [part["offset"] for part in own] == [sum(len(one["bytes"]) for one in own[:n]) for n in range(len(own))]
