"""The command line that all jobs share: arguments in, one readable line on stderr, one JSON line on stdout."""

import argparse
import json
import os
import select
import sys
import time
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from jobs.audit.log import audit
from jobs.core.attempt import lock
from jobs.core.errors import ConfigError, JobError
from jobs.core.residency import require_residency
from jobs.core.settings import Settings, load_settings

SOURCES = ("hospital", "pharmacy", "shared_record")
PIPE_CLOSED = 141  # what a shell says of a program whose reader left: 128 and the signal's number
Main = Callable[[Settings, str, str | None], dict[str, Any]]


def run_job(stage: str, main: Main, argv: list[str] | None = None, *, source: bool = False) -> int:
    """Run a stage and return its exit code (see the table in the architecture page).

    ``main(settings, night, source)`` returns the counts of the final line. A failure that is no JobError is a defect:
    its type and place are printed, its message is not, because it may quote a value that a producer sent.
    """
    parser = argparse.ArgumentParser(prog=f"python -m jobs.{stage}", description=main.__doc__)
    parser.add_argument("--night", required=True, type=night_of, help="date of the night, YYYY-MM-DD")
    if source:
        parser.add_argument("--source", required=True, choices=SOURCES)
    arguments = parser.parse_args(argv)
    return run_locked(stage, main, arguments.night, getattr(arguments, "source", None))


def run_locked(stage: str, main: Main, night: str, source: str | None) -> int:
    """Run a stage under the lock of its writer."""
    started = time.monotonic()

    def work(settings: Settings) -> dict[str, Any]:
        with lock(settings, source or "national"):
            counts = main(settings, night, source)
            note(settings, stage, night, source, counts)
        seconds = round(time.monotonic() - started, 1)
        return {"stage": stage, "night": night, "source": source, "seconds": seconds, **counts}

    return answered(f"{stage} {source} {night}" if source else f"{stage} {night}", work)


def answered(label: str, work: Callable[[Settings], dict[str, Any] | None]) -> int:
    """Do some work on the root, print its last line, if any, and return its exit code: failures get words here alone.

    The message of what is no JobError is withheld: it may quote data. A reader that closed the pipe (``| head``) has
    seen enough: that is no failure to tell.
    """
    try:
        told = work(open_root())
        if told is not None:
            print(json.dumps(told))
        sys.stdout.flush()
    except JobError as error:
        say(f"{label}: {error}")
        return error.exit_code
    except BrokenPipeError as error:
        if not reader_left():
            return defect(label, error)
        return PIPE_CLOSED
    except Exception as error:
        return defect(label, error)
    return 0


def defect(label: str, error: Exception) -> int:
    """Tell the type and the place of a failure that is no JobError."""
    say(f"{label}: unexpected {type(error).__name__}; the message is withheld, it may quote data.")
    say("".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-6:])))
    return 1


def reader_left() -> bool:
    """Whether nobody reads the output any more; what is left of it then goes nowhere, also at the end of Python."""
    output = sys.stdout.fileno()
    watch = select.poll()
    watch.register(output, select.POLLOUT)
    if not any(state & select.POLLERR for _, state in watch.poll(0)):
        return False
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), output)
    return True


def open_root() -> Settings:
    """The root that VEILLEE_ROOT names.

    Raises ConfigError, before anything is touched, without a stamp or where the storage policy does not allow it.
    """
    settings = load_settings()
    settings.kind  # noqa: B018  raises without a stamp
    require_residency(settings)
    return settings


def note(settings: Settings, stage: str, night: str, source: str | None, counts: dict[str, Any]) -> None:
    """The stage's line in the audit: what it counted, and the release that it made."""
    facts = {"source": source, "release": counts.get("release")}
    numbers = {name: count for name, count in counts.items() if type(count) is int}
    audit(settings, stage, night=night, counts=numbers, **{name: text for name, text in facts.items() if text})


def say(text: str) -> None:
    """One line for the person who reads the log."""
    print(text, file=sys.stderr, flush=True)


def night_of(text: str) -> str:
    """A night as an argument. Raises ArgumentTypeError in argparse's words when it is no date."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date of the form 2026-11-22") from None


def require(condition: bool, message: str) -> None:
    """Raise ConfigError with a sentence when something the job stands on is not there."""
    if not condition:
        raise ConfigError(message)
