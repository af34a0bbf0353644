"""Life events: what befalls persons over the nights, and how producers come to tell it. The truth names each.

Some begin every day after those that the first night knows; what follows comes within three days.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthetic.cast import (
    CORRECTED_BIRTH,
    LATE_NUMBER,
    ONE_AFTER_ALL,
    SWAPPED_NAMES,
    TWO_AFTER_ALL,
    WEDDING,
    cast,
)
from synthetic.documents import REPORT, TOWN, Document, Told
from synthetic.draws import Ints, ages, scatter
from synthetic.mistyped import IN_DATE, NAMES_SWAPPED, Typed, mistype
from synthetic.patients import SECOND_NAME
from synthetic.people import NOBODY
from synthetic.stays import DELIVERY, NEWBORN
from synthetic.world import World

LATER = 2  # days until a hospital tells better
RANK = 800_000  # of the documents of a day: behind all others
VERIFIED = Told(qualified=True)


@dataclass(frozen=True)
class Event:
    """What befalls ``person`` from ``day`` on; ``other`` is whom they are taken for (or NOBODY)."""

    kind: str
    day: int
    person: int
    other: int = NOBODY


def events(world: World) -> list[Event]:
    """All that began by the last known day, day by day."""
    return [one for day in world.pace.turns(world.until) for one in begun_on(world, day)]


def begun_on(world: World, day: int) -> list[Event]:
    """What begins on one day."""
    pace, stays = world.pace, world.stays(day)
    if day not in pace.turns(world.until):
        return []
    born = stays[stays.reason == NEWBORN]
    ill = stays[~stays.reason.isin([NEWBORN, DELIVERY]) & ~stays.died.to_numpy(dtype=bool)]
    ill = ill[ages(world.people.birth[ill.person.to_numpy(dtype=np.int64)], day) >= 18]
    found = [Event(LATE_NUMBER, day, int(one)) for one in born.person[: pace.events]]
    found += [Event(CORRECTED_BIRTH, day, int(one)) for one in ill.person[: pace.events]]
    for kind in (WEDDING, SWAPPED_NAMES, ONE_AFTER_ALL):
        found += [Event(kind, day, int(one)) for one in cast(world.base, kind, pace, day)]
    taken = cast(world.base, TWO_AFTER_ALL, pace, day, 2).tolist()
    return found + [Event(TWO_AFTER_ALL, day, a, b) for a, b in zip(taken[::2], taken[1::2], strict=False)]


def documents(world: World, day: int) -> list[Document]:
    """The documents that events file on that day."""
    recent = [one for begun in range(day - 3, day + 1) for one in begun_on(world, begun)]
    every = [(one.day, contact) for one in recent for contact in contacts(one, world.sizes.hospitals)]
    made = [(who, house, told) for begun, (after, who, house, told) in every if begun + after == day]
    by_operator = 2 * ((-day) % 12)  # a rank whose documents never travel by FHIR: one operator tells all
    return [
        Document(day, RANK + 24 * place + by_operator, who, house, REPORT, entry=day, made=day, filed=day, told=told)
        for place, (who, house, told) in enumerate(made)
    ]


def contacts(event: Event, hospitals: int) -> list[tuple[int, int, int, Told]]:
    """The documents of an event: (days after it began, person, house, what is told of them)."""
    who, other = event.person, event.other
    house = int(scatter(np.array([who]), 211)[0]) % hospitals
    return {
        WEDDING: [(0, who, TOWN, VERIFIED), (2, who, TOWN, VERIFIED)],
        LATE_NUMBER: [(1 + who % 3, who, TOWN, VERIFIED)],  # before, with or after the hospital
        CORRECTED_BIRTH: [(1, who, TOWN, VERIFIED)],
        SWAPPED_NAMES: [(0, who, TOWN, Told(False, NAMES_SWAPPED)), (2, who, TOWN, VERIFIED)],
        ONE_AFTER_ALL: [
            (0, who, TOWN, VERIFIED),
            (0, who, house, Told(False, SECOND_NAME)),
            (3, who, house, VERIFIED),
        ],
        TWO_AFTER_ALL: [
            (0, who, TOWN, VERIFIED),
            (0, other, TOWN, VERIFIED),
            (1, who, house, Told(False, taken_for=other)),
            (3, who, house, VERIFIED),
        ],
    }[event.kind]


@dataclass
class Identities:
    """What a hospital tells of the patients of some stays, one place per stay.

    ``birth``: day number; ``own``: 1 it knows their own number, -1 it does not, 0 as chance has it; ``since``: the day
    from which it tells so.
    """

    birth: Ints
    own: Ints
    since: Ints


def identities(world: World, stays: pd.DataFrame) -> Identities:
    """The identities of these stays as told on the last known day."""
    who, exits = stays.person.to_numpy(dtype=np.int64), stays.exit.to_numpy(dtype=np.int64)
    told = Identities(world.people.birth[who], np.zeros(len(who), dtype=np.int64), exits.copy())
    for event in events(world):
        if event.kind not in (LATE_NUMBER, CORRECTED_BIRTH):
            continue
        better = event.day + LATER <= world.until
        for stay in np.flatnonzero((who == event.person) & (exits == event.day)):
            if better:
                told.since[stay] = event.day + LATER
            if event.kind == LATE_NUMBER:
                told.own[stay] = 1 if better else -1
            elif not better:
                told.birth[stay] = mistype(Typed("", "", int(told.birth[stay])), IN_DATE).birth
    return told
