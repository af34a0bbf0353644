"""Which stays and emergency visits are Covid, by the dated rule in ``schemas/rules/covid.csv``."""

import csv
from dataclasses import dataclass
from functools import cache, reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.settings import REPOSITORY

PMSI, EMERGENCY = "pmsi", "emergency"
RULE = REPOSITORY / "schemas" / "rules" / "covid.csv"


@dataclass(frozen=True)
class CovidCode:
    """One row of the rule; ``start`` and ``end`` are ISO days, empty without limit."""

    code: str
    circuit: str
    start: str
    end: str
    covid: bool
    confirmed: bool


@cache
def covid_codes(circuit: str) -> tuple[CovidCode, ...]:
    """The rule of a circuit. Raises ConfigError when there is none."""
    with RULE.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["circuit"] == circuit]
    if not rows:
        raise ConfigError(f"{RULE.name} has no rule for the circuit {circuit!r}.")
    flags = {"true": True, "false": False}
    return tuple(
        CovidCode(row["code"], circuit, row["from"], row["to"], flags[row["covid"]], flags[row["confirmed"]])
        for row in rows
    )


def covid_status(codes: Column, day: Column, circuit: str) -> Column:
    """``struct(covid boolean, confirmed boolean)`` of a stay or visit from all its CIM-10 codes.

    ``codes``: array of text in any position, with or without dot. ``day``: the day of care that dates the rule (exit of
    a stay, entry of a visit); a dated row never holds without it. Both flags are null without any code.
    """
    plain = F.transform(F.array_compact(codes), lambda one: F.upper(F.regexp_replace(one, "[. ]", "")))
    meant = [one for one in covid_codes(circuit) if one.covid]
    covid = among(plain, day, meant)
    confirmed = among(plain, day, [one for one in meant if one.confirmed])
    told = F.size(plain) > 0
    return F.struct(F.when(told, covid).alias("covid"), F.when(told, confirmed).alias("confirmed"))


def among(plain: Column, day: Column, rows: list[CovidCode]) -> Column:
    """Whether any of some rows holds: one comparison for each span of days."""
    spans: dict[tuple[str, str], list[str]] = {}
    for one in rows:
        spans.setdefault((one.start, one.end), []).append(one.code)
    found = []
    for (start, end), listed in spans.items():
        hit = F.arrays_overlap(plain, F.array(*map(F.lit, sorted(listed))))
        after = F.lit(True) if not start else day >= F.lit(start).cast("date")
        before = F.lit(True) if not end else day <= F.lit(end).cast("date")
        found.append(F.coalesce(hit & after & before, F.lit(False)))
    return reduce(lambda one, other: one | other, found, F.lit(False))
