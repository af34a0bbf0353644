"""The interface of a custody, and how it says that a key is not to be had."""

from dataclasses import dataclass
from typing import Protocol

from jobs.core.errors import ConfigError

NAMES = ("collector", "centre", "index", "rights", "projects")
BYTES = 32


@dataclass(frozen=True)
class Key:
    """One version of one key, by name: never the key itself. Raises ConfigError for a name that there is not."""

    name: str
    version: int = 1

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ConfigError(f"There is no key {self.name!r}; the keys are {', '.join(NAMES)}.")

    def __str__(self) -> str:
        return f"{self.name}.v{self.version}"


class Custody(Protocol):
    """What holds keys. Every method raises ConfigError, with a rule code and a remedy, when it cannot do it."""

    def versions(self, name: str) -> list[int]:
        """The versions of a key that are held, ascending."""
        ...

    def make(self, key: Key) -> None:
        """Make 32 random bytes under a name; nothing when they are there."""
        ...

    def working(self, key: Key) -> bytes:
        """32 bytes for the run that asks: HMAC over millions of rows cannot go to a service row by row."""
        ...

    def derived(self, key: Key, info: bytes) -> bytes:
        """32 bytes of HKDF-Expand with SHA-256 (RFC 5869, one block) under the key; the key itself stays."""
        ...

    def destroy(self, key: Key) -> None:
        """Destroy a key for ever; nothing when it is gone."""
        ...


def fault(code: str, what: str, remedy: str) -> ConfigError:
    """The refusal of a key: rule, what is wrong where, what to do. It quotes names and paths, never a key."""
    return ConfigError(f"{code}: {what}: {remedy}.")
