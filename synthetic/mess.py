"""Planting mess: which record gets which fault. What each fault does to the bytes is in the ``mess_*`` modules."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthetic.draws import Ints, scatter

ACCEPTED, DUPLICATE, QUARANTINED, IGNORED = "accepted", "duplicate", "quarantined", "ignored"
TWICE = "TWICE"


@dataclass(frozen=True)
class Fault:
    """A kind of mess: its code (a rule's, or a word of our own in capitals) and the outcome that intake must give."""

    code: str
    outcome: str


@dataclass(frozen=True)
class Plan:
    """The share of records that get a fault, and the one fault to use if not all of them."""

    seed: int
    share: float
    only: str = ""

    def choose(self, places: Ints, salt: int, faults: tuple[Fault, ...]) -> "np.ndarray":
        """A fault's code for each record, mostly none (empty); a record keeps its fault in every transmission."""
        usable = [f.code for f in faults if self.only in ("", f.code)]
        codes = np.full(len(places), "", dtype=object)
        if usable:
            drawn = scatter(places, salt + 1009 * self.seed)
            hit = np.flatnonzero(drawn % 100_000 < round(self.share * 100_000))
            codes[hit] = np.array(usable, dtype=object)[scatter(places[hit], salt + 17) % len(usable)]
        return codes


MESS_COLUMNS = ("source", "producer", "delivery_id", "file", "record", "code", "expected_outcome", "expected_rule")


def mess_table(rows: list[tuple[str, int, str, str]], source: str, producer: str, delivery_id: str) -> pd.DataFrame:
    """Planted faults of one delivery from (file, record, code, outcome); the code of a refused one is its rule."""
    table = pd.DataFrame(rows, columns=["file", "record", "code", "expected_outcome"])
    table["expected_rule"] = table["code"].where(table.expected_outcome == QUARANTINED, "")
    return table.assign(source=source, producer=producer, delivery_id=delivery_id)[list(MESS_COLUMNS)]


def with_rules(table: pd.DataFrame, rules: list[str]) -> pd.DataFrame:
    """Planted faults whose codes are not rules, each with the rule that must judge it (none, or what tells of it)."""
    return table.assign(expected_rule=pd.Series(rules, index=table.index, dtype=object))
