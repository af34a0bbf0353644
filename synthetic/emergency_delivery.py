"""A hospital's emergency visits as a delivery of their own: every night the last week again, as far as it is known."""

import numpy as np
import pandas as pd

from synthetic.deposit import Delivery, delivery_id
from synthetic.draws import iso_day
from synthetic.emergency import FILE, OUTCOME, RpuFile, rpu_file
from synthetic.mess import ACCEPTED, DUPLICATE, TWICE, mess_table
from synthetic.nir import finess
from synthetic.produce import OUTCOMES, Night, Sent, first_day

FORMAT, RANK, AGAIN = "rpu-oscour", 50, 7


def emergency(night: Night, rank: int) -> Sent:
    """The visits of the days since the night before and of the week before that; one told alike is a duplicate."""
    since = max(first_day(night) - AGAIN, night.world.start)
    made = rpu_file(night.world, since, night.last, rank, night.plan)
    place = {"source": "hospital", "producer": finess(rank), "delivery_id": delivery_id(night.date, RANK)}
    visits = with_outcomes(made, night.told)
    delivery = Delivery(
        **place, format=FORMAT, night=night.date, first_day=iso_day(since), last_day=iso_day(night.last),
        mode="append", files={FILE: made.content}, records={FILE: made.records},
    )  # fmt: skip
    outcome = dict(zip(visits.record, visits.outcome, strict=True))
    faults = [(FILE, record, code, outcome.get(record, DUPLICATE)) for record, code in made.faults]
    found = visits.outcome.value_counts()
    counts = {"read": made.records} | {name: int(found.get(name, 0)) for name in OUTCOMES}
    counts[DUPLICATE] += made.records - len(visits)
    return Sent(delivery, mess_table(faults, **place), visits.assign(**place, file=FILE), counts, "emergency_visit")


def with_outcomes(made: RpuFile, told: set[str]) -> pd.DataFrame:
    """The visits with ``outcome``; ``accepted`` stays true only for those taken in now."""
    visits = made.truth
    alike = visits.element_sha256.isin(told) | visits.element_sha256.duplicated()
    kept = [OUTCOME.get(code, ACCEPTED) if code != TWICE else ACCEPTED for code in visits.fault]
    outcome = np.where(alike & (np.array(kept) == ACCEPTED), DUPLICATE, kept)
    return visits.assign(outcome=outcome, accepted=outcome == ACCEPTED)
