"""Pharmacies: what they dispense, in whichever format they tell it, and what the insurance reimbursed of it."""

from jobs.standardise.context import Context, Standardised
from jobs.standardise.formats import by_format
from jobs.standardise.pharmacy import b2, dcir

__all__ = ["IN_BLOCKS", "REPLAY_WHOLE", "WHOLE_FILE_RULES", "standardise"]
REPLAY_WHOLE = (dcir.FORMAT,)  # a claim is lines of several tables: they are only read again together
IN_BLOCKS = (dcir.FORMAT,)  # formats whose bytes and rows are none of Spark's rows
WHOLE_FILE_RULES = ("PHA-011", "PHA-012", *b2.WHOLE_FILE_RULES)  # a file refused as one record, whatever it holds


def standardise(context: Context) -> Standardised:
    """A night's deliveries; the formats that tell of dispensations fill one table together."""
    from jobs.standardise.pharmacy.dispense import FORMATS, standardise_dispensing

    return by_format(context, {FORMATS: standardise_dispensing, (dcir.FORMAT,): dcir.standardise_deliveries})
