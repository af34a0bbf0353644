"""B2 zones: the test vectors, layouts that add up, and properties that hold for any damage."""

import csv
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.core.settings import REPOSITORY
from jobs.standardise.pharmacy.b2 import zones
from jobs.standardise.pharmacy.b2.layout import LENGTH, segments
from jobs.standardise.pharmacy.b2.lot import Unit
from jobs.standardise.pharmacy.b2.told import judged
from synthetic import b2_records
from synthetic.b2_records import Bill, Line, file, invoice, joined
from tests.b2_files import DOLIPRANE, NIR, PHARMACY, key, read, refused

VECTORS = REPOSITORY / "tests" / "data" / "pharmacy" / "code_amount_date_vectors.csv"


def vectors(kind: str) -> list[dict[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["kind"] == kind]


@pytest.mark.parametrize("case", vectors("amount_centimes"), ids=lambda case: case["raw"].strip() or "blank")
def test_amounts_of_the_vectors(case: dict[str, str]):
    from tests.b2_files import BILL, one, put

    head, line, *rest = invoice(BILL)
    cell = case["raw"].zfill(7) if case["raw"].isdigit() else case["raw"]
    unit = one(head, put(line, "4", amount_amo=cell.encode()), *rest)
    if case["expected"] == "valid":
        assert refused(unit) == ("B2F-026", "5.total_amo_fees")  # read: it is the sum that no longer holds
    else:
        assert refused(unit) == ("B2F-014" if case["flags"] == "blank_numeric" else "B2F-013", "4.amount_amo")


@pytest.mark.parametrize("case", vectors("birth_date_aammjj"), ids=lambda case: case["raw"])
def test_birth_dates_of_the_vectors(case: dict[str, str]):
    born = zones.birth(case["raw"].encode(), date(2026, 11, 21), None)
    state = "valid" if case["expected"] == "ambiguous" else case["expected"]
    assert (born.state, born.guessed) == (state, case["expected"] == "ambiguous")
    assert (born.text or "").startswith(case["normalized"])
    assert (born.day is None) == (state != "valid")


@pytest.mark.parametrize("case", vectors("nir13+key"), ids=lambda case: case["raw"])
def test_numbers_of_the_vectors(case: dict[str, str]):
    number, state = judged(case["raw"][:13].encode(), case["raw"][13:].encode())
    if case["expected"] == "reject":
        assert state != "valid"
    else:
        assert number == case["normalized"]
        assert state == ("sentinel" if "anonymous" in case["flags"] else "valid")


@pytest.mark.parametrize("case", vectors("finess"), ids=lambda case: case["raw"])
def test_finess_of_the_vectors(case: dict[str, str]):
    text = case["raw"]
    found = zones.finess(text) if case["expected"] == "valid" else zones.am_number(text)
    assert found == case["normalized"]


@pytest.mark.parametrize("case", vectors("rpps"), ids=lambda case: case["raw"])
def test_rpps_of_the_vectors(case: dict[str, str]):
    assert zones.is_rpps(case["raw"]) == (case["expected"] == "valid")


@pytest.mark.parametrize("case", vectors("am_number"), ids=lambda case: case["raw"])
def test_numbers_of_the_health_insurance_of_the_vectors(case: dict[str, str]):
    assert (zones.am_number(case["raw"]) or "") == case["normalized"]


def test_every_kind_of_vector_has_a_test_that_reads_all_of_it():
    from tests.spec import test_pharmacy_rows
    from tests.unit import test_dcir_read

    read_by = {
        "drug_code": test_pharmacy_rows.test_product_codes_of_the_vectors,
        "event_date": (test_pharmacy_rows.test_dates_of_the_vectors,
                       test_dcir_read.test_dates_of_the_vectors_in_the_formats_of_deliveries),
        **dict.fromkeys(test_pharmacy_rows.READERS,
                        test_pharmacy_rows.test_amounts_rates_and_quantities_of_the_vectors),
        "birth_date_aammjj": test_birth_dates_of_the_vectors,
        "nir13+key": test_numbers_of_the_vectors,
        "finess": test_finess_of_the_vectors,
        "rpps": test_rpps_of_the_vectors,
        "am_number": test_numbers_of_the_health_insurance_of_the_vectors,
    }  # fmt: skip
    with VECTORS.open(encoding="utf-8", newline="") as stream:
        kinds = [row["kind"] for row in csv.DictReader(stream)]
    assert len(kinds) == 129 and set(kinds) == set(read_by)


@pytest.mark.parametrize("name", sorted(segments()))
def test_zones_of_a_layout_follow_each_other_up_to_128(name: str):
    place = 0
    for zone in segments()[name].zones.values():
        assert zone.start == place
        place = zone.end
    assert place == LENGTH


AMOUNTS = st.integers(0, 9_999_999)
lines = st.builds(
    Line,
    act=st.sampled_from(["PH7", "PH1", "PHN", "HD7"]),
    care=st.sampled_from(["261121", "261031", "260101"]),
    quantity=st.integers(1, 99),
    unit_price=AMOUNTS,
    base=AMOUNTS,
    rate=st.sampled_from([0, 15, 65, 100]),
    amo=st.integers(0, 99_999),
    total=st.integers(100_000, 9_999_999),
    code=st.sampled_from([DOLIPRANE, ""]),
    rpps=st.sampled_from(["", "10000000009"]),
)
bills = st.builds(
    Bill,
    partner=st.just(PHARMACY),
    number=st.integers(1, 999_999_999).map(str),
    nir=st.just(NIR),
    key=st.just(key(NIR)),
    birth=st.sampled_from(["850512", "750015", "180315"]),
    rank=st.sampled_from(["1", "2", "0"]),
    lines=st.lists(lines, min_size=1, max_size=6).map(tuple),
    own=st.sampled_from(["", NIR + key(NIR)]),
)
files = st.lists(bills, min_size=1, max_size=4, unique_by=lambda bill: bill.number)


def written(many: list[Bill], end: bytes = b"\r\n") -> bytes:
    return joined(file([one for bill in many for one in invoice(bill)], PHARMACY, "261122"), end)


@settings(max_examples=30, deadline=None)
@given(files, st.sampled_from([b"\r\n", b"\n", b"\r", b""]))
def test_what_is_written_is_read(many: list[Bill], end: bytes):
    units = read(written(many, end))
    assert [unit.number for unit in units] == list(range(1, len(many) + 1))
    for unit, bill in zip(units, many, strict=True):
        assert unit.told is not None
        assert int(unit.told.number) == int(bill.number)
        told = [(row.act, row.quantity, row.total, row.base, row.amo, row.rate, row.product) for row in unit.told.rows]
        sent = [(one.act, one.quantity, one.total, one.base, one.amo, one.rate, one.code or None) for one in bill.lines]
        assert told == sent


def paid(unit: Unit) -> tuple[str, list[tuple[int | None, int | None]]]:
    """An invoice's number and what it costs."""
    assert unit.told is not None
    return unit.told.number, [(row.total, row.amo) for row in unit.told.rows]


@settings(max_examples=60, deadline=None)
@given(files, st.data())
def test_a_cut_is_refused_or_harmless(many: list[Bill], data: st.DataObject):
    whole = written(many)
    cut = data.draw(st.integers(0, len(whole) - 1))
    units = read(whole[:cut])
    if [unit.kind for unit in units] != ["lot"]:
        assert [paid(unit) for unit in units] == [paid(unit) for unit in read(whole)]


@settings(max_examples=150, deadline=None)
@given(files, st.data())
def test_a_changed_byte_is_refused_or_leaves_the_amounts(many: list[Bill], data: st.DataObject):
    """What is paid is covered by the totals of type 5. The base of type 4 is not: a change of it is warned of."""
    whole = written(many)
    sound = {paid(unit)[0]: unit for unit in read(whole)}
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.one_of(st.sampled_from(b"0123456789 ABPX\r\n\x1a\x00"), st.integers(0, 255)))
    for unit in read(whole[:place] + bytes([byte]) + whole[place + 1 :]):
        if unit.told is not None and unit.told.number in sound:
            assert paid(unit) == paid(sound[unit.told.number])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_get_an_answer(data: bytes):
    units = read(data)
    assert all(unit.rule for unit in units)


def test_the_writer_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="wider"):
        b2_records.record("4", {"amount_amo": 10_000_000})
