"""Deliveries that a night loads, in the order in which they count: later ones win."""

from dataclasses import dataclass, field
from typing import Any

from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.standardise.pools import pull_path


@dataclass(frozen=True)
class Delivery:
    """One complete delivery. ``night`` is the one that pulled it; ``replayed`` says that this night takes it again.

    ``delivery_id`` is unique within a producer only: always join on both.
    """

    delivery_id: str
    producer: str
    mode: str
    format: str
    covers_from: str
    covers_to: str
    produced_at: str
    night: str
    files: tuple[dict[str, Any], ...] = field(hash=False, default=())
    replayed: bool = False
    transmission: str = "validated"

    @property
    def order(self) -> tuple[str, str, str]:
        """Sorts deliveries of one producer from first to last."""
        return (self.night, self.produced_at, self.delivery_id)

    @property
    def declared(self) -> int | None:
        """Records that the manifest promises, when it does so for every file."""
        counts = [item["records"] for item in self.files if item.get("records") is not None]
        return sum(counts) if counts and len(counts) == len(self.files) else None


def read_pull(settings: Settings, source: str, night: str) -> dict[str, Any] | None:
    """The result of pull, or None when it has not run for this night (or its raw zone is past retention)."""
    path = pull_path(settings, source, night)
    return read_json(path) if path.is_file() else None


def complete_deliveries(pull: dict[str, Any], night: str) -> list[Delivery]:
    """The complete deliveries of a pull, in a fixed order."""
    found = [delivery_of(item, night) for item in pull["deliveries"] if item["status"] == "complete"]
    return sorted(found, key=lambda one: (one.producer, *one.order))


def delivery_of(item: dict[str, Any], night: str) -> Delivery:
    """A delivery from its entry in ``pull.json``."""
    covers = item.get("covers") or {}
    return Delivery(
        delivery_id=item["delivery_id"],
        producer=item["producer"],
        mode=item["mode"],
        format=item["format"],
        covers_from=covers.get("from") or "",
        covers_to=covers.get("to") or "",
        produced_at=item.get("produced_at") or "",
        night=night,
        files=tuple(item["files"]),
        transmission=item.get("transmission") or "validated",
    )


def pulled_nights(settings: Settings, source: str) -> list[str]:
    """Nights whose raw zone is still there, oldest first."""
    return sorted(path.parent.name for path in (settings.raw / source).glob("*/pull.json"))


def sequence(settings: Settings, source: str, deliveries: list[Delivery]) -> dict[tuple[str, str], int]:
    """A number per (producer, delivery) that grows with its order; what is not in it is older than all of them.

    Tonight's deliveries are numbered alone. When an old delivery is taken again, all that came after it are numbered
    too, so that its records cannot win over what has replaced them since.
    """
    known = {(one.producer, one.delivery_id): one for one in deliveries}
    replayed = [one.night for one in deliveries if one.replayed]
    if replayed:
        newest = max(one.night for one in deliveries)
        for night in pulled_nights(settings, source):
            if min(replayed) <= night <= newest:
                for one in complete_deliveries(read_pull(settings, source, night) or {"deliveries": []}, night):
                    known.setdefault((one.producer, one.delivery_id), one)
    ordered = sorted(known.values(), key=lambda one: (*one.order, one.producer))
    return {(one.producer, one.delivery_id): rank for rank, one in enumerate(ordered, start=1)}
