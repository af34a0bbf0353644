"""The catalogue of mess, case by case: extracts of pharmacy software.

Nested JSON has its cases in ``test_nested_file`` too, the drug database in ``test_reference``; the last test here says
when a case has none.
"""

import csv
import json
import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.core.settings import REPOSITORY, Settings
from jobs.pseudonymise.derive.net import net_dispensations
from jobs.reference import bdpm
from jobs.reference.presentations import history, last_prices
from jobs.standardise.delimited_file import FileReader
from jobs.standardise.dialects import Dialect, load_dialects
from jobs.standardise.pharmacy.columns import COLUMNS, SHAPE
from jobs.standardise.pharmacy.nested_dialect import load_nested
from tests.pharmacy_nights import PHARMACY, base_of, propose, quarantined, rows_of
from tests.spec.test_pharmacy_rows import typed

FOLDER = REPOSITORY / "config" / "dialects"
DIALECTS = load_dialects(FOLDER, COLUMNS)
FEEDS = ("lgo_csv", "bdpm", "open_medic")
HEADER = "ticket_id;line_id;event_type;event_ts_local;code_raw;quantity_signed;label"
ROW = "T1;1;sale;21/11/2026 10:00:00;3400935955838;2;DOLIPRANE"


def read(data: bytes, dialect: str | Dialect = "standard", covers: tuple[str, str] | None = None) -> list[dict]:
    """problem, field, noted and cells of the records of a file."""
    part = {"producer": "P", "delivery_id": "D", "file": "f.csv", "record": None, "head": None}
    reader = FileReader(part, DIALECTS[dialect] if isinstance(dialect, str) else dialect, SHAPE, covers)
    rows = reader.feed(data, 0) + reader.finish()
    names = ("problem", "field", "noted")
    return [{**dict(zip(names, r[7:10], strict=True)), **dict(zip(COLUMNS, r[10:], strict=True))} for r in rows]


def table(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *rows, ""]).encode("cp1252")


def test_lgo_csv_01_the_encoding_is_declared_and_decoded_strictly():
    names = {name: DIALECTS[name].encoding for name in ("standard", "officine", "comptoir", "grand_livre")}
    assert sorted(names.values()) == ["cp1252", "iso-8859-15", "utf-8", "utf-8-sig"]
    for name, encoding in names.items():
        dialect = DIALECTS[name]
        heads = dialect.separator.join(dialect.columns[column] for column in COLUMNS)
        cells = dialect.separator.join("Crème €" if column == "label" else "1" for column in COLUMNS)
        assert [one["label"] for one in read(f"{heads}\n{cells}\n".encode(encoding), name)] == ["Crème €"]
    assert [one["problem"] for one in read(table(ROW.replace("DOLI", "Crè")).replace(b"\xe8", b"\x81"))] == ["encoding"]


BANNER = (
    b"PHARMACIE DU PONT\r\n12 rue du Pont\r\nImprim\xe9 le 22/11/2026\r\nP\xe9riode du 21/11/2026 au 21/11/2026\r\n\r\n"
)


def test_lgo_csv_03_the_header_is_found_below_a_banner_whose_period_is_compared():
    (one,) = read(BANNER + table(ROW), covers=("2026-11-21", "2026-11-21"))
    assert (one["ticket_id"], one["problem"], one["noted"]) == ("T1", None, None)
    notes = [one["noted"] for one in read(BANNER + table(ROW, ROW), covers=("2026-11-20", "2026-11-21"))]
    assert notes == ["PHA-113", None]


@pytest.mark.parametrize(
    ("total", "noted"),
    [
        (";;Qte : 3;Manque : -8;;;", None), (";;Qte : 3621;Manque : -8;;;", "PHA-112"), (";;Qte : 3621", "PHA-112"),
        ("TOTAL;;;;;3;", None), ("TOTAL;;;;;2;", None), ("TOTAL;;;;;5;", "PHA-112"), ("TOTAL;;;;;;", None),
    ],
)  # fmt: skip
def test_lgo_csv_04_a_row_of_totals_is_no_line_and_checks_quantities_or_lines(total: str, noted: str | None):
    told = read(table(ROW, ROW.replace(";2;", ";1;"), total))
    assert [(one["problem"], one["noted"]) for one in told] == [(None, None), (None, None), ("total", noted)]


def test_lgo_csv_05_names_are_compared_without_case_accents_and_order():
    dialect = DIALECTS["officine"]
    names = [dialect.columns[name] for name in reversed(COLUMNS)]
    shouted = [name.upper().replace("É", "E").replace(" ", "_") for name in names]
    cells = ";".join(f"v{rank}" for rank in range(len(names)))
    heads = [";".join(each).encode(dialect.encoding) for each in (names, shouted)]
    first, second = (read(head + b"\n" + cells.encode() + b"\n", "officine") for head in heads)
    assert first == second and first[0]["ticket_id"] == f"v{len(names) - 1}"
    lacking = read(table(ROW, ROW, header=HEADER.replace("quantity_signed", "quantité")))
    assert [(one["problem"], one["field"]) for one in lacking] == [("header", "quantity_signed")] * 2


def test_lgo_csv_06_a_statistic_by_month_is_refused_by_its_own_rule():
    head = 'CIP;Code13Ref;Nom;"Formes & presentations";Stock;"Jun (A)";"Mai (A)";"Jun (V)";"Mai (V)"\r\n'
    rows = b'3595583;3400935955838;DOLIPRANE;cp;4;1;2;3;4\r\n;;"Qte : 3621";"Manque : -8";;;;;\r\n'
    told = read(BANNER + head.encode() + rows, "ventes_bandeau")
    assert [one["problem"] for one in told] == ["months"] * 2


def test_lgo_csv_07_a_label_may_hold_separator_quote_and_line_break():
    (one,) = read(table(ROW.replace("DOLIPRANE", '"CREME; ""bio""\r\n50 ml"')))
    assert one["label"] == 'CREME; "bio"\r\n50 ml'


def test_lgo_csv_08_an_unquoted_separator_costs_its_line():
    assert [one["problem"] for one in read(table(ROW + ";50 ml", ROW))] == ["columns", None]


def test_lgo_csv_09_a_doubled_column_refuses_and_an_empty_last_one_does_not():
    doubled = read(table(ROW + ";2", header=HEADER + ";code_raw"))
    assert [(one["problem"], one["field"]) for one in doubled] == [("header", "code_raw")]
    assert [one["problem"] for one in read(table(ROW + ";", header=HEADER + ";"))] == [None]


# case -> dialect and changed cells of each record; all are typed in one job
RECORDS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "02": [("standard", {"label": "CR\x92ME"}), ("standard", {"given_name": "\x80"})],
    "10": [
        ("standard", {"amount_total": text})
        for text in ("1\u00a0466,29", "1\u202f466,29", "1.466,29", "7,35 €", "7,35-", "(7,35)", "7,355", "sept")
    ],
    "11": [
        ("standard", {"amount_total": "6,40"}),
        ("standard", {"amount_total": "640"}),
        ("comptoir", {"amount_total": "640", "event_ts_local": "2026-11-21T10:00:00"}),
        ("comptoir", {"amount_total": "6", "event_ts_local": "2026-11-21T10:00:00"}),
        ("standard", {"amount_total": "640", "code_raw": "3400930299166"}),
    ],
    "12": [
        ("standard", {"service_code": "HD7", "code_raw": "", "amount_total": "1,02"}),
        ("ventes_bandeau", {"amount_total": "4,36", "event_ts_local": "21/11/2026 10:00"}),
        ("bare", {"amount_total": "4,27"}),
    ],
    "13": [("standard", {"code_raw": code}) for code in ("3595583", "3400935955838", "0000003595583", "3029916")],
    "14": [
        ("standard", {"code_raw": code})
        for code in ("3,40094E+12", "3.40094E+12", "3400935955838.0", "05/03/2018", "3-mars", "400935955838")
    ],
    "15": [("standard", {"code_raw": code, "amount_total": "9"}) for code in ("7322540796742", "INT0042", "9999999")],
    "17": [("standard", {"code_raw": code, "label": "SUR MESURE"}) for code in ("0", "000", "")],
    "18": [
        ("ventes_bandeau", {"quantity_signed": "-2", "amount_total": "-4,36", "event_ts_local": "21/11/2026 10:00"}),
        ("standard", {"quantity_signed": "-2", "amount_total": "-4,36"}),
    ],
    "22": [("standard", {"quantity_signed": text, "amount_total": "0"}) for text in ("0", "999")],
    "23": [
        ("standard", {}),
        ("officine", {"event_ts_local": "21/11/26 10:00:00"}),
        ("comptoir", {"event_ts_local": "2026-11-21T10:00:00"}),
        ("ventes_json_epoch", {"event_ts_local": "1795251600000"}),
        ("ventes_json_epoch", {"event_ts_local": "2026-11-21"}),
    ],
    "24": [
        ("standard", {"event_ts_local": "25/10/2026 02:30:00"}),
        ("standard", {"event_ts_local": "21/11/2026 00:10:00"}),
        ("ventes_json_epoch", {"event_ts_local": "1795216200000"}),
    ],
    "28": [("standard", {"code_raw": "rappeler Mme Durand", "label": "0612345678", "service_code": "voir M. Durand"})],
    "29": [
        ("standard", {"ticket_id": "T1", "birth_date": "12/05/1985"}),
        (
            "standard",
            {"ticket_id": "T2", "given_name": "PAUL JEAN", "family_name": "MARTIN", "birth_date": "12/05/1985"},
        ),
        ("standard", {"ticket_id": "T3", "patient_nir": "", "patient_nir_key": "", "birth_date": "12/05/1985"}),
    ],
    "OPEN": [("standard", {"amount_total": "228.579,71"})],
}
NO_DATES = {"birth_date": "", "prescription_date": ""}  # formats of the moment alone are looked at here


@pytest.fixture(scope="module")
def judged() -> dict[str, list[SimpleNamespace]]:
    """Each case's records, typed."""
    bare = Dialect(**{**vars(DIALECTS["standard"]), "name": "bare", "price": {"vat": "excluded"}})
    dialects = {**DIALECTS, **load_nested(FOLDER, COLUMNS), "bare": bare}
    # amounts of the row that the changes start from are in euros: other dialects are given none
    plain = {"amount_total": "", "amount_base": "", "amount_insurance": "", "rate": ""}
    found: dict[str, list[SimpleNamespace]] = {}
    for case, records in RECORDS.items():
        changes = [(d, NO_DATES | (plain if d != "standard" else {}) | change) for d, change in records]
        found[case] = [SimpleNamespace(**typed(dialects[d], [change])[0]) for d, change in changes]
    return found


Judged = dict[str, list[SimpleNamespace]]


def test_lgo_csv_02_control_characters_are_told(judged: Judged):
    assert [(row.rule, row.warnings) for row in judged["02"]] == [(None, "PHA-102")] * 2


def test_lgo_csv_10_amounts_as_people_write_them(judged: Judged):
    values = [row.amount_total for row in judged["10"]]
    assert values == [*[Decimal("1466.29")] * 3, Decimal("7.35"), *[Decimal("-7.35")] * 2, None, None]
    assert [row.rule for row in judged["10"]] == [None] * 6 + ["PHA-002"] * 2


def test_lgo_csv_11_the_money_unit_is_declared_and_checked_against_the_drug_database(judged: Judged):
    assert [row.amount_total for row in judged["11"]][:4] == [*map(Decimal, ("6.40", "640", "6.40", "0.06"))]
    marks = ["PHA-114" in (row.warnings or "") for row in judged["11"]]
    assert marks == [False, True, False, True, False]  # of the last no price is known


def test_lgo_csv_12_what_a_price_is_is_declared_and_fees_are_apart(judged: Judged):
    fee, apart, bare = judged["12"]
    assert (fee.code_class, fee.cip13, fee.rule, fee.warnings) == ("fee", None, None, None)
    assert (apart.code_class, apart.warnings) == ("drug", None)
    assert (bare.amount_total, bare.warnings) == (Decimal("4.27"), "PHA-117")


def test_lgo_csv_13_seven_digits_become_thirteen_and_the_source_form_is_kept(judged: Judged):
    rows = judged["13"]
    assert [row.cip13 for row in rows] == ["3400935955838"] * 3 + ["3400930299166"]
    assert [row.carried for row in rows] == ["3595583", "3400935955838", "0000003595583", "3029916"]


def test_lgo_csv_14_a_spreadsheet_s_damage(judged: Judged):
    rows = judged["14"]
    assert [row.rule for row in rows] == ["PHA-005", "PHA-005", None, "PHA-005", "PHA-005", None]
    assert rows[2].cip13 == "3400935955838"
    assert (rows[5].code_class, rows[5].warnings) == ("unknown", "PHA-101")


def test_lgo_csv_15_other_products_are_a_class_and_codes_of_the_house_are_counted(judged: Judged):
    assert [(row.code_class, row.cip13, row.rule) for row in judged["15"]] == [
        ("other_product", None, None), ("unknown", None, None), ("unknown", None, None),
    ]  # fmt: skip
    assert [row.warnings for row in judged["15"]] == [None, "PHA-101", "PHA-101"]


def test_lgo_csv_16_a_withdrawn_product_is_known_from_an_earlier_release(settings: Settings):
    raw = REPOSITORY / "tests" / "data" / "bdpm"
    for release in ("2019-11", "2026-07"):
        bdpm.load_release(settings, raw, release)
    codes = {}
    for release in ("2019-11", "2026-07"):
        with (settings.root / "reference" / "cip13" / f"{release}.csv").open(encoding="utf-8", newline="") as stream:
            codes[release] = {row["code"]: row["price_eur"] for row in csv.DictReader(stream)}
    withdrawn = set(codes["2019-11"]) - set(codes["2026-07"]) - set(history(None))
    assert withdrawn and withdrawn <= set(history(settings))
    priced = next(code for code in sorted(withdrawn) if codes["2019-11"][code])
    assert str(last_prices(settings)["price_eur"][priced]) == codes["2019-11"][priced]


def test_lgo_csv_17_a_placeholder_is_no_code(judged: Judged):
    assert [(row.carried, row.code_class, row.rule) for row in judged["17"]] == [(None, "unknown", None)] * 3


def test_lgo_csv_18_a_sign_tells_of_a_return_where_the_software_has_no_kinds_of_line(judged: Judged):
    assert [(row.event, row.quantity, row.amount_total) for row in judged["18"]] == [
        ("return", -2, Decimal("-4.36")), ("sale", -2, Decimal("-4.36")),
    ]  # fmt: skip


def test_lgo_csv_22_no_quantity_and_very_much_of_it_are_kept_and_told(judged: Judged):
    assert [(row.quantity, row.rule) for row in judged["22"]] == [(0, None), (999, None)]
    assert all("PHA-106" in row.warnings for row in judged["22"])


def test_lgo_csv_23_the_format_of_dates_is_declared(judged: Judged):
    rows = judged["23"]
    assert [str(row.dispensed_on) for row in rows] == ["2026-11-21"] * 4 + ["None"]
    assert [row.rule for row in rows] == [None] * 4 + ["PHA-003"]


def test_lgo_csv_24_the_day_is_that_of_the_counter_s_clock(judged: Judged):
    days = [str(row.dispensed_on) for row in judged["24"]]
    assert days == ["2026-10-25", "2026-11-21", "2026-11-21"]  # the last is 23:10 UTC of the day before, 00:10 in Paris


def test_lgo_csv_28_free_text_is_carried_nowhere(judged: Judged):
    (row,) = judged["28"]
    assert (row.carried, row.rule) == (None, None) and "PHA-110" in row.warnings
    kept = set(load_schema("standard/dispensation").names)
    assert not kept & {"label", "family_name", "given_name", "patient_nir", "birth_date", "lot_no", "invoice_no"}


def test_lgo_csv_29_two_client_cards_are_one_patient_by_number_and_birth_date_only(judged: Judged):
    one, other, unnumbered = (row.subject_id for row in judged["29"])
    assert one == other != unnumbered


def test_open_medic_01_dots_of_thousands_never_become_no_number(judged: Judged):
    assert judged["OPEN"][0].amount_total == Decimal("228579.71")


MONTH = [
    "T1;1;sale;02/11/2026 10:00:00;{p};3400935955838;3;box",
    "T2;1;retour;03/11/2026 10:00:00;{p};3400935955838;1;box",  # 18: a kind of line, unsigned
    "T3;1;sale;04/11/2026 10:00:00;{p};3400935955838;-1;box",  # 18: the opposite sign alone
    "T4;1;cancel;05/11/2026 10:00:00;{p};3595583;-1;box",  # 18: a new ticket, the short code
    "T5;1;return;06/11/2026 10:00:00;{p};3400930299166;-2;box",  # 19: sold last month or last year
    "T6;1;sale;06/11/2026 10:00:00;{p};3400935955838;8;unit",  # 20: out of an opened box
    "T7;1;sale;06/11/2026 18:00:00;{p};3541848;1;box",  # 21: owed ...
    "T7;1;sale;08/11/2026 09:00:00;{p};3541848;1;box",  # ... and handed out two days later
]


def test_lgo_csv_18_19_20_21_what_comes_back_is_netted_and_what_was_owed_counts_once(
    spark: SparkSession, settings: Settings
):
    head = "ticket_id;line_id;event_type;event_ts_local;patient_nir;birth_date;code_raw;quantity_signed;unit"
    lines = [line.format(p="1850575990042;12/05/1985") for line in MONTH]
    told = propose(spark, settings, "2026-11-22", table(*lines, header=head))
    rows = rows_of(settings, told, "dispensation")
    schema = load_schema("standard/dispensation")
    known = spark.createDataFrame(rows, schema.spark).withColumn("person_id", F.encode("subject_id", "UTF-8"))
    net = {(row["product"], row["unit"]): row for row in net_dispensations(known).collect()}
    names = ("gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity")
    assert {key: tuple(row[name] for name in names) for key, row in net.items()} == {
        ("3400935955838", "box"): (3, 3, 0, 0),
        ("3400930299166", "box"): (0, 0, 2, -2),
        ("3400935955838", "unit"): (8, 0, 0, 8),
        ("3400935418487", "box"): (1, 0, 0, 1),
    }
    assert [str(row["dispensed_on"]) for row in rows if row["cip13"] == "3400935418487"] == ["2026-11-08"]
    assert len(rows) == 7 and told["producers"][rows[0]["producer"]]["accepted"] == 8


def test_lgo_csv_27_a_sale_that_is_returned_again_takes_its_own_place(spark: SparkSession, settings: Settings):
    def page(*sales: tuple[int, str, list[int]]) -> bytes:
        lines = {"code13Ref": "3400935955838", "prix": 2.18}
        listed = [{"id": n, "heure": day, "lignes": [lines | {"qte": q} for q in q_s]} for n, day, q_s in sales]
        return json.dumps([{"ventes": listed}]).encode()

    how: dict[str, Any] = {"format": "pharmacy-json", "dialect": "ventes_json"}
    one = (1, "2026-10-31T23:50:00", [1, 2])
    first = propose(spark, settings, "2026-11-01", page(one, (2, "2026-11-01T00:10:00", [4])), **how)
    again = page(one, (2, "2026-11-01T00:10:00", [3]))[:-3] + b", {"
    second = propose(spark, settings, "2026-11-02", again, base_of("2026-11-01", first), **how)
    told = second["producers"][PHARMACY]
    assert [told[name] for name in ("read", "accepted", "duplicate", "quarantined")] == [4, 1, 2, 1]
    assert told["rules"] == {"PHA-011": 1} and told["scope"]["dispensation"] == ["2026-10", "2026-11"]
    rows = sorted((row["quantity"], row["amount_total"]) for row in rows_of(settings, second, "dispensation"))
    assert {row["feed"] for row in rows_of(settings, second, "dispensation")} == {"extract"}
    assert rows == [(1, Decimal("2.18")), (2, Decimal("4.36")), (3, Decimal("6.54"))]
    assert [(one["event"], one["count"]) for one in second["ledger"] if "event" in one] == [("superseded", 1)]
    assert quarantined(settings, second)[0]["bytes"] == b"{"
    nothing = propose(spark, settings, "2026-11-03", b"", base_of("2026-11-02", first, second), **how)
    empty = nothing["producers"][PHARMACY]
    assert [empty[name] for name in ("read", "accepted", "ignored")] == [1, 0, 1] and empty["rules"] == {"PHA-021": 1}


def test_late_care_is_told_touches_its_month_alone_and_waits_when_it_is_too_late(
    spark: SparkSession, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def sale(ticket: str, day: str, quantity: int = 1) -> str:
        return f"{ticket};1;sale;{day} 10:00:00;3400935955838;{quantity};x"

    lines = table(sale("T1", "20/11/2026"), sale("T2", "31/07/2024"), sale("T3", "15/10/2026"))
    first = propose(spark, settings, "2026-11-21", lines)
    told = first["producers"][PHARMACY]
    assert (told["accepted"], told["rules"]) == (2, {"PHA-015": 1})
    assert told["warnings"].get("PHA-115") is None

    # the steward admits it: the night's policy reaches further back, and the replay takes the record in again
    policy = (REPOSITORY / "config" / "policy.toml").read_text(encoding="utf-8")
    (tmp_path / "policy.toml").write_text(policy.replace("reopen_months = 27", "reopen_months = 36"), encoding="utf-8")
    monkeypatch.setenv("VEILLEE_POLICY", str(tmp_path / "policy.toml"))
    late = table(sale("T2", "31/07/2024"), sale("T4", "05/01/2026"))
    second = propose(spark, Settings(settings.root), "2026-11-22", late, base_of("2026-11-21", first))
    told = second["producers"][PHARMACY]
    assert (told["accepted"], told["rules"], told["warnings"]["PHA-115"]) == (2, {}, 2)
    assert told["scope"]["dispensation"] == ["2024-07", "2026-01"]
    monkeypatch.delenv("VEILLEE_POLICY")

    # a correction finds its former place within the window; what lies before it is not looked at
    moved = table(sale("T3", "16/11/2026", 2), sale("T2", "17/11/2026", 2))
    third = propose(spark, Settings(settings.root), "2026-11-23", moved, base_of("2026-11-22", first, second))
    assert third["producers"][PHARMACY]["scope"]["dispensation"] == ["2026-10", "2026-11"]


def test_every_case_has_a_test():
    with (REPOSITORY / "tests" / "data" / "pharmacy" / "mess_cases.csv").open(encoding="utf-8", newline="") as stream:
        cases = {row["id"] for row in csv.DictReader(stream) if row["feed"] in FEEDS}
    named = set()
    for path in Path(REPOSITORY / "tests").rglob("test_*.py"):
        for feed, numbers in re.findall(r"def test_(lgo_csv|bdpm|open_medic)((?:_\d\d)+)", path.read_text("utf-8")):
            named |= {f"{feed.upper()}-{number}" for number in numbers.split("_") if number}
    assert len(cases) == 39 and cases == named
