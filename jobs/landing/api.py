"""What the pull asks of a landing, whatever its kind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from jobs.core.errors import ConfigError
from jobs.core.settings import Settings

CHUNK = 1024 * 1024
PRODUCER_NAME = re.compile(r"[A-Za-z0-9-]{1,32}")
DELIVERY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Gone(Exception):
    """A file that was listed is no longer there, or may not be read: the delivery is still arriving."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a delivery lies: ``<source>/<producer>/<delivery_id>``, as the landing names its folders."""

    source: str
    producer: str
    delivery_id: str

    @property
    def safe(self) -> bool:
        """Whether both names are plain. Other names are reported, never opened."""
        return bool(PRODUCER_NAME.fullmatch(self.producer) and DELIVERY_NAME.fullmatch(self.delivery_id))


@dataclass(frozen=True)
class FileInfo:
    """A listed file. ``stamp`` changes when the file is written again; ``regular`` is false for links and devices."""

    bytes: int
    stamp: str
    regular: bool = True


Inventory = dict[Place, dict[str, FileInfo]]


class Landing(Protocol):
    """A place where producers deposit. Both kinds raise TryAgain when it cannot be reached."""

    parallel: int  # files worth fetching at once

    def inventory(self, source: str) -> Inventory:
        """Every delivery of a source with its listed files, in the order of places; no file is opened."""

    def read(self, place: Place, name: str, start: int = 0) -> Iterator[bytes]:
        """A file's bytes from ``start``, in chunks of at most 1 MiB. Raises Gone when it is no longer there."""

    def deposit(self, place: Place, name: str, chunks: Iterator[bytes]) -> None:
        """Write one file of a new delivery, whole or not at all. Raises DataRefused when it exists already."""


def open_landing(settings: Settings) -> Landing:
    """The landing that ``config/policy.toml`` names. Raises ConfigError on an unknown kind."""
    declared = settings.policy["landing"]
    if declared["kind"] == "folder":
        from jobs.landing.folder import FolderLanding

        return FolderLanding(settings.landing)
    if declared["kind"] == "s3":
        from jobs.core.residency import load_storage
        from jobs.landing.s3 import S3Landing  # boto3 takes 0.3 s to import; a folder landing does without

        return S3Landing.from_policy(declared, settings.policy["pull"]["settle_seconds"], load_storage(settings))
    raise ConfigError(f"policy.toml: landing.kind must be folder or s3, not {declared['kind']!r}.")
