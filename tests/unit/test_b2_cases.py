"""The catalogue of B2 mess, case by case (tests/data/pharmacy/mess_cases.csv): framing, character sets, the frame."""

import csv
import re

import pytest

from jobs.core.errors import ConfigError
from jobs.core.settings import REPOSITORY
from jobs.replay.packs import whole_file_rules
from jobs.standardise.dialects import read_dialects
from jobs.standardise.pharmacy.b2 import rules
from jobs.standardise.pharmacy.b2.encoding import declared
from jobs.standardise.pharmacy.b2.framing import records
from jobs.standardise.pharmacy.b2.lot import read_alone
from synthetic.b2_records import file, invoice, joined
from tests.b2_files import (
    BILL,
    NIGHT,
    NIR,
    PHARMACY,
    RPPS,
    bill,
    key,
    lot,
    one,
    put,
    read,
    refused,
)

GOOD = invoice(BILL)  # 2, 4, 4E, 4P, 4, 5
HEAD, LINE, WHO, BOX, FEE_LINE, END = GOOD
WITH_OWN = invoice(bill(own=NIR + key(NIR)))


def test_every_case_has_a_test():
    folder = REPOSITORY / "tests"
    with (folder / "data" / "pharmacy" / "mess_cases.csv").open(encoding="utf-8", newline="") as stream:
        wanted = {row["id"][-2:] for row in csv.DictReader(stream) if row["id"].startswith("B2-")}
    found = {
        number
        for path in [*folder.glob("unit/test_b2_*.py"), *folder.glob("spec/test_b2_*.py")]
        for number in re.findall(r"^def test_b2_(\d\d)_", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(wanted) == 48
    assert found == wanted


def test_a_sound_invoice_is_read():
    unit = one(*GOOD)
    assert unit.told is not None
    assert [(row.act, row.quantity, row.total, row.amo) for row in unit.told.rows] == [
        ("PH7", 2, 436, 283),
        ("HD7", 2, 204, 132),
    ]
    assert unit.told.rows[0].product == "3400935955838"
    assert (unit.told.warnings, unit.told.patient.holder, unit.told.patient.own) == ([], NIR, None)


def bodies(data: bytes) -> list[bytes]:
    return [one.body for one in records(data)]


WHOLE = lot(GOOD, WITH_OWN)


def test_b2_01_without_separators():
    run_on = WHOLE.replace(b"\r\n", b"")
    assert bodies(run_on) == bodies(WHOLE)
    assert [unit.told for unit in read(run_on)] == [unit.told for unit in read(WHOLE)]
    assert b"".join(unit.raw for unit in read(run_on)) == b"".join(GOOD + WITH_OWN)


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_b2_02_line_ends(end: bytes):
    assert bodies(WHOLE.replace(b"\r\n", end)) == bodies(WHOLE)


def test_b2_02_mixed_line_ends():
    mixed = WHOLE.replace(b"\r\n", b"\n", 2).replace(b"\r\n", b"\r", 2)
    assert bodies(mixed) == bodies(WHOLE)
    assert all(unit.told for unit in read(mixed))


def test_b2_03_trailing_blanks_were_trimmed():
    trimmed = [line.rstrip(b" ") for line in WITH_OWN]
    assert min(map(len, trimmed)) < 128
    unit = one(*trimmed)
    assert unit.told and unit.told.warnings == [rules.PADDED]
    assert unit.told.rows == one(*WITH_OWN).told.rows
    assert refused(one(HEAD, LINE[:105], *GOOD[2:])) == (rules.SHORT, None)
    assert refused(one(*GOOD[:-1], END[:110])) == (rules.SHORT, None)


def test_b2_04_a_record_too_long():
    long = put(WITH_OWN[1], "2S", gp_name=b"LEVEQUE".ljust(25)).replace(b"LEVEQUE", "LÉVÊQUE".encode())
    assert len(long) == 130
    unit = one(WITH_OWN[0], long, *WITH_OWN[2:])
    assert (refused(unit), long in unit.raw) == ((rules.LONG, None), True)


@pytest.mark.parametrize("tail", [b"", b"\r\n\x1a", b"\x1a", b"\r\n\r\n"])
def test_b2_05_ends_and_marks_are_no_records(tail: bytes):
    data = b"\xef\xbb\xbf" + WHOLE.removesuffix(b"\r\n") + tail
    found = read(data)
    assert bodies(data) == bodies(WHOLE)
    assert [unit.offset - 3 for unit in found] == [unit.offset for unit in read(WHOLE)]
    assert data[found[1].offset :].startswith(WITH_OWN[0])


@pytest.mark.parametrize("kept", [700, 128 * 6, len(WHOLE) - 130, len(WHOLE) - 80])
def test_b2_06_a_cut_file_refuses_the_whole_lot(kept: int):
    (unit,) = read(WHOLE[:kept])
    assert (unit.kind, unit.rule, unit.raw) == ("lot", rules.FRAME, WHOLE[:kept])


def test_b2_07_empty_file_and_envelope_alone():
    assert [unit.rule for unit in read(b"")] == [rules.EMPTY]
    assert read(lot()) == []


@pytest.mark.parametrize("name", ["LEVÊQUE".encode("cp1252"), "LEVÊQUE".encode()])
def test_b2_08_accents_in_a_name_zone_move_nothing(name: bytes):
    unit = one(WITH_OWN[0], put(WITH_OWN[1], "2S", gp_name=name.ljust(25)), *WITH_OWN[2:])
    assert unit.told and unit.told.warnings == [rules.NAME]
    assert (unit.told.rows, unit.told.patient) == (one(*WITH_OWN).told.rows, one(*WITH_OWN).told.patient)


@pytest.mark.parametrize("name", [b"Durand", b"D'ARTAGNAN"])
def test_b2_09_lower_case_or_apostrophe(name: bytes):
    unit = one(WITH_OWN[0], put(WITH_OWN[1], "2S", gp_name=name.ljust(25)), *WITH_OWN[2:])
    assert unit.told and unit.told.warnings == [rules.NAME]


def test_b2_10_other_character_sets():
    ebcdic = joined(file(GOOD, PHARMACY, "261122"), b"").decode("ascii").encode("cp500")
    assert [unit.rule for unit in read(ebcdic)] == [rules.FOREIGN]
    assert [unit.rule for unit in read(WHOLE.decode().encode("utf-16"))] == [rules.FOREIGN]
    latin9 = put(WITH_OWN[1], "2S", gp_name="ŠIMON".encode("iso-8859-15").ljust(25))
    assert refused(one(WITH_OWN[0], latin9, *WITH_OWN[2:])) == (rules.BYTES, "2S.gp_name")
    elsewhere = put(HEAD, "2", complementary_org="É".encode("cp1252").ljust(10))
    assert refused(one(elsewhere, *GOOD[1:])) == (rules.BYTES, "2.complementary_org")


@pytest.mark.parametrize(
    ("encoding", "end"),
    [("cp037", "\x85"), ("cp500", "\r\n"), ("cp500", ""), ("cp1140", "\n"), ("iso-8859-15", "\r\n")],
)
def test_b2_10_a_declared_character_set_is_read(encoding: str, end: str):
    accents = put(WITH_OWN[1], "2S", gp_name="LÉVÊQUE".encode("latin-1").ljust(25))
    sent = file([*GOOD, WITH_OWN[0], accents, *WITH_OWN[2:]], PHARMACY, "261122")
    data = end.join([*[line.decode("latin-1") for line in sent], ""]).encode(encoding)
    first, second = read(data, encoding=encoding)
    assert (first.told, second.told) == (one(*GOOD).told, one(*WITH_OWN).told)
    assert data[second.offset :].startswith(second.raw), "the quarantine holds what was sent"
    assert second.raw.decode(encoding).startswith(WITH_OWN[0].decode())
    again = read_alone(second.raw, second.number, second.offset, PHARMACY, NIGHT, encoding)
    assert again.told == second.told
    assert (read(data)[0].rule == rules.FOREIGN) == (encoding != "iso-8859-15"), "undeclared"


def test_b2_10_a_file_in_another_set_than_declared():
    assert [unit.rule for unit in read(WHOLE, encoding="cp500")] == [rules.FOREIGN]


def test_b2_10_letters_everywhere_of_a_declared_set():
    elsewhere = put(HEAD, "2", complementary_org="ŠÉ".encode("iso-8859-15").ljust(10))
    (unit,) = read(lot([elsewhere, *GOOD[1:]]), encoding="iso-8859-15")
    assert (unit.rule, unit.told and unit.told.warnings) == (None, [])


def test_b2_10_what_a_producer_may_declare():
    known = read_dialects(REPOSITORY / "config" / "dialects")
    assert declared("P", "", known) == declared("P", "standard ventes_json", known) == ""
    assert declared("P", "standard factures_ebcdic", known) == "cp500"
    for names, told in (
        ("nowhere", known),
        ("factures_ebcdic factures_latin9", known),
        ("x", {"x": {"kind": "b2", "encoding": "utf-16"}}),
        ("x", {"x": {"kind": "b2", "encoding": "cp500", "separator": ";"}}),
    ):
        with pytest.raises(ConfigError):
            declared("P", names, told)


def test_b2_20_total_of_the_999():
    told = file(GOOD, PHARMACY, "261122")
    more = put(told[-1], "999", total_records=b"%08d" % (len(told) + 1))
    assert [unit.rule for unit in read(joined([*told[:-1], more]))] == [rules.TOTAL_RECORDS]
    assert [unit.rule for unit in read(joined([*told[:3], *told[4:]]))] == [rules.TOTAL_RECORDS]


def test_a_unit_is_read_again_alone():
    data = lot(GOOD, WITH_OWN)
    _, second = read(data)
    again = read_alone(second.raw, second.number, second.offset, PHARMACY, NIGHT)
    assert (again.number, again.offset, again.told) == (2, second.offset, second.told)
    stray = one(*GOOD[1:])
    assert read_alone(stray.raw, 2, 0, PHARMACY, NIGHT).rule == rules.STRAY


def test_a_file_placed_by_hand():
    data = (REPOSITORY / "tests" / "data" / "pharmacy" / "b2" / "one_invoice.b2").read_bytes()
    (unit,) = read(data)
    assert unit.told is not None
    assert (unit.told.number, unit.told.patient.own, unit.told.patient.rank) == ("000000123", NIR, "1")
    assert unit.told.patient.born.text == "1985-05-12"
    told = [(row.act, row.product, row.quantity, row.unit, row.total, row.amo, row.rate) for row in unit.told.rows]
    assert told == [
        ("PH7", "3400935955838", 2, "box", 436, 283, 65),
        ("HD7", None, 2, "box", 204, 132, 65),
        ("PH1", "9231824", 1, "unit", 12345, 12345, 100),
    ]
    assert (unit.told.rows[0].prescriber, unit.told.warnings) == (RPPS, [rules.NO_PRESCRIBER])


def test_a_refused_lot_is_read_again_as_a_file():
    assert {rules.EMPTY, rules.FOREIGN, rules.FRAME, rules.TOTAL_RECORDS} <= set(whole_file_rules("pharmacy"))
