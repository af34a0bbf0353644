"""Hospitals: grouped stay files (RSS) and the identity files that go with them (VID-HOSP)."""

from jobs.standardise.context import Context, Standardised

REPLAY_WHOLE = True  # a stay is several lines of two files: they are only read again together


def standardise(context: Context) -> Standardised:
    """Lines of both files into stays, unit stays, diagnoses, procedures and claims."""
    from jobs.standardise.hospital.assemble import standardise_hospital

    return standardise_hospital(context)
