"""A delivery of documents, nearly all of them spoilt in their turn, and what is foreseen of each record."""

from collections import defaultdict

import pandas as pd

from synthetic.draws import day_number
from synthetic.mess import ACCEPTED, Plan
from synthetic.produce import Night, Sent
from synthetic.shared_record import shared_record
from synthetic.stays import Sizes
from synthetic.world import World

NIGHT = "2026-11-22"
START, UNTIL = day_number("2026-11-10"), day_number("2026-11-21")
NEGATED, SILENT = "DOC-205", "DOC-216"
Told = dict[tuple[str, int], tuple[str, str]]


def spoilt_delivery() -> Sent:
    """What the operator of documents and packages deposits in one night."""
    world = World(Sizes(persons=4_000, hospitals=5, pharmacies=10, documents=620), START, UNTIL)
    return shared_record(Night(NIGHT, world, Plan(1, 1.0, ""), START - 1, {}))[0]


def foreseen(mess: pd.DataFrame, truth: pd.DataFrame, facts: pd.DataFrame) -> Told:
    """(file, record) -> outcome, and the rule that refuses it or every warning that is told of it.

    What a document truly says may be worth a warning as well: that something is not so, or nothing at all.
    """
    negated = defaultdict(list)
    for one in facts.itertuples():
        negated[one.unique_id].append(one.negated)
    own = {}
    for one in truth.itertuples():
        said = negated[one.unique_id]
        told = [NEGATED] if "true" in said else [SILENT] if one.level == 3 and not said else []
        own[(one.file, one.record)] = told if one.facts_known else []
    planted = {(one.file, one.record): (one.expected_outcome, one.expected_rule) for one in mess.itertuples()}
    found = {}
    for place in own.keys() | planted.keys():
        outcome, rule = planted.get(place, (ACCEPTED, ""))
        codes = [rule, *(own.get(place, []) if outcome == ACCEPTED else [])]
        found[place] = (outcome, ",".join(sorted({code for code in codes if code})))
    return found
