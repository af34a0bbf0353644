"""The facts of one document, coherent with the stays and sales of the same person."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from synthetic import clinical
from synthetic.clinical import Fact
from synthetic.coding import acts_of
from synthetic.deposit import PARIS
from synthetic.dispensing import dispensations, presentations
from synthetic.documents import (
    DISPENSATION,
    LETTER,
    PRESCRIPTION,
    RAPID_TEST,
    REPORT,
    STAY_REPORT,
    SUMMARY,
    SYNTHESIS,
    VACCINATION,
    VACCINES,
    Document,
    drawn,
)
from synthetic.draws import iso_day, stream
from synthetic.world import World

Facts = dict[str, list[Fact]]


def moment(day: int, seconds: int) -> str:
    """A local moment in Paris as HL7 writes it, with its distance from UTC."""
    local = datetime.fromisoformat(iso_day(day)).replace(tzinfo=PARIS) + timedelta(seconds=seconds)
    return local.strftime("%Y%m%d%H%M%S%z")


def compact(day: int) -> str:
    """A day as YYYYMMDD."""
    return iso_day(day).replace("-", "")


def written_at(document: Document) -> tuple[int, int]:
    """Day and second of the day at which the document was made; never in the hour that clocks repeat."""
    return document.made, 9 * 3600 + drawn(document, 121) % 30_000


def facts_of(world: World, document: Document) -> Facts:
    """Facts by kind (``results``, ``problems`` …), each kind in the order of the document; none of a PDF alone."""
    if document.level == 1:
        return {}
    draw = stream(world.sizes.seed, "results", document.day, document.rank)
    found = MAKERS[document.type_code](world, document, draw)
    return {kind: facts for kind, facts in found.items() if facts}


def laboratory(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """Measured results, some under the limit of what can be measured, taken on the day of entry."""
    return {"results": clinical.results(draw, moment(document.entry, 7 * 3600 + 1800))}


def rapid(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """One rapid test of the pharmacy."""
    return {"results": [clinical.rapid_test(draw, moment(document.made, 9 * 3600))]}


def of_stay(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """What the stay was for and what was done, as the hospital codes it for the PMSI."""
    row = stay_row(world, document)
    codes = dict.fromkeys(code for code in (row.principal, row.related, row.associated) if code)
    start, entry, last = compact(int(row.entry)), int(row.entry), int(row.exit)
    acts = [act for act in acts_of(row.procedures) if act.activity == "1"]
    return {
        "problems": [clinical.problem(code, start) for code in codes],
        "procedures": [clinical.procedure(act.code, compact(min(entry + act.turn, last))) for act in acts],
        "vital_signs": clinical.vital_signs(draw, moment(last, 8 * 3600)),
    }


def stay_row(world: World, document: Document) -> pd.Series:
    """The stay that a letter is about; it ended on the day of the first version."""
    ended = (document.replaces or (document.day, 0))[0]
    stays = world.stays(ended)
    return stays[stays.number == document.stay].iloc[0]


def ticket_lines(world: World, document: Document) -> pd.DataFrame:
    """The lines of the sale that a prescription or dispensation is about."""
    lines = dispensations(world, (document.replaces or (document.day, 0))[0])
    return lines[lines.ticket == document.ticket]


def prescription(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """What was prescribed: the lines that the pharmacy handed out, for four weeks."""
    start, end = compact(document.entry), compact(document.entry + 28)
    boxes = presentations().cip13
    lines = ticket_lines(world, document)
    return {
        "prescriptions": [
            clinical.prescribed(boxes[line.box], int(line.quantity), int(line.box) + document.person, start, end)
            for line in lines.itertuples()
        ]
    }


def dispensation(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """What was handed out, at the moment that the pharmacy's own extract tells."""
    boxes = presentations().cip13
    return {
        "dispensations": [
            clinical.handed(boxes[line.box], int(line.quantity), int(line.box), moment(int(line.day), int(line.second)))
            for line in ticket_lines(world, document).itertuples()
        ]
    }


def vaccination(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """One injection today, or seldom the note that it was refused."""
    vaccine = clinical.vaccines()[drawn(document, 123) % 2]
    at = moment(document.made, 9 * 3600)
    return {"vaccinations": [clinical.vaccination(vaccine, 1, at, refused=drawn(document, 124) % 12 == 0)]}


def history(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """All injections of the person so far."""
    born = int(world.people.birth[document.person])
    doses = clinical.past_doses(document.person, born, document.made)
    return {"vaccinations": [clinical.vaccination(vaccine, dose, compact(day)) for vaccine, dose, day in doses]}


def summary(world: World, document: Document, draw: np.random.Generator) -> Facts:
    """What a general practitioner knows: long illnesses, one that is over, allergies, treatments, acts, measures."""
    born, made = int(world.people.birth[document.person]), document.made
    known = clinical.chronic(document.person, born, made)
    problems = [
        clinical.problem(code, compact(day), severity=clinical.MODERATE if n else "")
        for n, (code, day) in enumerate(known)
    ]
    since = min(max(born + 365 * 10, clinical.MILLENNIUM), made)
    past = compact(since)
    over = [clinical.problem("J459", past[:6], kind="history", end=compact(since + 730)[:4])] if known else []
    boxes, at = presentations().cip13, moment(made, 9 * 3600)
    treatments = [
        clinical.prescribed(boxes[(document.person * 7 + 37 * n) % len(boxes)], 1, document.person + n, past, "")
        for n, _ in enumerate(known)
    ]
    return {
        "problems": problems + over,
        "allergies": clinical.allergies(document.person, past[:4]),
        "treatments": [{name: value for name, value in one.items() if value} for one in treatments],
        "procedures": [clinical.procedure("DEQP003", compact(made - 30))] if known else [],
        "vital_signs": clinical.vital_signs(draw, at),
        "results": clinical.results(draw, at),
        **(history(world, document, draw) if document.type_code == SUMMARY else {}),
    }


MAKERS: dict[str, Callable[[World, Document, np.random.Generator], Facts]] = {
    LETTER: of_stay,
    STAY_REPORT: of_stay,
    REPORT: laboratory,
    RAPID_TEST: rapid,
    PRESCRIPTION: prescription,
    DISPENSATION: dispensation,
    VACCINATION: vaccination,
    VACCINES: history,
    SYNTHESIS: summary,
    SUMMARY: summary,
}
