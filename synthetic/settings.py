"""What a root was simulated with: fixed by the first night, kept in ``truth/simulation.json``."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from jobs.core.errors import ConfigError
from synthetic.deposit import write_last
from synthetic.draws import day_number, iso_day
from synthetic.stays import Sizes

DAYS_BEFORE = 30


@dataclass(frozen=True)
class Simulation:
    """Sizes and first day of one simulated world."""

    sizes: Sizes
    start: str
    mess: float


def establish(truth: Path, wanted: Simulation) -> Simulation:
    """The simulation of this root: the recorded one, or ``wanted``, which is then recorded.

    Raises ConfigError when the root was begun with other sizes: its nights would not fit together.
    """
    record = truth / "simulation.json"
    if record.is_file():
        known = json.loads(record.read_text(encoding="utf-8"))
        found = Simulation(Sizes(**known["sizes"]), known["start"], known["mess"])
        if (found.sizes, found.mess) != (wanted.sizes, wanted.mess):
            raise ConfigError("This root was simulated with other sizes; take them again or begin a new root.")
        return found
    truth.mkdir(parents=True, exist_ok=True)
    write_last(record, {"sizes": asdict(wanted.sizes), "start": wanted.start, "mess": wanted.mess})
    return wanted


def default_start(night: str) -> str:
    """First simulated day when none was given: thirty days before the first night."""
    return iso_day(day_number(night) - DAYS_BEFORE)


def previous_night(truth: Path, night: str) -> str | None:
    """The newest night simulated before this one."""
    nights = sorted(p.name for p in truth.iterdir() if p.is_dir() and p.name < night) if truth.is_dir() else []
    return nights[-1] if nights else None
