"""Tables between Spark and a pool: one file per partition, rows in total order, bytes that no core count changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from jobs.core.attempt import new_name
from jobs.core.parquet import PARTITION, WRITTEN, partition_writer, write_parquet
from jobs.core.schema import SchemaMismatch, TableSchema
from jobs.core.snapshot import DataFile, Partitions, Pool


def write_table(
    frame: DataFrame, schema: TableSchema, pool: Pool, attempt: Path, *, together: tuple[str, ...] = ()
) -> Partitions:
    """Write a frame as one file per partition; the tasks that write the files adopt them. One Spark job.

    ``frame`` has the declared columns. A partition is the declared partition columns' values joined by ``__``
    (``all`` when none is declared). Hash partitioning keeps a partition in one task whatever their number, and the
    sort covers every column: so the bytes depend on the rows alone. ``together`` names partition columns by which the
    frame's rows already lie together: they are not moved again then. Raises SchemaMismatch when a partition came in
    two files, which would mean that it did not stay in one task.
    """
    columns = [F.col(name) for name in schema.partition]
    partition = F.concat_ws("__", *columns) if columns else F.lit("all")
    folder = attempt / new_name(schema.name)
    folder.mkdir()
    written = (
        schema.select(frame)
        .withColumn(PARTITION, partition)
        .repartition(*(together or [PARTITION]))
        .sortWithinPartitions(PARTITION, *schema.order)
        .mapInArrow(partition_writer(str(folder), schema.arrow, pool), WRITTEN)
        .collect()
    )
    return by_partition(schema, written)


def by_partition(schema: TableSchema, written: list[Row]) -> Partitions:
    """The adopted files by partition. Raises SchemaMismatch when a partition came in two."""
    found: Partitions = {}
    for row in sorted(written):
        if row.partition in found:
            raise SchemaMismatch(f"{schema.name}: two files for one partition, expected one.")
        found[row.partition] = [DataFile(row.sha256, row.rows, row.bytes)]
    return found


def write_small(rows: list[dict[str, Any]] | pa.Table, schema: TableSchema, pool: Pool, attempt: Path) -> DataFile:
    """Write a table that fits in memory as one file, rows in total order, without Spark."""
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=schema.arrow)
    table = table.select(schema.names).cast(schema.arrow)
    if table.num_rows:
        table = table.sort_by([(name, "ascending") for name in schema.order if not schema[name].binary])
    path = attempt / new_name(schema.name)
    write_parquet(path, table)
    return pool.adopt(path)


def small_frame(spark: SparkSession, rows: Sequence[tuple[Any, ...]], schema: str | T.StructType) -> DataFrame:
    """A frame of some rows of plain values, as ``createDataFrame`` makes it of a list, but through Arrow.

    A list goes through Python workers of its own kind, whose start costs a second of CPU in each session.
    """
    declared = T.StructType.fromDDL(schema) if isinstance(schema, str) else schema
    assert isinstance(declared, T.StructType)
    fields = to_arrow_schema(declared, timezone="UTC")
    columns = zip(*rows, strict=True) if rows else ([] for _ in fields)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, fields, strict=True)]
    return spark.createDataFrame(pa.Table.from_arrays(arrays, schema=fields))


def read_files(spark: SparkSession, pool: Pool, files: list[DataFile], schema: TableSchema) -> DataFrame:
    """The rows of some files of a pool; an empty frame of the declared shape when there are none."""
    if not files:
        return small_frame(spark, [], schema.spark)
    return spark.read.schema(schema.spark).parquet(*[str(pool.path(file)) for file in files])
