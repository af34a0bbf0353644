"""What a root was simulated with: fixed by the first night, kept in ``truth/simulation.json``."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from jobs.core.errors import ConfigError
from synthetic.cast import Pace
from synthetic.deposit import write_last
from synthetic.draws import day_number, iso_day
from synthetic.stays import Sizes

DAYS_BEFORE = 30
MESS = 0.03
PERSONS_AN_EVENT = 4_000  # for each kind of life event, and day


@dataclass(frozen=True)
class Simulation:
    """Sizes, first day and life events of one simulated world."""

    sizes: Sizes
    start: str
    mess: float
    pace: Pace = field(default_factory=Pace)


def establish(truth: Path, night: str, given: dict[str, object]) -> Simulation:
    """The simulation of this root: the recorded one, or a new one of the ``given`` values, which is then recorded.

    Raises ConfigError when the root was begun with other values: its nights would not fit together.
    """
    record = truth / "simulation.json"
    if record.is_file():
        known = json.loads(record.read_text(encoding="utf-8"))
        differing = sorted(name for name, value in given.items() if known[name] != value)
        if differing:
            raise ConfigError(
                f"This root was begun with another {', '.join(differing)}; leave it out or begin a new root."
            )
    else:
        known = asdict(Sizes()) | {"mess": MESS, "start": iso_day(day_number(night) - DAYS_BEFORE)} | given
        known |= {"life": given.get("life", known["persons"] // PERSONS_AN_EVENT), "begun": night}
        truth.mkdir(parents=True, exist_ok=True)
        write_last(record, known)
    sizes = Sizes(**{one.name: known[one.name] for one in fields(Sizes)})
    pace = Pace(int(known.get("life", 0)), day_number(known.get("begun", night)))  # an older root has no events
    return Simulation(sizes, str(known["start"]), float(known["mess"]), pace)


def previous_night(truth: Path, night: str) -> str | None:
    """The newest night simulated before this one."""
    nights = sorted(p.name for p in truth.iterdir() if p.is_dir() and p.name < night) if truth.is_dir() else []
    return nights[-1] if nights else None
