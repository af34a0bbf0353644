"""A pharmacy's extract: one line per delivered code, in the pharmacy's dialect."""

import unicodedata
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic.dialects import COLUMNS, Dialect
from synthetic.dispensing import presentations
from synthetic.draws import Ints, chance, iso_day, scatter
from synthetic.mistyped import Typed, mistype
from synthetic.names import Names
from synthetic.nir import luhn_digit, rpps
from synthetic.people import NOBODY, Population

SERVICE = {100: "PH1", 65: "PH7", 30: "PH4", 15: "PH2"}
PRESCRIBERS = 600


def pharmacy_id(rank: int) -> str:
    """The health-insurance number of the n-th invented pharmacy: department 99, category 2, rank, and a last digit.

    How the real last digit is made is not public; a Luhn digit stands in its place, and nobody checks it.
    """
    body = f"992{rank + 1:05d}"
    return body + luhn_digit(body)


@cache
def capitals(name: str) -> str:
    """A name as old counter software prints it: capitals without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).upper()


@cache
def prescribers() -> "np.ndarray":
    """Numbers of all invented prescribers."""
    return np.array([rpps(rank) for rank in range(PRESCRIBERS)], dtype=object)


def cells(people: Population, lines: pd.DataFrame, dialect: Dialect) -> list[list[str]]:
    """The text of every cell, one list per line, in the order of the canonical columns."""
    columns = care_cells(lines, dialect) | person_cells(people, lines, dialect)
    return [list(row) for row in zip(*(columns[name] for name in COLUMNS), strict=True)]


def dates(days: Ints, pattern: str) -> "np.ndarray":
    """Day numbers in a date format."""
    unique, place = np.unique(days, return_inverse=True)
    text = [datetime.fromisoformat(iso_day(day)).strftime(pattern) for day in unique]
    return np.array(text, dtype=object)[place]


def moments(days: Ints, seconds: Ints, pattern: str) -> list[str]:
    """Local moments in a timestamp format."""
    unique, place = np.unique(days, return_inverse=True)
    midnights = [datetime.fromisoformat(iso_day(day)) for day in unique]
    return [
        (midnights[p] + timedelta(seconds=s)).strftime(pattern) for p, s in zip(place, seconds.tolist(), strict=True)
    ]


def care_cells(lines: pd.DataFrame, dialect: Dialect) -> dict[str, object]:
    """Cells about the product, the ticket and the amounts."""
    boxes, box = presentations(), lines.box.to_numpy()
    labels = np.array([dialect.cell(label) for label in boxes.label], dtype=object)
    who = lines.person.to_numpy()
    local = scatter(who, 91) % 500
    doctor = np.where(lines.stay != "", 500 + lines.stay_hospital % 100, local)
    blank = np.full(len(lines), "", dtype=object)
    return {
        "ticket_id": lines.ticket, "line_id": lines.line.astype(str), "event_type": lines.event,
        "event_ts_local": moments(lines.day.to_numpy(), lines.second.to_numpy(), dialect.timestamp_format),
        "prescriber_id": prescribers()[doctor.astype(np.int64)], "prescriber_kind": blank + "RPPS",
        "prescription_date": dates(lines.prescribed.to_numpy(dtype=np.int64), dialect.date_format),
        "code_raw": boxes.cip13.to_numpy(dtype=object)[box], "label": labels[box],
        "quantity_signed": lines.quantity.astype(str), "unit": blank + "box",
        "amount_total": [dialect.amount(c) for c in lines.amount_total.tolist()],
        "amount_base": [dialect.amount(c) for c in lines.amount_base.tolist()],
        "amount_insurance": [dialect.amount(c) for c in lines.amount_insurance.tolist()],
        "rate": lines.rate.astype(str), "service_code": lines.rate.map(SERVICE),
        "invoice_no": "F" + lines.invoice, "lot_no": np.where(box % 9 == 0, "LOT" + lines.box.astype(str), ""),
    }  # fmt: skip


class Told(NamedTuple):
    """Per line: whose number is on the card (NOBODY: no card), and birth day and names as typed (empty: none)."""

    insured: Ints
    birth: Ints
    family: Names
    given: Names


def told(people: Population, lines: pd.DataFrame) -> Told:
    """The patients as the counter knows them: often under a parent's number, now and then with a mistake of typing."""
    who, day = lines.person.to_numpy(), lines.day.to_numpy()
    numbered, typed = lines.numbered.to_numpy(dtype=bool), lines.typed.to_numpy(dtype=bool)
    family, given, birth = people.used_name(day, who), people.given[who, 0].copy(), people.birth[who]
    turns = scatter(who, 86)
    for place in np.flatnonzero(typed):
        true = Typed(family[place], given[place], int(birth[place]))
        family[place], given[place], birth[place] = mistype(true, int(turns[place]))
    named = ~chance(who * 31 + day, 93, 0.15) | typed
    plain = lines.pharmacy.to_numpy() % 2 == 0
    shown = [np.array([capitals(n) if p else n for n, p in zip(names, plain, strict=True)], dtype=object)
             for names in (family, given)]  # fmt: skip
    insured = np.where(numbered, people.guardian(day, who), NOBODY)
    return Told(insured, birth, np.where(named, shown[0], ""), np.where(named, shown[1], ""))


def person_cells(people: Population, lines: pd.DataFrame, dialect: Dialect) -> dict[str, object]:
    """Cells about the patient; empty for what the counter does not know."""
    who, known = lines.person.to_numpy(), told(people, lines)
    numbered = known.insured != NOBODY
    return {
        "patient_nir": np.where(numbered, people.number[known.insured], ""),
        "patient_nir_key": np.where(numbered, people.key[known.insured], ""),
        "birth_date": dates(known.birth, dialect.date_format),
        "birth_rank": people.birth_rank[who].astype(str), "sex": people.sex[who].astype(str),
        "family_name": known.family, "given_name": known.given,
    }  # fmt: skip
