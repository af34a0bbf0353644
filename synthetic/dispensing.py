"""What pharmacies hand out on one day, as facts, before any format: refills, and treatments after a stay."""

from functools import cache

import numpy as np
import pandas as pd

from synthetic.draws import Ints, chance, scatter
from synthetic.stays import DATA, NEWBORN
from synthetic.world import World

UNNUMBERED = 0.03  # of the persons: no pharmacy has a number of them
TYPED = 0.15  # of the visits to another pharmacy than one's own: no card, the traits are typed by hand


@cache
def presentations() -> pd.DataFrame:
    """The boxes that are sold: code, label, price and fee in cents, rate."""
    types = {"cip13": str, "label": str, "price_cents": np.int64, "fee_cents": np.int64, "rate": np.int64}
    return pd.read_csv(DATA / "presentations.csv", dtype=types)


def tickets(world: World, day: int) -> pd.DataFrame:
    """Visits of one day: person, pharmacy, second of the day, stay that they follow (or nothing).

    ``typed``: there was no card, and the traits are typed by hand; ``numbered``: the pharmacy has a number.
    """
    people = world.people
    everyone = np.arange(len(people))
    period = 21 + scatter(everyone, 71) % 9
    due = (day + scatter(everyone, 72)) % period == 0
    refills = np.flatnonzero(due & (people.birth + 20 < day) & (people.dies > day))
    prescribed = day - scatter(refills + day, 73) % 20
    renewed = pd.DataFrame({"person": refills, "stay": "", "stay_hospital": -1, "prescribed": prescribed})
    table = pd.concat([renewed, after_stays(world, day)], ignore_index=True)
    who = table.person.to_numpy()
    table["pharmacy"] = pharmacy_of(world, who, day)
    away = table.pharmacy.to_numpy() != home_pharmacy(world, who)
    table["typed"] = away & chance(who * 5 + day, 85, TYPED)
    table["numbered"] = ~chance(who, 92, UNNUMBERED) & ~table.typed
    table["second"] = 8 * 3600 + scatter(who + day, 74) % (11 * 3600)
    table = table.sort_values(["pharmacy", "second", "person", "stay"], ignore_index=True)
    table["day"] = day
    table["ticket"] = [f"T{day:06d}{rank:06d}" for rank in range(len(table))]
    table["invoice"] = [f"{day % 1000:03d}{rank:06d}" for rank in range(len(table))]  # nine digits, as in B2
    return table


def after_stays(world: World, day: int) -> pd.DataFrame:
    """Most who left hospital that day or the day before fetch what was prescribed there."""
    parts = []
    for ended in (day - 1, day):
        stays = world.stays(ended)
        who = stays.person.to_numpy()
        share = np.where(stays.reason == NEWBORN, 0.4, 0.7)
        fetches = (scatter(who + ended, 75) % 1000 < share * 1000) & ~stays.died.to_numpy(dtype=bool)
        same_day = chance(who + ended, 76, 0.6)
        kept = stays[fetches & (same_day == (ended == day))]
        renamed = kept.rename(columns={"number": "stay", "hospital": "stay_hospital"}).assign(prescribed=ended)
        parts.append(renamed[["person", "stay", "stay_hospital", "prescribed"]].astype({"person": np.int64}))
    table = pd.concat(parts, ignore_index=True)
    return table[world.people.dies[table.person.to_numpy()] > day]


def pharmacy_of(world: World, who: Ints, day: int) -> Ints:
    """The family's pharmacy, or now and then another one."""
    elsewhere = scatter(who + day, 78) % world.sizes.pharmacies
    return np.where(chance(who * 3 + day, 77, 0.08), elsewhere, home_pharmacy(world, who))


def home_pharmacy(world: World, who: Ints) -> Ints:
    """The pharmacy that a family usually goes to."""
    people = world.people
    family = np.where(people.mother[who] >= 0, people.mother[who], who)
    return scatter(family, 79) % world.sizes.pharmacies


def dispensations(world: World, day: int) -> pd.DataFrame:
    """One row per line of each ticket, amounts in cents with the sign of the quantity. Never to be changed in place."""
    if day not in world.sales:
        world.sales[day] = handed_out(world, day)
    return world.sales[day]


def handed_out(world: World, day: int) -> pd.DataFrame:
    """The day's lines, made anew."""
    visits = tickets(world, day)
    salt = scatter(visits.person.to_numpy() * 512 + day % 512, 81)
    count = 1 + (salt % 100 < 45) + (salt % 100 < 15)
    lines = visits.loc[visits.index.repeat(count)].copy()
    lines["line"] = lines.groupby(level=0).cumcount() + 1
    lines = lines.reset_index(drop=True)
    who, line = lines.person.to_numpy(), lines.line.to_numpy()
    boxes = presentations()
    seasonal = np.where(lines.stay != "", day, 0)
    box = (scatter(who * 2 + seasonal, 82) + line * 37) % len(boxes)
    mood = scatter(who * 16 + line + day * 3, 83) % 1000
    quantity = np.where(mood < 150, 2, 1) + (mood < 30)
    lines["event"] = np.where(mood >= 990, "return", np.where(mood >= 986, "cancel", "sale"))
    quantity = np.where(lines.event == "sale", quantity, -quantity)
    back = (lines.event != "sale").to_numpy() & (line > 1)
    box = np.where(back, box[np.flatnonzero(line == 1)[np.cumsum(line == 1) - 1]], box)  # what the ticket began with
    lines["box"], lines["quantity"] = box, quantity
    price, fee, rate = (boxes[c].to_numpy()[box] for c in ("price_cents", "fee_cents", "rate"))
    lines["amount_total"] = quantity * (price + fee)
    lines["amount_base"] = quantity * price
    lines["amount_insurance"] = np.sign(quantity) * (np.abs(quantity) * price * rate // 100)
    lines["rate"] = rate
    lines["place"] = day * 4_000_000 + np.arange(len(lines))
    return lines
