"""One night of all producers: make what is new, deposit it, and write down the truth."""

from collections.abc import Iterator
from datetime import date

import pandas as pd

from jobs.core.errors import ConfigError
from jobs.core.settings import Settings
from synthetic import mishap, mishap_hospital, truth
from synthetic.b2 import billed, invoices
from synthetic.dcir_delivery import care_days, flux
from synthetic.dispensing import dispensations
from synthetic.draws import day_number, iso_day
from synthetic.emergency_delivery import emergency
from synthetic.feeds import bills
from synthetic.hospital_delivery import hospital
from synthetic.mess import Plan
from synthetic.mishap import Mishap
from synthetic.nir import finess
from synthetic.produce import OUTCOMES, Night, Sent, first_day, pharmacy
from synthetic.register import write_register
from synthetic.settings import Simulation, establish, previous_night
from synthetic.shared_record import shared_record
from synthetic.truth_tables import PLACE, truth_tables
from synthetic.world import World


def simulate(
    settings: Settings, night: str, given: dict[str, object], only: str, mishaps: list[Mishap]
) -> dict[str, object]:
    """Deposit one night and write its truth. Raises ConfigError unless the root is stamped synthetic."""
    if settings.kind != "synthetic":
        raise ConfigError(
            f"{settings.root} is stamped {settings.kind}: the simulator writes into synthetic roots only."
        )
    try:
        date.fromisoformat(night)
    except ValueError:
        raise ConfigError(f"{night!r} is no date; write a night as YYYY-MM-DD.") from None
    simulation = establish(settings.truth, night, given)
    if day_number(night) <= day_number(simulation.start):
        raise ConfigError(f"The simulation of this root begins on {simulation.start}; that night is too early.")
    write_register(settings.root / "producers.csv", simulation.sizes)
    frame = frame_of(settings, night, simulation, only)
    sent = [mishap_hospital.befall(one, kinds_of(one, mishaps)) for one in everything(frame, mishaps)]
    statuses = send_all(settings, simulation, frame, sent, mishaps)
    truth.write(settings.truth / night, truth_tables(frame.world, sent, statuses))
    return {
        "night": night,
        "deliveries": len(sent),
        "records": sum(s.counts["read"] for s in sent),
        "planted": sum(len(s.mess) for s in sent),
    }


def frame_of(settings: Settings, night: str, simulation: Simulation, only: str) -> Night:
    """The world as it is known in that night."""
    world = World(simulation.sizes, day_number(simulation.start), day_number(night) - 1, simulation.pace)
    plan = Plan(simulation.sizes.seed, simulation.mess, only)
    previous = previous_night(settings.truth, night)
    before = day_number(previous) if previous else world.start
    known = truth.known_days(settings.truth, previous)
    return Night(night, world, plan, before - 1, known, truth.told_visits(settings.truth, night))


def kinds_of(one: Sent, mishaps: list[Mishap]) -> set[str]:
    """The kinds of mishap that befall a delivery's producer."""
    return {m.kind for m in mishaps if m.producer == one.delivery.producer}


def everything(night: Night, mishaps: list[Mishap]) -> Iterator[Sent]:
    """Every delivery of the night, source by source."""
    world = night.world
    stays = world.all_stays(world.start, night.last)
    fast = {m.producer for m in mishaps if m.kind == mishap.FAST_TRACK}
    shares = dict(list(stays.groupby("hospital")))
    for rank in range(world.sizes.hospitals):
        own = shares.get(rank, stays.iloc[:0]).reset_index(drop=True)
        yield from hospital(night, rank, own, finess(rank) in fast)
        yield emergency(night, rank)
    days = range(first_day(night), night.last + 1)
    lines = pd.concat([dispensations(world, day) for day in days], ignore_index=True)
    shares = dict(list(lines.groupby("pharmacy")))
    for rank in range(world.sizes.pharmacies):
        own = shares.get(rank, lines.iloc[:0]).reset_index(drop=True)
        yield pharmacy(night, rank, own)
        if bills(rank) and len(billed(own)):
            yield invoices(night, rank, own)
    paid = [dispensations(world, day) for day in care_days(night)]
    yield flux(night, pd.concat(paid or [lines.iloc[:0]], ignore_index=True))
    yield from shared_record(night)


def send_all(
    settings: Settings, simulation: Simulation, night: Night, sent: list[Sent], mishaps: list[Mishap]
) -> list[dict[str, object]]:
    """Deposit everything; one row per delivery with the status that pull must find."""
    rows = []
    for one in sent:
        kinds = kinds_of(one, mishaps)
        status = mishap.send(one.delivery, settings.landing, kinds)
        rows.append(row_of(one, status) | {"known_to": known_to(night, one, status, kinds)})
    again = [m for m in mishaps if m.kind in (mishap.RESENT, mishap.CHANGED)]
    if again:
        rows += send_earlier(settings, simulation, night, again)
    if any(m.kind == mishap.UNKNOWN for m in mishaps):
        rows.append(send_strange(settings, sent))
    return rows


def known_to(night: Night, one: Sent, status: str, kinds: set[str]) -> str:
    """Up to which day a hospital's validated stays are known after this delivery; empty if none, or no hospital's.

    A delivery with a file that cannot be read is not counted on.
    """
    delivery = one.delivery
    if one.kind != "hospital_stay":
        return ""
    if status == "complete" and not delivery.transmission and not kinds & set(mishap.UNREADABLE):
        return delivery.last_day
    return iso_day(night.known[delivery.producer]) if delivery.producer in night.known else ""


def row_of(one: Sent, status: str) -> dict[str, object]:
    """A delivery's identity, expected status and expected counts (none unless it is complete)."""
    row: dict[str, object] = {name: getattr(one.delivery, name) for name in PLACE}
    row["expected_status"] = status
    row["known_to"] = ""
    row |= {"mode": one.delivery.mode, "transmission": one.delivery.transmission, "covers_to": one.delivery.last_day}
    return row | {name: one.counts[name] if status == "complete" else 0 for name in ("read", *OUTCOMES)}


def send_earlier(
    settings: Settings, simulation: Simulation, night: Night, again: list[Mishap]
) -> list[dict[str, object]]:
    """The newest earlier deliveries of some producers, deposited once more."""
    earlier = previous_night(settings.truth, night.date)
    if earlier is None:
        raise ConfigError("Nothing can be sent again in the first night.")
    kinds = {m.producer: m.kind for m in again}
    then = frame_of(settings, earlier, simulation, night.plan.only)
    found = [s for s in everything(then, []) if s.delivery.producer in kinds]
    return [row_of(s, mishap.send_again(s.delivery, settings.landing, kinds[s.delivery.producer])) for s in found]


def send_strange(settings: Settings, sent: list[Sent]) -> dict[str, object]:
    """A delivery from a pharmacy that no register knows."""
    model = next(s for s in sent if s.delivery.source == "pharmacy")
    stranger = mishap.replace(model.delivery, producer=mishap.STRANGER)
    mishap.send(stranger, settings.landing, set())
    return row_of(model, mishap.STATUS[mishap.UNKNOWN]) | {"producer": mishap.STRANGER}
