"""Names as they are borne in France: accents, particles, apostrophes, hyphens; surnames are mostly composed here."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthetic.draws import Ints, stream

DATA = Path(__file__).parent / "data"
Names = NDArray[np.object_]


@cache
def listed(file: str, kind: str) -> tuple[str, ...]:
    """The texts of one kind in a list of ``data/``, in its order."""
    with (DATA / f"{file}.csv").open(encoding="utf-8", newline="") as stream_:
        rows = [list(row.values()) for row in csv.DictReader(stream_)]
    return tuple(text for found, text in rows if found == kind)


def surnames(seed: int, count: int = 6000) -> Names:
    """That many distinct surnames."""
    draw = stream(seed, "surnames")
    parts = [listed("surname_parts", kind) for kind in ("particle", "head", "middle", "tail")]
    found: dict[str, None] = {}
    while len(found) < count:
        drawn = [draw.integers(0, len(texts), 2 * count) for texts in parts]
        for places in zip(*drawn, strict=True):
            found["".join(texts[place] for texts, place in zip(parts, places, strict=True))] = None
    return np.array(list(found)[:count], dtype=object)


def pick_surnames(draw: np.random.Generator, pool: Names, count: int) -> Names:
    """Surnames with the skew of life: a few are borne by many."""
    place = (draw.random(count) ** 2.2 * len(pool)).astype(np.int64)
    return pool[place]


def pick_given(draw: np.random.Generator, sex: Ints) -> Names:
    """Three given names per person, an array of shape (persons, 3)."""
    male, female = (np.array(listed("given_names", code), dtype=object) for code in ("1", "2"))
    ranks = draw.random((len(sex), 3))
    ranks[:, 1] = (ranks[:, 0] + 0.1 + 0.35 * ranks[:, 1]) % 1.0  # never the same name twice
    ranks[:, 2] = (ranks[:, 0] + 0.55 + 0.35 * ranks[:, 2]) % 1.0
    boys = male[(ranks * len(male)).astype(np.int64)]
    girls = female[(ranks * len(female)).astype(np.int64)]
    return np.where((sex == 1)[:, None], boys, girls)
