"""``kill -9`` of a job in every stage, then the stage again: the release is that of a night nobody disturbed.

The night is one of pharmacies alone: what is told here is the mechanism of the stages, not the parsers.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.nights import decision_path
from jobs.core.settings import REPOSITORY, Settings, prepare_root
from jobs.release.publish import current_release
from tests.nights import SOURCE_STAGES, SOURCES, command, released_bytes, same_beginning

NIGHT, SOURCE = "2026-11-22", "pharmacy"
SIZES = ("--persons", "300", "--hospitals", "1", "--pharmacies", "3", "--documents", "9", "--mess", "0.05")
NATIONAL = ("link", "pseudonymise", "assemble", "gate", "release")
PATIENCE = 90.0  # seconds until a job has shown its first trace, on a busy machine
# The zone in which a stage's files appear first, and the pointer that alone makes them count.
POOLS = {
    "pull": "raw/pharmacy",
    "standardise": "standard/pharmacy/pool",
    "check": "work/spark",
    "link": "identity/pool",
    "pseudonymise": "candidate/pool",
    "assemble": "candidate/pool",
    "gate": "work/spark",
}
POINTERS = {
    "pull": f"raw/pharmacy/{NIGHT}/pull.json",
    "standardise": f"standard/pharmacy/{NIGHT}/proposal.json",
    "check": f"standard/pharmacy/{NIGHT}/check.json",
    "close": f"standard/pharmacy/{NIGHT}/state.json",
    "link": f"identity/{NIGHT}/index.json",
    "pseudonymise": f"candidate/{NIGHT}/pseudonymised.json",
    "assemble": f"candidate/{NIGHT}/candidate.json",
    "gate": f"candidate/{NIGHT}/gate.json",
    "release": f"ledger/nights/{NIGHT}.json",
}


@dataclass
class Kill:
    """What a kill met: the return code, whether the pointer was there, and which release readers saw."""

    code: int
    pointed: bytes | None
    current: str | None
    orphans: list[int]


@dataclass
class Story:
    """The undisturbed night and the disturbed one."""

    calm: Settings
    disturbed: Settings
    kills: dict[str, list[Kill]] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)


def arguments(stage: str) -> tuple[str, ...]:
    """The command line of a stage."""
    own = ("--source", SOURCE) if stage in SOURCE_STAGES else ()
    return (f"jobs.{stage}", "--night", NIGHT, *own)


def files_below(folder: Path) -> frozenset[str]:
    """Names of the files below a folder that others may be emptying."""
    return frozenset(name for _, _, names in os.walk(folder) for name in names)


def wrote(settings: Settings, stage: str) -> Callable[[], bool]:
    """Whether the stage has visibly begun: a file in its attempt folder, its pool or its scratch that was not there."""
    places = (settings.work / "attempts", settings.root / POOLS[stage])
    before = [files_below(place) for place in places]
    return lambda: any(files_below(place) - old for place, old in zip(places, before, strict=True))


def kill(settings: Settings, stage: str, moment: Callable[[], bool], *, whole_group: bool = True) -> Kill:
    """Start a stage as a process group of its own and kill it at the moment, or at its end when that comes first."""
    environment = os.environ | {"VEILLEE_ROOT": str(settings.root), "VEILLEE_CORES": "2"}
    command_line = [sys.executable, "-m", *arguments(stage)]
    job = subprocess.Popen(
        command_line, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + PATIENCE
    while job.poll() is None and not moment() and time.monotonic() < end:
        time.sleep(0.0005)
    try:
        (os.killpg if whole_group else os.kill)(job.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    code = job.wait()
    pointer = settings.root / POINTERS[stage]
    pointed = pointer.read_bytes() if pointer.is_file() else None
    return Kill(code, pointed, current_release(settings), survivors(job.pid))


def survivors(group: int) -> list[int]:
    """Processes of a group (Java, Python workers) that are still there a moment after their job died; none may be."""
    end = time.monotonic() + 15.0
    while (found := members(group)) and time.monotonic() < end:
        time.sleep(0.05)
    if found:
        os.killpg(group, signal.SIGKILL)
    return found


def members(group: int) -> list[int]:
    """Living processes of a session, zombies left out."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == group and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def release_moments(settings: Settings) -> list[Callable[[], bool]]:
    """Moments of a publication: before anything, first file in the pool, view begun, view there, switched."""
    published = settings.published
    return [
        lambda: bool(files_below(settings.work / "locks")),
        lambda: bool(files_below(published / "pool")),
        lambda: bool(files_below(settings.work / "attempts") & {"release.json"}),
        lambda: any(published.glob(f"{NIGHT}-*")),
        lambda: (published / "current").is_symlink(),
    ]


def run(settings: Settings, story: Story | None = None) -> None:
    """The night in a root, stage by stage; with a story each stage is killed before it is run to its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        for source in SOURCES:
            if source != SOURCE:
                for stage in SOURCE_STAGES:
                    assert command(f"jobs.{stage}", "--night", NIGHT, "--source", source) == 0
        for stage in (*SOURCE_STAGES, *NATIONAL):
            if story:
                story.kills[stage] = disturb(settings, stage)
            assert command(*arguments(stage)) == 0, stage


def disturb(settings: Settings, stage: str) -> list[Kill]:
    """Kill a stage at one moment, the release at several; one of them loses its Python alone, as by the OOM killer."""
    if stage == "release":
        return [kill(settings, stage, moment) for moment in release_moments(settings)]
    if stage == "close":  # it writes one pointer and nothing before
        return [kill(settings, stage, lambda: bool(files_below(settings.work / "locks")))]
    return [kill(settings, stage, wrote(settings, stage), whole_group=stage != "standardise")]


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The same deliveries twice: once in peace, once with a kill in every stage."""
    calm = prepare_root(tmp_path_factory.mktemp("calm") / "root", "synthetic")
    disturbed = prepare_root(tmp_path_factory.mktemp("disturbed") / "root", "synthetic")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(calm.root))
        assert command("synthetic", "--night", NIGHT, *SIZES) == 0
    for source in SOURCES:
        if source != SOURCE:
            shutil.rmtree(calm.landing / source)
    run(calm)
    same_beginning(calm, disturbed.root)
    found = Story(calm, disturbed)
    run(disturbed, found)
    yield found


def test_the_release_is_that_of_an_undisturbed_night(story: Story) -> None:
    assert current_release(story.disturbed) == current_release(story.calm) is not None
    assert released_bytes(story.disturbed) == released_bytes(story.calm)


@pytest.mark.parametrize("stage", [stage for stage in POINTERS if stage not in ("close", "release")])
def test_a_stage_was_killed_while_it_wrote_and_pointed_to_nothing(story: Story, stage: str) -> None:
    (killed,) = story.kills[stage]
    assert killed.code == -signal.SIGKILL, "it ended before it was killed"
    assert killed.pointed is None


@pytest.mark.parametrize("stage", POINTERS)
def test_a_pointer_is_whole_or_absent_whenever_a_job_dies(story: Story, stage: str) -> None:
    whole = (story.disturbed.root / POINTERS[stage]).read_bytes()
    assert all(killed.pointed in (None, whole) for killed in story.kills[stage])


def test_readers_saw_nothing_or_the_whole_release(story: Story) -> None:
    kills = story.kills["release"]
    assert sum(killed.code == -signal.SIGKILL for killed in kills) >= 3, [killed.code for killed in kills]
    assert {killed.current for killed in kills} <= {None, current_release(story.calm)}
    assert kills[0].current is None
    assert decision_path(story.disturbed, NIGHT).read_bytes() == decision_path(story.calm, NIGHT).read_bytes()


def test_no_process_outlives_its_job(story: Story) -> None:
    assert [killed.orphans for kills in story.kills.values() for killed in kills if killed.orphans] == []
