"""Hospitals: stays, identities, drugs and units of the PMSI, and emergency visits."""

from dataclasses import replace

from pyspark.sql import functions as F

from jobs.standardise.context import Context, Standardised
from jobs.standardise.hospital import emergency
from jobs.standardise.hospital.emergency import WHOLE_FILE_RULES

__all__ = ["REPLAY_WHOLE", "WHOLE_FILE_RULES", "standardise"]
REPLAY_WHOLE = True  # a stay is several lines of several files: they are only read again together
PMSI = "pmsi-mco"


def standardise(context: Context) -> Standardised:
    """A night's deliveries of both formats; each fills its own tables."""
    from jobs.standardise.hospital.assemble import standardise_transmissions

    readers = {PMSI: standardise_transmissions, emergency.FORMAT: emergency.standardise_visits}
    own = {name: [one for one in context.deliveries if one.format == name] for name in readers}
    parts = [read(of_format(context, name)) for name, read in readers.items() if own[name]]
    return parts[0] if len(parts) == 1 else joined(parts[0], parts[1])


def of_format(context: Context, name: str) -> Context:
    """The night as if only deliveries of one format had come."""
    own = [one for one in context.deliveries if one.format == name]
    again = any(one.replayed for one in own) and context.replayed is not None
    replayed = context.replayed.where(F.col("format") == name) if again and context.replayed is not None else None
    return replace(context, deliveries=own, replayed=replayed)


def joined(one: Standardised, other: Standardised) -> Standardised:
    """Two formats of a night as one result."""
    return Standardised(
        records=one.records.unionByName(other.records),
        tables=one.tables | other.tables,
        claims=one.claims.unionByName(other.claims),
        scope=one.scope | other.scope,
        events=one.events + other.events,
    )
