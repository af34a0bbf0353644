"""Pharmacies: what they dispense, in whichever format they tell it."""

from jobs.standardise.context import Context, Standardised
from jobs.standardise.formats import by_format

__all__ = ["WHOLE_FILE_RULES", "standardise"]
WHOLE_FILE_RULES = ("PHA-011", "PHA-012")  # JSON refused as one record, whatever sales it holds


def standardise(context: Context) -> Standardised:
    """A night's deliveries; the formats that tell of dispensations fill one table together."""
    from jobs.standardise.pharmacy.dispense import FORMATS, standardise_dispensing

    return by_format(context, {FORMATS: standardise_dispensing})
