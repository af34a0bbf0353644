"""The pull of one source and night: list, verify, copy, tell apart, record."""

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused, TryAgain
from jobs.core.register import Producer, load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.landing import Landing, open_landing
from jobs.pull.judge import Judge, Verdict
from jobs.pull.packs import pull_path, raw_folder, read_pull, remove_unnamed
from jobs.pull.received import is_open, received_elsewhere, write_deliveries
from jobs.pull.stage import Limits, assemble, staging_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_NIGHTS = 7
RECORDED = ("complete", "corrupt", "resent_unchanged", "resent_changed")  # the others may still become something


def pull(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
    """Copy what arrived for a source into the raw zone, verified, and record what each delivery is.

    While the night is open, running it again takes newcomers in and copies nothing twice. Once it is closed nothing
    changes. Raises TryAgain when the landing cannot be reached or the disk is full, DataRefused when the night was
    closed before anything was pulled.
    """
    assert source is not None
    if not is_open(settings, source, night):
        if not pull_path(settings, source, night).is_file():
            raise DataRefused(
                f"{source} was closed for {night} before anything was pulled; what came later loads next."
            )
        return counts(read_pull(settings, source, night), already_closed=True)
    with disk_full_heals():
        return counts(pull_open_night(settings, night, source, open_landing(settings)))


def pull_open_night(settings: Settings, night: str, source: str, landing: Landing) -> dict[str, Any]:
    """Pull from a landing into an open night; return what was written to ``pull.json``."""
    register = load_register(settings)
    limits = Limits.of(settings)
    judge = Judge(
        night=night,
        landing=landing,
        register=register,
        received=received_elsewhere(settings, source, night),
        seen=seen_before(settings, source, night),
        folder=staging_folder(settings, source, night),
        limits=limits,
    )
    met = [judge.judge(place, files) for place, files in landing.inventory(source).items()]
    verdicts = sorted((v for v in met if v), key=lambda v: (v.place.producer, v.place.delivery_id))
    staged = [verdict.staged for verdict in verdicts if verdict.staged]
    target = raw_folder(settings, source, night)
    with attempt_folder(settings) as attempt:
        packs = assemble(staged, attempt, target, limits.pack)
    value = {
        "night": night,
        "source": source,
        "deliveries": [verdict.to_json() for verdict in verdicts],
        "missing": missing(register, source, verdicts),
        "packs": packs,
    }
    # Before the pointer: a delivery that the pointer names is in the memory of all later nights, whatever happens.
    write_deliveries(settings, source, night, [v.to_row(night) for v in verdicts if v.status in RECORDED])
    write_json(pull_path(settings, source, night), value)
    remember(settings, source, night, judge.stamps)
    remove_unnamed(target, packs)
    return value


def seen_before(settings: Settings, source: str, night: str) -> dict[str, str]:
    """Stamps of deliveries as the newest earlier night saw them; empty when there was none or its memory is lost.

    It only saves reading again what was received, and tells when something was written again.
    """
    paths = [path for path in (settings.work / "pull" / source).glob("seen-*.json") if path.stem < f"seen-{night}"]
    return dict(read_json(max(paths))) if paths else {}


def remember(settings: Settings, source: str, night: str, stamps: dict[str, str]) -> None:
    """Keep the stamps of this night, and drop those that no night will ask for."""
    folder = settings.work / "pull" / source
    write_json(folder / f"seen-{night}.json", stamps)
    for path in sorted(folder.glob("seen-*.json"))[:-MEMORY_NIGHTS]:
        path.unlink()


def missing(register: dict[str, Producer], source: str, verdicts: list[Verdict]) -> list[str]:
    """Active producers of whom nothing arrived but, at most, a delivery that is still arriving."""
    came = {verdict.place.producer for verdict in verdicts if verdict.status != "arriving"}
    active = {name for name, p in register.items() if p.source == source and p.status == "active"}
    return sorted(active - came)


def counts(value: dict[str, Any], already_closed: bool = False) -> dict[str, Any]:
    """What the final line says."""
    found: dict[str, Any] = {"deliveries": len(value["deliveries"])}
    for item in value["deliveries"]:
        found[item["status"]] = found.get(item["status"], 0) + 1
    read = sum(f["bytes"] for d in value["deliveries"] if d["status"] == "complete" for f in d["files"])
    found |= {"missing": len(value["missing"]), "packs": len(value["packs"]), "bytes": read}
    return found | {"already_closed": True} if already_closed else found


@contextmanager
def disk_full_heals() -> "Iterator[None]":
    """A full disk is no defect: say so, and let the scheduler try again."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TryAgain(
                "The disk of the raw or work zone is full; free some space, then run the pull again."
            ) from None
        raise
