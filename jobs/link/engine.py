"""The rules' queries, each written once, run by one process (DuckDB) or by Spark.

They are written in Spark's SQL, of which DuckDB lacks a few functions (``MACROS``) and two spellings (``array(...)``;
Spark wants an arrow for ``lambda x:``). One process is the default: a night of three million subjects fits into its
memory and its disk. ``VEILLEE_LINK_ENGINE=spark`` runs the same texts at any scale; a test holds both to the same rows.
"""

import os
import re

import duckdb
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.core.errors import ConfigError
from jobs.link.keep import Keep, limits

CHOICE, PROCESS, SPARK = "VEILLEE_LINK_ENGINE", "process", "spark"
MACROS = {
    "collect_set(x)": "list_distinct(list(x))",  # of nulls alone an empty list, as Spark says
    "size(a)": "len(a)",
    "array_union(a, b)": "list_distinct(list_concat(a, b))",
    "array_except(a, b)": "list_filter(a, lambda one: NOT list_contains(b, one))",
    "array_min(a)": "list_min(a)",
    "array_max(a)": "list_max(a)",
    "array_join(a, between)": "array_to_string(a, between)",
    "arrays_overlap(a, b)": "list_has_any(a, b)",
    "startswith(a, b)": "starts_with(a, b)",
    "unix_date(a)": "a - DATE '1970-01-01'",
    "xxhash64(a)": "CAST(hash(a) >> 1 AS BIGINT)",  # another number than Spark's; nothing that lasts holds it
    "named_struct(a, x, b, y)": "{'kind': x, 'proof': y}",  # of relations, the only ones here
}


def run(query: str, keep: Keep, **frames: DataFrame) -> DataFrame:
    """What a query finds in kept frames, each under its name: a kept frame. Raises ConfigError for another engine."""
    choice = os.environ.get(CHOICE, PROCESS)
    if choice not in (PROCESS, SPARK):
        raise ConfigError(f"{CHOICE} is neither {PROCESS} nor {SPARK}; set one of the two or leave it out.")
    return (in_process if choice == PROCESS else in_spark)(query, keep, **frames)


def in_process(query: str, keep: Keep, **frames: DataFrame) -> DataFrame:
    """The same by DuckDB, which streams the frames' files and writes beside them what does not fit into its memory."""
    path = keep.path()
    text = re.sub(r"\barray\(", "list_value(", query)
    with duckdb.connect(config=limits(keep.folder)) as engine:
        add_macros(engine)
        for name, frame in frames.items():
            engine.read_parquet(Keep.files(frame)).create_view(name)
        engine.execute(f"COPY ({text}) TO '{path}' (FORMAT parquet, COMPRESSION lz4_raw)")
    return read(next(iter(frames.values())), path)


def in_spark(query: str, keep: Keep, **frames: DataFrame) -> DataFrame:
    """The same by Spark."""
    text = re.sub(r"\blambda (\w+):", r"\1 ->", query)
    for name, frame in frames.items():
        frame.createOrReplaceTempView(name)
    spark = next(iter(frames.values())).sparkSession
    try:
        return keep(spark.sql(text))
    finally:
        for name in frames:
            spark.catalog.dropTempView(name)


def add_macros(engine: duckdb.DuckDBPyConnection) -> None:
    """Teach DuckDB Spark's functions."""
    for name, body in MACROS.items():
        engine.execute(f"CREATE TEMP MACRO {name} AS {body}")


def read(beside: DataFrame, path: str) -> DataFrame:
    """The frame of a file that DuckDB wrote; its types are taken from the file without a Spark job."""
    schema = from_arrow_schema(pq.read_schema(path))
    return beside.sparkSession.read.schema(schema).parquet(path)
