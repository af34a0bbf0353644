"""Let everything name the new files: candidates, successors of all kept releases; then the old files go."""

import re
from collections.abc import Iterator
from typing import Any

from jobs.core.errors import DataRefused
from jobs.core.keys import check_value
from jobs.core.schema import TableSchema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.link.inputs import states_of
from jobs.pseudonymise.months import Month, care_tables, plan
from jobs.rekey.state import Journal, Rotation
from jobs.release.pools import candidate_pool, open_folders, published_pool
from jobs.release.publish import kept_releases
from jobs.release.succession import succession
from jobs.rights.pointers import pointers, rewrite
from jobs.rights.successors import remove_old, succeed

HASH = re.compile(r"\b[0-9a-f]{64}\b")


def switch(settings: Settings, rotation: Rotation) -> dict[str, Any]:
    """Every pointer, in an order in which a reader always sees whole releases; harmless to repeat."""
    changed = {one.before: one.after for one in Journal(settings).read()}
    open_folders(published_pool(settings))
    rewrite(pointers(settings, "candidate"), changed)
    for path in sorted(settings.candidate.glob("*/pseudonymised.json")):
        carry_over(settings, path.parent.name, rotation)
    succeed(settings, changed, rotation.name)
    remove_old(settings, succession(settings))
    releases = [{"before": old, "after": new} for old, new in sorted(succession(settings, rotation.name).items())]
    return {"releases": releases, "deleted": sweep(settings)}


def carry_over(settings: Settings, night: str, rotation: Rotation) -> None:
    """Let a candidate say that it stands under the new key, so that the next night makes only what changed again.

    A month's fingerprint holds the key. It is carried over where the old one can be computed again from the night's
    states; any other is left, and the next night makes that month anew.
    """
    path = settings.candidate / night / "pseudonymised.json"
    value = read_json(path)
    if value["key_version"] != rotation.before:
        return
    check = check_value(settings, "centre", rotation.after)
    for schema, states in closed_tables(settings, night):
        old = plan(schema, states, f"{rotation.before}.{value['key_check']}").fingerprints
        new = plan(schema, states, f"{rotation.after}.{check}").fingerprints
        held = value.get("withheld", {}).get(schema.name, {})
        marks = value["fingerprints"].get(schema.name, {})
        for month, mark in list(marks.items()):
            if month in held and held[month][0] == old.get(month):
                held[month] = [new[month], *held[month][1:]]
                marks[month] = Month(*held[month]).fingerprint
            elif mark == old.get(month):
                marks[month] = new[month]
    write_json(path, value | {"key_version": rotation.after, "key_check": check})


def closed_tables(settings: Settings, night: str) -> Iterator[tuple[TableSchema, dict[str, Any]]]:
    """Care tables with the states of a night; none when a state is past its time."""
    try:
        states = states_of(settings, night)
    except DataRefused:
        return
    yield from ((schema, states) for schema in care_tables())


def sweep(settings: Settings) -> int:
    """Delete every file of the two pools that nothing names: the old ones, and what refused nights left."""
    named: set[str] = set()
    releases = [settings.published / name / "release.json" for name in kept_releases(settings)]
    for path in [*pointers(settings, "candidate"), *releases]:
        named |= set(HASH.findall(path.read_text(encoding="utf-8")))
    gone = [
        path
        for pool in (published_pool(settings), candidate_pool(settings))
        for path in pool.root.glob("*/*.parquet")
        if path.stem not in named
    ]
    for path in gone:
        path.unlink()
    return len(gone)
