"""Attempt folders and locks: what a job makes before it is sure, and who may make it."""

import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.core.errors import TryAgain
from jobs.core.settings import Settings

_count = itertools.count()


def new_name(stem: str) -> str:
    """A name not used before in this process; it never reaches a result, only an attempt folder."""
    return f"{stem}-{os.getpid()}-{next(_count)}"


@contextmanager
def attempt_folder(settings: Settings) -> Iterator[Path]:
    """A fresh folder below ``work/attempts``, gone at the end. A killed job leaves it; retention removes it."""
    base = settings.work / "attempts"
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="attempt-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def lock(settings: Settings, name: str) -> Iterator[None]:
    """One writer at a time. The kernel frees the lock when its holder dies. Raises TryAgain when it is held."""
    folder = settings.work / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryAgain(f"Another job holds the lock {name!r}; it is freed when that job ends.") from None
        yield
