"""Lines of one key side by side: what they know of each other, as arrays over all lines of a bucket."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.distinct import each
from jobs.standardise.pharmacy.dcir.columns import text
from jobs.standardise.pharmacy.dcir.keyed import words_of
from jobs.standardise.pharmacy.dcir.read import SEP

FIRST_KEYS = 3
NOTHING = np.iinfo(np.int64).min  # a rank that is not told stands before all


@dataclass(frozen=True)
class Groups:
    """Runs of lines that belong together. ``number``: which run each line is in, from 0; ``start``: its first line."""

    number: Any
    start: Any

    @property
    def count(self) -> int:
        """How many runs there are."""
        return len(self.start)

    def total(self, condition: Any) -> Any:
        """For each line, of how many lines of its run a condition holds."""
        return np.bincount(self.number[condition], minlength=self.count)[self.number]

    def any(self, condition: Any) -> Any:
        """For each line, whether a condition holds of any line of its run."""
        return self.total(condition) > 0

    def running(self, condition: Any) -> Any:
        """For each line, of how many lines of its run up to it a condition holds."""
        so_far = np.cumsum(condition)
        before = so_far[self.start] - condition[self.start] if self.count else so_far
        return so_far - before[self.number]

    def first(self, condition: Any) -> Any:
        """For each line, the place of the first line of its run of which a condition holds; -1 for none."""
        places = np.flatnonzero(condition)[::-1]
        found = np.full(self.count, -1, dtype=np.int64)
        found[self.number[places]] = places  # of several the last written stays: the first of the run
        return found[self.number]

    def as_before(self, *values: Any) -> Any:
        """Whether each line is as the one before it in its run by some values, each of one or more columns."""
        same = np.zeros(len(self.number), dtype=bool)
        same[1:] = self.number[1:] == self.number[:-1]
        for one in values:
            equal = one[1:] == one[:-1]
            same[1:] &= equal if equal.ndim == 1 else equal.all(axis=1)
        return same


def codes(texts: pa.ChunkedArray | pa.Array) -> Any:
    """Texts as numbers that order as the texts do."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    encoded = whole.dictionary_encode()
    place = np.empty(len(encoded.dictionary), dtype=np.int64)
    place[np.array(pc.sort_indices(encoded.dictionary))] = np.arange(len(place))
    return place[encoded.indices.to_numpy()] if len(place) else np.zeros(len(whole), dtype=np.int64)


def in_order(keys: list[Any]) -> Any:
    """Places in the order of some keys, the first one first.

    Most rows differ in the first keys that tell any two apart: only those that do not are ordered by all.
    """
    telling = [one for one in keys if len(one) and (one != one[0]).any()]
    if not telling:
        return np.arange(len(keys[0]))
    first = telling[:FIRST_KEYS]
    moved = np.lexsort(first[::-1])
    alike = np.ones(len(moved) - 1, dtype=bool)
    for one in first:
        ordered = one[moved]
        alike &= ordered[1:] == ordered[:-1]
    doubtful = np.flatnonzero(np.append(alike, False) | np.append(False, alike))
    if len(first) < len(telling) and len(doubtful):
        moved[doubtful] = moved[doubtful][np.lexsort([one[moved[doubtful]] for one in telling[::-1]])]
    return moved


def in_key_order(lines: pa.Table, sets: Any, rank: Any, order: dict[tuple[str, str], int]) -> tuple[Any, Groups]:
    """The places of lines in the order of their keys, and the runs of one key.

    A line without a key is in a run with those that are equal to it alone. ``sets``: lines of different sets never
    meet. Within a key: by ``rank``, ordinal, print, delivery and place.
    """
    print_words = words_of(lines.column("print").combine_chunks())
    claims = lines.column("claim").combine_chunks()
    keyed = claims.is_valid().to_numpy(zero_copy_only=False)
    group = np.where(keyed[:, None], words_of(claims), print_words).astype(np.uint64)
    ordinals = pc.fill_null(lines.column("ordinal").combine_chunks(), NOTHING).to_numpy()
    key = [codes(lines.column("producer")), sets, group[:, 0], group[:, 1]]
    within = [
        rank, ordinals, *print_words.astype(np.uint64).T, sequences(lines, order), codes(lines.column("file")),
        lines.column("record").to_numpy(),
    ]  # fmt: skip
    moved = in_order([*key, *within])
    new = np.zeros(lines.num_rows, dtype=bool)
    new[:1] = True
    for one in key:
        new[1:] |= one[moved][1:] != one[moved][:-1]
    return moved, Groups(np.cumsum(new) - 1, np.flatnonzero(new))


def sequences(lines: pa.Table, order: dict[tuple[str, str], int]) -> Any:
    """The place of each line's delivery in the order of deliveries."""
    names = [text(lines.column(name)) for name in ("producer", "delivery_id")]

    def rank(place: str) -> int:
        producer, delivery = place.split(SEP)
        return order.get((producer, delivery), 0)

    return each(pc.binary_join_element_wise(*names, SEP), rank, pa.int64()).to_numpy()


def pairs_among(table: pa.Table, name: str, pairs: Iterable[tuple[str, str]]) -> Any:
    """Rows whose producer and another column are among some pairs; a null is among none."""
    both = pc.binary_join_element_wise(text(table.column("producer")), text(table.column(name)), SEP)
    wanted = pa.array([SEP.join(pair) for pair in sorted(pairs)], pa.string())
    return pc.and_(pc.is_in(both, wanted), pc.is_valid(both)).to_numpy(zero_copy_only=False)
