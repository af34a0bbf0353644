"""What other nights received: the memory by which no delivery loads twice and none is forgotten."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.core.attempt import attempt_folder
from jobs.core.nights import decision_path, state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, sync

UNLOADED = ("failed", "absent")  # states of a source that took nothing in


def ledger_path(settings: Settings, source: str, night: str) -> Path:
    """Where a night's deliveries are recorded for ever."""
    return settings.ledger / "deliveries" / source / f"{night}.parquet"


def state_status(settings: Settings, source: str, night: str) -> str | None:
    """The closed state of a source's night, None while it is open or when retention removed it."""
    path = state_path(settings, source, night)
    return str(read_json(path)["status"]) if path.is_file() else None


def is_open(settings: Settings, source: str, night: str) -> bool:
    """Whether the night may still take deliveries in.

    It is open until its state is written; and again when that state took nothing in and nobody has decided the night,
    so that a crashed source can be run again.
    """
    status = state_status(settings, source, night)
    return status is None or (status in UNLOADED and not decision_path(settings, night).exists())


def is_closed(settings: Settings, source: str, night: str) -> bool:
    """Whether the night's deliveries are read for good; of a decided night retention may have removed the state."""
    return decision_path(settings, night).exists() or not is_open(settings, source, night)


def loads_again(settings: Settings, source: str, night: str) -> bool:
    """Whether deliveries that the night received must load in another one: it was decided without this source."""
    return state_status(settings, source, night) in UNLOADED and decision_path(settings, night).exists()


@dataclass
class Received:
    """Contents by delivery. ``loaded``: taken in; ``told``: met and reported, whatever came of it."""

    loaded: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    told: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    appended: dict[str, set[str]] = field(default_factory=dict)
    replaced: dict[tuple[str, ...], str] = field(default_factory=dict)

    def add(self, row: dict[str, Any]) -> None:
        """Take a ledger row in. Rows come in the order of nights, then deliveries."""
        key, content = (row["producer"], row["delivery_id"]), row["content_sha256"]
        self.told.setdefault(key, set()).add(content)
        if row["status"] == "complete":
            self.loaded.setdefault(key, set()).add(content)
            self.remember(row)

    def remember(self, row: dict[str, Any]) -> None:
        """Take the content of a complete delivery in, so that the next one can be compared with it."""
        content = row["content_sha256"]
        if row["mode"] == "append":
            self.appended.setdefault(row["producer"], set()).add(content)
        else:
            self.replaced[replace_key(row)] = content

    def holds(self, row: dict[str, Any]) -> bool:
        """Whether loading the content again would change nothing.

        An appended content counts whenever it came. A replacement only when it is the newest for its period: a producer
        that goes back to an earlier state sends the earlier bytes, and means them.
        """
        if row["mode"] == "append":
            return row["content_sha256"] in self.appended.get(row["producer"], set())
        return self.replaced.get(replace_key(row)) == row["content_sha256"]


def replace_key(row: dict[str, Any]) -> tuple[str, ...]:
    """What a replacement replaces."""
    return (row["producer"], row["format"], row["covers_from"], row["covers_to"])


def received_elsewhere(settings: Settings, source: str, night: str) -> Received:
    """All that other nights of the source received, earlier or later."""
    found = Received()
    for path in sorted((settings.ledger / "deliveries" / source).glob("*.parquet")):
        if path.stem != night and not loads_again(settings, source, path.stem):
            for row in pq.read_table(path).to_pylist():
                found.add(row)
    return found


def write_deliveries(settings: Settings, source: str, night: str, rows: list[dict[str, Any]]) -> None:
    """Record what a night met, replacing what an earlier attempt at the same night recorded."""
    schema = load_schema("ledger/delivery")
    target = ledger_path(settings, source, night)
    target.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=schema.arrow)
    table = table.sort_by([(name, "ascending") for name in schema.sort])
    with attempt_folder(settings) as attempt:
        draft = attempt / "delivery.parquet"
        pq.write_table(table, draft, compression="zstd")
        sync(draft)
        draft.replace(target)
        sync(target.parent)
