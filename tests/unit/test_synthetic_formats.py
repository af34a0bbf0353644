"""What producers write can be read back: stay lines by their layout, extracts by their dialect, documents as XML."""

import csv
import io
import zipfile
from datetime import datetime

import numpy as np
import pytest
from lxml import etree

from synthetic import cda, mess_pharmacy
from synthetic.dialects import COLUMNS, NAMES, dialect, dialect_of
from synthetic.dispensing import dispensations, presentations
from synthetic.documents import filed, in_package
from synthetic.draws import EPOCH, day_number
from synthetic.layout import Block, Field
from synthetic.pharmacy import cells
from synthetic.stays import Sizes
from synthetic.world import World
from synthetic.xdm import Enclosed, package

START, UNTIL = day_number("2026-10-23"), day_number("2026-11-02")


@pytest.fixture(scope="module")
def world() -> World:
    return World(Sizes(persons=4_000, hospitals=5, pharmacies=10, documents=300), START, UNTIL)


def french_day(day: int) -> str:
    return datetime.fromisoformat(str(EPOCH + np.timedelta64(int(day), "D"))).strftime("%d%m%Y")


def test_fields_stand_where_the_layout_says() -> None:
    fields = {
        "name": Field("name", 1, 6, False),
        "count": Field("count", 9, 11, True),
        "day": Field("day", 12, 19, False),
    }
    block = Block(2, fields)
    block.text("name", np.array(["Éva", "Zoé-Li"]))
    block.number("count", np.array([7, 120]))
    block.date("day", np.array([day_number("2026-02-01")] * 2))
    assert block.rows() == ["Éva     00701022026".encode("cp1252"), "Zoé-Li  12001022026".encode("cp1252")]
    with pytest.raises(ValueError, match="name: wider than 6"):
        block.text("name", np.array(["too long"]))


def test_five_dialects_differ_in_encoding_separator_dates_and_money() -> None:
    found = [dialect(name) for name in NAMES]
    assert {d.encoding for d in found} == {"cp1252", "iso-8859-15", "utf-8", "utf-8-sig"}
    assert {d.separator for d in found} == {";", ",", "\t", "|"}
    assert {d.money for d in found} == {"euro", "cent"} and {d.decimal for d in found} == {",", "."}
    assert all(tuple(d.columns) == COLUMNS for d in found)
    assert len({d.date_format for d in found}) >= 4


@pytest.mark.parametrize("pharmacy", range(5))
def test_extracts_give_back_dates_amounts_and_labels(world: World, pharmacy: int) -> None:
    lines = dispensations(world, UNTIL)
    lines = lines[lines.pharmacy == pharmacy].reset_index(drop=True)
    style = dialect_of(pharmacy)
    content, places, faults = mess_pharmacy.extract(
        cells(world.people, lines, style), np.full(len(lines), "", dtype=object), style, totals=False
    )
    reader = csv.DictReader(io.StringIO(content.decode(style.encoding), newline=""), delimiter=style.separator)
    rows = list(reader)
    assert not faults and places == list(range(1, len(lines) + 1))
    assert len(rows) == len(lines) > 0
    name = style.columns
    for row, line in zip(rows, lines.itertuples(), strict=True):
        amount = row[name["amount_total"]].replace(style.decimal, ".")
        assert round(float(amount) * (1 if style.money == "cent" else 100)) == line.amount_total
        stamp = datetime.strptime(row[name["event_ts_local"]], style.timestamp_format)
        assert stamp.strftime("%d%m%Y") == french_day(line.day)
        born = datetime.strptime(row[name["birth_date"]], style.date_format)
        assert born.strftime("%d%m%Y") == french_day(world.people.birth[line.person])
        assert row[name["label"]] == presentations().label[line.box]
        assert int(row[name["quantity_signed"]]) == line.quantity


def test_a_package_announces_its_documents_and_always_has_the_same_bytes(world: World) -> None:
    documents = [d for d in filed(world, UNTIL) if in_package(d)][:2]
    content = [cda.render(world, d).encode() for d in documents]
    enclosed = [
        Enclosed(c, d.unique_id, d.type_code, "X", "20261102100000+0100")
        for c, d in zip(content, documents, strict=True)
    ]
    assert package(enclosed) == package(enclosed)
    with zipfile.ZipFile(io.BytesIO(package(enclosed))) as archive:
        metadata = archive.read("IHE_XDM/SUBSET01/METADATA.XML")
        assert metadata.startswith(b" <lcm:SubmitObjectsRequest")
        assert [archive.read(f"IHE_XDM/SUBSET01/DOC000{n}.XML") for n in (1, 2)] == content
        assert etree.fromstring(metadata.strip()) is not None
