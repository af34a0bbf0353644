"""Deliveries of the health insurance in the shape of DCIR: claims, beneficiaries and long-term illnesses.

They arrive under pseudonyms of their own: nobody in them is linked with anybody of the other sources.
"""

from jobs.standardise.context import Context, Standardised

FORMAT = "dcir"


def standardise_deliveries(context: Context) -> Standardised:
    """A night's deliveries of FORMAT; they fill tables of their own."""
    from jobs.standardise.pharmacy.dcir.night import standardise_claims

    return standardise_claims(context)
