"""A key lent to Spark: a file of mode 0400 in memory, for the life of one process."""

import atexit
import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  a tmpfs: nothing of it reaches a disk
NAME = re.compile(r"veillee-(\d+)-.*")


def lend(label: str, content: bytes) -> Path:
    """A file with the key, gone when the process ends; what a killed process left goes when the next one lends."""
    path = folder() / f"{label}.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(content)
        path.chmod(0o400)
    return path


@cache
def folder() -> Path:
    """This process's own folder, mode 0700; in memory wherever there is such a place."""
    base = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    clear(base)
    made = Path(tempfile.mkdtemp(prefix=f"veillee-{os.getpid()}-", dir=base))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def clear(base: Path) -> None:
    """Remove folders of ours whose process is no more."""
    for path in base.glob("veillee-*"):
        match = NAME.fullmatch(path.name)
        if match and path.stat().st_uid == os.geteuid() and not Path(f"/proc/{match[1]}").exists():
            shutil.rmtree(path, ignore_errors=True)
