"""What a root was simulated with: fixed by the first night, kept in ``truth/simulation.json``."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from jobs.core.errors import ConfigError
from synthetic.deposit import write_last
from synthetic.draws import day_number, iso_day
from synthetic.stays import Sizes

DAYS_BEFORE = 30
MESS = 0.03


@dataclass(frozen=True)
class Simulation:
    """Sizes and first day of one simulated world."""

    sizes: Sizes
    start: str
    mess: float


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
        truth.mkdir(parents=True, exist_ok=True)
        write_last(record, known)
    sizes = Sizes(**{field.name: known[field.name] for field in fields(Sizes)})
    return Simulation(sizes, str(known["start"]), float(known["mess"]))


def previous_night(truth: Path, night: str) -> str | None:
    """The newest night simulated before this one."""
    nights = sorted(p.name for p in truth.iterdir() if p.is_dir() and p.name < night) if truth.is_dir() else []
    return nights[-1] if nights else None
