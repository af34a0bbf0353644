"""The catalogue of B2 mess, case by case (tests/data/pharmacy/mess_cases.csv): order of records, counts and totals."""

import re

import pytest

from jobs.standardise.pharmacy.b2 import rules
from jobs.standardise.pharmacy.b2.framing import records
from synthetic.b2_records import invoice, joined, record
from synthetic.b2_records import zones as layout
from tests.b2_files import BILL, FEE, NIR, PHARMACY, bill, drug, key, made, one, put, refused, units

GOOD = invoice(BILL)  # 2, 4, 4E, 4P, 4, 5
HEAD, LINE, WHO, BOX, FEE_LINE, END = GOOD
WITH_OWN = invoice(bill(own=NIR + key(NIR)))
DETAIL_H = record(
    "4H",
    {
        "partner_no": PHARMACY, "insured_nir": NIR, "insured_nir_key": key(NIR), "invoice_no": "123",
        "ucd7": "9231824", "fraction_coefficient": 10_000, "quantity": 2,
    },
)  # fmt: skip


def test_b2_11_no_type_5_or_two_type_2():
    assert refused(one(*GOOD[:-1])) == (rules.NO_TRAILER, None)
    first, second = units(GOOD[:3], GOOD)
    assert (first.rule, second.rule) == (rules.NO_TRAILER, None)
    twice = units([HEAD], GOOD)
    assert [unit.rule for unit in twice] == [rules.NO_TRAILER, None]


def test_b2_11_lines_without_type_2():
    assert refused(one(*GOOD[1:])) == (rules.STRAY, None)
    damaged = units([b"X" + HEAD[1:], *GOOD[1:]], GOOD)
    assert [(unit.kind, unit.rule) for unit in damaged] == [("stray", rules.STRAY), ("invoice", None)]


def test_b2_12_optional_records():
    assert made(lines=(drug(rpps=""), FEE), own="").told
    assert len(made(own=NIR + key(NIR)).told.rows) == 2


@pytest.mark.parametrize(
    ("order", "zone"),
    [
        ([HEAD, BOX, LINE, WHO, FEE_LINE, END], "4P"),  # before its line
        ([HEAD, LINE, BOX, WHO, FEE_LINE, END], "4E"),  # behind the details
        ([HEAD, LINE, WHO, WHO, BOX, FEE_LINE, END], "4E"),  # twice
        ([HEAD, LINE, WHO, put(BOX, "4P", sequence=b"02"), FEE_LINE, END], "4P.sequence"),
        ([HEAD, LINE, WITH_OWN[1], WHO, BOX, FEE_LINE, END], "2S"),  # behind a line
        ([HEAD, END], "5"),  # no line
    ],
)
def test_b2_13_records_out_of_order(order: list[bytes], zone: str):
    unit = one(*order)
    assert refused(unit) == (rules.ORDER, zone)
    assert re.match(r"\d+: ", unit.where)


def test_b2_14_too_many():
    details = [put(BOX, "4P", sequence=f"{n:02d}".encode()) for n in range(1, 12)]
    assert refused(one(HEAD, LINE, *details, END)) == (rules.TOO_MANY, "4P")
    lines = [FEE] * 1000
    assert refused(one(*invoice(bill(lines=lines[:999]))[:-1], FEE_LINE, END)) == (rules.TOO_MANY, "4")
    acts = [record("4M", {"partner_no": PHARMACY, "insured_nir": NIR, "insured_nir_key": key(NIR),
                          "invoice_no": "123", "sequence": n}) for n in range(1, 28)]  # fmt: skip
    assert refused(one(HEAD, LINE, *acts[:27], END)) == (rules.TOO_MANY, "4M")
    counted = put(END, "5", count_type_3_4=b"028", total_fees=b"00000436", total_amo_fees=b"00000283",
                  total_patient_share=b"00000153")  # fmt: skip
    assert one(HEAD, LINE, WHO, *acts[:26], counted).told


@pytest.mark.parametrize(
    ("zone", "cell"),
    [
        ("insured_nir", b"2850599999042"),
        ("insured_nir_key", b"00"),
        ("partner_no", b"992000029"),
        ("invoice_no", b"000000124"),
    ],
)
def test_b2_15_a_child_of_another_invoice(zone: str, cell: bytes):
    for place, segment in ((1, "4"), (2, "4E"), (3, "4P"), (5, "5")):
        changed = [*GOOD[:place], put(GOOD[place], segment, **{zone: cell}), *GOOD[place + 1 :]]
        assert refused(one(*changed)) == (rules.OTHER_HEADER, f"{segment}.{zone}")


@pytest.mark.parametrize("letter", [b"D", b"N", b"Z"])
def test_b2_16_unknown_letters_are_counted(letter: bytes):
    strange = put(BOX, "4P", type_suffix=letter)
    unit = one(HEAD, LINE, WHO, BOX, strange, FEE_LINE, put(END, "5", count_type_3_4=b"005"))
    assert unit.told and unit.told.warnings == [rules.UNKNOWN_RECORD]
    assert refused(one(HEAD, LINE, WHO, BOX, strange, FEE_LINE, END)) == (rules.COUNT, "5.count_type_3_4")
    other = put(strange, "4P", invoice_no=b"000000124")
    assert refused(one(HEAD, LINE, WHO, BOX, other, FEE_LINE, END))[0] == rules.OTHER_HEADER


def test_b2_16_unknown_types():
    strange = b"7" + b" ANYTHING".ljust(127)
    inside = one(HEAD, strange, *GOOD[1:])
    assert inside.told and inside.told.warnings == [rules.UNKNOWN_RECORD]
    between = units(GOOD, [strange], GOOD)
    assert [(unit.kind, unit.rule) for unit in between] == [
        ("invoice", None),
        ("stray", rules.UNKNOWN),
        ("invoice", None),
    ]
    assert between[1].raw == strange + b"\r\n"


def test_b2_17_the_letter_stands_where_the_type_has_it():
    kinds = [one.segment for one in records(joined([*WITH_OWN, DETAIL_H, record("3S", {}), record("3F", {})]))]
    assert kinds == ["2", "2S", "4", "4E", "4P", "4", "5", "4H", "3S", "3F"]
    assert one(HEAD, LINE, WHO, DETAIL_H, FEE_LINE, END).told.rows[0].product == "9231824"


def test_b2_18_count_of_records():
    unit = one(*GOOD[:-1], put(END, "5", count_type_3_4=b"002"))  # lines only: the letters count too
    assert refused(unit) == (rules.COUNT, "5.count_type_3_4")


@pytest.mark.parametrize(
    "zone",
    ["total_fees", "total_amo_fees", "total_patient_share", "total_oc_fees", "total_amo_ph", "total_invoiced_ph"],
)
def test_b2_19_totals_to_the_centime(zone: str):
    start, end, _ = layout("5")[zone]
    told = int(END[start:end]) + 1
    assert refused(one(*GOOD[:-1], put(END, "5", **{zone: f"{told:08d}".encode()}))) == (rules.TOTALS, f"5.{zone}")
