"""CIM-10 diagnosis codes as the PMSI writes them: a letter, two digits, then up to three digits or plus signs, no dot.

The plus sign is part of the code: 115 PMSI codes have one, and without it J961+0 becomes J9610, another valid code.
Source of shape, types and positions: ATIH's CIM-10 file of 2025 and the grouper's controls 113 to 119.
"""

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.codes.validity import gathered, joined

SHAPE = r"^[A-Z]\d\d[\d+]{0,3}$"
POSITIONS = ("principal", "related", "associated", "documentary")
# PMSI type of a code → positions where the grouper refuses it. No rule was read for documentary codes.
REFUSED = {
    "0": (),
    "1": ("principal", "related"),
    "2": ("principal", "related"),  # external causes
    "3": ("principal", "related", "associated"),  # parents and deleted codes
    "4": ("principal",),
}
# First category of each chapter from its letter on; a chapter may span letters, and D and H are shared by two.
CHAPTERS = (
    ("A00", "B99"), ("C00", "D48"), ("D50", "D89"), ("E00", "E90"), ("F00", "F99"), ("G00", "G99"), ("H00", "H59"),
    ("H60", "H95"), ("I00", "I99"), ("J00", "J99"), ("K00", "K93"), ("L00", "L99"), ("M00", "M99"), ("N00", "N99"),
    ("O00", "O99"), ("P00", "P96"), ("Q00", "Q99"), ("R00", "R99"), ("S00", "T98"), ("V01", "Y98"), ("Z00", "Z99"),
    ("U00", "U99"),
)  # fmt: skip


def normalise(text: Column) -> Column:
    """Upper case without dots and blanks, plus signs kept; null only for nothing at all."""
    return F.nullif(F.upper(F.regexp_replace(text, "[.\\s\u00a0]", "")), F.lit(""))


def has_shape(code: Column) -> Column:
    """True when a normalised code has the shape of the PMSI (all 15,800 codes of 2025 do)."""
    return F.coalesce(code.rlike(SHAPE), F.lit(False))


def category(code: Column) -> Column:
    """The first three characters of a code; null when it has not the shape."""
    return F.when(has_shape(code), F.substring(code, 1, 3))


def letter(code: Column) -> Column:
    """The first letter; null when the code has not the shape."""
    return F.when(has_shape(code), F.substring(code, 1, 1))


def chapter(code: Column) -> Column:
    """The chapter of the CIM-10, 1 to 22; null when no chapter has the category (D49, H96) or the shape is wrong."""
    three = category(code)
    return F.coalesce(*[F.when(three.between(*ends), F.lit(rank)) for rank, ends in enumerate(CHAPTERS, start=1)])


def external_cause(code: Column) -> Column:
    """True in chapter XX (V, W, X, Y), which controls 114 and 117 refuse as principal and related diagnosis."""
    return F.coalesce(letter(code).isin("V", "W", "X", "Y"), F.lit(False))


def without_plus(code: Column) -> Column:
    """The code as lists without plus signs write it. **Never a key**: J961+0 and J9610 are two codes, and so are
    C80+0 and C800. Only to show a person what another system may have meant.
    """  # noqa: D205
    return F.regexp_replace(code, r"\+", "")


def with_cim10(frame: DataFrame, cim10: DataFrame, types: DataFrame, *, code: str = "code") -> DataFrame:
    """Adds what the tables ``cim10`` and ``cim10_pmsi_type`` know of a normalised code, by one broadcast join.

    ``code_known``: one of the tables has it. ``parent_code``: the nearest shorter code that one of them has (J961 of
    J961+0), also of an unknown code; null for a category. ``has_children``: as the list says, null when it does not.
    ``mco_type``: the PMSI type 0 to 4, null where it is not known, which is most codes.
    """
    none = F.lit(None).cast("string")
    every = cim10.select("code", "has_children", none.alias("mco_type")).unionByName(
        types.select("code", none.alias("has_children"), "mco_type")
    )
    families = gathered(every, F.substring("code", 1, 3), "_family", ["code", "has_children", "mco_type"])
    found = joined(frame, families, F.substring(F.col(code), 1, 3), "_family")
    family = F.coalesce("_family", F.array().cast("array<struct<code:string,has_children:string,mco_type:string>>"))
    own = F.filter(family, lambda one: one["code"] == F.col(code))
    shorter = F.filter(family, lambda one: F.col(code).startswith(one["code"]) & (one["code"] != F.col(code)))
    nearest = F.array_max(F.transform(shorter, lambda one: F.struct(F.length(one["code"]).alias("size"), one["code"])))
    return found.withColumns(
        {
            "code_known": F.coalesce(F.size(own) > 0, F.lit(False)),
            "parent_code": nearest["code"],
            "has_children": told(own, "has_children") == "yes",
            "mco_type": told(own, "mco_type"),
        }
    ).drop("_family")


def told(rows: Column, name: str) -> Column:
    """The first value of a column among gathered rows; null when none has one."""
    return F.get(F.filter(F.transform(rows, lambda one: one[name]), lambda value: value.isNotNull()), F.lit(0))


def refused(position: Column, code: Column, mco_type: Column) -> Column:
    """True when the grouper refuses a code at a position (one of POSITIONS), false when it does not, null when unknown.

    External causes are known by their letter; of the others only those whose type is known are judged. No rule refuses
    a documentary code.
    """
    external = external_cause(code) & position.isin("principal", "related")
    by_type = reduce(or_, [(mco_type == kind) & position.isin(*places) for kind, places in REFUSED.items() if places])
    return F.when(external, F.lit(True)).otherwise(by_type)


def open_category(code: Column, has_children: Column) -> Column:
    """True for a category that is divided, which controls 115, 118 and 119 refuse: C25 where C250 was meant."""
    return (F.length(code) == 3) & has_children
