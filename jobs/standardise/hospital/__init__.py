"""Hospitals: stays, identities, drugs and units of the PMSI, and emergency visits."""

from jobs.standardise.context import Context, Standardised
from jobs.standardise.formats import by_format
from jobs.standardise.hospital import emergency
from jobs.standardise.hospital.emergency import WHOLE_FILE_RULES

__all__ = ["REPLAY_WHOLE", "WHOLE_FILE_RULES", "standardise"]
REPLAY_WHOLE = True  # a stay is several lines of several files: they are only read again together
PMSI = "pmsi-mco"


def standardise(context: Context) -> Standardised:
    """A night's deliveries of both formats; each fills its own tables."""
    from jobs.standardise.hospital.assemble import standardise_transmissions

    return by_format(context, {(PMSI,): standardise_transmissions, (emergency.FORMAT,): emergency.standardise_visits})
