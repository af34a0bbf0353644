"""What producers write can be read back: stay lines by their layout, extracts by their dialect, documents as XML."""

import csv
import io
import zipfile
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from lxml import etree

from synthetic import cda, mess_pharmacy
from synthetic.dialects import COLUMNS, NAMES, dialect, dialect_of
from synthetic.dispensing import dispensations, presentations
from synthetic.documents import LETTER, REPORT, filed, in_package
from synthetic.draws import EPOCH, day_number
from synthetic.hospital import VERSIONS, rss_lines
from synthetic.identity_lines import vid_lines, vid_version
from synthetic.layout import Block, Field, fields_of
from synthetic.pharmacy import cells
from synthetic.stays import Sizes
from synthetic.world import World
from synthetic.xdm import Enclosed, package

START, UNTIL = day_number("2026-10-23"), day_number("2026-11-02")
CDA = {"c": "urn:hl7-org:v3"}


@pytest.fixture(scope="module")
def world() -> World:
    return World(Sizes(persons=4_000, hospitals=5, pharmacies=10, documents=300), START, UNTIL)


def cut(line: bytes, fields: dict[str, Field]) -> dict[str, str]:
    return {name: line[f.start - 1 : f.end].decode("cp1252").strip() for name, f in fields.items()}


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


@pytest.mark.parametrize("hospital", range(5))
def test_stay_lines_give_back_their_fields_and_have_the_length_their_counters_say(world: World, hospital: int) -> None:
    stays = world.all_stays(START, UNTIL)
    stays = stays[stays.hospital == hospital].reset_index(drop=True)
    lines, units = rss_lines(world.sizes, world.people, stays, hospital)
    assert len(lines) == stays.units.sum() > 0
    for line, unit in zip(lines, units.itertuples(), strict=True):
        version = line[9:12].decode()
        values = cut(line, fields_of("rss_rum", "RSS_GROUPED", version, "header"))
        counters = [int(values[name]) for name in ("n_das", "n_dad", "n_acts")]
        header, act = (205, 32) if version == "123" else (192, 29)
        assert len(line) == header + 8 * counters[0] + 8 * counters[1] + act * counters[2]
        assert values["local_stay_id"] == unit.number
        assert values["principal_diagnosis"] == unit.principal
        assert values["ghm_cmd"] + values["ghm_suffix"] == unit.ghm
        assert values["birth_date"] == french_day(world.people.birth[unit.person])
        assert values["unit_entry_date"] == french_day(unit.unit_entry)
        assert values["rum_format"] == "0" + version[1:]


def test_hospitals_write_two_layout_versions_and_some_mix_them(world: World) -> None:
    stays = world.all_stays(START, UNTIL)
    found = {}
    for hospital in range(5):
        own = stays[stays.hospital == hospital].reset_index(drop=True)
        found[hospital] = {line[9:12] for line in rss_lines(world.sizes, world.people, own, hospital)[0]}
    assert found[0] == {b"123"} and found[1] == {b"122"} and found[3] == {b"122", b"123"}


@pytest.mark.parametrize("hospital", range(3))
def test_identity_lines_name_holder_and_patient(world: World, hospital: int) -> None:
    people, stays = world.people, world.all_stays(START, UNTIL)
    stays = stays[stays.hospital == hospital].reset_index(drop=True)
    fields = fields_of("vid_hosp", "VID-HOSP", vid_version(hospital), "header")
    block = 47 if vid_version(hospital) == "V014" else 50
    rows = []
    for line, stay in zip(vid_lines(world.sizes, people, stays, hospital), stays.itertuples(), strict=True):
        values = cut(line, fields)
        assert len(line) == max(f.end for f in fields.values()) + block * int(values["n_dmt"])
        number, key = people.number[stay.person], people.key[stay.person]
        assert values["individual_nir"] + values["individual_nir_key"] in ("", number + key)
        assert values["ins_matricule"] in ("", number + key)
        if stay.reason == "newborn":
            mother = people.mother[stay.person]
            assert values["insured_nir"] == people.number[mother] != number
            assert values["mother_local_stay_id"] == stay.mother_number
        rows.append(values)
    table = pd.DataFrame(rows)
    assert 0.6 < (table.individual_nir != "").mean() < 0.95
    assert 0.6 < (table.ins_matricule != "").mean() < 0.95


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


def test_documents_are_well_formed_and_say_whose_they_are(world: World) -> None:
    people = world.people
    documents = [d for day in range(START, UNTIL + 1) for d in filed(world, day)]
    assert {d.type_code for d in documents} == {LETTER, REPORT}
    assert {d.action for d in documents} >= {"", "C"}
    for document in documents:
        root = etree.fromstring(cda.render(people, document, 1).encode())
        ids = {e.get("root"): e.get("extension") for e in root.iterfind(".//c:patientRole/c:id", CDA)}
        if cda.qualified(people, document):
            assert ids[cda.INS_OID] == people.number[document.person] + people.key[document.person]
        assert root.find("c:id", CDA).get("root") == document.unique_id
        assert root.findtext(".//c:family[@qualifier='BR']", namespaces=CDA) == people.birth_name[document.person]
        assert (root.find(".//c:nonXMLBody", CDA) is not None) == (document.type_code == LETTER)
        assert (root.find(".//c:observation", CDA) is not None) == (document.type_code == REPORT)


def test_a_package_announces_its_documents_and_always_has_the_same_bytes(world: World) -> None:
    documents = [d for d in filed(world, UNTIL) if in_package(d)][:2]
    content = [cda.render(world.people, d, 1).encode() for d in documents]
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
