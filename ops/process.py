"""Start processes in groups of their own, remember them, and end them with all they started."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

GRACE_SECONDS = 15.0
ORPHAN_SECONDS = 2.0  # their leader is gone, so they have nothing to hand over
CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


def start(command: list[str], environment: Mapping[str, str], log: Path, folder: Path) -> int:
    """Start a command as leader of a new session, its output in ``log``; returns its pid."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603  the command is ours
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    CHILDREN[child.pid] = child
    return child.pid


def stat_of(pid: int) -> tuple[int, str, str] | None:
    """Parent, state and start time of a process, None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), fields[0], fields[19]


def identity(pid: int) -> str:
    """Pid and start time: the system may give a pid to another process later."""
    found = stat_of(pid)
    return f"{pid}:{found[2]}" if found and found[1] != "Z" else ""


def is_alive(mark: str) -> bool:
    """Does the process that had this identity still run?"""
    return bool(mark) and identity(int(mark.partition(":")[0])) == mark


def with_descendants(marks: Iterable[str]) -> list[str]:
    """The identities and those of every process below them, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := stat_of(int(entry.name))):
            children.setdefault(found[0], []).append(int(entry.name))
    queue = [int(mark.partition(":")[0]) for mark in marks if is_alive(mark)]
    for pid in queue:
        queue.extend(children.get(pid, []))
    return [mark for mark in map(identity, queue) if mark]


def end(marks: Iterable[str]) -> None:
    """Ask the leaders to end, so that they can end their tasks; then ask what is left; then make it end."""
    leaders = list(marks)
    family = with_descendants(leaders)
    _signal([mark for mark in leaders if is_alive(mark)], signal.SIGTERM)
    _wait(leaders, GRACE_SECONDS)
    for number, seconds in ((signal.SIGTERM, ORPHAN_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        family = sorted({*family, *with_descendants(family)})
        _signal([mark for mark in family if is_alive(mark)], number)
        _wait(family, seconds)
    reap()


def _signal(marks: Iterable[str], number: int) -> None:
    for mark in marks:
        try:
            os.kill(int(mark.partition(":")[0]), number)
        except ProcessLookupError:
            pass


def _wait(marks: Iterable[str], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(is_alive(mark) for mark in marks):
        reap()
        time.sleep(0.1)


def reap() -> None:
    """Collect our own dead children, which would otherwise look alive."""
    for pid, child in list(CHILDREN.items()):
        if child.poll() is not None:
            del CHILDREN[pid]


def write_marks(path: Path, content: Mapping[str, object]) -> None:
    """Remember what was started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
