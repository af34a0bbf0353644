"""What documents say in codes: facts by kind, under the names of the contract that every carrier fulfils, all text."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from jobs.core.settings import REPOSITORY
from synthetic.draws import chance, day_number, scatter
from synthetic.stays import code_list

Fact = dict[str, str]
LOINC, SNOMED, ICD10 = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", "2.16.840.1.113883.6.3"
ACT_CODE = "2.16.840.1.113883.5.4"
MODERATE, SEVERE = "6736007", "24484000"
CCAM, ATC = "1.2.250.1.215.300.1", "2.16.840.1.113883.6.73"
CIS, CIP = "1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.2"
ROUTES = "0.4.0.127.0.16.1.1.2.1"  # the standard terms of EDQM
DETECTED, NOT_DETECTED = "260373001", "260415000"
REASONS = "2.16.840.1.113883.5.8"  # of acts; PATOBJ: the patient objects
MILLENNIUM = day_number("2000-01-01")  # nothing older is told: the search for leaks takes older days for birth dates
ORAL, INTRAMUSCULAR = "20053000", "20035000"


class Vaccine(NamedTuple):
    """A vaccine of the list: product codes, what it is against, doses of its scheme, the age of the first.

    ``since``: the day from which it can be given; ``late``: who is past that age by then is given it as well.
    """

    cip13: str
    disease: str
    doses: int
    from_age: int
    since: int
    late: bool


@cache
def lab_tests() -> list[dict[str, str]]:
    """The tests that laboratories report: LOINC code, UCUM unit, usual values."""
    return rows("lab_tests")


@cache
def rows(name: str) -> list[dict[str, str]]:
    """One of the lists of ``data/`` as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in code_list(name).to_dict("records")]


@cache
def products() -> dict[str, dict[str, str]]:
    """CIS and ATC by CIP13, as the project's own code list has them."""
    table = pd.read_csv(REPOSITORY / "schemas" / "codes" / "cip13.csv", keep_default_na=False, dtype=str)
    wanted = {row["cip13"] for name in ("presentations", "vaccines") for row in rows(name)}
    kept = table[table["code"].isin(wanted)]
    return {row.code: {"cis": row.cis, "atc": row.atc} for row in kept.itertuples()}


def product(cip13: str, *, first: str = "") -> Fact:
    """The codes of a box: what is sent first is its CIS when known (or as asked), the others are translations."""
    known = products().get(cip13, {"cis": "", "atc": ""})
    lead = first or ("cis" if known["cis"] else "cip13")
    code, system = (known["cis"], CIS) if lead == "cis" else (cip13, CIP)
    told = {"product_code": code, "product_system": system, "cip13": cip13, **known}
    return {name: value for name, value in told.items() if value}


def label(cip13: str) -> str:
    """The name of a box."""
    return labels().get(cip13, "")


@cache
def labels() -> dict[str, str]:
    """Names of boxes by CIP13."""
    return {row["cip13"]: row["label"] for name in ("presentations", "vaccines") for row in rows(name)}


def measure(test: dict[str, str], draw: np.random.Generator) -> str:
    """A plausible value of one test, with the decimals that laboratories print."""
    mean = float(test["mean"])
    return f"{max(mean + float(test['spread']) * float(draw.normal()), mean * 0.05):.{test['decimals']}f}"


def result(test: dict[str, str], value: str, at: str) -> Fact:
    """One measured result with its range and reading; below the low end of some tests only ``<`` is told."""
    low, high = float(test["low"]), float(test["high"])
    reading = "L" if float(value) < low else "H" if float(value) > high else "N"
    told = {"time": at, "code": test["code"], "code_system": LOINC, "code_kind": "loinc", "status": "completed"}
    told |= {"value_type": "PQ", "value_number": value, "unit": test["unit"], "interpretation": reading}
    return told | {"reference_low": test["low"], "reference_high": test["high"]}


def below(test: dict[str, str], at: str) -> Fact:
    """A result under the limit of what can be measured."""
    told = result(test, "0.3", at)
    return told | {"value_type": "IVL_PQ", "value_comparator": "<", "interpretation": "N"}


def detected(code: str, value: str, at: str) -> Fact:
    """A result that is a code: found or not."""
    told = {"time": at, "code": code, "code_system": LOINC, "code_kind": "loinc", "status": "completed"}
    return told | {"value_type": "CD", "value_code": value, "value_system": SNOMED}


def results(draw: np.random.Generator, at: str) -> list[Fact]:
    """Three to six measured results, one of them now and then below what can be measured, or a rapid test beside."""
    chosen = np.sort(draw.permutation(len(lab_tests()))[: 3 + int(draw.integers(0, 4))])
    found = [result(lab_tests()[place], measure(lab_tests()[place], draw), at) for place in chosen]
    if draw.random() < 0.2:
        reactive = next(test for test in lab_tests() if test["code"] == "1988-5")
        found = [one for one in found if one["code"] != "1988-5"] + [below(reactive, at)]
    if draw.random() < 0.15:
        found.append(rapid_test(draw, at))
    return found


def rapid_test(draw: np.random.Generator, at: str) -> Fact:
    """SARS-CoV-2 looked for by a rapid test."""
    return detected("94558-4", DETECTED if draw.random() < 0.3 else NOT_DETECTED, at)


def vital_signs(draw: np.random.Generator, at: str) -> list[Fact]:
    """Some of what a nurse measures."""
    kept = [test for test in rows("vital_signs") if draw.random() < 0.7] or rows("vital_signs")[:1]
    common = {"time": at, "code_system": LOINC, "code_kind": "loinc", "status": "completed", "value_type": "PQ"}
    return [common | {"code": test["code"], "value_number": measure(test, draw), "unit": test["unit"]} for test in kept]


def vaccines() -> list[Vaccine]:
    """The vaccines of the list."""
    return [
        Vaccine(r["cip13"], r["disease"], int(r["doses"]), int(r["from_age"]), day_number(r["since"]), r["late"] == "1")
        for r in rows("vaccines")
    ]


def vaccination(vaccine: Vaccine, dose: int, at: str, *, refused: bool = False) -> Fact:
    """One injection, or one that did not take place (``refused``)."""
    told = {"time": at, "status": "completed", **product(vaccine.cip13)}
    told |= {"route_code": INTRAMUSCULAR, "route_system": ROUTES}
    if refused:
        return told | {"negated": "true", "reason_code": "PATOBJ", "reason_system": REASONS}
    told |= {"disease_code": vaccine.disease, "disease_system": SNOMED}
    return told | {"dose_number": str(dose), "dose_value": "0.5", "dose_unit": "mL"}


def prescribed(cip13: str, boxes: int, salt: int, start: str, end: str) -> Fact:
    """One line of a prescription: what is taken, how often, how many boxes."""
    told = {"start": start, "end": end, "status": "completed", **product(cip13)}
    told |= {"dose_value": str(1 + salt % 2), "dose_unit": "{tbl}", "route_code": ORAL, "route_system": ROUTES}
    told |= {"every_value": ("24", "12", "8")[salt % 3], "every_unit": "h"}
    told |= {"quantity_value": str(boxes), "quantity_unit": "30009000"}
    return told | ({"repeats": str(salt % 3)} if salt % 3 else {})


def handed(cip13: str, boxes: int, salt: int, at: str) -> Fact:
    """One line of what a pharmacy handed out."""
    told = {"time": at, "status": "completed", **product(cip13, first="cip13"), "quantity_value": str(boxes)}
    return told | {"quantity_unit": "30009000", "substituted": "true" if salt % 4 == 0 else "false"}


def dotted(code: str) -> str:
    """A CIM-10 code as documents write it, with its dot; the PMSI writes none."""
    return code if len(code) <= 3 or not code[3].isdigit() else f"{code[:3]}.{code[3:]}"


def problem(code: str, start: str, *, kind: str = "problem", end: str = "", severity: str = "") -> Fact:
    """A diagnosis by its CIM-10 code, written with its dot."""
    told = {"kind": kind, "start": start, "code": dotted(code), "code_system": ICD10, "icd10": dotted(code)}
    told["status"] = "resolved" if end else "active"
    return told | ({"end": end} if end else {}) | ({"severity": severity} if severity else {})


def allergies(person: int, start: str) -> list[Fact]:
    """What somebody is allergic to: nothing known for most, and for some it is said that there is nothing."""
    turn = int(scatter(np.array([person]), 141)[0])
    if turn % 10 < 6:
        return []
    if turn % 10 == 6:
        none = {"kind_code": "DALG", "kind_system": ACT_CODE, "agent_code": "372687004", "agent_system": SNOMED}
        return [none | {"status": "active", "negated": "true"}]
    row = rows("allergies")[turn // 10 % len(rows("allergies"))]
    told = {"kind_code": row["kind"], "kind_system": ACT_CODE, "start": start, "agent_code": row["agent"]}
    told |= {"agent_system": SNOMED, "reaction_code": row["reaction"], "reaction_system": SNOMED}
    told |= {"severity": row["severity"], "criticality": "CRITH" if row["severity"] == SEVERE else "CRITL"}
    return [told | {"status": "active"}]


def procedure(code: str, at: str) -> Fact:
    """An act of the CCAM."""
    return {"start": at, "code": code, "code_system": CCAM, "ccam": code, "status": "completed"}


def chronic(person: int, born: int, until: int) -> list[tuple[str, int]]:
    """Long illnesses of a person as (CIM-10 code, day since when), the same in every document."""
    if until - born < 40 * 365:
        return []
    pool = ("I10", "E1190", "E780", "J449", "M171", "N189", "F322", "I480", "J459", "E039")
    turn = int(scatter(np.array([person]), 143)[0])
    count = 1 + turn % 3
    since = max(born + 40 * 365, MILLENNIUM) + turn % 400
    return [(pool[(turn // 7 + 3 * n) % len(pool)], since + 100 * n) for n in range(count)]


def past_doses(person: int, born: int, until: int) -> list[tuple[Vaccine, int, int]]:
    """Injections of a person before a day as (vaccine, number of the dose, day), the same in every document.

    Nobody is given a vaccine before there was one.
    """
    found = []
    for place, vaccine in enumerate(vaccines()):
        wait = int(scatter(np.array([person]), 145 + place)[0]) % 200
        first = born + vaccine.from_age * 365 + 60 + wait
        if vaccine.late:
            first = max(first, vaccine.since + wait)
        if chance(np.array([person]), 160 + place, 0.6)[0]:
            days = [(n + 1, first + 90 * n) for n in range(vaccine.doses)]
            found += [(vaccine, dose, day) for dose, day in days if max(MILLENNIUM, vaccine.since) <= day < until]
    return found
