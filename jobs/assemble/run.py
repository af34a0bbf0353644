"""The assemble stage: one pointer that names every table of the candidate, with its balance against the base."""

from typing import Any

from jobs.assemble.movement import ledger_lines, movement
from jobs.assemble.source_state import source_state_rows
from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.keys import current_version, key_bytes
from jobs.core.nights import base_night, require_serial
from jobs.core.schema import load_schema, source_of
from jobs.core.settings import Settings
from jobs.core.snapshot import Partitions, files_of, read_json, tables_from_json, tables_to_json, write_json
from jobs.core.tables import write_small
from jobs.link.inputs import states_of
from jobs.pseudonymise.months import care_tables
from jobs.reference import labels
from jobs.release.pools import candidate_pool

Tables = dict[str, Partitions]


def assemble(settings: Settings, night: str, source: str | None = None) -> dict[str, Any]:
    """Name the files of the night's candidate: care tables, persons, code labels, state of the sources."""
    require_serial(settings, night)
    states = states_of(settings, night)
    tables = pseudonymised(settings, night) | small_tables(settings, states)
    base = base_night(settings, night)
    before = base_tables(settings, base)
    moved = {
        name: movement(settings, before.get(name, {}), tables.get(name, {})) for name in sorted({*before, *tables})
    }
    owner: dict[str, str | None] = {one.name: source_of(one.veillee["standard"]) for one in care_tables()}
    lines = [
        one for name, (added, removed) in moved.items() for one in ledger_lines(name, owner.get(name), added, removed)
    ]
    candidate = {
        "night": night,
        "base": base,
        "tables": tables_to_json(tables),
        "changed": changed(before, tables),
        "inputs": {name: {"status": state["status"], "night": state["night"]} for name, state in states.items()},
        "ledger": lines + opposed_lines(settings, night),
    }
    write_json(settings.candidate / night / "candidate.json", candidate)
    return {name: sum(file.rows for file in files_of(parts)) for name, parts in sorted(tables.items())}


def pseudonymised(settings: Settings, night: str) -> Tables:
    """Tables made by pseudonymise. Raises DataRefused when it has not run."""
    try:
        return tables_from_json(read_json(settings.candidate / night / "pseudonymised.json")["tables"])
    except FileNotFoundError:
        raise DataRefused(f"night {night} has no pseudonymised.json; run jobs.pseudonymise first.") from None


def opposed_lines(settings: Settings, night: str) -> list[dict[str, Any]]:
    """What pseudonymise withheld for the rights of persons, as the ledger tells it."""
    found: list[dict[str, Any]] = read_json(settings.candidate / night / "pseudonymised.json").get("ledger", [])
    return found


def small_tables(settings: Settings, states: dict[str, dict[str, Any]]) -> Tables:
    """The tables that hold no persons: code labels and the state of each producer."""
    pool = candidate_pool(settings)
    key = key_bytes(settings, "centre", current_version(settings, "centre"))
    with attempt_folder(settings) as attempt:
        codes = write_small(labels(settings), load_schema("published/code_label"), pool, attempt)
        rows = source_state_rows(states, key)
        state = write_small(rows, load_schema("published/source_state"), pool, attempt)
    return {"code_label": {"all": [codes]}, "source_state": {"all": [state]}}


def base_tables(settings: Settings, base: str | None) -> Tables:
    """Tables of the base's candidate; none before the first release. Raises DataRefused when its pointer is gone."""
    if base is None:
        return {}
    path = settings.candidate / base / "candidate.json"
    if not path.is_file():
        raise DataRefused(f"night {base} is published but its candidate.json is gone: restore a backup.")
    return tables_from_json(read_json(path)["tables"])


def changed(before: Tables, after: Tables) -> dict[str, list[str]]:
    """Partitions of each table whose files are not the base's; the gate judges only these."""
    found = {
        name: [
            part
            for part in sorted({*parts, *before.get(name, {})})
            if parts.get(part) != before.get(name, {}).get(part)
        ]
        for name, parts in sorted(after.items())
    }
    return {name: parts for name, parts in found.items() if parts}
