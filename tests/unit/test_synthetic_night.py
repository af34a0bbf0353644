"""A whole night: the same bytes again, coherence across sources, mess where the truth says, synthetic roots only."""

import csv
import hashlib
import json
from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pyarrow.parquet as pq
import pytest

from jobs.core.register import load_register
from jobs.core.settings import REPOSITORY, Settings, prepare_root
from jobs.standardise.pharmacy.b2.lot import Unit, read_file
from synthetic import catalogue, mess_fhir
from synthetic.__main__ import main
from synthetic.b2_records import zones
from synthetic.dcir_delivery import PRODUCER as INSURANCE
from synthetic.emergency import FAULTS as EMERGENCY_FAULTS
from synthetic.mess_b2 import FAULTS as INVOICE_FAULTS
from synthetic.mess_dcir import CHANGES as CLAIM_CHANGES
from synthetic.mess_dcir import LINE_FAULTS, SERVICE_FAULTS
from synthetic.mess_hospital import FAULTS as HOSPITAL_FAULTS
from synthetic.mess_pharmacy import FAULTS as PHARMACY_FAULTS
from synthetic.pharmacy_json import FAULTS as JSON_FAULTS
from synthetic.pharmacy_json import nested
from tests.b2_files import NIGHT as TERMS

NIGHT, NEXT = "2026-11-22", "2026-11-23"
SMALL = ["--persons", "1500", "--hospitals", "3", "--pharmacies", "10", "--documents", "300"]
FILES = ("rss.txt", "vid-hosp.txt", "hosp-pmsi.txt", "fichcomp-med.txt", "ium.txt")
FEW_DAYS = [*SMALL, "--start", "2026-11-15"]


def run(root: Path, *argv: str, night: str = NIGHT) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(root))
        return main(["--night", night, *argv])


def fingerprint(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def truth(root: Path, table: str, night: str = NIGHT) -> pd.DataFrame:
    return pq.read_table(root / "truth" / night / f"{table}.parquet").to_pandas()


def manifests(root: Path) -> list[tuple[Path, dict]]:
    return [(p.parent, json.loads(p.read_text())) for p in sorted(root.glob("landing/*/*/*/manifest.json"))]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of a small country with much mess; read only."""
    path = tmp_path_factory.mktemp("country") / "root"
    prepare_root(path, "synthetic")
    assert run(path, *SMALL, "--mess", "0.1") == 0
    assert run(path, night=NEXT) == 0
    return path


def test_the_same_night_twice_gives_the_same_bytes_and_so_does_another_root(root: Path, tmp_path: Path) -> None:
    before = fingerprint(root)
    assert run(root, night=NEXT) == 0
    assert fingerprint(root) == before
    other = tmp_path / "other"
    prepare_root(other, "synthetic")
    assert run(other, *SMALL, "--mess", "0.1") == 0
    assert run(other, night=NEXT) == 0
    assert fingerprint(other) == before


@pytest.mark.parametrize("kind", ["real", None])
def test_a_root_that_is_not_stamped_synthetic_is_refused(tmp_path: Path, kind: str | None) -> None:
    target = tmp_path / "root"
    prepare_root(target, kind) if kind else target.mkdir()
    before = fingerprint(target)
    assert run(target, *FEW_DAYS) == 78
    assert fingerprint(target) == before


def test_other_sizes_in_a_root_already_begun_are_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, "--persons", "9", night="2026-11-24") == 78
    assert "another persons" in capsys.readouterr().err


def test_every_manifest_is_as_declared_and_true(root: Path) -> None:
    schema = json.loads((REPOSITORY / "schemas" / "manifest.json").read_text())
    found = manifests(root)
    assert Counter(manifest["format"] for _, manifest in found) == {
        "pmsi-mco": 2 * 3, "rpu-oscour": 2 * 3, "pharmacy-csv": 2 * 9, "pharmacy-json": 2, "pharmacy-b2": 2 * 3,
        "dcir": 2, "shared-record": 2, "fhir-bulk": 1,
    }  # fmt: skip
    for folder, manifest in found:
        jsonschema.validate(manifest, schema)
        assert manifest["delivery_id"] == folder.name and manifest["producer"] == folder.parent.name
        assert sorted(f["name"] for f in manifest["files"]) == sorted(
            p.name for p in folder.iterdir() if p.name != "manifest.json"
        )
        for entry in manifest["files"]:
            content = (folder / entry["name"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_the_register_knows_every_producer(root: Path) -> None:
    register = load_register(Settings(root))
    deposited: dict[str, set[str]] = {}
    for _, manifest in manifests(root):
        deposited.setdefault(manifest["producer"], set()).add(manifest["format"])
        assert manifest["source"] == register[manifest["producer"]].source
    assert {name: set(producer.formats) for name, producer in register.items()} == deposited
    assert "rpu-oscour" in register["990000010"].formats and deposited[INSURANCE] == {"dcir"}
    dialects = {
        told: {p.dialect for p in register.values() if told in p.formats} for told in ("pharmacy-csv", "pharmacy-json")
    }
    assert len(dialects["pharmacy-csv"]) == 5 and dialects["pharmacy-json"] == {nested().name}


def test_hospitals_repeat_the_year_the_insurance_its_month_and_pharmacies_tell_only_what_is_new(root: Path) -> None:
    first = {(m["producer"], m["format"]): m for f, m in manifests(root) if f.name.startswith(NIGHT)}
    second = {(m["producer"], m["format"]): m for f, m in manifests(root) if f.name.startswith(NEXT)}
    for producer, manifest in second.items():
        if manifest["format"] == "rpu-oscour":
            assert manifest["mode"] == "append" and manifest["covers"] == {"from": "2026-11-15", "to": "2026-11-22"}
        elif manifest["source"] == "hospital":
            assert manifest["mode"] == "replace" and manifest["covers"] == {"from": "2026-01-01", "to": "2026-11-22"}
            assert manifest["files"][0]["records"] >= first[producer]["files"][0]["records"]
        elif manifest["format"] == "dcir":
            assert manifest["mode"] == "replace" and manifest["covers"] == {"from": "2026-11-01", "to": NEXT}
            assert manifest["files"][0]["records"] > first[producer]["files"][0]["records"]
        else:
            assert manifest["mode"] == "append" and manifest["covers"] == {"from": "2026-11-22", "to": "2026-11-22"}
    stays = [truth(root, "hospital_stay", night).set_index("local_stay_id").person for night in (NIGHT, NEXT)]
    assert (stays[1].loc[stays[0].index] == stays[0]).all()


def test_what_a_hospital_sent_before_is_sent_again_byte_for_byte(root: Path) -> None:
    grown = 0
    for folder in sorted((root / "landing" / "hospital").iterdir()):
        for name in FILES:
            old, new = ((folder / f"{night}T0100-001" / name).read_bytes().rstrip(b"\r\n") for night in (NIGHT, NEXT))
            assert new.startswith(old)
            grown += len(new) > len(old)
    assert grown >= 6


def test_stays_are_followed_by_dispensations_and_documents_of_the_same_person(root: Path) -> None:
    stays = truth(root, "hospital_stay").drop_duplicates("local_stay_id").set_index("local_stay_id")
    for table, share in (("dispensation", 0.5), ("document", 0.1)):
        after = truth(root, table).query("after_stay != ''")
        assert (stays.person.loc[after.after_stay].to_numpy() == after.person.to_numpy()).sum() >= len(after) - 2
        assert after.after_stay.nunique() > share * len(stays) * 0.5
    filed = truth(root, "document").query("after_stay != ''")
    assert filed.groupby("after_stay").type_code.nunique().max() >= 2


def test_everybody_is_seen_in_the_first_night(root: Path) -> None:
    seen = {person for table in ("hospital_stay", "dispensation", "document") for person in truth(root, table).person}
    assert len(seen) >= 1500
    assert seen <= set(truth(root, "person").person)


def test_every_kind_of_mess_is_planted_and_counted(root: Path) -> None:
    formats = {(m["producer"], m["delivery_id"]): m["format"] for _, m in manifests(root)}
    mess = truth(root, "mess")
    mess["feed"] = [formats[place] for place in zip(mess.producer, mess.delivery_id, strict=True)]
    mess.loc[mess.feed == "dcir", "feed"] = mess.file
    kinds = {  # what is planted in each feed, and how many kinds so few hospitals may lack
        "pmsi-mco": ({f.code for f in HOSPITAL_FAULTS} | {"HOS-017"}, 7),
        "rpu-oscour": ({f.code for f in EMERGENCY_FAULTS}, 5),
        "pharmacy-csv": ({f.code for f in PHARMACY_FAULTS} | {"PHA-020"}, 0),
        "pharmacy-json": ({f.code for f in JSON_FAULTS}, 0),
        "pharmacy-b2": ({f.code for f in INVOICE_FAULTS}, 0),
        "ER_PRS_F.csv": ({f.code for f in SERVICE_FAULTS}, 0),
        "ER_PHA_F.csv": ({f.code for f in LINE_FAULTS}, 0),
        "shared-record": ({case.code for case in catalogue.CASES}, 999),  # all of them in test_synthetic_documents_mess
        "fhir-bulk": ({case.code for case in mess_fhir.CASES}, 999),
    }
    assert set(mess.feed) == set(kinds)
    for feed, (codes, lacking) in kinds.items():
        planted = set(mess[mess.feed == feed].code)
        assert planted <= codes and len(codes - planted) <= lacking, feed
    deliveries = truth(root, "delivery").set_index(["producer", "delivery_id"])
    counts = mess.groupby(["producer", "delivery_id", "expected_outcome"]).size()
    for (producer, delivery, outcome), count in counts.items():
        if outcome != "accepted":
            assert deliveries.loc[(producer, delivery), outcome] == count
    for place in deliveries[deliveries.source == "pharmacy"].index:
        for outcome in ("duplicate", "quarantined", "ignored"):
            assert deliveries.loc[place, outcome] == counts.get((*place, outcome), 0), "no more than what is planted"
    parts = deliveries[["accepted", "unchanged", "duplicate", "quarantined", "ignored"]].sum(axis=1)
    assert (parts == deliveries["read"]).all()
    for _, manifest in manifests(root):
        if manifest["source"] == "pharmacy" and manifest["delivery_id"].startswith(NIGHT):
            read = deliveries.loc[(manifest["producer"], manifest["delivery_id"]), "read"]
            assert sum(entry["records"] for entry in manifest["files"]) == read


@cache
def sold_lines(path: Path) -> list[dict[str, Any]]:
    """Every line of a file of nested sales, in order, under the ticket it is of."""
    sales = json.loads(path.read_bytes())[nested().sales]
    return [line | {"ticket": sale[nested().sale["ticket_id"]]} for sale in sales for line in sale[nested().lines]]


@cache
def invoices(path: Path) -> dict[int, Unit]:
    """The invoices of a B2 file by number, as they are read."""
    units, _ = read_file(path.read_bytes(), path.parent.parent.name, TERMS)
    return {unit.number: unit for unit in units}


@cache
def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


@cache
def claims(path: Path) -> list[dict[str, str]]:
    """The lines of a table of claims; bytes that are no UTF-8 are replaced, cells too many kept under None."""
    return list(csv.DictReader(path.read_text(encoding="utf-8", errors="replace").splitlines(), delimiter=";"))


def spoilt_csv(path: Path, record: int, code: str) -> bool:
    lines = lines_of(path)
    return (code != "PHA-007" or b"troc" in lines[record]) and (code != "TWICE" or lines[record] == lines[record - 1])


def spoilt_json(path: Path, record: int, code: str) -> bool:
    lines = sold_lines(path)
    line, key = lines[record - 1], nested().line
    long, short = key["code_raw"]
    return {
        "PHA-002": lambda: line[key["amount_total"]] == "gratuit",
        "PHA-004": lambda: line[key["quantity_signed"]] == "1,5",
        "PHA-005": lambda: "E+" in line[long],
        "PHA-013": lambda: long not in line and short not in line,
        "TWICE": lambda: line == lines[record - 2],
        "EAN13": lambda: not line[long].startswith("34"),
        "CIP7": lambda: len(line[long]) == 7,
    }[code]()


def spoilt_invoice(path: Path, record: int, code: str) -> bool:
    one, before = invoices(path)[record], invoices(path).get(record - 1)
    if code == "TWICE":
        return before is not None and one.told == before.told
    return code == one.rule or (one.told is not None and code in one.told.warnings)


def spoilt_claim(path: Path, record: int, code: str) -> bool:
    lines = lines_of(path)
    row = claims(path)[record - 1]
    if code in CLAIM_CHANGES:
        return row.items() >= CLAIM_CHANGES[code].items()
    return {
        "DCI-001": lambda: lines[record].count(b";") == lines[0].count(b";") + 1,
        "DCI-006": lambda: lines[record].endswith(b"\xe9"),
        "TWICE": lambda: lines[record] == lines[record - 1],
    }[code]()


def spoilt_hospital(path: Path, record: int, code: str) -> bool:
    if path.name not in FILES:
        return record <= path.read_bytes().count(b"<PATIENT>")
    line = lines_of(path)[record - 1]
    return {
        "HOS-010": lambda: line.startswith(b"***"),
        "HOS-001": lambda: line[9:12] in (b"199", b"099") or line[48:52] == b"V099",
        "HOS-016": lambda: line[9:12] in (b"120", b"020"),
    }.get(code, lambda: True)()


SPOILT = {"dispensa": spoilt_csv, "ventes-2": spoilt_json, "factures": spoilt_invoice}


@pytest.mark.parametrize("night", [NIGHT, NEXT])
def test_records_of_the_truth_are_found_in_the_files(root: Path, night: str) -> None:
    for one in truth(root, "mess", night).itertuples():
        path = root / "landing" / one.source / one.producer / one.delivery_id / one.file
        if one.source == "shared_record":
            assert path.is_file()
            continue
        spoilt = spoilt_hospital if one.source == "hospital" else SPOILT.get(one.file[:8], spoilt_claim)
        assert spoilt(path, one.record, one.code), (one.producer, one.file, one.record, one.code)


@pytest.mark.parametrize("night", [NIGHT, NEXT])
def test_every_sold_line_of_the_truth_is_told_where_the_truth_says(root: Path, night: str) -> None:
    told = 0
    for one in truth(root, "dispensation", night).query("fault == ''").itertuples():
        path = root / "landing" / one.source / one.producer / one.delivery_id / one.file
        if path.suffix == ".json":
            line = sold_lines(path)[one.record - 1]
            assert (line["ticket"], line[nested().line["code_raw"][0]]) == (one.ticket_id, one.cip13)
            assert int(line[nested().line["amount_total"]]) == one.amount_total * 100
            told += 1
        else:
            line = lines_of(path)[one.record]
            assert one.ticket_id.encode() in line and one.cip13.encode() in line
    assert told > 3


def cell(record: bytes, segment: str, zone: str) -> str:
    start, end, _ = zones(segment)[zone]
    return record[start:end].decode()


@pytest.mark.parametrize("night", [NIGHT, NEXT])
def test_every_invoice_of_the_truth_is_in_its_file_with_its_boxes_and_its_sum(root: Path, night: str) -> None:
    lines = truth(root, "invoice", night)
    sold = truth(root, "dispensation", night).query("event_type == 'sale'").set_index(["ticket_id", "line_id"])
    assert len(lines) > 20 and lines.producer.nunique() == 3
    for (delivery, producer, file, record), bill in lines.groupby(["delivery_id", "producer", "file", "record"]):
        (ticket,) = set(bill.ticket_id)
        extract = sold.loc[[(ticket, line) for line in bill.line_id]]
        assert list(extract.amount_total) == list(bill.amount_total) and set(extract.producer) == {producer}
        unit = invoices(root / "landing" / "pharmacy" / producer / delivery / file)[record]
        assert (unit.told is not None) == bill.accepted.all() == bill.accepted.any()
        if not bill.fault.any():
            records = unit.raw.splitlines()
            own = [one for one in records if one[:1] == b"4" and one[35:36].isdigit()]
            boxes = [one for one in records if one[:1] == b"4" and one[35:36] == b"P"]
            assert {cell(one, "4", "invoice_no") for one in own} == {ticket[-9:]}
            assert [cell(one, "4P", "product_code").strip() for one in boxes] == list(bill.cip13)
            assert sum(int(cell(one, "4", "total_amount")) for one in own) == bill.amount_total.sum() * 100


@pytest.mark.parametrize("night", [NIGHT, NEXT])
def test_every_service_of_the_truth_is_claimed_and_nothing_else(root: Path, night: str) -> None:
    folder = root / "landing" / "pharmacy" / INSURANCE / f"{night}T0100-001"
    truths, mess = truth(root, "claim_line", night), truth(root, "mess", night)
    services, drugs = claims(folder / "ER_PRS_F.csv"), claims(folder / "ER_PHA_F.csv")
    spoilt = {name: set(mess[mess.file == name].record) for name in ("ER_PRS_F.csv", "ER_PHA_F.csv")}
    expected = Counter(
        (one.study_number, one.care_on.strftime("%d/%m/%Y"), one.quantity, one.paid, one.insured)
        for one in truths.itertuples()
    )
    rows = [
        (r["NUM_ENQ"], r["EXE_SOI_DTD"], int(r["PRS_ACT_QTE"]), Decimal(r["PRS_PAI_MNT"]), Decimal(r["BSE_REM_MNT"]))
        for number, r in enumerate(services, start=1)
        if number not in spoilt["ER_PRS_F.csv"]
    ]
    assert len(services) == len(truths) > 1000 and not Counter(rows) - expected
    paying = {(r["DCT_ORD_NUM"], int(r["PRS_ORD_NUM"])): r for r in services}
    boxes: Counter[tuple[str, str]] = Counter()
    for number, row in enumerate(drugs, start=1):
        if number not in spoilt["ER_PHA_F.csv"]:
            service = paying[row["DCT_ORD_NUM"], int(row["PRS_ORD_NUM"])]
            boxes[service["NUM_ENQ"], row["PHA_PRS_IDE"]] += int(row["PHA_ACT_QSN"])
    sold = truths[truths.part == "drug"].assign(short=truths.cip13.str[5:12])
    copies = mess[(mess.file == "ER_PHA_F.csv") & (mess.code == "TWICE")]
    assert len(drugs) == len(sold) + len(copies)
    told = sold[sold.told].groupby(["study_number", "short"]).quantity.sum()
    assert {who: count for who, count in boxes.items() if count} == {who: count for who, count in told.items() if count}


def test_second_night_tells_which_records_are_unchanged(root: Path) -> None:
    first, second = (
        truth(root, "delivery", night).query("source == 'hospital' and mode == 'replace'") for night in (NIGHT, NEXT)
    )
    assert (first.unchanged == 0).all()
    assert list(second.unchanged) == list(first.accepted)
    assert (second.accepted > 0).any()


def test_one_kind_of_mess_only(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS, "--mess", "0.2", "--mess-only", "PHA-005") == 0
    assert set(truth(tmp_path, "mess").code) == {"PHA-005"}


def test_no_mess_at_all(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS, "--mess", "0") == 0
    assert truth(tmp_path, "mess").empty
    deliveries = truth(tmp_path, "delivery")
    assert (deliveries.accepted == deliveries["read"]).all()


def test_over_new_year_a_hospital_sends_one_delivery_for_each_year(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *SMALL, "--start", "2026-12-28", night="2027-01-05") == 0
    assert run(tmp_path, night="2027-01-06") == 0
    covers = {f.name: m["covers"] for f, m in manifests(tmp_path) if m["format"] == "pmsi-mco"}
    assert covers == {
        "2027-01-05T0100-001": {"from": "2026-01-01", "to": "2026-12-31"},
        "2027-01-05T0100-002": {"from": "2027-01-01", "to": "2027-01-04"},
        "2027-01-06T0100-001": {"from": "2027-01-01", "to": "2027-01-05"},
    }


def test_mishaps_befall_the_deliveries_they_name(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS) == 0
    named = [
        "cut=992000018",
        "arriving=992000026",
        "missing=992000034",
        "resent=992000042",
        "changed=992000059",
        "unknown",
    ]
    before = fingerprint(tmp_path / "landing" / "pharmacy" / "992000042")
    options = [word for mishap in named for word in ("--mishap", mishap)]
    assert run(tmp_path, *options, night=NEXT) == 0
    status = truth(tmp_path, "delivery", NEXT).set_index(["producer", "delivery_id"]).expected_status
    old, new = f"{NIGHT}T0100-001", f"{NEXT}T0100-001"
    assert status["992000018", new] == "corrupt" and status["992000026", new] == "arriving"
    assert status["992000034", new] == "missing" and status["PH9999999", new] == "unknown_producer"
    assert status["992000042", old] == "resent_unchanged" and status["992000059", old] == "resent_changed"
    landing = tmp_path / "landing" / "pharmacy"
    assert not (landing / "992000026" / new / "manifest.json").exists() and not (landing / "992000034" / new).exists()
    assert fingerprint(landing / "992000042").items() > before.items()
    cut = json.loads((landing / "992000018" / new / "manifest.json").read_text())["files"][0]
    assert (landing / "992000018" / new / cut["name"]).stat().st_size < cut["bytes"]


def test_a_mishap_without_a_producer_or_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS, "--mishap", "cut") == 78
    assert run(tmp_path, *FEW_DAYS, "--mishap", "fire=992000018") == 78


def test_without_documents_the_operator_deposits_nothing(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    few = ["--persons", "500", "--hospitals", "1", "--pharmacies", "1", "--documents", "0", "--start", "2026-11-20"]
    assert run(tmp_path, *few) == 0
    assert not (tmp_path / "landing" / "shared_record").exists()
    delivery = truth(tmp_path, "delivery").query("source == 'shared_record'")
    assert list(delivery.expected_status) == ["missing"] * 2 and list(delivery["read"]) == [0, 0]
    assert truth(tmp_path, "document").empty


def test_a_handful_of_persons_may_have_no_stay(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    few = ["--persons", "30", "--hospitals", "2", "--pharmacies", "1", "--documents", "0", "--start", "2026-11-20"]
    assert run(tmp_path, *few) == 0
    status = truth(tmp_path, "delivery").set_index("producer").expected_status
    assert set(status[status == "missing"].index) == {INSURANCE, "DMP1", "DMP2"}
    assert set(status) == {"complete", "missing"}


@pytest.mark.parametrize("persons, pharmacies", [("30", "1"), ("3", "9")], ids=["nobody bills", "nothing to bill"])
def test_a_night_without_invoice_or_claim_has_the_same_tables_of_pharmacies(
    root: Path, tmp_path: Path, persons: str, pharmacies: str
) -> None:
    prepare_root(tmp_path, "synthetic")
    few = ["--persons", persons, "--pharmacies", pharmacies, "--hospitals", "2", "--documents", "0"]
    assert run(tmp_path, *few, "--start", "2026-11-20") == 0
    assert truth(tmp_path, "invoice").empty and truth(tmp_path, "claim_line").empty
    assert not list(tmp_path.glob("landing/pharmacy/*/*-002"))
    assert not (tmp_path / "landing" / "pharmacy" / INSURANCE).exists()
    for table in ("dispensation", "invoice", "claim_line"):
        schemas = [pq.read_schema(path / "truth" / NIGHT / f"{table}.parquet") for path in (tmp_path, root)]
        assert schemas[0].remove_metadata() == schemas[1].remove_metadata()


def test_few_documents_may_leave_a_night_without_any(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    few = ["--persons", "500", "--hospitals", "1", "--pharmacies", "1", "--documents", "15", "--start", "2026-11-20"]
    assert run(tmp_path, *few) == 0
    assert run(tmp_path, night=NEXT) == 0
    filed = [len(truth(tmp_path, "document", night)) for night in (NIGHT, NEXT)]
    assert min(filed) == 0 < max(filed)


def test_an_emergency_visit_told_alike_again_is_a_duplicate(root: Path) -> None:
    first, second = (truth(root, "emergency_visit", night) for night in (NIGHT, NEXT))
    assert len(first) and first.entry_date.max() < second.entry_date.max()
    again = second[second.element_sha256.isin(first[first.accepted].element_sha256)]
    assert len(again) > 3 and set(again.outcome) == {"duplicate"}
    told = truth(root, "delivery", NEXT).query("covers_to == '2026-11-22' and delivery_id.str.endswith('-050')")
    assert told.duplicate.sum() >= len(again) and (second.outcome == "accepted").sum() == told.accepted.sum()
