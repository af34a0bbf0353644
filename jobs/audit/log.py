"""Append one line to the audit. Each line holds the hash of the line before it, and a file beside holds the newest.

``audit/<month>.jsonl`` are the segments, ``audit/head.json`` the anchor: number and hash of the last line. The zone has
clock times, so nothing of it ever enters a release.
"""

import fcntl
import hashlib
import json
import os
import pwd
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, sync, write_json

START = "0" * 64
FACTS = ("night", "source", "key", "release", "cause", "project", "request", "policy", "model", "counts", "segment")
SAFE = re.compile(r"[A-Za-z0-9._:/#>+ -]{1,100}")
NUMBER = re.compile(r"\d{10}")  # as long as a phone number or longer: a social security number, an INS, a RPPS
HASHES = re.compile(
    r"\b([0-9a-f]{64}|[0-9a-f]{16}|20\d\d-\d\d-\d\d-[0-9a-f]{12})\b"
)  # a hash, a check value, a release


def audit(settings: Settings, what: str, **facts: Any) -> None:
    """Append a line: who (account and role), what, when, and facts of the list ``FACTS``; ``counts`` is ``{name: n}``.

    The line is on the disk before this returns. Raises ValueError for a fact that is not of the list, or a text that
    could hold more than a name of ours: an identity or a key never gets in by mistake.
    """
    for name, value in facts.items():
        require_safe(name, value)
    require_safe("cause", what)
    with writing(settings) as folder:
        head = recover(folder)
        at = now().isoformat(timespec="seconds")
        line = {"n": head["n"] + 1, "at": at, "who": who(), "what": what, **facts}
        append(folder, at[:7], line | {"prev": head["hash"]})


def now() -> datetime:
    """The time of a line."""
    return datetime.now(UTC)


def who() -> dict[str, str]:
    """The account of the process, and the role that its site gave it (VEILLEE_ROLE)."""
    try:
        account = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        account = f"uid-{os.geteuid()}"
    return {"account": account, "role": os.environ.get("VEILLEE_ROLE", "pipeline")[:40]}


def require_safe(name: str, value: Any) -> None:
    """Raise ValueError unless a fact is of the list and nothing but names, codes and counts. Never quotes the value."""
    if name not in FACTS:
        raise ValueError(f"the audit knows no fact {name!r}")
    if name == "counts":
        if not all(isinstance(count, int) and SAFE.fullmatch(key) for key, count in value.items()):
            raise ValueError("counts of the audit are whole numbers by name")
    elif value is not None and not (isinstance(value, str) and is_name(value)):
        raise ValueError(f"fact {name!r} of the audit is no name or code of ours")


def is_name(value: str) -> bool:
    """Whether a text is a short name or code of ours, and no number of a person stands in it."""
    return bool(SAFE.fullmatch(value)) and not NUMBER.search(HASHES.sub("", value))


@contextmanager
def writing(settings: Settings) -> Iterator[Path]:
    """The audit's folder, for one writer at a time; others wait, for it takes milliseconds."""
    folder = settings.audit
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield folder


def append(folder: Path, month: str, line: dict[str, Any]) -> None:
    """Write a line behind the others of its month, then the anchor."""
    told = line | {"hash": hash_of(line)}
    path = folder / f"{month}.jsonl"
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text_of(told) + "\n")
    path.chmod(0o600)
    sync(path)
    write_json(folder / "head.json", {"n": told["n"], "hash": told["hash"], "segment": path.name})


def recover(folder: Path) -> dict[str, Any]:
    """The anchor. A writer that was killed between line and anchor left one whole line too many, or a torn one.

    A torn line was never confirmed to anybody and goes; a whole one stands, and is anchored now.
    """
    head = anchor(folder)
    newest = segments(folder)[-1:]
    if not newest:
        return head
    data = newest[0].read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        with newest[0].open("r+b") as stream:
            stream.truncate(len(whole))
    last = json.loads(whole.splitlines()[-1]) if whole else None
    if last and last["n"] == head["n"] + 1 and last["prev"] == head["hash"] and last["hash"] == hash_of(last):
        return {"n": last["n"], "hash": last["hash"]}
    return head


def anchor(folder: Path) -> dict[str, Any]:
    """Number and hash of the last confirmed line; the start before the first."""
    path = folder / "head.json"
    found: dict[str, Any] = read_json(path) if path.is_file() else {"n": 0, "hash": START}
    return found


def segments(folder: Path) -> list[Path]:
    """The segments, oldest first."""
    return sorted(folder.glob("????-??.jsonl"))


def text_of(line: dict[str, Any]) -> str:
    """The one text of a line."""
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(line: dict[str, Any]) -> str:
    """SHA-256 of a line without its own hash; the hash of the line before is in it."""
    return hashlib.sha256(text_of({key: value for key, value in line.items() if key != "hash"}).encode()).hexdigest()
