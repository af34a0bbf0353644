"""The erasure of a person from every zone, in the order in which a kill leaves the least behind unfound.

What tells whose a record is goes last: raw, quarantine and releases are found through the standard zone, the standard
zone through the crosswalk and claims.
"""

from pyspark.sql import SparkSession

from jobs.core.settings import Settings
from jobs.core.snapshot import Pool
from jobs.rights.certificate import Told
from jobs.rights.cut import Columns, Marks, Values
from jobs.rights.numbers import numbers_known
from jobs.rights.publication import unpublish
from jobs.rights.register import Entry
from jobs.rights.zones import Removed, by_marks, clear_zone, standard_pools

NUMBERS = ("own_nir", "holder_nir", "ins", "number")


def erase(spark: SparkSession, settings: Settings, entry: Entry) -> Told:
    """Take a person out of every zone; doing it again finds what is left or came since."""
    published, releases = unpublish(settings, entry)
    told = Told({"published": published}, releases)
    told.zones["standard"] = clear_standard(settings, entry)
    told.zones["identity"] = clear_identity(settings, entry)
    told.zones["crosswalk"] = clear_zone(
        settings, "crosswalk", [Pool(settings.crosswalk / "pool")], by_marks(Marks({("subject_id",): entry.subjects}))
    )
    return told


def clear_standard(settings: Settings, entry: Entry) -> Removed:
    """Care rows of all subjects; a child's row no longer names the mother's stay."""
    rows: dict[Columns, Values] = {("subject_id",): entry.subjects, ("stay_id",): entry.stays}
    marks = Marks(rows, {"mother_stay_id": entry.stays})
    return clear_zone(settings, "standard", standard_pools(settings), by_marks(marks))


def clear_identity(settings: Settings, entry: Entry) -> Removed:
    """Claims, person and links; somebody else's claims no longer state the person's number or subject.

    States of the standard zone name claim files too.
    """
    pool = Pool(settings.identity / "pool")
    rows: dict[Columns, Values] = {("subject_id",): entry.subjects, ("person_id",): entry.persons}
    numbers = numbers_known(settings, pool, NUMBERS, entry.numbers)
    marks = Marks(rows, {"mother_subject_id": entry.subjects} | dict.fromkeys(NUMBERS, numbers))
    return clear_zone(settings, "identity", [pool], by_marks(marks), "standard")
