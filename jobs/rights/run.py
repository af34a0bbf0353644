"""Requests in, rights carried out, a certificate for each. Safe to stop anywhere and to run again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.audit.log import audit
from jobs.backup.content import all_quiet
from jobs.core.cli import say
from jobs.core.errors import DataRefused
from jobs.core.nights import decisions
from jobs.core.session import spark_session
from jobs.core.settings import Settings
from jobs.rights import certificate
from jobs.rights.erasure import erase
from jobs.rights.publication import told_of_shared, unpublish
from jobs.rights.register import ERASURE, Entry, Register, added, entry_of, load, save
from jobs.rights.request import read_requests
from jobs.rights.resolve import known, resolve
from jobs.rights.work import clear_scratch


def rights(settings: Settings, folder: Path) -> dict[str, Any]:
    """Take the requests of a folder in and carry out all that are in force.

    Every request of the register is looked at again: what arrived since is found too, and an interrupted run goes on.
    A request file goes once its certificate is written. Raises TryAgain while any other job runs, DataRefused before
    anything is touched when a request is bad or a night is half-way.
    """
    settings.rights.mkdir(mode=0o700, exist_ok=True)  # a root of before there were rights
    with all_quiet(settings):
        require_no_open_night(settings)
        requests = read_requests(folder, settings.policy["rights"]["signed_off_by"])
        before = load(settings)
        register = added(before, [entry_of(settings, one) for one in requests])
        if not register.entries:
            return {"requests": 0, "in_force": 0, "removed": 0}
        if register != before:
            save(settings, register)
        clear_scratch(settings)
        removed = carry_out(settings, register)
        for one in requests:
            (folder / f"{one.request_id}.json").unlink()
    return {"requests": len(requests), "in_force": len(register.entries), "removed": removed}


def carry_out(settings: Settings, register: Register) -> int:
    """All requests in force, one after the other; the number of files that were rewritten or removed."""
    total = 0
    with spark_session(settings, "rights") as spark:
        for entry in register.entries:
            found = resolve(settings, known(spark, settings), entry)
            if found != entry:
                register = register.put(found)
                save(settings, register)
            told = certificate.Told()
            for part in erase(spark, settings, found) if found.kind == ERASURE else oppose(settings, found):
                certificate.merge(told, part)
                if not found.done:
                    certificate.write(settings, found, part)
            total += told.files
            if found.done:
                certificate.write(settings, found, told)
            else:
                register = register.put(replace(found, done=True))
                save(settings, register)
            audit(settings, "right", request=found.request_id, cause=found.kind, counts={"files": told.files})
            say(certificate.sentence(found, told))
    return total


def oppose(settings: Settings, entry: Entry) -> Iterator[certificate.Told]:
    """An opposition: nothing is published any more; the standard zone keeps its rows, which no release is made from."""
    shared = told_of_shared(settings, entry)
    removed, releases = unpublish(settings, entry)
    yield certificate.Told({"published": removed}, releases, notes=shared)


def require_no_open_night(settings: Settings) -> None:
    """Raise DataRefused while a night is linked and not decided: its candidate was made without these requests."""
    decided = decisions(settings)
    linked = sorted(path.parent.name for path in settings.identity.glob("*/index.json"))
    open_nights = [night for night in linked if night not in decided]
    if open_nights:
        raise DataRefused(f"RGT-006: night {open_nights[-1]} is linked and undecided; let it end, then run this again.")
