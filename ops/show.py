"""Readable lines for the person at the terminal."""

import json
import time
from pathlib import Path

STARTED = time.monotonic()


def line(text: str) -> None:
    """One line with the time since the start in front."""
    seconds = int(time.monotonic() - STARTED)
    print(f"{seconds // 60:2d}:{seconds % 60:02d}  {text}", flush=True)


def last_log_lines(folder: Path, dag: str, run: str, task: str, count: int = 12) -> list[str]:
    """The last lines of a task's newest attempt, as its log file has them."""
    attempts = folder.glob(f"dag_id={dag}/run_id={run}/task_id={task}/attempt=*.log")
    newest = max(attempts, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        return []
    return [event_of(text) for text in newest.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]]


def event_of(text: str) -> str:
    """The message of one line of a structured log; the line itself when it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return str(found.get("event", text)) if isinstance(found, dict) else text
