"""Steps of the linkage kept as files: the plan starts afresh behind each, and Spark knows how large it is."""

import itertools
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession


class Keep:
    """Writes frames below an attempt folder and returns them as read back: one Spark job a call.

    With true sizes small sides are broadcast instead of shuffled, which is most of the time of a small night; and an
    executor that is lost takes no step with it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = itertools.count()

    def __call__(self, frame: DataFrame) -> DataFrame:
        """The frame as read back."""
        path = self.path()
        frame.write.parquet(path)
        return frame.sparkSession.read.schema(frame.schema).parquet(path)

    def path(self) -> str:
        """Where the next step goes."""
        return str(self.folder / f"step-{next(self.count)}")

    def table(self, spark: SparkSession, table: pa.Table) -> DataFrame:
        """The same for a table made outside Spark."""
        path = self.path()
        pq.write_table(table, path)
        return spark.read.parquet(path)

    @staticmethod
    def files(frame: DataFrame) -> list[str]:
        """The files behind a frame that was kept, for an engine that reads them itself."""
        return sorted(path.removeprefix("file://") for path in frame.inputFiles())


def limits(scratch: Path) -> dict[str, str | bool | int | float | list[str]]:
    """What the engine may use; beyond its memory it writes below the attempt."""
    return {
        "threads": os.environ.get("VEILLEE_CORES", "2"),
        "memory_limit": os.environ.get("VEILLEE_DRIVER_MEMORY", "2g").upper() + "B",
        "temp_directory": str(scratch),
        "preserve_insertion_order": "false",
    }
