"""Hospitals: stays, identities, drugs and units of the PMSI."""

from jobs.standardise.context import Context, Standardised

REPLAY_WHOLE = True  # a stay is several lines of several files: they are only read again together


def standardise(context: Context) -> Standardised:
    """Lines of all files into stays, unit stays, diagnoses, procedures, drugs, units and claims."""
    from jobs.standardise.hospital.assemble import standardise_transmissions

    return standardise_transmissions(context)
