"""Pharmacy extracts: the canonical delimited format in each producer's dialect, to dispensations and claims."""

from jobs.standardise.pharmacy.night import standardise

__all__ = ["standardise"]
