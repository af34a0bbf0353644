"""The few facts a DAG needs: where the repository and the root are, and when things are due."""

import os
import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ("hospital", "pharmacy", "shared_record")
SOURCE_NAMES = {"hospital": "hôpitaux", "pharmacy": "pharmacies", "shared_record": "dossier partagé (DMP)"}

TIMEZONE = "Europe/Paris"

# What [schedule] of config/policy.toml may change.
SCHEDULE = {"sources_at": "02:00", "deadline_at": "06:30", "rights_at": "12:00", "retry_seconds": 60, "stage_hours": 3}


@cache
def policy() -> dict[str, Any]:
    """The reviewed policy: ``config/policy.toml``, or the file that VEILLEE_POLICY names."""
    path = Path(os.environ.get("VEILLEE_POLICY", REPOSITORY / "config" / "policy.toml"))
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def schedule(name: str) -> Any:
    """One entry of ``[schedule]``. Raises KeyError for a name that does not exist."""
    return {**SCHEDULE, **policy().get("schedule", {})}[name]


def schedule_is_on() -> bool:
    """False while `make night` runs single nights by hand: then no clock may start another."""
    return os.environ.get("VEILLEE_SCHEDULE", "on") != "off"


def retry_delay() -> timedelta:
    """How long to wait before what may heal is tried again."""
    return timedelta(seconds=float(os.environ.get("VEILLEE_RETRY_SECONDS", schedule("retry_seconds"))))


def root() -> Path:
    """The root of the zones."""
    return Path(os.environ.get("VEILLEE_ROOT", REPOSITORY / "var")).resolve()
