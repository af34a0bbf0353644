"""Run one job as a process group of its own: relay what it says, take it down with everything it started."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO

from common.settings import REPOSITORY

GRACE_SECONDS = 10.0
SIGNALLED_ON_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG in <sys/prctl.h>
_LIBC = ctypes.CDLL(None)


def launcher() -> list[str]:
    """What starts a job: this interpreter's ``-m``, or the site's own command in VEILLEE_JOB_COMMAND."""
    own = os.environ.get("VEILLEE_JOB_COMMAND")
    return own.split() if own else [sys.executable, "-m"]


def job_environment(cores: int) -> dict[str, str]:
    """The job's environment: ours without Airflow's settings, which are none of its business."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    return {**kept, "PYTHONUNBUFFERED": "1", "VEILLEE_CORES": os.environ.get("VEILLEE_CORES", str(cores))}


class JobProcess:
    """A running job. ``wait`` returns exit code and last line of stderr; ``kill`` may come any time."""

    def __init__(self, command: list[str], environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.say = say
        self.last_error = ""
        self.process = subprocess.Popen(  # noqa: S603  the command is ours: interpreter, module, night, source
            command,
            cwd=REPOSITORY,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    def wait(self) -> tuple[int, str]:
        """Relay line by line until the job ends."""
        readers = [
            threading.Thread(target=self._relay, args=(stream, is_error), daemon=True)
            for stream, is_error in ((self.process.stdout, False), (self.process.stderr, True))
        ]
        for reader in readers:
            reader.start()
        code = self.process.wait()
        for reader in readers:
            reader.join(timeout=GRACE_SECONDS)
        return code, self.last_error

    def kill(self) -> None:
        """Ask the whole group to end, then make it."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def _relay(self, stream: IO[str], is_error: bool) -> None:
        with stream:
            for line in stream:
                text = line.rstrip()
                self.say(text)
                if is_error and text:
                    self.last_error = text


def _die_with_parent() -> None:
    _LIBC.prctl(SIGNALLED_ON_DEATH_OF_PARENT, signal.SIGTERM)
