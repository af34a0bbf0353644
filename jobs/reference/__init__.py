"""Code lists: those in ``schemas/codes`` and the dated ones that a loader wrote below the root."""

from jobs.reference.lists import codes, labels, loaded_lists
from jobs.reference.tables import table

__all__ = ["codes", "labels", "loaded_lists", "table"]
