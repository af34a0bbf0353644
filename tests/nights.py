"""Running the stages of a night in this process, as their command lines, on the tests' own Spark session."""

import os
import runpy
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobs.core.cli import SOURCES
from jobs.core.settings import Settings

FIRST, SECOND = "2026-11-22", "2026-11-23"
SOURCE_STAGES = ("pull", "standardise", "check", "close")
NATIONAL_STAGES = ("link", "pseudonymise", "assemble", "gate", "release", "report")
SMALL = (
    "--persons",
    "400",
    "--hospitals",
    "3",
    "--pharmacies",
    "10",
    "--documents",
    "150",
    "--mess",
    "0.05",
    "--seed",
    "7",
)


def command(module: str, *arguments: str) -> int:
    """Exit code of ``python -m module arguments``, run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module, *arguments])
        for name in (f"{module}.__main__", module):  # another test may have imported it
            if not hasattr(sys.modules.get(name), "__path__"):
                patch.delitem(sys.modules, name, raising=False)
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=False)
        except SystemExit as stopped:
            return stopped.code if isinstance(stopped.code, int) else 0 if stopped.code is None else 1
    return 0


def simulate(night: str, *more: str) -> None:
    """Let the producers deposit a small night."""
    assert command("synthetic", "--night", night, *SMALL, *more) == 0


def run_source(night: str, source: str, stages: tuple[str, ...] = SOURCE_STAGES) -> dict[str, int]:
    """Exit codes of a source's stages."""
    return {stage: command(f"jobs.{stage}", "--night", night, "--source", source) for stage in stages}


def run_national(night: str) -> dict[str, int]:
    """Exit codes of the national stages; like the DAG it stops at the first failure but always reports."""
    codes: dict[str, int] = {}
    for stage in NATIONAL_STAGES:
        if stage == "report" or not any(codes.values()):
            codes[stage] = command(f"jobs.{stage}", "--night", night)
    return codes


def run_night(night: str) -> dict[str, int]:
    """Every stage of a night; exit codes by ``stage source``."""
    codes = {f"{stage} {source}": code for source in SOURCES for stage, code in run_source(night, source).items()}
    return codes | run_national(night)


def released_bytes(settings: Settings) -> dict[str, bytes]:
    """Every file of the current release by its path below the release."""
    view = (settings.published / "current").resolve()
    return {str(path.relative_to(view)): path.read_bytes() for path in sorted(view.rglob("*")) if path.is_file()}


def same_beginning(source: Settings, target: Path) -> None:
    """Give another root the same deliveries, keys, register and truth, and nothing that was made from them."""
    for name in ("root.json", "producers.csv"):
        shutil.copy2(source.root / name, target / name)
    for zone in ("landing", "keys", "truth"):
        shutil.copytree(source.root / zone, target / zone, dirs_exist_ok=True)


@dataclass
class Nights:
    """What two nights left behind."""

    settings: Settings
    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    releases: dict[str, str | None] = field(default_factory=dict)
    bytes: dict[str, dict[str, bytes]] = field(default_factory=dict)


def chromium() -> Path:
    """Debian's Chromium, which the set-up of the tests installs."""
    return Path(os.environ.get("VEILLEE_CHROMIUM", "/usr/bin/chromium"))
