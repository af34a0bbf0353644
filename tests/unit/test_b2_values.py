"""The catalogue of B2 mess, case by case (tests/data/pharmacy/mess_cases.csv): amounts, dates, identities."""

from datetime import date
from decimal import Decimal

import pytest

from jobs.standardise.pharmacy.b2 import rules, sequence, zones
from jobs.standardise.pharmacy.b2.lot import read_file
from synthetic.b2_records import file, invoice, joined, record
from tests.b2_files import BILL, FEE, NIGHT, NIR, PHARMACY, RPPS, bill, drug, key, lot, made, one, put, read, refused

GOOD = invoice(BILL)  # 2, 4, 4E, 4P, 4, 5
HEAD, LINE, WHO, BOX, FEE_LINE, END = GOOD


def test_b2_21_implied_decimals():
    line = drug(unit_price=735, base=735, total=735, amo=478, quantity=1)
    (row, _) = made(lines=(line, FEE)).told.rows
    assert (Decimal(row.total) / 100, Decimal(row.fraction) / 10_000) == (Decimal("7.35"), 1)


def test_b2_22_blanks_in_numeric_zones():
    assert one(HEAD, put(LINE, "4", amount_amc=b" " * 6), *GOOD[2:]).told
    assert refused(one(HEAD, put(LINE, "4", amount_amo=b" " * 7), *GOOD[2:])) == (rules.BLANK, "4.amount_amo")
    assert refused(one(put(HEAD, "2", entry_date=b" " * 6), *GOOD[1:])) == (rules.BLANK, "2.entry_date")


@pytest.mark.parametrize("cell", [b"00007A5", b"0000-35", b"000073E", b"00007 5", b"+000735"])
def test_b2_23_letters_signs_and_overpunches(cell: bytes):
    unit = one(HEAD, put(LINE, "4", total_amount=cell), *GOOD[2:])
    assert refused(unit) == (rules.NOT_DIGITS, "4.total_amount")


def test_b2_24_a_box_too_dear_for_one_record():
    first = bill(lines=(
        drug(act="PH1", rate=100, quantity=1, base=600_000, amo=600_000, total=600_000, product={"margin_amount": 900}),
        drug(act="PH1", rate=100, quantity=1, base=450_000, amo=450_000, total=450_000),
    ))  # fmt: skip
    told = one(*invoice(first)).told
    assert [(row.quantity, row.total) for row in told.rows] == [(1, 600_000), (0, 450_000)]
    assert told.warnings == [rules.SPLIT]
    third = drug(act="PH1", rate=100, quantity=1, base=999_999, amo=999_999, total=999_999)
    assert [row.quantity for row in made(lines=(*first.lines, third)).told.rows] == [1, 0, 0]


def test_b2_24_two_dear_boxes_are_two():
    line = drug(
        act="PH1", rate=100, quantity=1, base=600_000, amo=600_000, total=600_000, product={"margin_amount": 900}
    )
    assert [row.quantity for row in made(lines=(line, line)).told.rows] == [1, 1]


def test_b2_25_fractions_add_up_to_boxes():
    whole, part = (
        drug(quantity=1, product={"fraction_coefficient": 10_000}),
        drug(quantity=1, product={"fraction_coefficient": 3_300}),
    )
    told = made(lines=(whole, part)).told
    assert [row.quantity for row in told.rows] == [1, 0]
    assert sum(row.fraction for row in told.rows) == 13_300  # 1.33
    assert told.warnings == [rules.FRACTION]
    half = drug(quantity=1, product={"fraction_coefficient": 5_000})
    assert [row.quantity for row in made(lines=(half, half)).told.rows] == [0, 1]


def test_b2_26_rates_and_what_is_not_reimbursed():
    lines = (drug(), drug(act="PH1", rate=100, amo=436), drug(act="PHN", base=0, rate=0, amo=0))
    told = made(lines=lines).told
    assert [(row.act, row.rate, row.base) for row in told.rows] == [("PH7", 65, 436), ("PH1", 100, 436), ("PHN", 0, 0)]
    assert told.warnings == []


def test_b2_27_century_of_birth():
    def born(nir: str, birth: str) -> tuple[str, list[str]]:
        told = made(nir=nir, key=key(nir), birth=birth).told
        return told.patient.born.text, told.warnings

    assert born("1850599999042", "180315") == ("2018-03-15", [])  # a child of somebody born in 1985
    assert born("1180399999042", "180315") == ("1918-03-15", [])  # insured under the own number: no child of eight
    assert born("1500599999042", "150315") == ("2015-03-15", [rules.CENTURY])
    assert born("1850599999042", "850512") == ("1985-05-12", [])


@pytest.mark.parametrize(
    ("birth", "text"), [("750015", "1975-00-15"), ("751300", "1975-13-00"), ("750231", "1975-02-31")]
)
def test_b2_28_lunar_dates_keep_the_patient(birth: str, text: str):
    told = made(birth=birth).told
    assert (told.patient.born.day, told.patient.born.text, told.warnings) == (None, text, [rules.LUNAR])


def test_b2_29_care_before_and_after_transmission():
    def told(care: str) -> list[str]:
        return made(lines=(drug(care=care), FEE)).told.warnings

    assert told("261123") == [rules.FUTURE]
    assert told("251121") == [rules.OLD]
    assert told("251122") == []
    assert told("240801") == [rules.OLD]
    assert refused(made(lines=(drug(care="240731"), FEE))) == (rules.TOO_OLD, "4.care_date")
    assert refused(made(lines=(drug(care="260231"), FEE))) == (rules.DATE, "4.care_date")


def test_b2_30_zeros_in_an_optional_date():
    assert one(put(HEAD, "2", cover_valid_from=b"000000"), *GOOD[1:]).told
    assert made(birth="000000").told.patient.born.state == "missing"


THREE = record("3", {
    "partner_no": PHARMACY, "insured_nir": NIR, "insured_nir_key": key(NIR), "invoice_no": "123",
    "beneficiary_rank": "000", "start_date": "261121", "end_date": "261121", "act_code": "PH8", "quantity": 1,
    "reimbursement_base": 1000, "rate": 100, "amount_amo": 1000, "total_amount": 1000,
})  # fmt: skip


def third(day: str) -> bytes:
    return put(
        record("3S", {}), "3S", partner_no=PHARMACY.encode(), insured_nir=NIR.encode(),
        insured_nir_key=key(NIR).encode(), invoice_no=b"000000123", prescriber_no=b"991000013",
        prescription_date=day.encode(),
    )  # fmt: skip


def test_b2_31_prescribed_after_the_delivery():
    end = put(END, "5", count_type_3_4=b"002", total_fees=b"0" * 8, total_amo_fees=b"0" * 8, total_base_ph=b"00001000",
              total_amo_ph=b"00001000", total_invoiced_ph=b"00001000", total_patient_share=b"0" * 8)  # fmt: skip
    later = one(HEAD, THREE, third("261122"), end).told
    assert (later.warnings, later.rows[0].prescribed) == (
        [rules.PRESCRIBED_LATER, rules.NO_PRODUCT],
        date(2026, 11, 22),
    )
    assert rules.PRESCRIBED_LATER not in one(HEAD, THREE, third("261120"), end).told.warnings
    assert refused(one(HEAD, THREE, third("260231"), end)) == (rules.DATE, "3S.prescription_date")


def test_b2_32_the_number_on_the_card_is_the_insured_s():
    child = made(birth="180315").told.patient
    assert (child.insured, child.own, child.holder) == (NIR, None, NIR)
    own = "2180399999011"
    certified = made(birth="180315", own=own + key(own)).told.patient
    assert (certified.insured, certified.own, certified.holder) == (NIR, own, None)


def test_b2_33_twins_differ_by_rank():
    first, second = made(rank="1").told.patient, made(rank="2").told.patient
    assert first != second
    assert (first.rank, second.rank) == ("1", "2")


def test_b2_34_rank_of_the_beneficiary_is_no_identity():
    found = [made(scheme_rank=rank).told.patient for rank in ("000", "001")]
    spaced = [put(one, name, beneficiary_rank=b" 01") for one, name in zip(GOOD, ("2", "4"), strict=False)]
    found.append(one(*spaced, *GOOD[2:]).told.patient)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("cell", ["00", "  ", f"{int(key(NIR)) % 97 + 1:02d}"])
def test_b2_35_a_wrong_key_bars_the_number_and_keeps_the_line(cell: str):
    told = made(key=cell).told
    assert (told.patient.status, told.patient.holder, told.warnings) == ("key_wrong", None, [rules.KEY_WRONG])
    own = made(own=NIR + cell).told
    assert (own.patient.status, own.patient.own, own.patient.holder) == ("key_wrong", None, NIR)
    assert own.warnings == [rules.KEY_WRONG]


@pytest.mark.parametrize("nir", ["180032A999042", "180032B999042", "1720320999042"])
def test_b2_36_corsican_numbers(nir: str):
    told = made(nir=nir, key=key(nir)).told
    assert (told.patient.holder, told.warnings) == (nir, [])


@pytest.mark.parametrize(
    ("nir", "state"),
    [
        ("1555555999333", "sentinel"),
        ("7850575999042", "provisional"),
        ("0000000000000", "missing"),
        ("1" * 13, "sentinel"),
    ],
)
def test_b2_37_numbers_of_nobody_are_counted_and_not_linked(nir: str, state: str):
    told = made(nir=nir, key="11" if set(nir) == {"1"} else f"{97 - int(nir) % 97:02d}").told
    assert (told.patient.status, told.patient.holder, told.warnings) == (state, None, [rules.NO_IDENTITY])
    assert len(told.rows) == 2


def test_b2_38_a_child_under_either_parent():
    mother, own = "2870299999017", "2180399999011"
    both = [made(nir=nir, key=key(nir), birth="180315", own=own + key(own)).told.patient for nir in (NIR, mother)]
    assert [one.own for one in both] == [own, own]
    apart = [made(nir=nir, key=key(nir), birth="180315").told.patient for nir in (NIR, mother)]
    assert [one.holder for one in apart] == [NIR, mother]


def test_b2_39_numbers_of_providers_in_one_form():
    assert zones.same_provider("992000011", "99200001")
    assert zones.same_provider("200102689", "2A0002689")
    assert not zones.same_provider("992000029", "992000011")
    assert refused(made(partner="992000029"))[0] == rules.PARTNER
    assert one(*[line.replace(PHARMACY.encode(), b"99200001 ", 1) for line in GOOD]).told
    with_key, without = (made(lines=(drug(rpps="", prescriber=n),)).told.rows[0] for n in ("991000013", " 99100001"))
    assert with_key.prescriber == without.prescriber == "99100001"
    assert with_key.prescriber_kind == without.prescriber_kind == "insurance"
    sent = lot(*[invoice(bill(lines=(drug(rpps="", prescriber=n), FEE))) for n in ("991000013", " 99100001")])
    first, second = read(sent)
    places = [sent[one.offset : one.offset + len(one.raw)] for one in (first, second)]
    assert b"991000013" in places[0] and b" 99100001" in places[1], "the place of a row leads to the number as sent"


def test_b2_40_a_salaried_prescriber_is_known_by_the_hospital():
    salaried = put(
        record("4S", {}), "4S", partner_no=PHARMACY.encode(), insured_nir=NIR.encode(),
        insured_nir_key=key(NIR).encode(), invoice_no=b"000000123", prescriber_status=b"S",
    )  # fmt: skip
    hospital = put(LINE, "4", prescriber_no=b"990000014")
    end = put(END, "5", count_type_3_4=b"004")
    told = one(HEAD, hospital, salaried, BOX, FEE_LINE, end).told
    assert (told.rows[0].prescriber, told.warnings) == ("990000014", [rules.ESTABLISHMENT])
    assert told.rows[0].prescriber_kind == "facility"
    named = one(HEAD, hospital, salaried, WHO, BOX, FEE_LINE, put(END, "5", count_type_3_4=b"005")).told
    assert (named.rows[0].prescriber, named.warnings) == (RPPS, [])
    assert named.rows[0].prescriber_kind == "national"
    alone = one(HEAD, hospital, BOX, FEE_LINE, put(END, "5", count_type_3_4=b"003")).told.rows[0]
    assert (alone.prescriber, alone.prescriber_kind) == ("99000001", "insurance"), "the same digits, another kind"
    numbers = [told.rows[0].prescriber, named.rows[0].prescriber, alone.prescriber]
    assert [len(number) for number in numbers] == [9, 11, 8], "kinds never meet in a join"


def test_b2_41_no_prescriber():
    for number in ("000000000", "999999999"):
        told = made(lines=(drug(rpps="", prescriber=number), FEE)).told
        assert (told.rows[0].prescriber, told.warnings) == (None, [rules.NO_PRESCRIBER])
    wrong = made(lines=(drug(rpps="10000000000", prescriber="991000013"), FEE)).told
    assert (wrong.rows[0].prescriber, wrong.warnings) == ("99100001", [rules.RPPS])


def test_b2_46_a_missing_lot_is_told_and_the_later_one_read():
    def lots(*numbers: int) -> list[list[str]]:
        inner = [
            line
            for n in numbers
            for line in file(invoice(bill(number=str(n))), PHARMACY, "261122", lot=n)[1:-1]
        ]  # fmt: skip
        head = file([], PHARMACY, "261122")[0]
        tail = record("999", {"total_records": len(inner) + 2})
        return [unit.told.warnings for unit in read(joined([head, *inner, tail]))]

    assert lots(7, 8) == [[], []]
    assert lots(7, 9, 10) == [[], [rules.LOT_GAP], []]
    assert lots(8, 7) == [[], [rules.LOT_GAP]]


KNOWN = {"last": 12, "missing": [[9, "2026-11-20"], [11, "2026-11-21"]]}


@pytest.mark.parametrize(
    ("known", "seen", "last", "missing"),
    [
        (None, [7], 7, []),
        (None, [9, 7], 9, [8]),  # within a night, whatever the order
        (KNOWN, [13], 13, [9, 11]),
        (KNOWN, [15, 9], 15, [11, 13, 14]),  # a late lot closes its gap
        (KNOWN, [12, 3], 12, [9, 11]),  # sent again
        (KNOWN, [], 12, [9, 11]),
        (KNOWN, [112, 113], 113, [9, 11, *range(13, 112)]),
        (KNOWN, [113], 113, [9, 11]),  # a leap: numbers begin elsewhere
        ({"last": 999_999_998, "missing": []}, [1, 3], 3, [2]),  # at the end of the counter they begin again
    ],
)
def test_b2_46_lots_over_nights(known: dict | None, seen: list[int], last: int, missing: list[int]):
    found = sequence.after(known, seen, "2026-11-22", 30)
    assert (found["last"], [number for number, _ in found["missing"]]) == (last, missing)
    assert sequence.after(found, seen, "2026-11-23", 30) == found, "told again, nothing changes"
    assert sequence.after(found, [], "2026-12-23", 30)["missing"] == [], "no alarm for ever"
    assert sequence.after(found, missing, "2026-11-23", 30)["missing"] == []


def test_b2_46_a_lot_that_was_refused_has_not_come():
    head, *inner, _ = file(invoice(bill()), PHARMACY, "261122", lot=7)
    whole = [head, *inner, record("999", {"total_records": len(inner) + 2})]
    assert read_file(joined(whole), PHARMACY, NIGHT)[1] == [7]
    assert read_file(joined(whole[:-1]), PHARMACY, NIGHT)[1] == []


def test_b2_48_amounts_have_no_sign():
    assert refused(one(HEAD, put(LINE, "4", total_amount=b"-000436"), *GOOD[2:]))[0] == rules.NOT_DIGITS
    assert all(row.quantity >= 0 and row.total >= 0 for row in made().told.rows)


def test_a_drug_without_code_and_several_products_under_one_line():
    assert made(lines=(drug(code=""), FEE)).told.warnings == [rules.NO_PRODUCT]
    assert one(HEAD, LINE, WHO, put(BOX, "4P", product_code=b"0" * 13), FEE_LINE, END).told.warnings == [
        rules.NO_PRODUCT
    ]
    second = put(BOX, "4P", sequence=b"02", product_code=b"3400930299166", quantity=b"001")
    told = one(HEAD, LINE, WHO, BOX, second, FEE_LINE, put(END, "5", count_type_3_4=b"005")).told
    assert [(row.line, row.quantity, row.total) for row in told.rows] == [
        ("1", 2, 436),
        ("1.2", 1, None),
        ("2", 2, 204),
    ]
    assert told.warnings == [rules.SEVERAL_PRODUCTS]


def test_a_base_that_does_not_fit_rate_and_part_is_told():
    assert made(lines=(drug(base=437), FEE)).told.warnings == []  # a centime of rounding
    assert made(lines=(drug(base=536), FEE)).told.warnings == [rules.BASE]
