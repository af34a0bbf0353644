"""How much a producer usually sends, format by format: nightly visits and a yearly snapshot have no common median."""

from collections.abc import Collection
from statistics import median
from typing import Any

Volumes = dict[str, list[int]]


def volumes_of(entry: dict[str, Any], formats: Collection[str]) -> Volumes:
    """Records of a producer's last accepted nights by format, the newest last. ``entry`` is its part of a state.

    States once had one list for all formats: it is that of a producer's only format, and of no use for one of several.
    """
    held = entry.get("volumes", {})
    if isinstance(held, dict):
        return {name: list(counts) for name, counts in held.items()}
    return {name: list(held) for name in formats} if len(formats) == 1 else {}


def usual(hold: dict[str, Any], counts: list[int]) -> float | None:
    """The trailing median; None while there are fewer nights than the policy's ``hold`` asks for."""
    trailing = counts[-hold["trailing_nights"] :]
    return float(median(trailing)) if len(trailing) >= hold["min_trailing_nights"] else None


def extended(volumes: Volumes, tonight: dict[str, int], nights: int) -> Volumes:
    """The volumes with those of one more night, at most ``nights`` of each format; what sent nothing adds nothing."""
    names = sorted({*volumes, *(name for name, count in tonight.items() if count)})
    added = {name: [tonight[name]] if tonight.get(name) else [] for name in names}
    return {name: [*volumes.get(name, []), *added[name]][-nights:] for name in names}
