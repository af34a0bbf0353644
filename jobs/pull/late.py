"""When a delivery is late. It loads all the same, in the first open night; the steward is told."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jobs.core.manifest import Manifest
from jobs.core.register import Producer

PARIS = ZoneInfo("Europe/Paris")


def is_late(manifest: Manifest, night: str, producer: Producer) -> bool:
    """Whether it was produced after the register's due hour of the night, or appends days of an earlier night only.

    A replacement covers a whole year and is never late by what it covers.
    """
    day = date.fromisoformat(night)
    if manifest.mode == "append" and date.fromisoformat(manifest.covers_to) < day - timedelta(days=1):
        return True
    if producer.due_hour is None:
        return False
    due = datetime(day.year, day.month, day.day, producer.due_hour % 24, tzinfo=PARIS)
    return datetime.fromisoformat(manifest.produced_at) > due
