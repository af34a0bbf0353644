"""Key files: made on first use, readable by their owner only, never on a command line, in a plan or in a log."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.settings import Settings

NAMES = ("collector", "centre", "index", "rights")
BYTES = 32


def key_path(settings: Settings, name: str, version: int = 1) -> Path:
    """The file of a key; the version is part of every pseudonym made with it."""
    if name not in NAMES:
        raise ConfigError(f"There is no key {name!r}; the keys are {', '.join(NAMES)}.")
    return settings.keys / f"{name}.v{version}.key"


def current_version(settings: Settings, name: str) -> int:
    """The newest version of a key; 1 before it is made."""
    found = [re.fullmatch(rf"{name}\.v(\d+)\.key", path.name) for path in settings.keys.glob(f"{name}.v*.key")]
    return max((int(match[1]) for match in found if match), default=1)


def ensure_key(settings: Settings, name: str, version: int = 1) -> Path:
    """Make the key on first use: 32 random bytes, mode 0400, complete or not there at all."""
    path = key_path(settings, name, version)
    if path.exists():
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path.name} can be read by others; its mode must be 0400.")
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(secrets.token_bytes(BYTES))
    draft.chmod(0o400)
    try:
        os.link(draft, path)  # link, not rename: of two first users one wins, and both then read the same key
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path


def key_bytes(settings: Settings, name: str, version: int = 1) -> bytes:
    """The key itself, for code that runs outside Spark."""
    return ensure_key(settings, name, version).read_bytes()


def key_table(spark: SparkSession, settings: Settings, name: str, version: int = 1) -> DataFrame:
    """The key as a one-row table with one binary column ``key``.

    A literal key shows in explain, event log and SQL page; a table read from a file shows only the file's name.
    """
    path = ensure_key(settings, name, version)
    return spark.read.format("binaryFile").load(str(path)).select(F.col("content").alias("key"))


def check_value(settings: Settings, name: str, version: int = 1) -> str:
    """16 hexadecimal characters that tell one key from another and nothing about either."""
    return hmac.new(key_bytes(settings, name, version), b"key check", hashlib.sha256).hexdigest()[:16]


def require_same_key(settings: Settings, name: str, expected: str | None, version: int = 1) -> None:
    """Raise ConfigError when the key is not the one that an earlier night worked with (``expected``, if there was one).

    Another key would silently give every person another identity; a lost one must come back from the backup.
    """
    if expected is None:
        return
    path = key_path(settings, name, version)
    if not path.exists():
        raise ConfigError(f"{path.name} is missing although earlier nights used it: restore it from the backup.")
    if check_value(settings, name, version) != expected:
        raise ConfigError(f"{path.name} is not the key that earlier nights used: restore that one from the backup.")
