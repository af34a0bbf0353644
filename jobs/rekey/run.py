"""The rotation, step by step. It may stop anywhere: what is done stays done, and the next run goes on from there."""

from collections.abc import Callable
from typing import Any

from jobs.audit.log import audit
from jobs.backup.content import all_quiet
from jobs.core.attempt import attempt_folder
from jobs.core.cli import say
from jobs.core.errors import ConfigError, DataRefused
from jobs.core.keys import check_value, current_version, destroy_key, destroyed, key_bytes, versions
from jobs.core.nights import decisions, rotation_path
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, write_json
from jobs.rekey import proof, state
from jobs.rekey.files import targets
from jobs.rekey.renaming import make_map, with_map
from jobs.rekey.rewrite import renew
from jobs.rekey.state import STEPS, Journal, Renewed, Rotation
from jobs.rekey.switch import switch
from jobs.release.pools import candidate_pool, published_pool

Facts = dict[str, Any]


def rekey(settings: Settings, step: str | None = None) -> Facts:
    """Rotate the centre's key, or take the one step that is next. Returns what the steps counted.

    Raises TryAgain while any other job runs, DataRefused (REK-002) while a night is half-way, ConfigError without key.
    """
    with all_quiet(settings):
        rotation = state.load(settings)
        if rotation is None and step not in (None, STEPS[0]):
            return {"rotation": None, "step": step}  # it has ended, and its last step is tried again
        rotation = rotation or opened(settings)
        left = [one for one in STEPS if one not in rotation.done]
        if step is not None and step in rotation.done:
            return {"rotation": rotation.name, "step": step, "done_before": True}
        if step is not None and step != left[0]:
            raise DataRefused(f"step {left[0]} comes before step {step}; run jobs.rekey without --step to do all.")
        for one in left if step is None else [step]:
            rotation = take(settings, rotation, one)
        return {"rotation": rotation.name, **dict(rotation.told)}


def opened(settings: Settings) -> Rotation:
    """A new rotation, recorded before its key is made."""
    require_no_open_night(settings)
    if not versions(settings, "centre"):
        raise ConfigError("There is no centre's key yet: nothing was published under one, nothing is to be rotated.")
    version = current_version(settings, "centre")
    rotation = Rotation(version, version + 1)
    state.save(settings, rotation)
    return rotation


def require_no_open_night(settings: Settings) -> None:
    """Raise DataRefused while a night is linked and not decided: its candidate is made under the old key."""
    linked = sorted(path.parent.name for path in settings.identity.glob("*/index.json"))
    open_nights = sorted(set(linked) - set(decisions(settings)))
    if open_nights:
        raise DataRefused(f"REK-002: night {open_nights[-1]} is linked and undecided; let it end, then run this again.")


def take(settings: Settings, rotation: Rotation, step: str) -> Rotation:
    """One step, its line in the audit, and the record that it has ended."""
    facts = WORK[step](settings, rotation)
    say(f"rekey {rotation.name}: {step} {facts}")
    counts = {name: value for name, value in facts.items() if type(value) is int}
    audit(settings, f"rotation {step}", key=f"centre.v{rotation.before} > centre.v{rotation.after}", counts=counts)
    rotation = rotation.ended(step, facts)
    if step != STEPS[-1]:
        state.save(settings, rotation)
    return rotation


def begin(settings: Settings, rotation: Rotation) -> Facts:
    """The new key, and the map."""
    key_bytes(settings, "centre", rotation.after)
    return {"map": make_map(settings, rotation)}


def rewrite(settings: Settings, rotation: Rotation) -> Facts:
    """Every file of a kept release or candidate that holds a token, one after the other. Nothing names them yet."""
    make_map(settings, rotation)
    journal = Journal(settings)
    known = {one.before for one in journal.read()}
    with with_map(settings) as engine, attempt_folder(settings) as attempt:
        for target in targets(settings):
            if target.path.stem not in known and target.keyed:
                file = adopt(settings, target.path.stem, renew(engine, target, attempt))
                journal.add(Renewed(target.schema.name, tuple(target.keyed), target.path.stem, file))
    done = journal.read()
    return {"files": len(done), "rows": sum(one.after.rows for one in done)}


def adopt(settings: Settings, before: str, made: Any) -> DataFile:
    """Put a file into every pool that holds the one it takes the place of."""
    pools = [pool for pool in (published_pool(settings), candidate_pool(settings)) if pool.path(before).is_file()]
    file = pools[0].adopt(made)
    for pool in pools[1:]:
        pool.link(file, pools[0])
    return file


def compare(settings: Settings, rotation: Rotation) -> Facts:
    """Joins are preserved: the proof that needs old and new files side by side."""
    return proof.structure(settings, Journal(settings).read())


def finish(settings: Settings, rotation: Rotation) -> Facts:
    """The certificate, the end of the old key, the end of the map; then the rotation is closed."""
    versions_told = {str(one): check(settings, one) for one in (rotation.before, rotation.after)}
    path = state.certificate_path(settings, rotation)
    if not path.is_file():
        about = {"before": rotation.before, "after": rotation.after, "checks": versions_told}
        write_json(path, about | dict(rotation.told))
    destroy_key(settings, "centre", rotation.before, f"rotation {rotation.name}")
    for left in state.folder(settings).iterdir():
        proof.remove(left)
    rotation_path(settings).unlink()
    return {"destroyed": f"centre.v{rotation.before}"}


def check(settings: Settings, version: int) -> str:
    """The check value of a version, also of one that is destroyed already."""
    gone = destroyed(settings).get(f"centre.v{version}")
    return str(gone["check"]) if gone else check_value(settings, "centre", version)


WORK: dict[str, Callable[[Settings, Rotation], Facts]] = {
    "begin": begin,
    "rewrite": rewrite,
    "compare": compare,
    "switch": switch,
    "prove": proof.nothing_old_remains,
    "finish": finish,
}
