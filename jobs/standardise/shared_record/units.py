"""Whether a unit is written in UCUM: a grammar over the atoms that clinical results use, as one regular expression."""

import re

from pyspark.sql import Column

PREFIX = "(?:da|[YZEPTGMkhdcmunpfazy])"
METRIC = (
    "m", "s", "g", "rad", "K", "cd", "mol", "A", "eq", "osm", "Pa", "Hz", "N", "J", "W", "V", "L", "l", "U", "kat",
    "Cel", "bar", "cal", "Bq", "Gy", "Sv", "lm", "Ohm", "S", "F", "[IU]", "[iU]", "m[Hg]", "m[H2O]", "B[SPL]",
)  # fmt: skip
OTHER = (
    "%", "[ppth]", "[ppm]", "[ppb]", "[pH]", "min", "h", "d", "wk", "mo", "a", "deg", "'", "''", "[in_i]", "[ft_i]",
    "[in_us]", "[ft_us]", "[yd_i]", "[mi_i]", "[stone_av]", "[gr]", "[foz_us]", "[tsp_us]", "[tbs_us]", "[cup_us]",
    "[lb_av]", "[oz_av]", "[degF]", "[diop]", "[drp]", "[CFU]", "[HPF]", "[LPF]", "[arb'U]", "[APL'U]", "[GPL'U]",
    "[MPL'U]", "[beth'U]", "[todd'U]", "[ELU]", "[EU]", "[Amb'a'1'U]", "[k'U]", "[knk'U]", "[mclg'U]", "[tb'U]",
    "[CCID_50]", "[TCID_50]", "[PFU]", "[FFU]", "[D'ag'U]", "[Lf]", "[Ch]", "[S]", "[MET]",
)  # fmt: skip
ANNOTATION = r"\{[!-z|~]{1,40}\}"
POWER = r"10[*^]-?\d{1,2}"
_atoms = f"(?:{PREFIX}?(?:{'|'.join(map(re.escape, METRIC))})|{'|'.join(map(re.escape, OTHER))})"
_term = f"(?:(?:{POWER}|{_atoms}(?:[+-]?[1-9])?)(?:{ANNOTATION})?|{ANNOTATION}|1)"
UCUM = rf"^(?:/?{_term})(?:[./]{_term})*$"


def is_ucum(unit: Column) -> Column:
    """Whether a unit is UCUM, case counting; null without a unit. A bare number or a code of another system is not."""
    return unit.rlike(UCUM)
