"""A landing that is a folder: what producers write by SFTP, a share or a copy."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from jobs.core.errors import DataRefused, TryAgain
from jobs.core.snapshot import sync
from jobs.landing.api import CHUNK, FileInfo, Gone, Inventory, Place

Found = TypeVar("Found")


class FolderLanding:
    """Deliveries below ``<root>/<source>/<producer>/<delivery_id>/``. Names that begin with a dot are drafts."""

    parallel = 1

    def __init__(self, root: Path):
        self.root = root

    def folder(self, place: Place) -> Path:
        """The folder of a delivery."""
        return self.root / place.source / place.producer / place.delivery_id

    def inventory(self, source: str) -> Inventory:
        """Every delivery of a source with its files. Raises TryAgain when the landing is not mounted or fails."""
        if not self.root.is_dir():
            raise TryAgain(f"The landing {self.root} is not there; is it mounted?")
        try:
            return dict(sorted(self._walk(source)))
        except OSError as error:
            raise TryAgain(f"The landing {self.root} cannot be listed: {error.strerror}.") from None

    def _walk(self, source: str) -> Iterator[tuple[Place, dict[str, FileInfo]]]:
        base = self.root / source
        if not base.is_dir():
            return
        for producer in folders(base):
            for delivery in tolerant(folders, base / producer) or []:
                place = Place(source, producer, delivery)
                yield place, tolerant(listing, self.folder(place)) or {}

    def read(self, place: Place, name: str, start: int = 0) -> Iterator[bytes]:
        """A file's bytes. A link is not followed, whatever it points to."""
        try:
            descriptor = os.open(self.folder(place) / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            raise Gone from None
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            stream.seek(start)
            while chunk := self._chunk(stream.fileno()):
                yield chunk

    def _chunk(self, descriptor: int) -> bytes:
        try:
            return os.read(descriptor, CHUNK)
        except OSError as error:
            raise TryAgain(f"The landing {self.root} cannot be read: {error.strerror}.") from None

    def deposit(self, place: Place, name: str, chunks: Iterator[bytes]) -> None:
        """Write a file beside its final name, then move it: a reader never meets half of it."""
        target = self.folder(place) / name
        if target.exists():
            raise DataRefused("The delivery holds this file already; a delivery is never changed. Use a new id.")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{name}.{os.getpid()}")
        with draft.open("wb") as stream:
            stream.writelines(chunks)
        sync(draft)
        draft.replace(target)


def tolerant(look: Callable[[Path], Found], folder: Path) -> Found | None:
    """What ``look`` finds, or None: one producer's wrong rights or a folder just moved must not stop the others."""
    try:
        return look(folder)
    except (PermissionError, FileNotFoundError):
        return None


def folders(base: Path) -> list[str]:
    """Names of the folders in a folder, drafts left out; links are not folders."""
    with os.scandir(base) as entries:
        return sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False))


def listing(folder: Path) -> dict[str, FileInfo]:
    """Files of a delivery's folder; drafts and subfolders left out."""
    found: dict[str, FileInfo] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda item: item.name):
            if entry.name.startswith(".") or entry.is_dir(follow_symlinks=False):
                continue
            status = entry.stat(follow_symlinks=False)
            stamp = f"{status.st_size}.{status.st_mtime_ns}"
            found[entry.name] = FileInfo(status.st_size, stamp, stat.S_ISREG(status.st_mode))
    return found
