"""Tonight's lines of some stays of one hospital beside those that its snapshot holds: what is as it was, what differs.

Arrow tables of tokens and places in, flags out. All lines of a stay are among them, and so are all lines of the same
bytes, since these are about the same stay: nothing here depends on lines that are elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.standardise.hospital.transmissions import FAST_TRACK, TRIAL, VALIDATED, Sent

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
EPOCH = date(1970, 1, 1).toordinal()
NEVER = -(2**31)  # before any day


@dataclass(frozen=True)
class Met:
    """What is true of each line of tonight, of each line held, and which stays are told anew.

    ``copy``: an equal line stands before it in its delivery. ``late``: provisional, and overtaken. ``reread``: of a
    touched stay, or no part of a snapshot. ``warnings``: those that the same line was taken in with. ``gone``: held
    lines that leave the snapshot. ``touched``: stay_id of what is told anew or has lines that are gone.
    """

    trial: Flags
    copy: Flags
    late: Flags
    reread: Flags
    warnings: pa.Array
    gone: Flags
    touched: pa.Array


def meet(lines: pa.Table, held: pa.Table, sent: list[Sent]) -> Met:
    """Compare.

    ``lines``: delivery_id, file, record, line_id, stay_id (null when it cannot be read). ``held``: line_id (each once),
    stay_id, period, exit_date, provisional, warnings. ``sent``: the hospital's deliveries of the night.
    """
    names = pa.array([one.delivery_id for one in sent], pa.string())
    delivery = pc.index_in(column(lines, "delivery_id"), names).to_numpy().astype(np.int64)

    def of(what: Callable[[Sent], bool]) -> Flags:
        return np.array([what(one) for one in sent], dtype=bool)[delivery]

    token, held_token, tokens = side_by_side(lines, held, "line_id")
    stay, held_stay, stays = side_by_side(lines, held, "stay_id")
    fast, provisional = of(lambda one: one.transmission == FAST_TRACK), flags(held, "provisional")
    trial = of(lambda one: one.transmission == TRIAL)
    valid = marked(
        len(stays), stay[of(lambda one: one.last and one.transmission == VALIDATED)], held_stay[~provisional]
    )
    order = np.array([one.sequence for one in sent], dtype=np.int64)[delivery]
    late = overtaken(fast, stay, valid, order)
    in_force = of(lambda one: one.last) & ~trial & ~late
    at = np.full(len(tokens), -1)
    at[held_token] = np.arange(len(held))
    at = at[token]
    known = at >= 0
    known[known] = provisional[at[known]] == fast[known]
    anew = marked(len(stays), stay[in_force & ~known])
    told = [marked(len(tokens), token[in_force & (fast == circuit)])[held_token] for circuit in (False, True)]
    lost = ~np.where(provisional, told[True], told[False])
    gone = lost & (replaced(held, provisional, sent) | anew[held_stay])
    touched = anew | marked(len(stays), held_stay[gone])
    return Met(
        trial=trial,
        copy=copies(lines, token * len(sent) + delivery),
        late=late,
        reread=~in_force | (stay < 0) | touched[stay],
        warnings=column(held, "warnings").take(pa.array(at, mask=at < 0)),
        gone=gone,
        touched=stays.filter(pa.array(touched[:-1])),
    )


def overtaken(fast: Flags, stay: Ints, valid: Flags, order: Ints) -> Flags:
    """Provisional lines of a stay that is validated already, or that a later fast track tells again."""
    if not fast.any():
        return fast
    latest = np.full(len(valid), -1)
    np.maximum.at(latest, stay[fast], order[fast])
    return fast & (stay >= 0) & (valid[stay] | (order < latest[stay]))


def replaced(held: pa.Table, provisional: Flags, sent: list[Sent]) -> Flags:
    """Held lines that a validated transmission replaces, repeated or not.

    It replaces its years, but for provisional stays that ended after the last day it covers.
    """
    found = np.zeros(len(held), dtype=bool)
    year = pc.utf8_slice_codeunits(column(held, "period"), 0, 4).cast(pa.int32()).to_numpy()
    ended = pc.fill_null(column(held, "exit_date").cast(pa.int32()), NEVER).to_numpy()
    for one in sent:
        if one.last and one.transmission == VALIDATED:
            out_of_reach = provisional & (ended > date.fromisoformat(one.covers_to).toordinal() - EPOCH)
            found |= (year >= int(one.first_year)) & (year <= int(one.last_year)) & ~out_of_reach
    return found


def copies(lines: pa.Table, key: Ints) -> Flags:
    """Lines before which one with the same key (line and delivery) stands, in the order of files and records."""
    found = np.zeros(len(lines), dtype=bool)
    _, first, counts = np.unique(key, return_inverse=True, return_counts=True)
    twice = np.flatnonzero(counts[first] > 1)
    if len(twice):
        files = column(lines, "file").take(pa.array(twice))
        rank = pc.rank(files, tiebreaker="dense").to_numpy()
        order = np.lexsort((lines["record"].to_numpy()[twice], rank, key[twice]))
        again = key[twice][order][1:] == key[twice][order][:-1]
        found[twice[order][1:][again]] = True
    return found


def side_by_side(lines: pa.Table, held: pa.Table, name: str) -> tuple[Ints, Ints, pa.Array]:
    """A small number for each token of both sides, -1 for null; and the tokens by number."""
    both = pa.chunked_array([*lines[name].chunks, *held[name].chunks], pa.binary(16)).combine_chunks()
    found = both.dictionary_encode()
    numbers = pc.fill_null(found.indices, -1).to_numpy().astype(np.int64)
    return numbers[: len(lines)], numbers[len(lines) :], found.dictionary


def marked(count: int, *places: Ints) -> Flags:
    """True at some places. What is asked of the place -1, which is none, is false: it has a place of its own."""
    found = np.zeros(count + 1, dtype=bool)
    for some in places:
        found[some] = True
    found[-1] = False
    return found


def column(table: pa.Table, name: str) -> pa.Array:
    """A column in one piece."""
    return table[name].combine_chunks()


def flags(table: pa.Table, name: str) -> Flags:
    """A column of booleans."""
    found: Flags = column(table, name).to_numpy(zero_copy_only=False).astype(bool)
    return found
