"""The proof of a rotation: joins are as they were, and nothing old is left."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.rekey.columns import MIXED
from jobs.rekey.renaming import open_engine, with_map
from jobs.rekey.state import Renewed, Rotation
from jobs.release.pools import candidate_pool, published_pool
from jobs.release.publish import kept_releases

TOKEN_LENGTH = 26
SHAPE = r"([0-9]+\.)?[A-Z2-7]{26}"


def structure(settings: Settings, renewed: list[Renewed]) -> dict[str, Any]:
    """Old and new files side by side, without the map: the same rows, and the same equalities between all columns.

    Each token has a profile: how often it stands in which column of which file's place. Two sets of files whose
    profiles are the same, token for token, join alike. Raises DataRefused (REK-004) when they are not.
    """
    pools = published_pool(settings), candidate_pool(settings)
    with open_engine(settings) as engine:
        old = profiles(engine, [(one, place(pools, one.before)) for one in renewed])
        new = profiles(engine, [(one, place(pools, one.after.sha256)) for one in renewed])
    if old != new:
        raise DataRefused("REK-004: the joins of the new files are not those of the old ones; nothing was changed.")
    rows, tokens, digest = new
    return {"values": rows, "tokens": tokens, "structure": f"{digest & (1 << 128) - 1:032x}"}


def place(pools: tuple[Any, ...], digest: str) -> Path:
    """Where a file lies."""
    found: Path = next(path for pool in pools if (path := pool.path(digest)).is_file())
    return found


def profiles(engine: duckdb.DuckDBPyConnection, files: list[tuple[Renewed, Path]]) -> tuple[int, int, int]:
    """Values in token columns, distinct tokens, and a sum over the profiles of all tokens."""
    engine.execute("CREATE OR REPLACE TEMP TABLE seen (value VARCHAR, place VARCHAR, n BIGINT)")
    for number, (one, path) in enumerate(files):
        for name in one.columns:
            where = f'WHERE length("{name}") >= {TOKEN_LENGTH}' if one.table in MIXED else f'WHERE "{name}" IS NOT NULL'
            query = f'INSERT INTO seen SELECT "{name}", ?, count(*) FROM read_parquet(?) {where} GROUP BY ALL'  # noqa: S608
            engine.execute(query, [f"{number} {one.table}.{name}", str(path)])
    told = engine.execute(
        "SELECT coalesce(sum(n), 0)::BIGINT, count(*), coalesce(sum(hash(profile)::HUGEINT), 0) FROM ("
        "SELECT sum(n) AS n, sum(hash(place, n)::HUGEINT) AS profile FROM seen GROUP BY value)"
    )
    found: tuple[int, int, int] = told.fetchall()[0]
    return found


def nothing_old_remains(settings: Settings, rotation: Rotation) -> dict[str, Any]:
    """Every text of every file of both pools and of every view against the map. Raises DataRefused (REK-005)."""
    pools = published_pool(settings), candidate_pool(settings)
    pooled = [path for pool in pools for path in sorted(pool.root.glob("*/*.parquet"))]
    folders = [settings.published / name for name in kept_releases(settings)]
    views = [path for folder in folders for path in sorted(folder.rglob("*.parquet"))]
    files = list({path.stat().st_ino: path for path in (*views, *pooled)}.values())  # each once, whatever its names
    with with_map(settings) as engine:
        engine.execute("CREATE TEMP TABLE found (value VARCHAR)")
        for path in files:
            if texts(path):
                engine.execute(f"INSERT INTO found {shaped(texts(path))}", [str(path)])
        values = engine.execute("SELECT count(*) FROM found").fetchall()[0][0]
        old = engine.execute("SELECT count(*) FROM found SEMI JOIN map.moved ON value = old").fetchall()[0][0]
        if old:
            where = next((place for path in files for place in places(engine, path)), "a file")
            raise DataRefused(f"REK-005: {old} values, as in {where}, stand under the old key. The old key is kept.")
    return {"files": len(files), "views": len(views), "values": values, "old": old}


def texts(path: Path) -> list[str]:
    """Text columns of a file, whatever they are declared to hold."""
    shape = pq.read_schema(path)
    return [item.name for item in shape if pa.types.is_string(item.type) or pa.types.is_large_string(item.type)]


def shaped(names: list[str]) -> str:
    """Query for the distinct texts of some columns that have the shape of a token, whatever the columns are for."""
    listed = ", ".join(f'"{name}"' for name in names)
    every = f"SELECT unnest([{listed}]) AS value FROM read_parquet(?)"  # noqa: S608
    return f"SELECT DISTINCT value FROM ({every}) WHERE regexp_full_match(value, '{SHAPE}')"  # noqa: S608


def places(engine: duckdb.DuckDBPyConnection, path: Path) -> Iterator[str]:
    """Where a file holds old tokens; names no value."""
    for name in texts(path):
        query = f"SELECT count(*) FROM ({shaped([name])}) SEMI JOIN map.moved ON value = old"  # noqa: S608
        if engine.execute(query, [str(path)]).fetchall()[0][0]:
            yield f"column {name} of file {path.stem[:12]}"


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
