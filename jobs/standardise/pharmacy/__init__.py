"""Pharmacies: what they dispense, in whichever format they tell it, and what the insurance reimbursed of it."""

from jobs.standardise.context import Context, Standardised
from jobs.standardise.formats import by_format
from jobs.standardise.pharmacy import dcir
from jobs.standardise.pharmacy.b2.rules import WHOLE_FILE_RULES

__all__ = ["REPLAY_WHOLE", "WHOLE_FILE_RULES", "standardise"]
REPLAY_WHOLE = (dcir.FORMAT,)  # a claim is lines of several tables: they are only read again together


def standardise(context: Context) -> Standardised:
    """A night's deliveries; the formats that tell of dispensations fill one table together."""
    from jobs.standardise.pharmacy.dispense import FORMATS, standardise_dispensing

    return by_format(context, {FORMATS: standardise_dispensing, (dcir.FORMAT,): dcir.standardise_deliveries})
