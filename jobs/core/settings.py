"""Where things are. One object names every zone; nothing else builds a path from the root."""

import json
import os
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jobs.core.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parents[2]

# Analysts read `published`, stewards read `reports`; every other zone is for the pipeline's own account.
OPEN_ZONES = ("published", "reports")
CLOSED_ZONES = (
    "landing",
    "raw",
    "standard",
    "identity",
    "crosswalk",
    "quarantine",
    "candidate",
    "extracts",
    "ledger",
    "audit",
    "keys",
    "work",
    "rights",
    "truth",
)
KINDS = ("synthetic", "real")


@dataclass(frozen=True)
class Settings:
    """The zones below one root, and the reviewed policy of the repository."""

    root: Path
    repo: Path = REPOSITORY

    def __getattr__(self, name: str) -> Path:
        if name in OPEN_ZONES or name in CLOSED_ZONES:
            return self.root / name
        raise AttributeError(name)

    @cached_property
    def kind(self) -> str:
        """``synthetic`` or ``real``, as stamped when the root was created. Raises ConfigError without a stamp."""
        stamp = self.root / "root.json"
        if not stamp.is_file():
            raise ConfigError(f"{self.root} is not a root of Veillée: it has no root.json. `make night` creates one.")
        return str(json.loads(stamp.read_text())["kind"])

    @cached_property
    def policy(self) -> dict[str, Any]:
        """Thresholds, deadlines, retention and storage: ``config/policy.toml``, or the file VEILLEE_POLICY names."""
        path = Path(os.environ.get("VEILLEE_POLICY", self.repo / "config" / "policy.toml"))
        return tomllib.loads(path.read_text(encoding="utf-8"))

    @property
    def register(self) -> Path:
        """The register of producers; a synthetic root carries its own, written by the simulator."""
        own = self.root / "producers.csv"
        return own if own.is_file() else self.repo / "config" / "producers.csv"


def load_settings() -> Settings:
    """Settings of the root that VEILLEE_ROOT names, by default ``var/`` in the repository."""
    return Settings(root=Path(os.environ.get("VEILLEE_ROOT", REPOSITORY / "var")).resolve())


def prepare_root(root: Path, kind: str) -> Settings:
    """Create the zones with their rights and stamp the root; doing it again changes nothing.

    Raises ConfigError when the root was stamped with the other kind, or holds something else already.
    """
    if kind not in KINDS:
        raise ConfigError(f"A root is {' or '.join(KINDS)}, not {kind!r}.")
    stamp = root / "root.json"
    if stamp.is_file():
        found = json.loads(stamp.read_text())["kind"]
        if found != kind:
            raise ConfigError(f"{root} is stamped {found}; refusing to use it as {kind}.")
    elif (root / "landing").exists():
        raise ConfigError(f"{root} holds a landing but no stamp; refusing to call it {kind}.")
    root.mkdir(parents=True, exist_ok=True)
    for zone in OPEN_ZONES + CLOSED_ZONES:
        folder = root / zone
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755 if zone in OPEN_ZONES else 0o700)
    if not stamp.is_file():
        stamp.write_text(json.dumps({"kind": kind}) + "\n")
    return Settings(root=root.resolve())
