"""The tables of a DCIR delivery: which columns they have, which are read, and what a table may not lack.

``schemas/layouts/pharmacy/dcir_columns.csv`` holds every column, ``dcir_reading.csv`` those that are read.
"""

import re
from dataclasses import dataclass
from functools import cache

from jobs.standardise.layouts import LAYOUTS, read_csv

KEY = (
    "DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_TRT_DTD", "FLX_EMT_TYP", "FLX_EMT_NUM", "FLX_EMT_ORD", "ORG_CLE_NUM",
    "PRS_ORD_NUM", "REM_TYP_AFF",
)  # fmt: skip
FLUX = "FLX_DIS_DTD"
CLAIMS, DRUGS, HOSPITAL_DRUGS, ACTS, FACILITIES = "ER_PRS_F", "ER_PHA_F", "ER_UCD_F", "ER_CAM_F", "ER_ETE_F"
BENEFICIARIES, LONG_TERM = "IR_BEN_R", "IR_IMB_R"
CHILDREN = (DRUGS, HOSPITAL_DRUGS, ACTS)
REFERENCES = (BENEFICIARIES, LONG_TERM)
# A table's name, perhaps with a year or a month behind it: ER_PRS_F_2006, er_pha_f_2026_11.csv, IR_BEN_R.CSV.
FILE_NAME = re.compile(
    r"(?:.*/)?((?:ER|IR|DA|BE|NS)_[A-Z]{3}_[FRT])(?:[_-]\d{1,8})*(?:\.[a-z0-9]{1,4})?", re.IGNORECASE
)


@dataclass(frozen=True)
class Item:
    """A column that is read: its name here, how badly it is needed, the kind of its values, how dates are written."""

    column: str
    name: str
    need: str
    kind: str
    formats: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table that is read, and all columns that it is known to have."""

    name: str
    items: tuple[Item, ...]
    known: frozenset[str]

    def missing(self, header: list[str]) -> str | None:
        """The first column without which the table is refused; one that names the person may stand for the other."""
        needed = [one.column for one in self.items if one.need in ("key", "mandatory")]
        lacking = next((column for column in needed if column not in header), None)
        people = [one.column for one in self.items if one.need == "person"]
        return lacking or (people[0] if people and not set(people) & set(header) else None)


@cache
def tables() -> dict[str, Table]:
    """The tables that are read, by name."""
    folder = LAYOUTS / "pharmacy"
    columns, reading = read_csv(folder / "dcir_columns.csv"), read_csv(folder / "dcir_reading.csv")
    return {
        name: Table(
            name,
            tuple(
                Item(row["column"], row["name"], row["need"], row["kind"], tuple(row["formats"].split()))
                for row in reading
                if row["table"] == name
            ),
            frozenset(row["column"] for row in columns if row["table"] == name),
        )
        for name in dict.fromkeys(row["table"] for row in reading)
    }


def table_of(file: str) -> str | None:
    """The table that a file holds, by its name alone; None when the name is no table's."""
    found = FILE_NAME.fullmatch(file)
    return found.group(1).upper() if found else None
