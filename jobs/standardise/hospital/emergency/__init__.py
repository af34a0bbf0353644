"""Emergency visits: the daily feed of emergency departments (RPU in OSCOUR XML), apart from the PMSI and its stays.

Spark jobs of a night: parse (settled on disk), the touched months twice, the superseded; the driver adds its own.
"""

from typing import Any

from jobs.standardise.context import Context, Standardised
from jobs.standardise.hospital.emergency.rules import WHOLE_FILE_RULES

FORMAT = "rpu-oscour"
TABLES = ("emergency_visit", "emergency_diagnosis", "emergency_procedure")

__all__ = ["FORMAT", "TABLES", "WHOLE_FILE_RULES", "standardise_visits"]


def standardise_visits(context: Context) -> Standardised:
    """A night's OSCOUR deliveries to visits, diagnoses and acts; ``context.deliveries`` are those of FORMAT alone.

    ``scope`` is given by table: ``{table: [(producer, period)]}``. There are no claims: nobody is named in this feed.
    """
    from jobs.standardise.hospital.emergency.night import visits_of_night

    found: Any = visits_of_night(context)
    return Standardised(**found)
