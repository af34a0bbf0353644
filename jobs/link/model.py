"""The frozen model of the score: what Splink learnt, as whole numbers under a version and a hash."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jobs.core.errors import ConfigError
from jobs.core.settings import REPOSITORY

FOLDER = REPOSITORY / "config" / "linkage"
CURRENT = "model-2"


@dataclass(frozen=True)
class Level:
    """One level of a comparison: its condition in SQL and its weight in hundredths of a bit."""

    level: int
    when: str
    weight_centibits: int


@dataclass(frozen=True)
class Compared:
    """One comparison as it was trained."""

    name: str
    unknown: str
    levels: tuple[Level, ...]

    def level_sql(self) -> str:
        """The level of a pair; null where the trait is unknown on a side."""
        cases = " ".join(f"WHEN {one.when} THEN {one.level}" for one in self.levels if one.level)
        return f"CASE WHEN {self.unknown} THEN NULL {cases} ELSE 0 END"

    def weight_sql(self) -> str:
        """The weight of the level in ``g_<name>``; nothing where it is unknown."""
        cases = " ".join(f"WHEN {one.level} THEN {one.weight_centibits}" for one in self.levels)
        return f"CASE g_{self.name} {cases} ELSE 0 END"


@dataclass(frozen=True)
class Model:
    """A model as a night uses it. Weights are hundredths of a bit (log2 of m / u), the prior among them.

    ``accept_known_centibits``: the bound of a link with a person of the index, newborns left out; the index is to know
    nearly everybody. ``accept_centibits``: that of any other link.
    """

    version: str
    follows: tuple[str, ...]
    prior_centibits: int
    accept_centibits: int
    accept_known_centibits: int
    review_centibits: int
    lead_centibits: int
    comparisons: tuple[Compared, ...]
    common: dict[str, tuple[str, ...]] = field(hash=False)


def digest(value: dict[str, Any]) -> str:
    """SHA-256 of a model's content without the digest itself."""
    content = {key: item for key, item in value.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@cache
def load_model(version: str = CURRENT, folder: Path = FOLDER) -> Model:
    """A model by its version. Raises ConfigError when it is missing, or was changed after it was trained."""
    path = folder / f"{version}.json"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        found = parse(value)
    except FileNotFoundError:
        raise ConfigError(f"LNK-002: there is no linkage model {version}; train one with jobs.train_linkage.") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"LNK-002: {path.name} is not a linkage model; take it from git again.") from None
    if value["sha256"] != digest(value) or found.version != version:
        raise ConfigError(
            f"LNK-002: {path.name} is not what was trained: its digest or version differs from its content."
        )
    return found


def parse(value: dict[str, Any]) -> Model:
    """A model from its file's content."""
    compared = tuple(
        Compared(
            one["name"],
            one["unknown"],
            tuple(Level(int(at["level"]), at["when"], int(at["weight_centibits"])) for at in one["levels"]),
        )
        for one in value["comparisons"]
    )
    return Model(
        version=value["version"],
        follows=tuple(value["follows"]),
        prior_centibits=int(value["prior_centibits"]),
        accept_centibits=int(value["accept_centibits"]),
        accept_known_centibits=int(value.get("accept_known_centibits", value["accept_centibits"])),
        review_centibits=int(value["review_centibits"]),
        lead_centibits=int(value["lead_centibits"]),
        comparisons=compared,
        common={kind: tuple(names) for kind, names in value["common"].items()},
    )


def write_model(path: Path, value: dict[str, Any]) -> None:
    """Write a trained model for review."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def require_known_model(model: Model, written_with: str | None) -> None:
    """Raises ConfigError when the index was written with a model that this one does not say it follows."""
    if written_with and written_with != model.version and written_with not in model.follows:
        raise ConfigError(
            f"LNK-003: the index was written with {written_with}, the model in force is {model.version}, which does "
            f"not follow it: put {written_with} back, or name it under 'follows' of a reviewed model."
        )
