"""Return codes of identity lines, and the shares of them that warn or hold a hospital."""

from typing import Any

import pytest

from jobs.catalogue import judgement
from jobs.check.measures import RETURN_SHARES, measure
from jobs.check.run import judge_measures
from jobs.core.settings import REPOSITORY
from jobs.standardise.hospital.controls import identity_warnings, return_codes
from jobs.standardise.layouts import read_csv

SCHEMA = (
    "name string, holder_number string, holder_key string, own_number string, own_key string, ins_number string, "
    "birth_text string, sex string, stay string, hospitalisation_text string, patient_number string"
)
FIELDS = [item.split()[0] for item in SCHEMA.split(", ")]
RIGHT = {
    "holder_number": "1480299999001", "holder_key": "03", "birth_text": "14021948", "sex": "1", "stay": "S1",
    "hospitalisation_text": "02022026", "patient_number": "P1",
}  # fmt: skip
# name: (what is changed, codes that are not 0, warnings)
CASES: dict[str, tuple[dict[str, str | None], dict[str, int], list[str]]] = {
    "right": ({}, {}, []),
    "holder's number cut": ({"holder_number": "14802999"}, {"nir_return": 1}, ["IDE-010", "IDE-011"]),
    "holder's number blank": (
        {"holder_number": None, "holder_key": None}, {"nir_return": 1}, ["IDE-010", "IDE-011"],
    ),
    "13 X": ({"holder_number": "X" * 13, "holder_key": "XX"}, {"nir_return": 2}, ["IDE-010", "IDE-011"]),
    "one digit repeated": ({"holder_number": "1" * 13, "holder_key": "11"}, {"nir_return": 1}, ["IDE-010", "IDE-011"]),
    "wrong key": ({"holder_key": "04"}, {"nir_return": 3}, ["IDE-010", "IDE-011"]),
    "waiting number": ({"holder_number": "7480299999001", "holder_key": None}, {}, []),
    "35 March": ({"birth_text": "35032008"}, {"birth_return": 1}, ["IDE-010", "IDE-012"]),
    "birth blank": ({"birth_text": None}, {"birth_return": 1}, ["IDE-010", "IDE-012"]),
    "birth declared missing": ({"birth_text": "X" * 8}, {"birth_return": 2}, ["IDE-010", "IDE-012"]),
    "sex 3": ({"sex": "3"}, {"sex_return": 1}, ["IDE-010", "IDE-013"]),
    "sex blank": ({"sex": None}, {"sex_return": 1}, ["IDE-010", "IDE-013"]),
    "sex declared missing": ({"sex": "X"}, {"sex_return": 2}, ["IDE-010", "IDE-013"]),
    "stay blank": ({"stay": None}, {"stay_return": 1}, ["IDE-010"]),
    "hospitalisation blank": ({"hospitalisation_text": None}, {"hospitalisation_return": 3}, []),
    "hospitalisation impossible": ({"hospitalisation_text": "31022026"}, {"hospitalisation_return": 1}, []),
    "hospitalisation declared missing": ({"hospitalisation_text": "X" * 8}, {"hospitalisation_return": 2}, []),
    "own number with a wrong key": (
        {"own_number": "1480299999001", "own_key": "04"}, {"own_nir_return": 3}, [],
    ),
    "own number right": ({"own_number": "1480299999001", "own_key": "03"}, {}, []),
    "INS right": ({"ins_number": "148029999900103"}, {}, []),
    "INS without its key": ({"ins_number": "1480299999001"}, {"ins_return": 1}, []),
    "INS with a wrong key": ({"ins_number": "148029999900104"}, {"ins_return": 3}, []),
    "patient number of X": ({"patient_number": "X" * 20}, {"patient_return": 2}, []),
    "two errors": (
        {"sex": "X", "holder_key": "04"}, {"nir_return": 3, "sex_return": 2}, ["IDE-010", "IDE-011", "IDE-013"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(spark):
    lines = [{"name": name} | RIGHT | changed for name, (changed, _, _) in CASES.items()]
    rows = [tuple(line.get(field) for field in FIELDS) for line in lines]
    frame = spark.createDataFrame(rows, SCHEMA)
    return {
        row.name: row
        for row in frame.select(
            "name",
            *[column.alias(name) for name, column in return_codes().items()],
            identity_warnings().alias("warnings"),
        ).collect()
    }


@pytest.mark.parametrize("name", CASES)
def test_each_control_gives_its_return_code(found, name):
    _, codes, warnings = CASES[name]
    row = found[name].asDict()
    assert {key: value for key, value in row.items() if key.endswith("_return") and value} == codes
    assert row["warnings"] == warnings


def limits() -> dict[str, dict[str, float]]:
    """Limits of the producer measures by column and severity."""
    found: dict[str, dict[str, float]] = {}
    for check in judgement("producer_measures"):
        if check.columns[0] in RETURN_SHARES:
            found.setdefault(check.columns[0], {})[check.severity] = check.kwargs["max_value"]
    return found


def test_limits_are_the_published_shares_times_what_the_remedy_says():
    rows = read_csv(REPOSITORY / "schemas" / "controls" / "return_code_error_rates.csv")
    share = {(row["control"], row["year"]): float(row["percent_not_zero"]) for row in rows if row["domain"] == "MCO"}
    wanted = {
        column: {"warning": share[control, "2017"] * 5 / 100, "critical": share[control, "2005"] * 3 / 100}
        for column, control in (
            ("holder_number_error_share", "NIR_RET"), ("birth_date_error_share", "NAI_RET"),
            ("sex_error_share", "SEX_RET"), ("identity_error_share", "any"),
        )
    }  # fmt: skip
    del wanted["identity_error_share"]["critical"]  # the three single ones hold already
    assert limits().keys() == wanted.keys()
    for column, told in limits().items():
        assert told == pytest.approx(wanted[column]), column


def entry(**changed: Any) -> dict[str, Any]:
    item = {"deliveries": ["D1"], "read": 4000, "quarantined": 0, "rows": {"hospital_stay": 1000}, "warnings": {}}
    return item | changed


def test_shares_are_over_the_stays_and_not_over_all_lines():
    hold = {"trailing_nights": 7, "min_trailing_nights": 3}
    row = measure(hold, "h", entry(warnings={"IDE-011": 64, "IDE-012": 10}), [])
    assert (row["holder_number_error_share"], row["birth_date_error_share"], row["sex_error_share"]) == (0.064, 0.01, 0)
    assert measure(hold, "p", entry(rows={"dispensation": 9}), [])["holder_number_error_share"] is None
    assert measure(hold, "p", {k: v for k, v in entry().items() if k != "rows"}, [])["sex_error_share"] is None


def test_shares_warn_then_hold_and_never_judge_a_small_hospital(settings):
    told = {
        "usual": entry(warnings={"IDE-010": 14, "IDE-011": 13, "IDE-012": 1, "IDE-013": 2}),
        "warned": entry(warnings={"IDE-010": 71, "IDE-011": 65, "IDE-012": 6, "IDE-013": 12}),
        "held": entry(warnings={"IDE-010": 218, "IDE-011": 218, "IDE-012": 130, "IDE-013": 129}),
        "small": entry(read=399, rows={"hospital_stay": 100}, warnings={"IDE-010": 99, "IDE-011": 99, "IDE-012": 99}),
        "pharmacy": entry(rows={"dispensation": 1000}),
    }
    _, failures = judge_measures(settings, {"producers": told}, None)
    found = {name: {one["code"]: one["severity"] for one in failed} for name, failed in failures.items()}
    warned = dict.fromkeys(("PRO-011", "PRO-012", "PRO-013", "PRO-014"), "warning")
    assert found == {"warned": warned, "held": warned | dict.fromkeys(("PRO-021", "PRO-022", "PRO-023"), "critical")}
