"""One published root that the slow tests share: two nights, run once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.settings import Settings, prepare_root
from jobs.release.publish import current_release
from tests.nights import released_bytes, run_night, simulate

FIRST, SECOND = "2026-11-22", "2026-11-23"


@dataclass
class Nights:
    """What two nights left behind."""

    settings: Settings
    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    releases: dict[str, str | None] = field(default_factory=dict)
    bytes: dict[str, dict[str, bytes]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """The first night, the same night again, and the next night, all with planted mess."""
    settings = prepare_root(tmp_path_factory.mktemp("nights") / "root", "synthetic")
    found = Nights(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        for step, night in (("first", FIRST), ("again", FIRST), ("second", SECOND)):
            if step != "again":
                simulate(night)
            found.codes[step] = run_night(night)
            found.releases[step] = current_release(settings)
            found.bytes[step] = released_bytes(settings)
    yield found


@pytest.fixture
def in_root(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The shared root, named by VEILLEE_ROOT. Tests only read it."""
    monkeypatch.setenv("VEILLEE_ROOT", str(nights.settings.root))
    return nights.settings


def chromium() -> Path:
    """Debian's Chromium, which the set-up of the tests installs."""
    return Path(os.environ.get("VEILLEE_CHROMIUM", "/usr/bin/chromium"))
