"""Looking into the index: the rows that a night needs of it, found in one process that streams its key columns.

The night is the side that is kept in memory, as one 64-bit hash a key; the index is read where it lies and never
shuffled, sorted or handed to Spark. What is found goes on as a kept step. Two keys with one hash bring in a person too
many, whom the keys themselves then do not meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pyspark.sql import DataFrame

from jobs.core.schema import TableSchema, load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import Partitions, Pool, files_of
from jobs.link.blocks import JOINED, JOINED_NAME, Kinds
from jobs.link.engine import add_macros
from jobs.link.inputs import Base
from jobs.link.keep import Keep, limits
from jobs.link.walk import CROSSWALK, MOVE, crosswalk_pool

# ruff: noqa: S608 - the queries are put together from the texts of schemas and keys, never from data
NOW = "CREATE TEMP TABLE latest AS SELECT subject_id, arg_max(person_id, night) AS now FROM move GROUP BY subject_id"
MOVED = """
CREATE TEMP VIEW {name} AS SELECT first.* REPLACE (coalesce(now, person_id) AS person_id)
FROM {name}_first first LEFT JOIN latest USING (subject_id)
"""


@dataclass(frozen=True)
class Index:
    """The base's trait rows and crosswalk, as files; and the moves over both, which say who a subject is now."""

    traits: Sequence[str]
    walk: Sequence[str] = ()
    moves: Sequence[str] = ()

    def sharing(self, asking: DataFrame, kinds: Kinds, keep: Keep) -> DataFrame:
        """All trait rows of the persons of the index that share a key with the kept rows ``asking``."""
        return self.found(asking, f"person_id IN ({persons_sharing(kinds)})", keep)

    def of_persons(self, asking: DataFrame, keep: Keep) -> DataFrame:
        """All trait rows of the persons of the kept rows ``asking``."""
        return self.found(asking, "person_id IN (SELECT person_id FROM asking)", keep)

    def found(self, asking: DataFrame, condition: str, keep: Keep) -> DataFrame:
        """The trait rows under a condition."""
        schema = load_schema("identity/person_trait")
        columns = ", ".join(schema.names)
        return self.asked(asking, f"SELECT {columns} FROM trait WHERE {condition}", schema, keep)

    def people(self, asking: DataFrame, keep: Keep) -> DataFrame:
        """subject_id and person_id of the subjects of the kept rows ``asking`` that the crosswalk knows."""
        query = "SELECT subject_id, person_id FROM walk SEMI JOIN asking USING (subject_id)"
        return self.asked(asking, query, load_schema("crosswalk/crosswalk"), keep)

    def claims(self, asking: DataFrame, keep: Keep) -> DataFrame:
        """Trait rows of the claims of the kept rows ``asking`` that the index has already."""
        schema = load_schema("identity/person_trait")
        query = f"SELECT {', '.join(schema.names)} FROM trait SEMI JOIN asking USING (subject_id, claim_id)"
        return self.asked(asking, query, schema, keep)

    def asked(self, asking: DataFrame, query: str, schema: TableSchema, keep: Keep) -> DataFrame:
        """What a query finds, as a kept step."""
        path = keep.path()
        with duckdb.connect(config=limits(keep.folder)) as engine:
            add_macros(engine)
            engine.read_parquet(Keep.files(asking)).create_view("asking")
            self.named(engine)
            engine.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        return asking.sparkSession.read.schema(schema.spark).parquet(path)

    def named(self, engine: duckdb.DuckDBPyConnection) -> None:
        """Name the tables of the index for an engine: ``trait`` and ``walk``, with the persons of now."""
        tables = {"trait": self.traits, "walk": self.walk}
        if self.moves:
            engine.read_parquet(list(self.moves)).create_view("move")
            engine.execute(NOW)
        for name, files in tables.items():
            if files:
                # What lies beside the index has columns in an order of its own.
                found = engine.read_parquet(list(files), union_by_name=True)
                found.create_view(f"{name}_first" if self.moves else name)
                if self.moves:
                    engine.execute(MOVED.format(name=name))


def persons_sharing(kinds: Kinds) -> str:
    """A query for the persons of which a trait row shares a key with a row of ``asking``."""
    conditions = []
    for keys in kinds.values():
        hashes = [f"hash({', '.join(parts)})" for parts in keys]
        known = [" AND ".join(f"({part}) IS NOT NULL" for part in parts) for parts in keys]
        wanted = " UNION ALL ".join(
            f"SELECT {one} FROM (SELECT *, {JOINED_NAME} AS {JOINED} FROM asking) WHERE {whole}"
            for one, whole in zip(hashes, known, strict=True)
        )
        conditions += [f"{one} IN ({wanted})" for one in hashes]
    return f"SELECT person_id FROM (SELECT *, {JOINED_NAME} AS {JOINED} FROM trait) WHERE {' OR '.join(conditions)}"


def index_of(settings: Settings, base: Base) -> Index | None:
    """The index that a night looks into; none before the first night."""
    if base.night is None:
        return None
    pool = Pool(settings.identity / "pool")
    return Index(
        traits=paths(pool, base.index.get("person_trait", {})),
        walk=paths(crosswalk_pool(settings), base.walk.get(CROSSWALK, {})),
        moves=paths(crosswalk_pool(settings), base.walk.get(MOVE, {})),
    )


def paths(pool: Pool, parts: Partitions) -> list[str]:
    """Where the files of a table lie."""
    return [str(Path(pool.path(file))) for file in files_of(parts)]
