"""The map from old to new, while a rotation is open: what the tokens were made from, hashed under both keys."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.core.cli import SOURCES
from jobs.core.errors import DataRefused
from jobs.core.keys import key_bytes
from jobs.core.register import load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool, read_json
from jobs.core.tokens import token_base32_array
from jobs.pseudonymise.generalise import PERSON, PRODUCER
from jobs.rekey.columns import origins, person_columns
from jobs.rekey.state import Rotation, folder

BATCH = 131_072
MEMORY = "2GB"


def open_engine(settings: Settings, file: str = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB that spills into the work zone, and orders as the tables are: nulls first, bytes of texts."""
    engine = duckdb.connect(file, read_only=read_only)
    engine.execute(f"SET memory_limit = '{MEMORY}'; SET threads = 2; SET TimeZone = 'UTC'")
    engine.execute("SET default_null_order = 'nulls_first'; SET preserve_insertion_order = true")
    engine.execute("SET temp_directory = ?", [str(folder(settings) / "spill")])
    return engine


def map_path(settings: Settings) -> Path:
    """Where the map lies while the rotation is open."""
    return folder(settings) / "map.duckdb"


def with_map(settings: Settings) -> duckdb.DuckDBPyConnection:
    """An engine that sees the map as ``map.moved`` (old, new). Raises DataRefused when the map is not there."""
    if not map_path(settings).is_file():
        raise DataRefused("the map of this rotation is gone; run jobs.rekey without --step.")
    engine = open_engine(settings)
    engine.execute(f"ATTACH '{quoted(map_path(settings))}' AS map (READ_ONLY)")
    return engine


def make_map(settings: Settings, rotation: Rotation) -> dict[str, int]:
    """Make the map unless it is there, whole; ``{domain: values}``. Raises DataRefused (REK-004) if two values met."""
    target = map_path(settings)
    draft = target.with_suffix(".draft")
    if not target.is_file():
        draft.unlink(missing_ok=True)
        with open_engine(settings, str(draft)) as engine:
            engine.execute("CREATE TABLE origin (domain VARCHAR, value VARCHAR)")
            engine.execute("CREATE TABLE moved (domain VARCHAR, old VARCHAR, new VARCHAR)")
            gather(settings, engine)
            fill(settings, engine, rotation)
            engine.execute("DROP TABLE origin; CHECKPOINT")
        draft.chmod(0o600)
        draft.rename(target)
    with with_map(settings) as engine:
        told = engine.execute("SELECT domain, count(*) FROM map.moved GROUP BY ALL ORDER BY ALL").fetchall()
        alike = engine.execute("SELECT count(*) - count(DISTINCT old), count(*) - count(DISTINCT new) FROM map.moved")
        if alike.fetchall() != [(0, 0)]:
            raise DataRefused("REK-004: two values would share a token; nothing was changed. Report this defect.")
    return dict(told)


def gather(settings: Settings, engine: duckdb.DuckDBPyConnection) -> None:
    """Everything that a published token may be made from, each once by domain."""
    pools = [(Pool(settings.standard / source / "pool"), domain, names) for source in SOURCES
             for domain, names in origins().items()]  # fmt: skip
    pools += [(Pool(settings.root / zone / "pool"), PERSON, {name}) for zone, name in person_columns()]
    for pool, domain, names in pools:
        for name, files in files_by_column(pool, names).items():
            query = f'INSERT INTO origin SELECT DISTINCT ?, "{name}" FROM read_parquet(?) WHERE "{name}" IS NOT NULL'  # noqa: S608
            engine.execute(query, [domain, files])
    producers = pa.table({"value": pa.array(sorted(known_producers(settings)), pa.string())})
    engine.register("producers", producers)
    engine.execute("INSERT INTO origin SELECT ?, value FROM producers", [PRODUCER])


def files_by_column(pool: Pool, names: set[str]) -> dict[str, list[str]]:
    """Files of a pool by the columns they have."""
    found: dict[str, list[str]] = {}
    for path in sorted(pool.root.glob("*/*.parquet")):
        for name in sorted(names & set(pq.read_schema(path).names)):
            found.setdefault(name, []).append(str(path))
    return found


def known_producers(settings: Settings) -> set[str]:
    """Producers of the register and of every state that is kept."""
    found = set(load_register(settings))
    for path in settings.standard.glob("*/*/state.json"):
        found |= set(read_json(path)["producers"])
    return found


def fill(settings: Settings, engine: duckdb.DuckDBPyConnection, rotation: Rotation) -> None:
    """Hash every origin under both keys."""
    keys = [key_bytes(settings, "centre", version) for version in (rotation.before, rotation.after)]
    for domain, values in batches(engine):
        old, new = (token_base32_array(key, values, domain) for key in keys)
        if domain == PERSON:
            old, new = (pc.binary_join_element_wise(str(version), one, ".")
                        for version, one in ((rotation.before, old), (rotation.after, new)))  # fmt: skip
        batch = pa.table({"domain": pa.array([domain] * len(values), pa.string()), "old": old, "new": new})
        engine.register("batch", batch)
        engine.execute("INSERT INTO moved SELECT * FROM batch")


def batches(engine: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, pa.Array]]:
    """Distinct origins, batch by batch, one domain after the other."""
    for (domain,) in engine.execute("SELECT DISTINCT domain FROM origin ORDER BY domain").fetchall():
        reading = engine.cursor()
        query = "SELECT DISTINCT value FROM origin WHERE domain = ?"
        for batch in reading.sql(query, params=[domain]).to_arrow_reader(BATCH):
            yield domain, batch.column(0).cast(pa.string())


def quoted(path: Path) -> str:
    """A path inside a text of SQL."""
    return str(path).replace("'", "''")
