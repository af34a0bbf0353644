"""The 33 DCIR cases of the mess catalogue, each by its id: lines in, what became of them out."""

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import REPOSITORY, prepare_root
from tests.dcir_files import FUND, Row, Sent, base_of, file, night, outcomes, rows, rows_of, rules
from tests.unit.test_dcir_read import read

CASES = REPOSITORY / "tests" / "data" / "pharmacy" / "mess_cases.csv"


def case(number: int, **cells: str) -> Row:
    """A line of the case: its own settlement and its own person, so that cases do not meet."""
    return {"DCT_ORD_NUM": str(number), "NUM_ENQ": f"P{number:07d}", **cells}


def line(number: int, **cells: str) -> Row:
    """A line under the service of the case."""
    return {"DCT_ORD_NUM": str(number), **cells}


BACK = {"BSE_REM_MNT": "-1.42", "BSE_REM_BSE": "-2.18", "PRS_PAI_MNT": "-2.18", "PRS_ACT_QTE": "-1"}
SERVICES = [
    case(101, DCT_ORD_NUM="0101", FLX_EMT_NUM="3"),
    case(103, PRS_ORD_NUM="1"),  # a drug service without a drug
    case(104),
    case(105), case(105),
    case(106), case(106, PRS_ORD_NUM="2", **BACK),
    case(107), case(107, PRS_ORD_NUM="2", **BACK),
    case(108, **BACK),
    case(109), case(109, PRS_ORD_NUM="2"),
    case(110, BSE_REM_MNT="-1.42"), case(110, PRS_ORD_NUM="2", BSE_REM_SGN="2"),
    case(111, DPN_QLF="71"), case(111, PRS_ORD_NUM="2", PRS_DPN_QLP="71"), case(111, PRS_ORD_NUM="3", DPN_QLF=""),
    case(112), case(112, PRS_ORD_NUM="2", CPL_MAJ_TOP="2", CPL_AFF_COD="16", CPL_REM_MNT="-0.50", BSE_REM_MNT="0"),
    case(113, BSE_PRS_NAT="0", PRS_NAT_REF="3383"),
    case(117, EXE_SOI_DTD="19/09/2026"), case(117, PRS_ORD_NUM="2", EXE_SOI_DTD="20/10/2020", EXE_SOI_AMD="202010"),
    case(118, EXE_SOI_DTD="01/01/1600", PRE_PRE_DTD="01/01/1600"),
    case(122), case(123), case(125),
    case(124, PRS_NAT_REF="3317"),
    case(126, BEN_RNG_GEM="0", BEN_CDI_NIR="01"),
    case(127, BEN_AMA_COD="1013"), case(127, PRS_ORD_NUM="2", BEN_AMA_COD="1011"),
    case(128, BEN_DCD_DTE="01/10/2026"), case(128, PRS_ORD_NUM="2", BEN_DCD_DTE="01/01/1600"),
    case(129, BEN_SEX_COD="9"),
    case(130, BEN_RES_DPT="097", BEN_RES_COM="411"), case(130, PRS_ORD_NUM="2", BEN_RES_DPT="", BEN_RES_COM="114"),
    case(131, PFS_EXE_NUM="00000000"), case(131, PRS_ORD_NUM="2", PFS_EXE_NUM="992000018"),
    case(131, PRS_ORD_NUM="3", PFS_PRE_NUM="", ETB_PRE_FIN="99000001"),
    case(134),
]  # fmt: skip
DRUGS = [
    line(101, FLX_EMT_NUM="03", PRS_ORD_NUM="1.0"),
    line(999),  # an orphan
    line(104), line(104, PHA_ORD_NUM="2", PHA_PRS_C13="3400930000014"),
    line(105), line(105), line(105, PHA_ORD_NUM="2"),
    line(106), line(106, PRS_ORD_NUM="2", PHA_ACT_QSN="-1"),
    line(107, PHA_ACT_QSN="3"), line(107, PRS_ORD_NUM="2", PHA_ACT_QSN="-1"),
    line(108, PHA_ACT_QSN="-1"),
    line(109), line(109, PRS_ORD_NUM="2"),
    line(110), line(110, PRS_ORD_NUM="2"),
    line(111), line(111, PRS_ORD_NUM="2"), line(111, PRS_ORD_NUM="3"),
    line(112), line(112, PRS_ORD_NUM="2"),
    line(117), line(117, PRS_ORD_NUM="2"), line(118),
    line(122, PHA_PRS_C13="", PHA_ORD_NUM="1"), line(122, PHA_PRS_IDE="", PHA_ORD_NUM="2"),
    line(123, PHA_PRS_C13="0000003595583", PHA_PRS_IDE=""),
    line(125, PHA_PRS_C13="3400930000014", PHA_PRS_IDE=""),
    line(126), line(127), line(127, PRS_ORD_NUM="2"), line(128), line(128, PRS_ORD_NUM="2"), line(129), line(130),
    line(130, PRS_ORD_NUM="2"), line(131), line(131, PRS_ORD_NUM="2"), line(131, PRS_ORD_NUM="3"), line(134),
]  # fmt: skip
HOSPITAL = [
    line(124),
    line(124, UCD_ORD_NUM="2", UCD_UCD_COD="  9348420"),
    line(124, UCD_ORD_NUM="3", UCD_UCD_COD="9999999"),
]
ACTS = [line(104), line(104, CAM_ORD_NUM="2", CAM_PRS_IDE="DEQP003")]
FACILITIES = [line(134, ETE_IND_TAA="1.0"), line(104, ETE_IND_TAA="")]
PEOPLE = [
    {"NUM_ENQ": "P0000126", "BEN_RNG_GEM": "0", "BEN_IDT_ANO": "X1", "BEN_CDI_NIR": "01"},
    {"NUM_ENQ": "P0000226", "BEN_IDT_ANO": "X1"},
    {"NUM_ENQ": "P0000127", "BEN_NAI_ANN": "1600"},
    {"NUM_ENQ": "P0000128", "BEN_DCD_DTE": "02/10/2026"},
    {"NUM_ENQ": "P0000129", "BEN_SEX_COD": "2"}, {"NUM_ENQ": "P0000129", "BEN_SEX_COD": "2", "BEN_RES_COM": "115"},
    {"NUM_ENQ": "P0000129", "BEN_SEX_COD": "1"},
]  # fmt: skip
FILES = {
    "ER_PRS_F.csv": file("ER_PRS_F", *SERVICES),
    "ER_PHA_F.csv": file("ER_PHA_F", *DRUGS),
    "ER_UCD_F.csv": file("ER_UCD_F", *HOSPITAL),
    "ER_CAM_F.csv": file("ER_CAM_F", *ACTS),
    "ER_ETE_F.csv": file("ER_ETE_F", *FACILITIES),
    "IR_BEN_R.csv": file("IR_BEN_R", *PEOPLE),
}


@dataclass
class Told:
    """What one night made of the cases."""

    proposal: dict[str, Any]
    lines: list[dict[str, Any]]
    net: list[dict[str, Any]]
    people: list[dict[str, Any]]
    intake: dict[tuple[str, int], dict[str, Any]]

    def of(self, number: int, table: str = "ER_PHA_F.csv") -> list[dict[str, Any]]:
        """Rows of a case in the order of its lines in a file."""
        places = {n: rank for rank, n in enumerate(self.records(number, table))}
        found = [row for row in self.lines if row["file"] == table and row["record"] in places]
        return sorted(found, key=lambda row: places[row["record"]])

    def records(self, number: int, table: str) -> list[int]:
        """Numbers of a case's lines in a file."""
        given = {"ER_PRS_F.csv": SERVICES, "ER_PHA_F.csv": DRUGS, "ER_UCD_F.csv": HOSPITAL, "ER_CAM_F.csv": ACTS}
        every = given.get(table, FACILITIES)
        return [n for n, row in enumerate(every, start=1) if int(row["DCT_ORD_NUM"]) == number]

    def fates(self, number: int, table: str) -> list[tuple[str, str | None]]:
        """Outcome and rule of a case's lines in a file."""
        return [(self.intake[table, n]["outcome"], self.intake[table, n]["rule"]) for n in self.records(number, table)]

    def netted(self, number: int) -> list[tuple[int, int, int, int]]:
        """Gross, reversed, unmatched and net boxes of a case's person."""
        person = {row["beneficiary_id"] for row in self.of(number)}
        names = ("gross_quantity", "reversed_quantity", "unmatched_quantity", "net_quantity")
        return [tuple(row[name] for name in names) for row in self.net if row["beneficiary_id"] in person]


@pytest.fixture(scope="module")
def told(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Told:
    import pyarrow.parquet as pq

    from jobs.core.snapshot import DataFile
    from jobs.standardise.pools import intake_pool

    settings = prepare_root(tmp_path_factory.mktemp("dcir") / "root", "synthetic")
    proposal = night(spark, settings, "2026-12-05", Sent(FILES))
    intake = [
        row
        for one in proposal["tables"]["intake"]
        for row in pq.read_table(intake_pool(settings).path(DataFile.from_json(one))).to_pylist()
    ]
    return Told(
        proposal,
        rows(settings, proposal, "claim_line"),
        rows(settings, proposal, "claim_net"),
        rows(settings, proposal, "beneficiary"),
        {(row["file"], row["record"]): row for row in intake},
    )


def test_every_case_has_its_test():
    with CASES.open(encoding="utf-8", newline="") as stream:
        wanted = {row["id"] for row in csv.DictReader(stream) if row["id"].startswith("DCIR-")}
    found = {f"DCIR-{m.group(1)}" for name in globals() if (m := re.match(r"test_dcir_(\d\d)_", name))}
    assert len(wanted) == 33 and wanted == found


def test_dcir_01_keys_meet_however_they_are_typed(told: Told):
    assert [row["amount_total"] for row in told.of(101)] == [Decimal("2.18")]


def test_dcir_02_an_incomplete_key_is_never_joined_on_fewer_columns():
    without = read("ER_PHA_F.csv", file("ER_PHA_F", {}, {}, without=("FLX_EMT_ORD",)))
    assert [(row["rule"], row["field"]) for row in without] == [("DCI-010", "FLX_EMT_ORD")] * 2
    blank = read("ER_PRS_F.csv", file("ER_PRS_F", {"ORG_CLE_NUM": ""}, {}))
    assert [(row["rule"], row["field"]) for row in blank] == [("DCI-011", "ORG_CLE_NUM"), (None, None)]


def test_dcir_03_orphans_are_counted_and_a_drug_service_without_drugs_is_told(told: Told):
    assert told.fates(999, "ER_PHA_F.csv") == [("quarantined", "DCI-012")]
    [alone] = told.of(103, "ER_PRS_F.csv")
    assert (alone["line_kind"], alone["flags"]) == ("other", "drug_line_missing")
    assert told.proposal["producers"][FUND]["warnings"]["DCI-102"] == 1


def test_dcir_04_drugs_and_acts_of_one_service_do_not_multiply(told: Told):
    lines = told.of(104) + told.of(104, "ER_CAM_F.csv")
    assert [row["line_kind"] for row in lines] == ["drug", "drug", "procedure", "procedure"]
    assert [row["amount_total"] for row in lines] == [Decimal("2.18"), None, None, None]
    assert [row["amount_is_primary"] for row in lines] == [True, False, False, False]


def test_dcir_05_the_same_line_again_is_a_duplicate(told: Told):
    assert [one for one, _ in told.fates(105, "ER_PHA_F.csv")] == ["accepted", "duplicate", "accepted"]
    assert [one for one, _ in told.fates(105, "ER_PRS_F.csv")] == ["accepted", "duplicate"]
    assert [row["quantity"] for row in told.of(105)] == [1, 1]
    assert sum(row["amount_total"] or 0 for row in told.of(105)) == Decimal("2.18")


def test_dcir_06_a_whole_reversal_leaves_nothing(told: Told):
    assert told.netted(106) == [(1, 1, 0, 0)]


def test_dcir_07_a_partial_reversal_leaves_the_rest(told: Told):
    assert told.netted(107) == [(3, 1, 0, 2)]


def test_dcir_08_a_reversal_without_its_original_stays_negative_and_says_so(told: Told):
    assert told.netted(108) == [(0, 0, 1, -1)]


def test_dcir_09_two_identical_deliveries_stay_two(told: Told):
    assert told.netted(109) == [(2, 0, 0, 2)]


def test_dcir_10_opposite_signs_are_flagged(told: Told):
    assert [row["flags"] for row in told.of(110)] == ["sign_conflict", "sign_conflict"]


def test_dcir_11_for_information_is_left_out_and_nothing_else(told: Told):
    ignored, kept = ("ignored", "DCI-020"), ("accepted", None)
    assert told.fates(111, "ER_PRS_F.csv") == [ignored, kept, kept]
    assert told.fates(111, "ER_PHA_F.csv") == [ignored, kept, kept]
    assert [row["own_qualifier"] for row in told.of(111)] == [71, 0]


def test_dcir_12_surcharges_cost_and_count_no_boxes(told: Told):
    assert [row["counts_boxes"] for row in told.of(112)] == [True, False]
    assert [row["amount_complement"] for row in told.of(112)] == [None, Decimal("-0.50")]
    assert told.netted(112) == [(1, 0, 0, 1)]


def test_dcir_13_fees_are_no_orphans(told: Told):
    assert [(row["line_kind"], row["flags"]) for row in told.of(113, "ER_PRS_F.csv")] == [("fee", None)]


@dataclass
class Months:
    """Three nights of flux months: told, told again the same, and corrected with a late claim."""

    settings: Any
    first: dict[str, Any]
    again: dict[str, Any]
    corrected: dict[str, Any]
    base: dict[str, Any]


OLD = {"EXE_SOI_DTD": "20/09/2025", "EXE_SOI_AMD": "202509", "PRE_PRE_DTD": "19/09/2025"}
EARLIER = {"FLX_DIS_DTD": "01/10/2026"}


@pytest.fixture(scope="module")
def months(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Months:
    settings = prepare_root(tmp_path_factory.mktemp("dcir-months") / "root", "synthetic")
    names = {"ER_PRS_F": "ER_PRS_F_2025.csv", "ER_PHA_F": "ER_PHA_F_2025.csv"}
    both = [case(1), case(2), case(3) | EARLIER]
    under = [line(1), line(2), line(3) | EARLIER]
    sent = {names["ER_PRS_F"]: file("ER_PRS_F", *both), names["ER_PHA_F"]: file("ER_PHA_F", *under)}
    first = night(spark, settings, "2026-12-01", Sent(sent, first="2026-10-01"))
    one = base_of(first, "2026-12-01")
    again = night(spark, settings, "2026-12-02", Sent(sent, first="2026-10-01"), base=one)
    two = base_of(again, "2026-12-02", one)
    changed = file("ER_PRS_F", case(1), case(4) | OLD), file("ER_PHA_F", line(1, PHA_ACT_QSN="2"), line(4))
    third = Sent(dict(zip(["ER_PRS_F.csv", "ER_PHA_F.csv"], changed, strict=True)))
    corrected = night(spark, settings, "2026-12-03", third, base=two)
    return Months(settings, first, again, corrected, base_of(corrected, "2026-12-03", two))


def test_dcir_14_a_late_claim_touches_its_care_month(months: Months):
    assert months.corrected["producers"][FUND]["scope"]["claim_line"] == ["2025-09", "2026-10"]
    old = rows_of(months.settings, {"": months.base["tables"]["claim_line"][f"{FUND}__2025-09"]})
    assert [(row["period"], row["flux_month"], row["quantity"]) for row in old] == [("2025-09", "2026-11", 1)]


def test_dcir_15_a_flux_month_told_again_replaces_it(months: Months):
    assert outcomes(months.first) == {"accepted": 6} and outcomes(months.again) == {"unchanged": 6}
    assert base_of(months.first, "")["tables"] == base_of(months.again, "")["tables"]
    assert outcomes(months.corrected) == {"accepted": 3, "unchanged": 1}
    now = rows_of(months.settings, {"": months.base["tables"]["claim_line"][f"{FUND}__2026-10"]})
    assert sorted((row["flux_month"], row["quantity"], row["delivery_id"][:11]) for row in now) == [
        ("2026-10", 1, "D2026-12-01"), ("2026-11", 2, "D2026-12-03"),
    ]  # fmt: skip
    events = {(one["event"], one["count"]) for one in months.corrected["ledger"] if "event" in one}
    assert events == {("superseded", 1), ("withdrawn", 1)}


def test_dcir_16_the_flux_month_is_the_lines_own_and_not_the_files(months: Months):
    told = rows(months.settings, months.first, "claim_line")
    assert sorted(row["flux_month"] for row in told) == ["2026-10", "2026-11", "2026-11"]


def test_dcir_17_a_care_date_that_may_be_another_is_flagged(told: Told):
    assert [row["flags"] for row in told.of(117)] == ["care_date_doubtful", "care_date_doubtful"]
    assert [row["period"] for row in told.of(117)] == ["2026-09", "2020-10"]


def test_dcir_18_the_missing_date_is_null_with_a_flag(told: Told):
    [row] = told.of(118)
    assert (row["care_on"], row["prescribed_on"], row["period"]) == (None, None, "2026-10")
    assert row["flags"] == "date_not_told"


def test_dcir_19_date_formats_are_declared_and_others_refused():
    found = [{"EXE_SOI_DTD": text} for text in ("20/10/2026", "20OCT2026:00:00:00", "20261020.0")]
    told = read("ER_PRS_F.csv", file("ER_PRS_F", *found))
    assert [(str(row["care_on"]), row["rule"]) for row in told] == [
        ("2026-10-20", None), ("2026-10-20", None), ("None", "DCI-003"),
    ]  # fmt: skip


def test_dcir_20_impossible_dates_are_refused():
    found = [{"EXE_SOI_DTD": text} for text in ("31/02/2018", "1/1/18")]
    told = read("ER_PRS_F.csv", file("ER_PRS_F", *found))
    assert [(row["rule"], row["field"], b"EXE" in row["bytes"]) for row in told] == [
        ("DCI-003", "EXE_SOI_DTD", False)
    ] * 2
    assert b"31/02/2018" in told[0]["bytes"]


def test_dcir_21_a_decimal_comma_is_refused_and_never_null():
    [row] = read("ER_PRS_F.csv", file("ER_PRS_F", {"BSE_REM_MNT": "12,34"}))
    assert (row["rule"], row["field"]) == ("DCI-002", "BSE_REM_MNT")


def test_dcir_22_either_code_serves_and_says_which(told: Told):
    assert [(row["cip13"], row["code_source"]) for row in told.of(122)] == [
        ("3400935955838", "cip7"), ("3400935955838", "c13"),
    ]  # fmt: skip


def test_dcir_23_codes_are_text(told: Told):
    assert [(row["cip13"], row["code_source"], row["code_raw"]) for row in told.of(123)] == [
        ("3400935955838", "cip7", "0000003595583")
    ]


def test_dcir_24_ucd_codes_in_one_form(told: Told):
    found = [(row["ucd13"], row["code_class"], row["code_raw"]) for row in told.of(124, "ER_UCD_F.csv")]
    assert found[0][0] == found[1][0] and found[0][0].startswith("340089348420")
    assert found[2] == (None, "unknown", "9999999")
    assert told.of(124, "ER_UCD_F.csv")[2]["flags"] == "code_unknown"


def test_dcir_25_a_code_that_the_drug_database_lacks_is_kept(told: Told):
    [row] = told.of(125)
    assert (row["cip13"], row["atc"], row["flags"]) == ("3400930000014", None, "code_unknown")


def test_dcir_26_a_person_of_several_numbers_is_one_group(told: Told):
    [row] = told.of(126)
    assert (row["flags"], row["nir_status"]) == ("number_not_ordinary", "01")
    groups = [one["beneficiary_group_id"] for one in told.people if one["beneficiary_group_id"]]
    assert len(groups) == 2 and len(set(groups)) == 1
    [own] = [one for one in told.people if one["beneficiary_id"] == row["beneficiary_id"]]
    assert own["flags"] == "number_not_ordinary"


def test_dcir_27_months_of_babies_and_unknown_years(told: Told):
    assert [row["age_years"] for row in told.of(127)] == [1, 0]
    [baby] = [one for one in told.people if one["beneficiary_id"] == told.of(127)[0]["beneficiary_id"]]
    assert (baby["birth_year"], baby["age_years"], baby["flags"]) == (None, None, "birth_year_not_told")


def test_dcir_28_1600_means_alive_and_care_after_death_is_flagged(told: Told):
    assert [row["flags"] for row in told.of(128)] == ["care_after_death", None]
    dead = {one["death_month"] for one in told.people}
    assert dead == {None, "2026-10"}


def test_dcir_29_the_sex_of_most_lines_with_a_flag(told: Told):
    [row] = told.of(129)
    assert (row["sex"], row["flags"]) == (None, "sex_not_told")
    [own] = [one for one in told.people if one["beneficiary_id"] == row["beneficiary_id"]]
    assert (own["sex"], own["record_count"], own["flags"]) == ("2", 3, "sex_differs")


def test_dcir_30_departments_in_one_form(told: Told):
    assert [row["department"] for row in told.of(130)] == ["974", None]
    assert told.of(130)[1]["flags"] == "department_not_told"


def test_dcir_31_nobody_is_null_and_facilities_are_told_apart(told: Told):
    nobody, nine, site = told.of(131)
    eight = told.of(104)[0]
    assert (nobody["pharmacy_id"], nobody["flags"]) == (None, "executant_not_told")
    assert nine["pharmacy_id"] == eight["pharmacy_id"] is not None
    assert (site["prescriber_kind"], nine["prescriber_kind"]) == ("facility", "professional")


def test_dcir_32_columns_by_name():
    [known] = read("ER_PHA_F.csv", file("ER_PHA_F", {}))
    added, second = read("ER_PHA_F.csv", file("ER_PHA_F", {"PHA_NEW_COL": "1"}, {}))
    assert (added["warnings"], second["warnings"], added["rule"]) == ("DCI-101", None, None)
    header, cells, _ = file("ER_PHA_F", {}).decode().split("\r\n")
    turned = "\r\n".join(";".join(reversed(one.split(";"))) for one in (header, cells))
    [reordered] = read("ER_PHA_F.csv", turned.encode())
    places = ("bytes", "offset", "warnings")
    assert {k: v for k, v in reordered.items() if k not in places} == {
        k: v for k, v in known.items() if k not in places
    }
    renamed = file("ER_PHA_F", {}).replace(b"PHA_ACT_QSN", b"PHA_ACT_QTE")
    assert [(row["rule"], row["field"]) for row in read("ER_PHA_F.csv", renamed)] == [("DCI-010", "PHA_ACT_QSN")]
    text = read("ER_PRS_F.csv", file("ER_PRS_F", {"IJR_EMP_NUM": "12345678901234"}, {"IJR_EMP_NUM": "A2345678901234"}))
    assert [row["rule"] for row in text] == [None, None]


def test_dcir_33_too_few_or_too_many_cells_are_kept_aside():
    data = file("ER_PHA_F", {}, {}, {}).split(b"\r\n")
    data[1], data[2] = data[1] + b";9", data[2].rsplit(b";", 1)[0]
    told = read("ER_PHA_F.csv", b"\r\n".join(data))
    assert [(row["rule"], row["record"]) for row in told] == [("DCI-001", 1), ("DCI-001", 2), (None, 3)]
    assert told[0]["bytes"] == data[1]


def test_public_hospital_activity_is_left_out_with_all_its_lines(told: Told):
    for name in ("ER_PRS_F.csv", "ER_PHA_F.csv", "ER_ETE_F.csv"):
        assert told.fates(134, name) == [("ignored", "DCI-021")]
    assert told.fates(104, "ER_ETE_F.csv") == [("accepted", None)]


def test_the_whole_night_adds_up(told: Told):
    sent = len(SERVICES) + len(DRUGS) + len(HOSPITAL) + len(ACTS) + len(FACILITIES) + len(PEOPLE)
    assert sum(outcomes(told.proposal).values()) == sent
    assert rules(told.proposal) == {"DCI-012": 1, "DCI-020": 2, "DCI-021": 3}
    paid = {n: row for n, row in enumerate(SERVICES) if told.intake["ER_PRS_F.csv", n + 1]["outcome"] == "accepted"}
    expected = sum(Decimal(row.get("PRS_PAI_MNT", "2.18")) for row in paid.values())
    assert sum(row["amount_total"] or 0 for row in told.lines) == expected
