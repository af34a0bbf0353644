"""Our cutter on the unit lines of some packs, to the same three Parquet files as ``hospital_duckdb``.

``python -m bench.hospital_cut arrow FOLDER PACK...`` calls it on Arrow batches in one thread; ``spark`` lets Spark call
it as the pipeline does, in a session of its own whose start is part of the cost.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bench.hospital_duckdb import FIELDS
from bench.hospital_sql import LISTS, UNIT_KINDS
from jobs.core.session import spark_session
from jobs.core.settings import prepare_root
from jobs.standardise.fixed_width_fields import cutter, read_lines
from jobs.standardise.fixed_width_lines import teller
from jobs.standardise.hospital.fields import ACT, SHAPE, UNIT_STAY
from jobs.standardise.layouts import load_layouts

KINDS = load_layouts("hospital")
TOLD = ["producer", "delivery_id", "file", "record", "kind", "version", "unreadable"]
PLACE = ["producer", "delivery_id", "file", "record"]
OWN = {field: name for name, field in UNIT_STAY.items()}


def parts(packs: list[str]) -> Iterator[pa.RecordBatch]:
    """Parts as Spark hands them to the teller; each ends behind a line end."""
    for path in packs:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1):
            yield pa.RecordBatch.from_pylist([batch.to_pylist()[0] | {"goes_on": False, "goes_before": False}])


def with_arrow(packs: list[str], folder: Path) -> None:
    """Tell, cut, explode and write batch by batch."""
    writers: dict[str, pq.ParquetWriter] = {}
    for batch in cutter(KINDS, SHAPE, [*PLACE, "kind", "version"])(teller(KINDS)(parts(packs))):
        rows = pa.table(batch).filter(pc.is_in(batch["kind"], pa.array(UNIT_KINDS)))
        for name, table in exploded(rows).items() if rows.num_rows else ():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
            writers[name].write_table(table)
    for writer in writers.values():
        writer.close()


def exploded(rows: pa.Table) -> dict[str, pa.Table]:
    """Unit lines, their listed diagnoses and their acts."""
    unit = rows.select([*TOLD, *[OWN[name] for name in FIELDS]]).rename_columns([*TOLD, *FIELDS])
    good = rows.filter(pc.is_null(rows["unreadable"]))
    diagnoses = []
    for name in LISTS.values():
        table, codes = blocks(good, name)
        kind = pa.array([name] * len(codes), pa.string())
        diagnoses.append(table.append_column("kind", kind).append_column("code", codes))
    table, acts = blocks(good, "acts")
    for name in ACT:
        table = table.append_column(name, pc.struct_field(acts, name))
    return {"unit": unit, "diagnosis": pa.concat_tables(diagnoses), "act": table}


def blocks(rows: pa.Table, name: str) -> tuple[pa.Table, pa.Array]:
    """Place and rank of each block of a list, and the blocks."""
    lists = rows[name].combine_chunks()
    parent = pc.list_parent_indices(lists)
    before = np.concatenate(([0], np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False))))
    rank = np.arange(len(parent)) - before[parent.to_numpy(zero_copy_only=False)] + 1
    return rows.select(PLACE).take(parent).append_column("rank", pa.array(rank, pa.int64())), pc.list_flatten(lists)


def with_spark(packs: list[str], folder: Path) -> None:
    """Tell, cut, keep, explode and write in a session."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = prepare_root(Path(scratch) / "root", "synthetic")
        with spark_session(settings, "bench cut", sum(map(content, packs))) as spark:
            read = read_lines(spark.read.parquet(*packs), KINDS, SHAPE, several_parts=False)
            wanted = [*TOLD, *[OWN[name] for name in FIELDS], *LISTS.values(), "acts"]
            units = read.where(F.col("kind").isin(*UNIT_KINDS)).select(*wanted)
            cut = units.localCheckpoint(eager=False, storageLevel=StorageLevel.DISK_ONLY)  # as Context.cache does
            for name, frame in exploded_in_spark(cut).items():
                frame.write.option("compression", "zstd").parquet(str(folder / f"{name}.parquet"))


def content(pack: str) -> int:
    """Bytes of the files in a pack, by which the stage chooses its session."""
    told = pq.read_metadata(pack)
    return sum(told.row_group(number).total_byte_size for number in range(told.num_row_groups))


def exploded_in_spark(cut: DataFrame) -> dict[str, DataFrame]:
    """The same three tables."""
    good = cut.where(F.col("unreadable").isNull())
    listed = F.concat(*[codes_of(name) for name in LISTS.values()])
    acts = good.select(*PLACE, F.posexplode("acts").alias("rank", "act"))
    rank = (F.col("rank") + 1).cast("bigint")
    return {
        "unit": cut.select(*TOLD, *[F.col(OWN[name]).alias(name) for name in FIELDS]),
        "diagnosis": good.select(*PLACE, F.inline(listed)),
        "act": acts.select(*PLACE, rank.alias("rank"), *[F.col("act")[name].alias(name) for name in ACT]),
    }


def codes_of(kind: str) -> Column:
    """The codes of a list with their places in it."""

    def told(code: Column, place: Column) -> Column:
        rank = (place + 1).cast("bigint")
        return F.struct(F.lit(kind).alias("kind"), rank.alias("rank"), code.alias("code"))

    return F.transform(kind, told)


if __name__ == "__main__":
    {"arrow": with_arrow, "spark": with_spark}[sys.argv[1]](sys.argv[3:], Path(sys.argv[2]))
