"""Which night a command means when nobody says."""

import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jobs.core.nights import decisions
from jobs.core.settings import Settings, load_settings

PRODUCERS_TIME = ZoneInfo("Europe/Paris")


def next_night(settings: Settings) -> str:
    """The night after the last decided one, else today where the producers are."""
    decided = max(decisions(settings), default=None)
    if decided:
        return (date.fromisoformat(decided) + timedelta(days=1)).isoformat()
    return datetime.now(PRODUCERS_TIME).date().isoformat()


def last_night(settings: Settings) -> str | None:
    """The last decided night, None in a root that has none."""
    return max(decisions(settings), default=None)


if __name__ == "__main__":
    night = last_night(load_settings())
    if night is None:
        sys.exit("No night is decided yet in this root.")
    print(night)
