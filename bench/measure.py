"""What a command costs: CPU and wall seconds of all its processes, and the most memory that they held at once."""

import ctypes
import os
import re
import resource
import subprocess
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)
EVERY = 0.25  # seconds between two looks


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds, and peak memory in bytes; a page that processes share counts once among them (PSS)."""

    cpu: float
    wall: float
    peak: int

    def shown(self) -> dict[str, float]:
        """For a line of JSON."""
        return {"cpu_s": round(self.cpu, 1), "wall_s": round(self.wall, 1), "peak_mb": round(self.peak / 2**20)}


def measured(command: list[str], environment: dict[str, str]) -> tuple[Cost, str]:
    """Run a command to its end; its cost and its standard output. Raises CalledProcessError when it fails.

    Orphans (a JVM outlives the Python that started it) become children of this process and are waited for, so that the
    kernel adds their CPU time to ours. That sum was seen to lack what Spark's Python workers use: so each process is
    also looked at while it lives, and the greater sum of CPU time counts.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    before, started = cpu_of_children(), time.monotonic()
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    watch = Watch()
    watch.start()
    output = process.communicate()[0]
    wall = time.monotonic() - started
    reap()
    watch.stop()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Cost(max(cpu_of_children() - before, watch.cpu), wall, watch.peak), output


def cpu_of_children() -> float:
    """CPU seconds of all descendants that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def reap() -> None:
    """Wait for every process that is left."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


class Watch(threading.Thread):
    """Looks at the memory and CPU time of all descendants until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.ticks: dict[tuple[int, str], int] = {}  # by process and when it started: numbers come again
        self._over = threading.Event()

    @property
    def cpu(self) -> float:
        """CPU seconds that were seen; what a process used after the last look is not among them."""
        return sum(self.ticks.values()) / TICK

    def run(self) -> None:
        """Keep the largest sum of memory seen, and the last CPU time of each process."""
        while not self._over.wait(EVERY):
            found = descendants(os.getpid())
            resident = sum(one.pages for one in found) * PAGE
            if resident > self.peak:  # shared pages count in each here: it is never less than the true sum, and cheap
                self.peak = max(self.peak, sum(map(proportional, found)))
            self.ticks |= {(one.number, one.started): one.ticks for one in found}

    def stop(self) -> None:
        """End the watch."""
        self._over.set()
        self.join()


@dataclass(frozen=True)
class Seen:
    """A process as it was seen: when it started, its own CPU time in ticks, its resident pages."""

    number: int
    started: str
    ticks: int
    pages: int


def proportional(one: Seen) -> int:
    """Bytes of a process, those of a page divided among the processes that share it; of one that has ended, 0."""
    try:
        told = Path(f"/proc/{one.number}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = PSS.search(told)
    return int(found[1]) * 1024 if found else 0


def descendants(root: int) -> list[Seen]:
    """All descendants of a process."""
    children, seen = defaultdict(list), {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        number = int(path.parent.name)
        children[int(fields[1])].append(number)
        seen[number] = Seen(number, fields[19], int(fields[11]) + int(fields[12]), int(fields[21]))
    found, waiting = [], list(children[root])
    while waiting:
        one = waiting.pop()
        found.append(seen[one])
        waiting += children[one]
    return found
