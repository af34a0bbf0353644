"""Requests to take a delivery in again: written by a steward, taken by the next open night, once and only once.

A request lies in ``work/replay/<source>/open/``. The night that takes it moves it to ``work/replay/<source>/<night>/``,
so that doing that night again takes it again and no other night does.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.core.cli import say
from jobs.core.nights import closed_nights, state_path
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.standardise.deliveries import Delivery, complete_deliveries, pulled_nights, read_pull
from jobs.standardise.pools import proposal_path

OPEN = "open"


@dataclass(frozen=True)
class Replay:
    """A delivery taken in again. ``whole`` when its producer was held, so that nothing of it has been loaded yet."""

    delivery: Delivery
    rule: str | None
    whole: bool


def folder(settings: Settings, source: str, name: str) -> Path:
    """Where requests of a source lie."""
    return settings.work / "replay" / source / name


def write_request(settings: Settings, source: str, producer: str, delivery_id: str, rule: str | None) -> Path:
    """Ask for a delivery. Asking twice before a night took it is asking once."""
    path = folder(settings, source, OPEN) / f"{producer}__{delivery_id}__{rule or 'all'}.json"
    write_json(path, {"source": source, "producer": producer, "delivery_id": delivery_id, "rule": rule})
    return path


def take_requests(settings: Settings, source: str, night: str, base: dict[str, Any] | None) -> list[Replay]:
    """The replays of a night, oldest delivery first: those it took before and those still open."""
    own = folder(settings, source, night)
    for path in sorted(folder(settings, source, OPEN).glob("*.json")):
        own.mkdir(parents=True, exist_ok=True)
        path.rename(own / path.name)
    found: dict[tuple[str, str], Replay] = {}
    for path in sorted(own.glob("*.json")):
        replay = resolve(settings, source, night, base, read_json(path))
        if replay is not None:
            key = (replay.delivery.producer, replay.delivery.delivery_id)
            both = found.get(key)
            found[key] = (
                replay if both is None or both.rule == replay.rule else Replay(replay.delivery, None, both.whole)
            )
    return sorted(found.values(), key=lambda one: (one.delivery.producer, *one.delivery.order))


def resolve(
    settings: Settings, source: str, night: str, base: dict[str, Any] | None, request: dict[str, Any]
) -> Replay | None:
    """What a request means tonight; None, with a line on stderr, when there is nothing to take."""
    delivery = find_delivery(settings, source, night, request["producer"], request["delivery_id"])
    if delivery is None:
        say(f"replay of {request['delivery_id']}: no earlier night received it, or its raw bytes are past retention.")
        return None
    newer = replaced_by(settings, source, night, delivery)
    if newer is not None:
        say(f"replay of {delivery.delivery_id}: nothing to take, {newer} has replaced it since.")
        return None
    return Replay(delivery, request["rule"], never_loaded(settings, source, night, delivery))


def find_delivery(settings: Settings, source: str, night: str, producer: str, delivery_id: str) -> Delivery | None:
    """A complete delivery that an earlier night pulled."""
    for pulled in reversed([one for one in pulled_nights(settings, source) if one < night]):
        for one in complete_deliveries(read_pull(settings, source, pulled) or {"deliveries": []}, pulled):
            if (one.producer, one.delivery_id) == (producer, delivery_id):
                return Delivery(**{**vars(one), "replayed": True})
    return None


def taken_by(settings: Settings, source: str, night: str, producer: str) -> dict[str, Any] | None:
    """What a closed night proposed for a producer, if the night's state took it in."""
    path = proposal_path(settings, source, night)
    if not path.is_file() or not state_path(settings, source, night).is_file():
        return None
    state = read_json(state_path(settings, source, night))
    held = state["producers"].get(producer, {}).get("status") != "accepted"
    return None if held else read_json(path)["producers"].get(producer)


def never_loaded(settings: Settings, source: str, night: str, delivery: Delivery) -> bool:
    """Whether every night that proposed the delivery was closed without it."""
    for closed in closed_nights(settings, source):
        if delivery.night <= closed < night:
            proposed = taken_by(settings, source, closed, delivery.producer)
            if proposed and delivery.delivery_id in proposed["deliveries"] + proposed["replayed"]:
                return False
    return True


def replaced_by(settings: Settings, source: str, night: str, delivery: Delivery) -> str | None:
    """The newer delivery that holds the same snapshot, when deliveries of this producer replace each other."""
    if delivery.mode != "replace":
        return None
    years = (delivery.covers_from[:4], delivery.covers_to[:4])
    for pulled in pulled_nights(settings, source):
        if not delivery.night <= pulled <= night:
            continue
        loaded = pulled == night or taken_by(settings, source, pulled, delivery.producer) is not None
        for one in complete_deliveries(read_pull(settings, source, pulled) or {"deliveries": []}, pulled):
            same = one.producer == delivery.producer and (one.covers_from[:4], one.covers_to[:4]) == years
            if loaded and same and one.mode == "replace" and one.order > delivery.order:
                return one.delivery_id
    return None
