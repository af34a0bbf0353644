"""Controls on how a patient entered and left: the published matrix of modes with origins and destinations."""

from dataclasses import dataclass
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.core.settings import REPOSITORY
from jobs.standardise.hospital.controls.facts import first_unit, last_unit
from jobs.standardise.hospital.controls.model import Control, blocking
from jobs.standardise.layouts import read_csv

MATRIX = REPOSITORY / "schemas" / "controls" / "entry_exit_combinations.csv"
IF_SERVICE = "ok if both ends are 0"  # the whole stay is a service for another hospital


@dataclass(frozen=True)
class Pairs:
    """Mode and place (two characters, the second may be blank): allowed at all, refused where, only for a service."""

    allowed: tuple[str, ...]
    not_at_ends: tuple[str, ...]
    not_inside: tuple[str, ...]
    of_service: tuple[str, ...]


@cache
def pairs(side: str) -> Pairs:
    """The matrix of ``entry`` or ``exit``."""
    rows = {row["mode"] + row["origin_or_destination"]: row for row in read_csv(MATRIX) if row["side"] == side}
    return Pairs(
        allowed=tuple(pair for pair, row in rows.items() if row["allowed_alone"] == "ok"),
        not_at_ends=tuple(pair for pair, row in rows.items() if row["on_stay_boundary"] == "error"),
        not_inside=tuple(pair for pair, row in rows.items() if row["inside_stay"] == "error"),
        of_service=tuple(pair for pair, row in rows.items() if row["inside_stay"] == IF_SERVICE),
    )


def mode_controls() -> list[Control]:
    """Modes alone, at both ends of a stay and inside it."""
    entry, exit_ = told("entry_mode", "entry_origin"), told("exit_mode", "exit_destination")
    comes, leaves = pairs("entry"), pairs("exit")
    from_nowhere, to_nowhere = nowhere("entry_mode", "entry_origin"), nowhere("exit_mode", "exit_destination")
    one_end = (F.col("stay_entry_mode") == "0") != (F.col("stay_exit_mode") == "0")
    long_service = (F.col("entry_mode") == "0") & (F.datediff("stay_exit", "stay_entry") > 1)
    return [
        blocking("024", F.col("entry_mode").isNull(), "entry_mode"),
        blocking("025", ~entry.isin(*comes.allowed) & ~from_nowhere, "entry_mode"),
        blocking("026", first_unit() & (entry.isin(*comes.not_at_ends) | one_end), "entry_mode"),
        blocking("027", ~first_unit() & refused_inside(entry, comes), "entry_mode"),
        blocking("033", F.col("exit_mode").isNull(), "exit_mode"),
        blocking("034", ~exit_.isin(*leaves.allowed) & ~to_nowhere, "exit_mode"),
        blocking("035", last_unit() & exit_.isin(*leaves.not_at_ends), "exit_mode"),
        blocking("049", ~last_unit() & refused_inside(exit_, leaves), "exit_mode"),
        blocking("050", long_service, "exit"),
        blocking("053", from_nowhere, "entry_origin"),
        blocking("054", to_nowhere, "exit_destination"),
    ]


def told(mode: str, place: str) -> Column:
    """Mode and place as the matrix writes them; null without a mode."""
    return F.concat(F.col(mode), F.coalesce(place, F.lit(" ")))


def nowhere(mode: str, place: str) -> Column:
    """A transfer whose other end is blank: that is told by its own control rather than as a pair."""
    return F.col(mode).isin("6", "7") & F.col(place).isNull()


def refused_inside(pair: Column, known: Pairs) -> Column:
    """A pair that only the ends of a stay may have, or only a stay that is a service at both ends."""
    service = (F.col("stay_entry_mode") == "0") & (F.col("stay_exit_mode") == "0")
    return pair.isin(*known.not_inside) | (pair.isin(*known.of_service) & ~service)
