"""Requests in, rights carried out, a certificate for each. Safe to stop anywhere and to run again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.audit.log import audit
from jobs.backup.content import all_quiet
from jobs.core.cli import SOURCES, say
from jobs.core.errors import TryAgain
from jobs.core.nights import closed_nights, decisions
from jobs.core.session import spark_session
from jobs.core.settings import Settings
from jobs.pull.received import is_closed
from jobs.rights import certificate
from jobs.rights.erasure import erase
from jobs.rights.publication import unpublish
from jobs.rights.register import ERASURE, Entry, Register, added, entry_of, load, save
from jobs.rights.request import read_requests
from jobs.rights.resolve import known, resolve
from jobs.rights.work import clear_scratch


def rights(settings: Settings, folder: Path) -> dict[str, Any]:
    """Take the requests of a folder in and carry out all that are in force.

    Every request of the register is looked at again: what arrived since is found too, and an interrupted run goes on.
    A request file goes once its certificate is written. Raises TryAgain while any other job runs or a night is
    half-way, DataRefused when a request is bad, both before anything is touched.
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
            told, known_releases = certificate.Told(), certificate.releases_told(settings, found)
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
            say(certificate.sentence(found, told, known_releases))
    return total


def oppose(settings: Settings, entry: Entry) -> Iterator[certificate.Told]:
    """An opposition: nothing is published any more; the standard zone keeps its rows, which no release is made from."""
    removed, releases = unpublish(settings, entry)
    yield certificate.Told({"published": removed}, releases)


def require_no_open_night(settings: Settings) -> None:
    """Raise TryAgain while a night is half-way: what it has made was made without these requests.

    Linked and undecided, its candidate would name rows that are gone; standardised and not closed, its proposal would.
    """
    decided = decisions(settings)
    linked = sorted(path.parent.name for path in settings.identity.glob("*/index.json"))
    half = [(night, "linked and undecided") for night in linked if night not in decided]
    half += [(night, f"standardised and not closed for {source}") for source, night in unclosed(settings, set(decided))]
    if half:
        night, state = max(half)
        raise TryAgain(f"RGT-006: night {night} is {state}; let it end, then run this again.")


def unclosed(settings: Settings, decided: set[str]) -> Iterator[tuple[str, str]]:
    """(source, night) of proposals that may still be closed: not of decided nights, nor before the last that is read.

    A failed or absent state is none: ``close`` may replace it while its night is undecided.
    """
    for source in SOURCES:
        closed = [night for night in closed_nights(settings, source) if is_closed(settings, source, night)]
        last = max(closed, default="")
        proposals = sorted(path.parent.name for path in (settings.standard / source).glob("*/proposal.json"))
        yield from ((source, night) for night in proposals if night > last and night not in decided)
