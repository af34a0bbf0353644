"""Whole nights of one pharmacy that sends invoices: repeated, renumbered, late, beside its extract, read again."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.close.producers import remembered
from jobs.core.attempt import attempt_folder
from jobs.core.register import Producer
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile
from jobs.pseudonymise.derive.net import net_dispensations
from jobs.standardise.context import PACKS
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pharmacy import b2, standardise
from jobs.standardise.pharmacy.b2.rules import FRACTION, FRAME, NOT_DIGITS
from jobs.standardise.pools import standard_pool
from jobs.standardise.write import write_proposal
from synthetic.b2_records import invoice, joined
from tests.b2_files import FEE, NIR, PHARMACY, bill, drug, key, lot, put
from tests.given import Given

B2, CSV = "pharmacy-b2", "pharmacy-csv"
OUTCOMES = ("accepted", "duplicate", "quarantined", "ignored")
EXTRACT = (
    "ticket_id;line_id;event_type;event_ts_local;patient_nir;patient_nir_key;birth_date;birth_rank;sex;code_raw;"
    "quantity_signed;amount_total;invoice_no;prescription_date\r\n"
    f"T1;1;sale;21/11/2026 10:00:00;{NIR};{key(NIR)};12/05/1985;1;1;3400935955838;2;6,40;F000000123;18/11/2026\r\n"
    f"T1;2;return;21/11/2026 10:00:00;{NIR};{key(NIR)};12/05/1985;1;1;3400935955838;-1;-3,20;F000000123;18/11/2026\r\n"
    f"T2;1;sale;21/11/2026 11:00:00;{NIR};{key(NIR)};12/05/1985;1;1;3400935955838;1;3,20;F000000999;18/11/2026\r\n"
).encode()


def context_of(spark: SparkSession, settings: Settings, on: str, files: dict[str, bytes], base: Any, work: Path):
    deliveries, packs = [], []
    for name, data in files.items():
        kind = CSV if name.endswith(".csv") else B2
        told = ({"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "records": None},)
        number = f"D{on}-{len(deliveries)}"
        deliveries.append(Delivery(number, PHARMACY, "append", kind, on, on, on, on, told))
        cut = data.rfind(b"\n", 0, len(data) // 2) + 1 if kind == B2 else 0  # files come in parts
        for part, (start, end) in enumerate(((0, cut), (cut, len(data))) if cut else ((0, len(data)),)):
            piece = bytearray(data[start:end])
            packs.append(
                (PHARMACY, number, kind, name, part, start, data[:start].count(b"\n"), piece, False, None, None)
            )
    producer = Producer(PHARMACY, "pharmacy", "", f"{CSV} {B2}", "standard", None, None, "", "active", "75")
    context = Given(spark, settings, on, "pharmacy", deliveries, {PHARMACY: producer}, base, work)
    context.given = spark.createDataFrame(packs, PACKS)
    return context


def night(spark: SparkSession, settings: Settings, on: str, files: dict[str, bytes], base: Any = None) -> Any:
    """Standardise one delivery per file; returns what is told of the producer, and the base of the next night."""
    with attempt_folder(settings) as attempt:
        context = context_of(spark, settings, on, files, base, Path(attempt))
        try:
            proposal = write_proposal(context, standardise(context), [])
        finally:
            context.release()
    told = proposal["producers"][PHARMACY]
    tables = {name: (base or {"tables": {}})["tables"].get(name, {}) | told["tables"][name] for name in told["tables"]}
    claims = [*(base or {"claims": []})["claims"], {"night": on, "files": proposal["tables"]["claim"], "except": []}]
    state = {"night": on, "tables": tables, "claims": claims, "producers": {PHARMACY: remembered({}, told)}}
    return told, state, proposal


def counts(told: dict[str, Any]) -> tuple[int, ...]:
    """Records accepted, duplicate, quarantined and ignored."""
    return tuple(told[name] for name in OUTCOMES)


def rows(settings: Settings, base: Any, table: str = "dispensation") -> list[dict[str, Any]]:
    """Every row that the base of the next night holds."""
    pool = standard_pool(settings, "pharmacy")
    files = [DataFile.from_json(one) for part in base["tables"][table].values() for one in part]
    return [row for file in files for row in pq.read_table(pool.path(file)).to_pylist()]


PRESCRIBED = date(2026, 11, 18)  # by the extract
TWO = (invoice(bill()), invoice(bill(number="124", birth="180315")))
BOTH = lot(*TWO)


def test_b2_42_the_same_lot_twice_changes_nothing(spark: SparkSession, settings: Settings):
    told, base, _ = night(spark, settings, "2026-11-22", {"a.b2": BOTH})
    assert (counts(told), told["rows"]["dispensation"]) == ((2, 0, 0, 0), 4)
    again, after, _ = night(spark, settings, "2026-11-23", {"a.b2": BOTH}, base)
    assert counts(again) == (0, 2, 0, 0)
    assert rows(settings, after) == rows(settings, base)


def test_b2_43_another_name_and_date_of_the_lot_change_nothing(spark: SparkSession, settings: Settings):
    first, base, _ = night(spark, settings, "2026-11-22", {"a.b2": lot(*TWO, number=7)})
    assert ("B2F-120" in first["warnings"], first["remembered"]) == (False, {"lots": {"last": 7, "missing": []}})
    other = lot(invoice(bill(number="124", birth="180315")), invoice(bill()), made="261123", number=9)
    again, after, _ = night(spark, settings, "2026-11-23", {"z.b2": other}, base)
    assert counts(again) == (0, 2, 0, 0)
    assert again["warnings"] == {"B2F-120": 1}, "B2-46: lot 8 has not come, and the later one is read"
    assert again["remembered"] == {"lots": {"last": 9, "missing": [[8, "2026-11-23"]]}}
    assert rows(settings, after) == rows(settings, base)


def test_b2_44_the_same_invoice_under_another_number_is_marked(spark: SparkSession, settings: Settings):
    again = lot(
        invoice(bill()), invoice(bill(number="777")), invoice(bill(number="888", lines=(drug(), FEE), rank="2"))
    )
    told, base, _ = night(spark, settings, "2026-11-22", {"a.b2": again})
    assert counts(told) == (3, 0, 0, 0)
    marked = Counter((row["possible_duplicate"], row["code_class"]) for row in rows(settings, base))
    assert marked == {(True, "drug"): 2, (True, "fee"): 2, (False, "drug"): 1, (False, "fee"): 1}


def test_b2_45_a_number_used_again_next_year_is_another_invoice(spark: SparkSession, settings: Settings):
    _, base, _ = night(spark, settings, "2026-11-22", {"a.b2": lot(invoice(bill()))})
    next_year = lot(invoice(bill(lines=(drug(care="270104"), replace(FEE, care="270104")))), made="270105")
    told, after, _ = night(spark, settings, "2027-01-05", {"a.b2": next_year}, base)
    assert counts(told) == (1, 0, 0, 0)
    assert len(rows(settings, after)) == 4
    assert len({row["invoice_id"] for row in rows(settings, after)}) == 2


def test_b2_47_a_late_invoice_touches_its_own_month(spark: SparkSession, settings: Settings):
    late = lot(invoice(bill(number="9", lines=(drug(care="260402"),))))
    told, base, _ = night(spark, settings, "2026-11-22", {"late.b2": late})
    assert told["scope"] == {"dispensation": ["2026-04"]}
    assert [row["period"] for row in rows(settings, base)] == ["2026-04"]


def test_rows_of_an_invoice_and_net_boxes(spark: SparkSession, settings: Settings):
    pieces = (
        drug(act="PH1", rate=100, quantity=1, base=600_000, amo=600_000, total=600_000, product={"margin_amount": 900}),
        drug(act="PH1", rate=100, quantity=1, base=450_000, amo=450_000, total=450_000),
    )
    strange = bill(number="6", lines=(drug(code="1234567890123", product={"fraction_coefficient": 5_000}),))
    sent = lot(invoice(bill()), invoice(bill(number="5", lines=pieces)), invoice(strange))
    told, base, _ = night(spark, settings, "2026-11-22", {"a.b2": sent})
    assert told["warnings"] == {"B2F-114": 1, "PHA-101": 1, FRACTION: 1}
    found = rows(settings, base)
    drugs = sorted((row["quantity"], row["amount_total"]) for row in found if row["code_class"] == "drug")
    assert drugs == [(0, Decimal("4500.00")), (1, Decimal("6000.00")), (2, Decimal("4.36"))]
    (fee,) = [row for row in found if row["code_class"] == "fee"]
    assert (fee["service_code"], fee["cip13"], fee["quantity"], fee["amount_total"]) == (
        "HD7",
        None,
        2,
        Decimal("2.04"),
    )
    (unknown,) = [row for row in found if row["code_class"] == "unknown"]
    assert (unknown["code_raw"], unknown["quantity"], unknown["fraction"]) == ("1234567890123", 1, Decimal("0.5"))
    assert {row["fraction"] for row in found if row["code_class"] == "drug"} == {1} and fee["fraction"] is None
    assert {row["prescriber_kind"] for row in found if row["code_class"] == "drug"} == {"national"}
    known = spark.createDataFrame(found, load_schema("standard/dispensation").spark)
    (net,) = net_dispensations(known.withColumn("person_id", F.encode("subject_id", "UTF-8"))).collect()
    assert (net["net_quantity"], net["net_amount"], net["product"]) == (3, Decimal("10504.36"), "3400935955838")


def test_an_invoice_replaces_a_sale_that_the_extract_told_in_another_month(spark: SparkSession, settings: Settings):
    """Sold on the last of October, billed on the first of November: no new row falls into October, which is mended."""
    october = EXTRACT.replace(b"21/11/2026", b"31/10/2026")
    _, base, _ = night(spark, settings, "2026-11-22", {"a.csv": october})
    lines = (drug(care="261101"), replace(FEE, care="261101"))
    told, after, _ = night(spark, settings, "2026-11-23", {"a.b2": lot(invoice(bill(lines=lines)))}, base)
    assert told["scope"] == {"dispensation": ["2026-10", "2026-11"]}
    kept = sorted((row["period"], row["feed"], row["event_type"], row["quantity"]) for row in rows(settings, after))
    assert kept == [
        ("2026-10", "extract", "return", -1),
        ("2026-10", "extract", "sale", 1),
        ("2026-11", "invoice", "sale", 2),
        ("2026-11", "invoice", "sale", 2),
    ]
    box = ("3400935955838", 2, PRESCRIBED, "1", "prescribed_on,sex")
    assert carried(settings, after) == [box, (None, 2, None, "1", "sex")]


def test_an_invoice_stands_in_the_place_of_the_extract(spark: SparkSession, settings: Settings):
    told, base, proposal = night(spark, settings, "2026-11-22", {"a.csv": EXTRACT, "a.b2": lot(invoice(bill()))})
    assert counts(told) == (4, 0, 0, 0)
    found = rows(settings, base)
    kept = sorted((row["feed"], row["event_type"], row["code_class"], row["quantity"]) for row in found)
    assert kept == [
        ("extract", "return", "drug", -1),
        ("extract", "sale", "drug", 1),
        ("invoice", "sale", "drug", 2),
        ("invoice", "sale", "fee", 2),
    ]
    assert len({row["subject_id"] for row in found}) == 1
    assert {(row["code_class"], row["prescribed_on"], row["sex"]) for row in found if row["feed"] == "invoice"} == {
        ("drug", PRESCRIBED, "1"), ("fee", None, "1"),
    }  # fmt: skip
    assert [(one["event"], one["count"]) for one in proposal["ledger"] if "event" in one] == [("superseded", 1)]


def carried(settings: Settings, base: Any) -> list[tuple[object, ...]]:
    """What rows of invoices say that their sales may have told."""
    found = [row for row in rows(settings, base) if row["feed"] == "invoice"]
    names = ("code_raw", "quantity", "prescribed_on", "sex", "told_by_sale")
    return sorted((tuple(row[name] for name in names) for row in found), key=str)


def test_an_invoice_keeps_what_only_its_sale_told(spark: SparkSession, settings: Settings):
    """The prescription's day and the sex, though the invoice came first; also when it comes again, or corrected."""
    other = drug(code="3400930299166")  # not in the extract: nothing tells when it was prescribed
    first = invoice(bill(lines=(drug(), FEE, other)))
    _, base, _ = night(spark, settings, "2026-11-22", {"a.b2": lot(first)})
    _, base, _ = night(spark, settings, "2026-11-23", {"a.csv": EXTRACT}, base)
    unknown, fee = ("3400930299166", 2, None, "1", "sex"), (None, 2, None, "1", "sex")
    assert carried(settings, base) == [unknown, ("3400935955838", 2, PRESCRIBED, "1", "prescribed_on,sex"), fee]
    corrected = invoice(bill(number="124")), invoice(bill(lines=(drug(quantity=3, base=654, amo=425, total=654), FEE)))
    again, after, _ = night(spark, settings, "2026-11-24", {"b.b2": lot(first), "c.b2": lot(*corrected)}, base)
    assert counts(again) == (2, 1, 0, 0)
    kept = [row for row in carried(settings, after) if row[4]]
    assert kept == [unknown, ("3400935955838", 3, PRESCRIBED, "1", "prescribed_on,sex"), fee]


def test_people_of_invoices(spark: SparkSession, settings: Settings):
    mother, own = "2870299999017", "2180399999011"
    anonymous, rest = "1555555999333", {"birth": "180315", "rank": "1"}
    many = [
        bill(number="1", **rest),
        bill(number="2", nir=mother, key=key(mother), own=own + key(own), **rest),
        bill(number="3", own=own + key(own), **rest),  # the same child under its father: the same subject as the first
        bill(number="4", birth="180315", rank="2"),  # the twin
        bill(number="5", nir=anonymous, key=key(anonymous)),
        bill(number="6", nir=anonymous, key=key(anonymous)),
        bill(number="7", birth="750015"),
        bill(number="8", nir=mother, key=key(mother), **rest),  # the first child again, under its mother alone
    ]
    _, base, proposal = night(spark, settings, "2026-11-22", {"a.b2": lot(*[invoice(one) for one in many])})
    subjects: dict[str, set[str]] = {}
    for row in rows(settings, base):
        subjects.setdefault(row["subject_id"], set()).add(row["invoice_id"])
    assert sorted(len(invoices) for invoices in subjects.values()) == [1, 1, 1, 1, 2, 2]
    alike = [row for row in rows(settings, base) if row["possible_duplicate"] and row["code_class"] == "drug"]
    # B2-38: two pseudonyms where no own number is told, and a mark on what may be the same sale
    assert (len(alike), len({row["subject_id"] for row in alike}), len({row["child_id"] for row in alike})) == (4, 2, 1)
    from jobs.standardise.pools import claim_pool

    files = [DataFile.from_json(one) for one in proposal["tables"]["claim"]]
    claims = [row for file in files for row in pq.read_table(claim_pool(settings).path(file)).to_pylist()]
    told = sorted((one["own_nir"] or "", one["holder_nir"] or "", one["number_status"]) for one in claims)
    assert told == sorted(
        [("", NIR, "valid")] * 3 + [("", mother, "valid")] + [(own, "", "valid")] * 2 + [("", "", "sentinel")] * 2
    )  # fmt: skip
    (lunar,) = [one for one in claims if one["birth_date"] is None and one["holder_nir"]]
    assert lunar["birth_date_text"] == "1975-00-15"
    assert {one["family_name"] for one in claims} == {None}


def test_a_refused_invoice_keeps_its_bytes_and_is_read_again_alone(spark: SparkSession, settings: Settings):
    sound = invoice(bill())
    broken = [sound[0], put(sound[1], "4", total_amount=b"00004E6"), *sound[2:]]
    told, base, _ = night(spark, settings, "2026-11-22", {"a.b2": lot(broken, invoice(bill(number="124")))})
    assert (counts(told), told["rules"]) == ((1, 0, 1, 0), {NOT_DIGITS: 1})
    with attempt_folder(settings) as attempt:
        context = context_of(spark, settings, "2026-11-23", {"a.b2": b""}, base, Path(attempt))
        place = (PHARMACY, context.deliveries[0].delivery_id, B2, "a.b2", 0, 260, 0)
        pack = (*place, bytearray(joined(sound)), True, 1, b"")
        context.given = spark.createDataFrame([pack], PACKS)
        read = b2.read_invoices(context)
        assert [(one.record, one.offset, one.rule) for one in read.records.collect()] == [(1, 260, None)]
        assert read.rows.count() == 2
        context.release()


def test_a_cut_lot_and_an_empty_file_are_one_record_each(spark: SparkSession, settings: Settings):
    told, base, _ = night(spark, settings, "2026-11-22", {"a.b2": BOTH[:1500], "b.b2": b"", "c.b2": lot()})
    assert (counts(told), told["rules"]) == ((0, 0, 2, 0), {FRAME: 1, "B2F-001": 1})
    assert rows(settings, base) == []
