"""The keys as the jobs use them: made on first use, checked against earlier nights, given to Spark as one row."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.audit.log import audit
from jobs.core.custody import NAMES, Key, fault, holder, holders, newest
from jobs.core.custody.files import FileCustody
from jobs.core.custody.lent import lend
from jobs.core.errors import ConfigError
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json

__all__ = ["NAMES", "check_value", "current_version", "ensure_key", "key_bytes", "key_table", "project_key"]

PROJECT = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def current_version(settings: Settings, name: str) -> int:
    """The newest version of a key; 1 before it is made."""
    return newest(settings, name) or 1


def versions(settings: Settings, name: str) -> list[int]:
    """Every version of a key that is held, ascending."""
    return sorted({version for one in holders(settings) for version in one.versions(name)})


def ensure_key(settings: Settings, name: str, version: int = 1) -> Path:
    """Make the key on first use; the file that Spark reads it from: its own, or one lent by the key service.

    Raises ConfigError with a rule ``KEY-…`` for a key that is open to others, damaged, destroyed or out of reach.
    """
    content = key_bytes(settings, name, version)
    custody = holder(settings, Key(name, version))
    if isinstance(custody, FileCustody):
        return custody.path(Key(name, version))
    return lend(f"{name}.v{version}.{hashlib.sha256(content).hexdigest()[:8]}", content)


def key_bytes(settings: Settings, name: str, version: int = 1) -> bytes:
    """The key itself, for code that runs outside Spark. Raises ConfigError as ``ensure_key`` does."""
    key = Key(name, version)
    custody = holder(settings, key)
    if version not in custody.versions(name):
        require_not_destroyed(settings, key)
        custody.make(key)
        audit(settings, "key made", key=str(key))
    content = custody.working(key)
    note_use(settings.root, str(key))
    return content


@cache
def note_use(root: Path, key: str) -> None:
    """One line of the audit for each key that a process opens."""
    audit(Settings(root), "key used", key=key)


def key_table(spark: SparkSession, settings: Settings, name: str, version: int = 1) -> DataFrame:
    """The key as a one-row table with one binary column ``key``.

    A literal key shows in explain, event log and SQL page; of a table that a worker reads from the file they show a
    function's name. Spark's own reader of such files compiles a class, nearly a tenth of what a small night's JVM does.
    """
    path = ensure_key(settings, name, version)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"key": [path.read_bytes()]})

    return spark.range(1, numPartitions=1).mapInArrow(read, "key binary")


def project_key(settings: Settings, project: str, epoch: int) -> bytes:
    """The key of a research project in one epoch: HKDF-SHA-256 under the projects' key, 32 bytes.

    No project's key leads to another's. Raises ConfigError for a name that is none of a project.
    """
    if not PROJECT.fullmatch(project) or epoch < 1:
        raise ConfigError("A project is named by small letters, digits and hyphens, and its epoch counts from 1.")
    key_bytes(settings, "projects", current_version(settings, "projects"))  # makes it on first use
    key = Key("projects", current_version(settings, "projects"))
    return holder(settings, key).derived(key, f"project|{project}|{epoch}".encode())


def check_value(settings: Settings, name: str, version: int = 1) -> str:
    """16 hexadecimal characters that tell one key from another and nothing about either."""
    return hmac.new(key_bytes(settings, name, version), b"key check", hashlib.sha256).hexdigest()[:16]


def require_same_key(settings: Settings, name: str, expected: str | None, version: int = 1) -> None:
    """Raise ConfigError when the key is not the one that an earlier night worked with (``expected``, if there was one).

    Another key would silently give every person another identity; a lost one must come back from the backup.
    """
    if expected is None:
        return
    key = Key(name, version)
    if version not in versions(settings, name):
        raise fault("KEY-002", f"{key} is missing although earlier nights used it", "restore it from the backup")
    if check_value(settings, name, version) != expected:
        raise fault("KEY-003", f"{key} is not the key that earlier nights used", "restore that one from the backup")


def destroy_key(settings: Settings, name: str, version: int, cause: str) -> None:
    """Destroy a version of a key and record it in ``ledger/keys.json``; doing it again changes nothing."""
    key, told = Key(name, version), destroyed(settings)
    if str(key) not in told:
        entry = {"check": check_value(settings, name, version), "cause": cause}
        write_json(settings.ledger / "keys.json", {"destroyed": told | {str(key): entry}})
    for one in holders(settings):
        one.destroy(key)
    audit(settings, "key destroyed", key=str(key), cause=cause)


def destroyed(settings: Settings) -> dict[str, Any]:
    """``{key: {check, cause}}`` of keys that were destroyed on purpose."""
    path = settings.ledger / "keys.json"
    found: dict[str, Any] = read_json(path)["destroyed"] if path.is_file() else {}
    return found


def require_not_destroyed(settings: Settings, key: Key) -> None:
    """Raise ConfigError (KEY-007) for a key that was destroyed: making it again would give it another content."""
    if str(key) in destroyed(settings):
        raise fault("KEY-007", f"{key} was destroyed after a rotation", "restore its successor from the backup")
