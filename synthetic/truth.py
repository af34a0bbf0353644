"""What the simulator knows and nobody else: who is who, what happened, what mess was put where."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.draws import EPOCH, Ints, day_number
from synthetic.nir import two
from synthetic.people import NEVER, NOBODY, Population
from synthetic.world import World

LAST_DAY = 80_000  # in the year 2189: what would happen later happens to nobody
MONEY = pa.decimal128(12, 2)


def person_id(places: Ints) -> "np.ndarray":
    """The true identifier of a person; empty for nobody."""
    places = np.asarray(places, dtype=np.int64)
    return np.where(places == NOBODY, "", np.char.add("P", two(places, 8)))


def day(days: Ints) -> pa.Array:
    """Day numbers as dates; a day that never comes is empty."""
    days = np.asarray(days, dtype=np.int64)
    return pa.array(EPOCH + days.astype("timedelta64[D]"), mask=days > LAST_DAY)


def money(cents: Ints) -> pa.Array:
    """Cents as decimal euros."""
    return pa.array([Decimal(int(c)).scaleb(-2) for c in cents], type=MONEY)


def persons(world: World) -> pa.Table:
    """Everybody's true traits as of the last simulated day."""
    people: Population = world.people
    who = np.arange(len(people))
    return pa.table({
        "person": person_id(who), "nir": people.number, "nir_key": people.key,
        "sex": people.sex.astype(str), "birth_date": day(people.birth), "birth_place": people.places,
        "birth_name": people.birth_name, "used_name": people.used_name(world.until, who),
        "given_names": [" ".join(names) for names in people.given], "first_given_name": people.given[:, 0],
        "birth_rank": people.birth_rank, "residence_code": people.residence_at(world.until, who),
        "holder": person_id(people.guardian(world.until, who)), "death_date": day(people.dies),
        "name_changed_on": day(np.where(people.marries > world.start, people.marries, NEVER)),
        "moved_on": day(people.moves),
    })  # fmt: skip


def relations(world: World) -> pa.Table:
    """Kinship as (person, relation, of): mother, father, spouse and twin."""
    people = world.people
    parts = []
    for kin in ("mother", "father", "spouse", "twin"):
        other = getattr(people, kin)
        has = np.flatnonzero(other != NOBODY)
        parts.append(pd.DataFrame({"person": person_id(has), "relation": kin, "of": person_id(other[has])}))
    return pa.Table.from_pandas(pd.concat(parts, ignore_index=True), preserve_index=False)


def typed(frame: pd.DataFrame) -> pa.Table:
    """A frame as a table; a column in which nothing says what it holds is text."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [pa.field(f.name, pa.string()) if pa.types.is_null(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))


def known_days(folder: Path, previous: str | None) -> dict[str, int]:
    """By hospital, the last day of exit whose stays were taken in as validated up to the night ``previous``."""
    path = folder / str(previous) / "delivery.parquet"
    if previous is None or not path.is_file():
        return {}
    rows = pq.read_table(path, filters=[("source", "=", "hospital"), ("known_to", "!=", "")])
    days = rows.group_by("producer").aggregate([("known_to", "max")]).to_pylist()
    return {row["producer"]: day_number(row["known_to_max"]) for row in days}


def told_visits(folder: Path, night: str) -> set[str]:
    """Digests of the emergency visits that deliveries of earlier nights brought in."""
    earlier = [path for path in folder.glob("*/emergency_visit.parquet") if path.parent.name < night]
    tables = [pq.read_table(path, columns=["element_sha256"], filters=[("accepted", "=", True)]) for path in earlier]
    return {digest for table in tables for digest in table["element_sha256"].to_pylist()}


def write(folder: Path, tables: dict[str, pa.Table]) -> None:
    """One Parquet file per table, each appearing whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        draft = folder / f".{name}.draft"
        pq.write_table(table, draft, compression="zstd")
        draft.replace(folder / f"{name}.parquet")
