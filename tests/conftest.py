"""One Spark session for the whole run, and a fresh synthetic root for each test that asks for one."""

import fcntl
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.session import build_session
from jobs.core.settings import Settings, prepare_root
from jobs.release.publish import current_release
from tests.nights import FIRST, SECOND, Nights, released_bytes, run_night, simulate

if not hasattr(sys.modules["__main__"], "__file__"):
    # pyspark's connect modules take a main module without a file for a doctest run and exit; a worker has none.
    sys.modules["__main__"].__file__ = __file__


# Tables of a few rows: generating and compiling code would be a third of the cost. The processes that tests start
# (kills, DAGs) compile as they do in production.
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the file that makes the shared nights; end with the files that only read them."""
    reading = {item.path for item in items if "nights" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: 0 if item.path.stem == "test_two_nights" else 1 + (item.path in reading))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session that every Spark test shares; jobs called in-process find it active and reuse it."""
    root = prepare_root(tmp_path_factory.mktemp("spark"), "synthetic")
    os.environ.setdefault("VEILLEE_CORES", "2")
    session = build_session(root, "tests")
    for name, value in INTERPRETED.items():
        session.conf.set(name, value)
    yield session
    session.stop()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A stamped synthetic root of its own, which VEILLEE_ROOT names for jobs called in-process."""
    prepared = prepare_root(tmp_path / "root", "synthetic")
    monkeypatch.setenv("VEILLEE_ROOT", str(prepared.root))
    return prepared


@pytest.fixture(scope="session")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Nights:
    """The first night, the same night again, and the next night, all with planted mess; made by one worker for all."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    made = shared / "nights.pickle"
    with (shared / "nights.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if not made.exists():
            made.write_bytes(pickle.dumps(make_nights(shared / "nights")))
    found: Nights = pickle.loads(made.read_bytes())
    return found


def make_nights(folder: Path) -> Nights:
    """Run the shared nights in a root below a folder."""
    folder.mkdir()
    settings = prepare_root(folder / "root", "synthetic")
    found = Nights(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        for step, night in (("first", FIRST), ("again", FIRST), ("second", SECOND)):
            if step != "again":
                simulate(night)
            found.codes[step] = run_night(night)
            found.releases[step] = current_release(settings)
            found.bytes[step] = released_bytes(settings)
    return found


@pytest.fixture
def in_root(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The shared root, named by VEILLEE_ROOT. Tests only read it."""
    monkeypatch.setenv("VEILLEE_ROOT", str(nights.settings.root))
    return nights.settings
