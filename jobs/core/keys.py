"""Key files: made on first use, readable by their owner only, never on a command line, in a plan or in a log."""

import os
import secrets
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.settings import Settings

NAMES = ("collector", "centre", "index")
BYTES = 32


def key_path(settings: Settings, name: str, version: int = 1) -> Path:
    """The file of a key; the version is part of every pseudonym made with it."""
    if name not in NAMES:
        raise ConfigError(f"There is no key {name!r}; the keys are {', '.join(NAMES)}.")
    return settings.keys / f"{name}.v{version}.key"


def ensure_key(settings: Settings, name: str) -> Path:
    """Make the key on first use: 32 random bytes, mode 0400, complete or not there at all."""
    path = key_path(settings, name)
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


def key_bytes(settings: Settings, name: str) -> bytes:
    """The key itself, for code that runs outside Spark."""
    return ensure_key(settings, name).read_bytes()


def key_table(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """The key as a one-row table with one binary column ``key``.

    A literal key shows in explain, event log and SQL page; a table read from a file shows only the file's name.
    """
    path = ensure_key(settings, name)
    return spark.read.format("binaryFile").load(str(path)).select(F.col("content").alias("key"))
