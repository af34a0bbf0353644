"""What a score weighed, and how sure that is."""

import json
from typing import Any

from jobs.core.settings import REPOSITORY

MODELS = REPOSITORY / "config" / "linkage"
SUREST = 999  # in a thousand; beyond it a chance is told as a bound


def chance(centibits: int) -> tuple[str, str]:
    """A sum of weights as a chance, in words (French, English): its odds are two to the power of its bits."""
    odds = 2.0 ** (max(-9_000, min(centibits, 9_000)) / 100)
    thousand, hundred = 1_000 * odds / (1 + odds), round(100 * odds / (1 + odds))
    if thousand >= SUREST:
        return "plus de 999 chances sur 1 000", "more than 999 in 1,000"
    if thousand >= 990:
        return f"environ {thousand:.0f} chances sur 1 000", f"about {thousand:.0f} in 1,000"
    if hundred < 1:
        return "moins d'une chance sur 100", "less than 1 in 100"
    return f"environ {hundred} chances sur 100", f"about {hundred} in 100"


def bits(centibits: int | None) -> str:
    """A weight in bits with two decimals and its sign."""
    return (
        "     ?"
        if centibits is None
        else f"{'-' if centibits < 0 else '+'}{abs(centibits) // 100}.{abs(centibits) % 100:02d}".rjust(7)
    )


def levels_of(text: str | None) -> list[tuple[str, int]]:
    """``family=3 given=2`` as pairs; other words are left out."""
    found = [one.partition("=") for one in (text or "").split()]
    return [(name, int(level)) for name, _, level in found if level.isdigit()]


def model_of(version: str | None) -> dict[str, Any]:
    """The frozen model that weighed a pair, from the configuration; empty when it is not here any more."""
    path = MODELS / f"{version}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if version and path.is_file() else {}
    return found


def weight_of(model: dict[str, Any], comparison: str, level: int) -> int | None:
    """The weight of a level in a model; None when the model does not have it."""
    for one in model.get("comparisons", []):
        if one["name"] == comparison:
            return next((at["weight_centibits"] for at in one["levels"] if at["level"] == level), None)
    return None
