"""Steps of the linkage kept as files: the plan starts afresh behind each, and Spark knows how large it is."""

import itertools
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame

Keep = Callable[[DataFrame], DataFrame]


def keeper(folder: Path) -> Keep:
    """A function that writes a frame below an attempt folder and returns it as read back.

    With true sizes small sides are broadcast instead of shuffled, which is most of the time of a small night; and an
    executor that is lost takes no step with it. One Spark job a call.
    """
    count = itertools.count()

    def keep(frame: DataFrame) -> DataFrame:
        path = str(folder / f"step-{next(count)}")
        frame.write.parquet(path)
        return frame.sparkSession.read.schema(frame.schema).parquet(path)

    return keep
