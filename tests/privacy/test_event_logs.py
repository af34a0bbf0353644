"""What Spark writes of itself while identities and keys pass through: event logs, its scratch, and what jobs say."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.core.keys import NAMES, key_bytes
from jobs.core.settings import Settings
from ops.leaks import common_words, texts_of
from ops.needles import Needles, claimed_needles
from tests.nights import SECOND, Nights
from tests.privacy.attacks import key_in_files


@pytest.fixture(scope="module")
def told(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with event logs and output of two stages run again in a copy of the root: one ends well, one fails."""
    folder = tmp_path_factory.mktemp("told")
    root = folder / "root"
    shutil.copytree(nights.settings.root, root, copy_function=os.link, symlinks=True)
    said = folder / "said"
    (said / "events").mkdir(parents=True)
    assert run(root, said, "link") == 0
    for path in (root / "crosswalk" / "pool").rglob("*.parquet"):
        path.unlink()  # a lost file: the stage fails while keys and subjects are in its hands
    assert run(root, said, "pseudonymise") != 0
    return said


def run(root: Path, said: Path, stage: str) -> int:
    """Run a stage as the scheduler does, with Spark's event log on; everything it says lies in ``said``."""
    conf = {"enabled": "true", "compress": "false", "dir": f"file://{said / 'events'}"}
    events = " ".join(f"--conf spark.eventLog.{name}={value}" for name, value in conf.items())
    environment = os.environ | {"VEILLEE_ROOT": str(root), "PYSPARK_SUBMIT_ARGS": f"{events} pyspark-shell"}
    command = [sys.executable, "-m", f"jobs.{stage}", "--night", SECOND]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, cwd=Path(__file__).parents[2])
    (said / f"{stage}.out").write_bytes(done.stdout + done.stderr)
    return done.returncode


def keys(settings: Settings) -> dict[str, bytes]:
    return {name: key_bytes(settings, name) for name in NAMES if (settings.keys / f"{name}.v1.key").is_file()}


def test_neither_success_nor_failure_leaves_a_key(told: Path, nights: Nights) -> None:
    logs = [path for path in (told / "events").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in logs) > 100_000
    assert key_in_files(told, keys(nights.settings)) == []


def test_neither_success_nor_failure_leaves_an_identity(told: Path, nights: Nights) -> None:
    needles = claimed_needles(nights.settings, common_words())
    needles.names.clear()  # names of persons are also names of Java classes; numbers and birth dates are not
    assert len(needles.numbers) > 100
    assert list(found(told, needles)) == []


def found(folder: Path, needles: Needles) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for place, text in texts_of(path):
                yield from (f"{path.name}: {place}: {kind}" for kind in needles.found_in(text))


def test_a_literal_key_would_lie_in_the_event_log(tmp_path: Path) -> None:
    """The search can fail: a key given as a literal is written out by Spark itself."""
    key = bytes(range(32))
    script = (
        "from pyspark.sql import SparkSession, functions as F\n"
        "spark = SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false')\n"
        "spark = spark.config('spark.eventLog.compress', 'false')\n"
        f"spark = spark.config('spark.eventLog.enabled', 'true').config('spark.eventLog.dir', 'file://{tmp_path}')\n"
        "spark = spark.getOrCreate()\n"
        "made = F.call_function('hmac', F.lit(bytes(range(32))), F.lit(b'm'), F.lit('SHA256'))\n"
        "spark.range(1).select(made).collect()\n"
        "spark.stop()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert key_in_files(tmp_path, {"centre": key}) != []
